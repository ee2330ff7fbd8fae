"""`patchbay migrate-database` moves everything to a database of the other kind, and nothing is lost."""

import asyncio
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from shutil import copy
from typing import Any, Final

import psycopg
import pytest

from bot.features.audit.chain import Chain
from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.operating import hosting
from bot.operating.key_rotation import bring_up_to_date
from bot.operating.moving import migrate_database
from bot.settings import Settings
from bot.setup_errors import DatabaseMovedError, DatabaseUnfinishedError, DatabaseUnusableError
from bot.store.database import Database
from bot.store.moving.mark import DatabaseMove, mark
from bot.store.moving.side import Row
from bot.store.moving.sqlite_side import SqliteSide
from bot.store.moving.target import open_side
from bot.store.process_lock import process_lock
from bot.store.vault import Place, Vault, read_keys
from tests.support.clock import Clock
from tests.support.ids import GUILD, MEMBER
from tests.support.source import ROOT

PASSWORD: Final = "CANARY-of-the-server"
KEYS: Final = "k1:RkFLRS1LRVktRk9SLVRFU1RTLTAwMDAwMDAwMDAwMDA="
SECRET: Final = {"organization_secret": "FAKE-TOKEN-moved"}
WORDS: Final = (
    "",
    "a",
    "B",
    "begun",
    "über",
    "a\0b",
    "\ufdd0",
    "%s %(a)s :b",
    "'\"\\",
    "\U0001f600",
    "x" * 3000,
)
KINDS: Final = {"access.kind": ("member", "role"), "key_mark.id": (1,)}


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls: nothing else runs in the event loop."""


@pytest.fixture
def path(tmp_path: Path, empty_database: Path) -> Path:
    """A file with all tables and no rows."""
    path = Path(copy(empty_database, tmp_path / "patchbay.db"))
    path.chmod(0o600)
    return path


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it printed."""

    exit_code: int
    output: str


def environment(database: Path | str) -> dict[str, str]:
    """Return the settings of a process; its server's address has a password."""
    url = f"sqlite:///{database}" if isinstance(database, Path) else with_password(database)
    return {
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "PATCHBAY_DATABASE_URL": url,
        "PATCHBAY_ENCRYPTION_KEYS": KEYS,
        "PATCHBAY_DISCORD_TOKEN": "FAKE-TOKEN-OF-NOBODY",
        "PATCHBAY_DISCORD_API_URL": "http://127.0.0.1:1/api/v10",
    }


def with_password(url: str) -> str:
    """Return a server's address with a password."""
    return url.replace("@", f":{PASSWORD}@", 1)


def patchbay(database: Path | str, *words: str, told: str = "") -> Ended:
    """Run a command in a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-m", "bot", *words],
        env=environment(database),
        input=told,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    assert PASSWORD not in ended.stdout
    return Ended(ended.returncode, ended.stdout)


def settings(database: Path | str) -> Settings:
    """Return the settings with a database."""
    url = f"sqlite:///{database}" if isinstance(database, Path) else database
    return Settings(database_url=url, encryption_keys=KEYS)  # type: ignore[arg-type]


def address(database: Path | str) -> str:
    """Return what names a database for the command."""
    return f"sqlite:///{database}" if isinstance(database, Path) else database


def fill(path: Path, seed: int, rows: int = 60) -> None:
    """Put rows into every table of a file: those that it takes of many."""
    made = random.Random(seed)  # noqa: S311 - the same rows each time

    def value(name: str, kind: str) -> object:
        if (known := KINDS.get(name)) is not None:
            return made.choice(known)
        if kind == "TEXT":
            return made.choice(WORDS)
        if kind == "BLOB":
            return made.randbytes(made.randrange(40))
        return made.choice((None, -(2**63), -1, 0, 1, 2, 3, 2**31, 2**63 - 1))

    with closing(SqliteSide(path)) as side:
        tables = side.moved_tables()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA foreign_keys = ON")
        for table in tables:
            columns = {row[1]: row[2] for row in database.execute(f"PRAGMA table_info({table.name})")}
            marks = ", ".join("?" * len(columns))
            for _ in range(rows):
                row = [value(f"{table.name}.{name}", kind) for name, kind in columns.items()]
                if table.name in {"integration", "ignored"}:
                    parents = database.execute("SELECT guild_id, provider, name FROM connection").fetchall()
                    row[0], row[1], row[3] = made.choice(parents)
                database.execute(f"INSERT OR IGNORE INTO {table.name} VALUES ({marks})", row)  # noqa: S608


def contents(where: Path | str) -> dict[str, list[Row]]:
    """Return all rows of all tables that are moved."""
    with closing(open_side(where)) as side:
        names = side.tables()
        own = {"alembic_version", "moved", "trace_mark"}
        return {
            name: sorted(side.rows(f"SELECT * FROM {name}"), key=repr)  # noqa: S608
            for name in names
            if name not in own and side.rows(f"SELECT 1 FROM {name} LIMIT 1")  # noqa: S608
        }


def test_everything_comes_over_and_back(path: Path, postgres_url: str, tmp_path: Path) -> None:
    """All rows of all tables are the same on the server, and in the file into which they move next.

    The command shows progress, and no password.
    """
    fill(path, 1)
    before = contents(path)
    with closing(SqliteSide(path)) as side:
        assert before.keys() == {table.name for table in side.moved_tables()}
    there = patchbay(path, "migrate-database", "--to", "-", told=with_password(postgres_url) + "\n")
    assert there.exit_code == 0, there.output
    number = sum(map(len, before.values()))
    assert f"Comparing: {number} of {number} rows" in there.output
    assert f"Moved {number} rows" in there.output
    assert contents(postgres_url) == before
    back = patchbay(postgres_url, "migrate-database", "--to", f"sqlite:///{tmp_path / 'back.db'}")
    assert back.exit_code == 0, back.output
    assert contents(tmp_path / "back.db") == before
    assert (tmp_path / "back.db").stat().st_mode & 0o777 == 0o600
    assert contents(path) == before


async def test_credentials_open_and_audit_logs_verify_afterwards(path: Path, postgres_url: str) -> None:
    """With the same keys, on the other engine; and the log goes on where it was."""
    vault, clock = Vault(read_keys(KEYS)), Clock()
    async with Database.open(path) as database:
        await bring_up_to_date(database, vault)
        place = Place(GUILD, "sensay", "default", 100, 9)
        row = ConnectionRow(
            GUILD, "sensay", "default", vault.seal(SECRET, place), MEMBER, 100, 100, generation=9
        )
        await ConnectionStore(database).insert(row)
        audit = AuditService(AuditStore(database), vault, clock)
        for number in range(30):
            await audit.note(GUILD, "connection.add", f"sensay {number}", member_id=MEMBER)
    await asyncio.to_thread(migrate_database, settings(path), postgres_url, print)
    async with Database.open(postgres_url) as database:
        restarted = Vault(read_keys(KEYS))
        await bring_up_to_date(database, restarted)
        (stored,) = await ConnectionStore(database).of_guild(GUILD)
        assert stored == row
        assert restarted.open(stored.secret, stored.place) == SECRET
        audit = AuditService(AuditStore(database), restarted, clock)
        await audit.note(GUILD, "connection.add", "after", member_id=MEMBER)
        assert (await audit.export(GUILD))[1] == Chain(31)


@pytest.mark.parametrize("to_server", [True, False])
def test_what_is_stored_during_the_first_copy_comes_over_too(
    path: Path, postgres_url: str, tmp_path: Path, to_server: bool
) -> None:
    """Rows that are added, changed and deleted meanwhile, and up to the moment at which the bot stops."""
    fill(path, 2)
    if not to_server:
        migrate_database(settings(path), postgres_url, print)
    source: Path | str = path if to_server else postgres_url
    target: Path | str = postgres_url if to_server else tmp_path / "new.db"
    lines: list[str] = []

    def write(line: str) -> None:
        if not lines:  # the first copy is made, and its snapshot is still open
            change(source, "UPDATE guild SET removed_at = 77", "DELETE FROM history WHERE at > 0")
            change(source, "INSERT INTO greeting VALUES (555, 6, 7)")
        lines.append(line)

    with closing(open_side(source)) as side:
        greetings = len(side.rows("SELECT guild_id FROM greeting"))
    migrate_database(settings(source), address(target), write)
    assert contents(target) == contents(source)
    assert len(contents(target)["greeting"]) == greetings + 1
    assert {row[2] for row in contents(target)["guild"]} == {77}
    with closing(open_side(target)) as side:
        marked = "PRAGMA user_version" if isinstance(target, Path) else "SELECT state FROM trace_mark"
        assert side.rows(marked) == [(1,)], "the bot removes the traces of what was deleted"


def change(where: Path | str, *statements: str) -> None:
    """Change a database beside everything else."""
    connection: Any = sqlite3.connect(where) if isinstance(where, Path) else psycopg.connect(where)
    with closing(connection):
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_it_waits_until_the_bot_is_stopped(path: Path, postgres_url: str) -> None:
    """What the bot stores until then comes over; after that none starts before everything is moved."""
    fill(path, 3)
    running = process_lock(path, key_id="k1")
    running.__enter__()
    lines: list[str] = []

    def stop(line: str) -> None:
        lines.append(line)
        if line.startswith("Stop the bot"):
            change(path, "INSERT INTO greeting VALUES (556, 6, 7)")
            running.__exit__(None, None, None)

    migrate_database(settings(path), postgres_url, stop)
    assert len([line for line in lines if line.startswith("Stop the bot now: process ")]) == 1
    assert (556, 6, 7) in contents(postgres_url)["greeting"]
    assert contents(postgres_url) == contents(path)


def test_one_that_was_killed_goes_on(path: Path, postgres_url: str) -> None:
    """Until then the target is refused by the bot, and by a move from elsewhere; the source can be used."""
    fill(path, 4)
    with closing(sqlite3.connect(path)) as database, database:
        many = ((7, "sensay", f"a{number}", number, "ok", "x" * 50) for number in range(60_000))
        database.executemany("INSERT INTO history VALUES (?, ?, ?, ?, ?, ?)", many)
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "migrate-database", "--to", postgres_url],
        env=environment(path),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Copying: ")
        process.kill()
    with closing(open_side(postgres_url)) as side:
        ((number,),) = side.rows("SELECT count(*) FROM history")
    assert number < 60_000
    refused = patchbay(postgres_url, "run")
    assert refused.exit_code == 78
    assert f"has only a part of {path}" in refused.output
    other = Path(copy(path, path.with_name("other.db")))
    elsewhere = patchbay(other, "migrate-database", "--to", postgres_url)
    assert elsewhere.exit_code == 1
    assert "it belongs to another move" in elsewhere.output
    assert patchbay(path, "purge-guild", "7", "--yes").exit_code == 0
    again = patchbay(path, "migrate-database", "--to", postgres_url)
    assert again.exit_code == 0, again.output
    assert contents(postgres_url) == contents(path)


def test_one_that_ended_between_both_marks_is_finished(path: Path, postgres_url: str) -> None:
    """Nothing uses either database until the command has run once more; after that it says where all is."""
    fill(path, 5)
    migrate_database(settings(path), postgres_url, print)
    with closing(open_side(postgres_url)) as side, side.alone():
        mark(side, DatabaseMove("from", str(path)), 1)
    assert migrate_database(settings(path), postgres_url, print).startswith("Moved ")
    assert contents(postgres_url) == contents(path)
    with pytest.raises(DatabaseMovedError):
        migrate_database(settings(path), postgres_url, print)


def test_a_moved_database_is_refused_by_each_command(path: Path, postgres_url: str, tmp_path: Path) -> None:
    """`run` and whatever writes ends with a text that says where everything is; the doctor says so too."""
    fill(path, 6)
    assert patchbay(path, "migrate-database", "--to", with_password(postgres_url)).exit_code == 0
    after = contents(path)
    place = postgres_url.partition("?")[0].replace("patchbay@", "")
    said = f"The database {path} was moved to {place}. Nothing was changed."
    assert patchbay(path, "run").exit_code == 78
    for words in (
        ("run",),
        ("sync",),
        ("purge-guild", "1", "--yes"),
        ("member", "erase", "1", "--yes"),
        ("member", "export", "1"),
        ("rotate-key",),
        ("migrate-database", "--to", postgres_url),
        ("doctor",),
    ):
        ended = patchbay(path, *words)
        assert ended.exit_code != 0
        assert said in " ".join(ended.output.split()), words
    assert contents(path) == after
    assert patchbay(postgres_url, "migrate-database", "--to", f"sqlite:///{tmp_path / 'b.db'}").exit_code == 0
    for words in (("run",), ("purge-guild", "1", "--yes"), ("doctor",)):
        assert f"was moved to {tmp_path / 'b.db'}" in " ".join(patchbay(postgres_url, *words).output.split())


async def test_a_command_that_is_under_way_writes_nothing_after_the_move(
    path: Path, postgres_url: str
) -> None:
    """It has opened the database before, and looks again in each transaction."""
    await asyncio.to_thread(fill, path, 7)
    async with hosting._existing(settings(path)) as database:
        await asyncio.to_thread(migrate_database, settings(path), postgres_url, print)
        with pytest.raises(DatabaseMovedError):
            await ConnectionStore(database).delete(1, "a", "a")
    assert await asyncio.to_thread(contents, path) == await asyncio.to_thread(contents, postgres_url)


def put_row(where: Path | str) -> None:
    """Store something."""
    change(where, "INSERT INTO greeting VALUES (1, 2, 3)")


def put_foreign_table(where: Path | str) -> None:
    """Make a database of somebody else's."""
    tables = [] if isinstance(where, Path) else contents_names(where)
    if isinstance(where, Path):
        where.unlink()
    change(where, *(f"DROP TABLE {name} CASCADE" for name in tables), "CREATE TABLE theirs (a integer)")


def contents_names(where: str) -> list[str]:
    """Return the names of all tables."""
    with closing(open_side(where)) as side:
        return list(side.tables())


@pytest.mark.parametrize("to_server", [True, False])
@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (put_row, "it is not empty: its table greeting has rows"),
        (put_foreign_table, "it holds tables that are not Patchbay's"),
    ],
)
def test_a_target_that_is_not_empty_is_refused(
    path: Path, postgres_url: str, to_server: bool, harm: Callable[[Path | str], None], reason: str
) -> None:
    """It keeps what it has, and the source can be used as before."""
    source, target = (path, postgres_url) if to_server else (postgres_url, path)
    harm(target)
    before = contents(target)
    with pytest.raises(DatabaseUnusableError) as raised:
        migrate_database(settings(source), address(target), print)
    assert raised.value.values["reason"] == f"{reason}; it takes an empty database"
    assert contents(target) == before
    migrate = open_side(source)
    with closing(migrate):
        assert migrate.rows("SELECT * FROM moved") == []


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("sqlite:///other.db", "The target must name a database of the other kind"),
        ("mysql://root@host/db", "The target must be sqlite:/// and a path"),
        (
            f"postgresql://u:{PASSWORD}@127.0.0.1:9/db",
            "postgresql://127.0.0.1:9/db can't be used: the server",
        ),
        (f"postgresql://u:{PASSWORD}@[/db", "can't be used: the driver cannot read the address"),
    ],
)
def test_a_target_that_cannot_be_used_is_named_without_a_password(
    path: Path, target: str, reason: str
) -> None:
    """The command ends with one line."""
    ended = patchbay(path, "migrate-database", "--to", target)
    assert ended.exit_code == 1
    assert reason in ended.output
    assert "Traceback" not in ended.output


def test_a_source_that_does_not_exist_is_not_made(tmp_path: Path, postgres_url: str) -> None:
    """A mistyped path does not look like an empty database."""
    with pytest.raises(DatabaseUnusableError):
        migrate_database(settings(tmp_path / "none.db"), postgres_url, print)
    assert list(tmp_path.iterdir()) == []


def test_two_moves_into_one_database_are_refused(path: Path, postgres_url: str) -> None:
    """The second one ends at once, and the first one goes on."""
    fill(path, 8)
    refused: list[str] = []

    def again(_line: str) -> None:
        if not refused:
            with pytest.raises(DatabaseUnusableError) as raised:
                migrate_database(settings(path), postgres_url, print)
            refused.append(str(raised.value.values["reason"]))

    migrate_database(settings(path), postgres_url, again)
    assert refused == ["another process moves rows into it"]
    assert contents(postgres_url) == contents(path)


async def test_an_unfinished_database_is_not_opened(path: Path) -> None:
    """The error says which one is to be used."""
    with closing(open_side(path)) as side, side.alone():
        mark(side, DatabaseMove("from", "/there.db"), 1)
    with pytest.raises(DatabaseUnfinishedError) as raised:
        async with Database.open(path):
            pass
    assert raised.value.values == {"path": str(path), "source": "/there.db"}
