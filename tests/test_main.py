"""What the command line prints, its exit codes, and that it does not start with incomplete settings."""

import asyncio
import base64
import contextlib
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import test_utils, web
from click.testing import CliRunner, Result

from bot.__main__ import main
from bot.demo.discord_server import SimulatedDiscord
from bot.features.audit.entry import new_pseudonym
from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.features.privacy.member_store import ERASED_COLUMNS
from bot.store.database import Database
from bot.store.sqlite.migrations import migrate
from bot.store.sqlite.process_lock import process_lock
from bot.store.vault import Place, Vault, read_keys
from tests.support.guild_rows import counts, fill, traces
from tests.support.guild_rows import tables as guild_tables

ROOT = Path(__file__).parents[1]
KEY = base64.b64encode(b"FAKE-KEY-FOR-TESTS-0000000000000").decode()
GUILD, OTHER_GUILD = 1102345678901234567, 1102345678999999999
PERSON = 298765432109870077
OTHER_TOKEN = "FAKE-TOKEN-OF-NOBODY.not-a-real.value-0000000000000000000000000"


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls: the event loop that must not block is in the other process."""


@pytest.fixture
async def discord() -> AsyncIterator[SimulatedDiscord]:
    """A Discord on loopback."""
    async with SimulatedDiscord.serve() as discord:
        yield discord


@pytest.fixture
def environment(discord: SimulatedDiscord, tmp_path: Path) -> dict[str, str]:
    """The environment of the process: settings with which everything works."""
    return {
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "PATCHBAY_SECRETS_DIR": str(tmp_path),
        "PATCHBAY_DATABASE_URL": f"sqlite:///{tmp_path / 'patchbay.db'}",
        "PATCHBAY_ENCRYPTION_KEYS": f"k1:{KEY}",
        **discord.environment(),
    }


@dataclass(frozen=True)
class Ended:
    """How a process ended and what it printed."""

    exit_code: int
    output: str
    errors: str


async def patchbay(environment: dict[str, str], *words: str) -> Ended:
    """Run a command in another process until it ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *words,
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        output, errors = await asyncio.wait_for(process.communicate(), 30)
    finally:
        if process.returncode is None:
            process.kill()
    return Ended(await process.wait(), output.decode(), errors.decode())


def registered(discord: SimulatedDiscord) -> set[str]:
    """Return the names of the commands that Discord knows."""
    return {name for commands in discord.env.backend.commands.values() for name, _ in commands}


def test_help_lists_the_commands() -> None:
    """Without arguments and with --help the commands are listed."""
    shown = CliRunner().invoke(main, ["--help"])
    assert shown.exit_code == 0
    for command in ("run", "demo", "doctor", "sync", "purge-guild", "member", "rotate-key"):
        assert f"\n  {command} " in shown.output
    assert CliRunner().invoke(main, ["-h"]).output == shown.output


def test_an_unknown_command_is_refused() -> None:
    """An unknown command is named in the error, and the exit code is 2."""
    answer = CliRunner().invoke(main, ["start"])
    assert answer.exit_code == 2
    assert "'start'" in answer.output


async def test_without_keys_it_refuses_and_says_how_to_make_one(
    environment: dict[str, str], discord: SimulatedDiscord
) -> None:
    """`run` ends before it connects to Discord, and prints a command that makes a key with which it
    starts.
    """
    environment["PATCHBAY_ENCRYPTION_KEYS"] = ""
    before = len(discord.env.http_requests)
    refused = await patchbay(environment, "run")
    assert refused.exit_code == 78
    said = refused.errors.splitlines()[-1]
    assert said.startswith("Error: PATCHBAY_ENCRYPTION_KEYS isn't set.")
    assert len(discord.env.http_requests) == before
    _, command = said.split("run: ")
    made = subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stdout  # noqa: ASYNC221, S602
    assert [len(key) for key in read_keys(made).values()] == [32]
    environment["PATCHBAY_ENCRYPTION_KEYS"] = made
    assert (await patchbay(environment, "sync")).exit_code == 0


def lose_token(environment: dict[str, str], path: Path) -> None:
    """Remove the Discord token."""
    del environment["PATCHBAY_DISCORD_TOKEN"]


def change_token(environment: dict[str, str], path: Path) -> None:
    """Use a token that Discord does not know."""
    environment["PATCHBAY_DISCORD_TOKEN"] = OTHER_TOKEN


def lose_discord(environment: dict[str, str], path: Path) -> None:
    """Point to an address where nothing listens."""
    environment["PATCHBAY_DISCORD_API_URL"] = "http://127.0.0.1:1/api/v10"


@pytest.mark.parametrize("harm", [lose_discord, change_token])
async def test_what_is_due_is_erased_although_discord_takes_no_login(
    environment: dict[str, str], tmp_path: Path, harm: Callable[[dict[str, str], Path], None]
) -> None:
    """A bot that ends at once, each time it is started, erases what has been due for an hour, and no more."""
    path = tmp_path / "patchbay.db"
    migrate(path)
    harm(environment, path)
    due = time.time() - 7 * 86_400 - 3600
    for guild_id, removed_at in ((GUILD, due - 60), (OTHER_GUILD, due + 600)):
        fill(path, guild_id)
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            values = {"guild": guild_id, "removed_at": int(removed_at)}
            database.execute("UPDATE guild SET removed_at = :removed_at WHERE guild_id = :guild", values)
    assert (await patchbay(environment, "run")).exit_code in {75, 78}
    assert set(counts(path, GUILD).values()) == {0}
    assert counts(path, OTHER_GUILD)["audit"] > 0


@pytest.mark.parametrize(("status", "code"), [(403, 40001), (400, 50035), (501, 0)])
async def test_a_discord_that_refuses_is_worded(environment: dict[str, str], status: int, code: int) -> None:
    """The error names the route, the status, Discord's code and the refused fields, and blames no network."""

    async def fail(_request: web.Request) -> web.Response:
        errors = {"name": {"_errors": [{"code": "BASE_TYPE_REQUIRED", "message": "CANARY"}]}}
        return web.json_response(
            {"message": "CANARY", "code": code, "errors": errors},
            status=status,
            dumps=json.dumps,
            content_type="application/json",
        )

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", fail)
    async with test_utils.TestServer(app) as stand_in:
        environment["PATCHBAY_DISCORD_API_URL"] = str(stand_in.make_url("/api/v10"))
        ended = await patchbay(environment, "run")
    assert ended.exit_code == (75 if status == 501 else 78)
    assert f"GET /users/@me was answered with status {status}" in ended.errors
    assert "network" not in ended.errors
    assert "Traceback" not in ended.errors
    assert "CANARY" not in ended.errors


async def test_sync_sends_the_commands_and_counts_them(
    environment: dict[str, str], discord: SimulatedDiscord
) -> None:
    """The first and the second run send all commands, print how many, and open no gateway."""
    for number in (1, 2):
        ended = await patchbay(environment, "sync")
        assert (ended.exit_code, "Traceback" in ended.errors) == (0, False)
        assert ended.output.startswith(f"Sent {len(registered(discord))} commands to Discord.")
        sent = [call for call in discord.env.http_requests if call.path.endswith("/commands")]
        assert [call.method for call in sent] == ["PUT"] * number
    assert {"connections", "help"} < registered(discord)


@pytest.mark.parametrize(
    ("harm", "words"),
    [(lose_token, "PATCHBAY_DISCORD_TOKEN is not set"), (change_token, "Discord refused")],
)
async def test_sync_words_its_errors_too(
    environment: dict[str, str], tmp_path: Path, harm: Callable[[dict[str, str], Path], None], words: str
) -> None:
    """`sync` refuses the same settings as `run`, with the same texts."""
    harm(environment, tmp_path / "patchbay.db")
    ended = await patchbay(environment, "sync")
    assert ended.exit_code == 1
    assert ended.errors.splitlines()[-1].startswith("Error: ")
    assert words in ended.errors
    assert OTHER_TOKEN not in ended.errors + ended.output


@pytest.fixture
def purged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database; the settings have no token."""
    path = tmp_path / "patchbay.db"
    migrate(path)
    monkeypatch.setenv("PATCHBAY_SECRETS_DIR", str(tmp_path))
    # In a file, because each command removes it from the environment.
    (tmp_path / "PATCHBAY_DATABASE_URL").write_text(f"sqlite:///{path}", "utf-8")
    monkeypatch.setenv("PATCHBAY_ENCRYPTION_KEYS", f"k1:{KEY}")
    return path


@pytest.mark.parametrize(("words", "typed"), [((), "y\n"), (("--yes",), "")])
def test_purge_guild_erases_one_guild_at_once(
    purged: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], typed: str
) -> None:
    """The command counts what is stored, asks unless told not to, erases every trace, and keeps other
    guilds. It needs no keys.
    """
    monkeypatch.delenv("PATCHBAY_ENCRYPTION_KEYS")
    mine, theirs = fill(purged, GUILD), fill(purged, OTHER_GUILD)
    with contextlib.closing(sqlite3.connect(purged)) as beside:
        beside.execute("SELECT * FROM guild").fetchall()
        ended = CliRunner().invoke(main, ["purge-guild", str(GUILD), *words], input=typed)
    assert ended.exit_code == 0, ended.output
    counted = (
        "connections 1, agents 2, grants 1, audit entries 1, incidents and alerts 3, state changes 1,"
        " other records 14"
    )
    assert ended.stdout.startswith(f"Stored of guild {GUILD}: {counted}.\n")
    assert "All of it is erased." in ended.output
    assert (traces(purged, mine), traces(purged, theirs)) == ([], theirs)
    again = CliRunner().invoke(main, ["purge-guild", str(GUILD)])
    assert (again.exit_code, again.output) == (0, f"Stored of guild {GUILD}: nothing.\n")


@pytest.mark.parametrize("typed", ["n\n", ""])
def test_purge_guild_that_is_not_confirmed_erases_nothing(purged: Path, typed: str) -> None:
    """The answer no, and no answer, end with exit code 1."""
    fill(purged, GUILD)
    ended = CliRunner().invoke(main, ["purge-guild", str(GUILD)], input=typed)
    assert ended.exit_code == 1
    assert set(counts(purged, GUILD).values()) == {1}


def test_purge_guild_says_when_traces_are_left(purged: Path) -> None:
    """If another process reads the file, traces stay in it: exit code 1, and the text says what to do."""
    fill(purged, GUILD)
    with contextlib.closing(sqlite3.connect(purged, isolation_level=None)) as beside:
        beside.execute("PRAGMA journal_mode = WAL")
        beside.execute("BEGIN")
        beside.execute("SELECT * FROM guild").fetchall()
        ended = CliRunner().invoke(main, ["purge-guild", str(GUILD), "--yes"])
    assert ended.exit_code == 1
    assert "Run this again" in ended.output
    assert set(counts(purged, GUILD).values()) == {0}


def test_purge_guild_makes_no_database(purged: Path) -> None:
    """A path without a database is an error, because it would look like a guild without data."""
    purged.unlink()
    ended = CliRunner().invoke(main, ["purge-guild", str(GUILD), "--yes"])
    assert ended.exit_code == 1
    assert f"{purged} can't be used: there is no such file" in ended.output
    assert not purged.exists()


def invoke(*words: str, typed: str = "") -> Result:
    """Run a command that needs keys; each one removes them from the environment."""
    return CliRunner().invoke(main, words, input=typed, env={"PATCHBAY_ENCRYPTION_KEYS": f"k1:{KEY}"})


def mark_member(path: Path) -> None:
    """Put a member's id into every column that names members, in a row of its own for each."""
    for number, (table, column) in enumerate(
        (table, column) for table, columns in ERASED_COLUMNS.items() for column in columns
    ):
        guild_id = OTHER_GUILD + 10 * number
        fill(path, guild_id)
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            values = {"member": PERSON, "guild": guild_id}
            kind = ", kind = 'member'" if (table, column) == ("access", "subject") else ""
            database.execute(
                f"UPDATE {table} SET {column} = :member{kind} WHERE guild_id = :guild",  # noqa: S608 - our own names
                values,
            )


def naming(path: Path) -> dict[str, int]:
    """Return how many rows name the member, by column."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        found = {
            f"{table}.{column}": database.execute(
                f"SELECT count(*) FROM {table} WHERE {column} = ?",  # noqa: S608 - our own names
                (PERSON,),
            ).fetchone()[0]
            for table in guild_tables(path)
            for _, column, *_ in database.execute(f"PRAGMA table_info({table})").fetchall()
        }
    return {column: number for column, number in found.items() if number}


def test_every_column_with_a_member_is_known(purged: Path) -> None:
    """A table that names members is exported and erased by member: a new one has to be added to the list."""
    named = re.compile(r"\w+_by|subject|(\w+_)?(member|user|owner)(_id)?")
    with contextlib.closing(sqlite3.connect(purged)) as database:
        found = {
            (table, column)
            for table in guild_tables(purged)
            for _, column, *_ in database.execute(f"PRAGMA table_info({table})").fetchall()
            if named.fullmatch(column)
        }
    found.remove(("audit", "member"))  # a pseudonym, which ``audit_member`` explains
    assert found == {(table, column) for table, columns in ERASED_COLUMNS.items() for column in columns}


def test_a_member_s_export_has_every_row_that_names_them(purged: Path) -> None:
    """Also entries by their pseudonym, and entries about them; of others it has nothing."""
    mark_member(purged)
    fill(purged, GUILD)
    with contextlib.closing(sqlite3.connect(purged)) as database, database:
        pseudonym = new_pseudonym()
        database.execute("INSERT INTO audit_member VALUES (?, ?, ?)", (GUILD, pseudonym, PERSON))
        entry = "INSERT INTO audit VALUES (?, ?, 1, ?, 'access.grant', ?, 'done', x'00', NULL, 1)"
        target = f"member · {pseudonym}"
        named = [(pseudonym, ""), ("x", f"{target} · viewer"), ("x", target), ("x", "member · other")]
        for number, (by, what) in enumerate(named, start=10):
            database.execute(entry, (GUILD, number, by, what))
    ended = CliRunner().invoke(main, ["member", "export", str(PERSON)])
    assert ended.exit_code == 0, ended.output
    exported = json.loads(ended.stdout)
    assert exported.pop("user_id") == str(PERSON)
    columns = {f"{table}.{name}" for table, rows in exported.items() for row in rows for name in row}
    assert set(naming(purged)) <= columns
    here = [row["number"] for row in exported["audit"] if row["guild_id"] == str(GUILD)]
    assert here == [10, 11, 12]
    rows = [(row, "audit" if table == "audit" else "") for table in exported for row in exported[table]]
    assert [row for row, table in rows if not table and str(PERSON) not in row.values()] == []
    assert "SEALED" not in ended.output


@pytest.mark.parametrize(("words", "typed"), [((), "y\n"), (("--yes",), "")])
def test_a_member_is_erased_at_once(purged: Path, words: tuple[str, ...], typed: str) -> None:
    """Grants to them and their reports of answers go, other rows stay and name nobody, and no trace of their
    id is left.
    """
    mark_member(purged)
    # The export rewrites old logs.
    assert invoke("member", "export", str(PERSON)).exit_code == 0
    before = {guild_id: counts(purged, guild_id) for guild_id in guild_ids(purged)}
    assert traces(purged, [PERSON.to_bytes(8)]) != []
    with contextlib.closing(sqlite3.connect(purged)) as beside:
        beside.execute("SELECT * FROM guild").fetchall()
        ended = invoke("member", "erase", str(PERSON), *words, typed=typed)
    assert ended.exit_code == 0, ended.output
    columns = sum(map(len, ERASED_COLUMNS.values()))
    assert ended.output.startswith(
        f"Stored of user {PERSON}: grants 1, other records {columns - 1}, audit entries 1,"
        f" in servers {columns}.\n"
    )
    assert naming(purged) == {}
    assert traces(purged, [PERSON.to_bytes(8)]) == []
    after = {guild_id: counts(purged, guild_id) for guild_id in guild_ids(purged)}
    lost = [(table, n) for guild in before for table, n in before[guild].items() if after[guild][table] != n]
    assert sorted(lost) == [("access", 1), ("audit_member", 1), ("complaint", 1)]
    again = invoke("member", "erase", str(PERSON))
    assert (again.exit_code, again.output) == (0, f"Stored of user {PERSON}: nothing.\n")


@pytest.mark.parametrize("typed", ["n\n", ""])
def test_a_member_that_is_not_confirmed_stays(purged: Path, typed: str) -> None:
    """The answer no, and no answer, end with exit code 1."""
    mark_member(purged)
    before = naming(purged)
    ended = CliRunner().invoke(main, ["member", "erase", str(PERSON)], input=typed)
    assert ended.exit_code == 1
    assert naming(purged) == before


def test_erasing_a_member_says_when_traces_are_left(purged: Path) -> None:
    """If another process reads the file, traces stay in it: exit code 1, and the text says what to do."""
    mark_member(purged)
    with contextlib.closing(sqlite3.connect(purged, isolation_level=None)) as beside:
        beside.execute("PRAGMA journal_mode = WAL")
        beside.execute("BEGIN")
        beside.execute("SELECT * FROM guild").fetchall()
        ended = CliRunner().invoke(main, ["member", "erase", str(PERSON), "--yes"])
    assert ended.exit_code == 1
    assert "Run this again" in ended.output


@pytest.mark.parametrize("words", [("export",), ("erase", "--yes")])
def test_the_member_commands_make_no_database(purged: Path, words: tuple[str, ...]) -> None:
    """A path without a database is an error: it would look like a person of whom nothing is stored."""
    purged.unlink()
    ended = CliRunner().invoke(main, ["member", *words, str(PERSON)])
    assert ended.exit_code == 1
    assert f"{purged} can't be used: there is no such file" in ended.output
    assert not purged.exists()


def guild_ids(path: Path) -> list[int]:
    """Return every guild of which anything is stored."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        return [guild_id for (guild_id,) in database.execute("SELECT guild_id FROM guild")]


def test_the_demo_names_the_package_that_it_lacks() -> None:
    """Without the extra the error names the command that installs it, and shows no traceback."""
    code = "import sys; sys.modules['simcord'] = None; from bot.__main__ import main; main(['demo'])"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr == "Error: simcord is missing; install with: pip install 'patchbay[demo]'\n"


async def test_a_second_bot_on_the_same_database_ends_at_once(
    environment: dict[str, str], discord: SimulatedDiscord, tmp_path: Path
) -> None:
    """It says who holds the lock, and Discord never hears of it."""
    before = len(discord.env.http_requests)
    with process_lock(tmp_path / "patchbay.db"):
        refused = await patchbay(environment, "run")
    assert refused.exit_code == 75
    assert f"process {os.getpid()} on the machine {socket.gethostname()}" in refused.errors
    assert len(discord.env.http_requests) == before


async def test_keys_are_rotated_from_the_command_line(environment: dict[str, str], tmp_path: Path) -> None:
    """It says what was done, and afterwards the database opens with the new key alone."""
    path, place = tmp_path / "patchbay.db", Place(1, "sensay", "default", 2, 3)
    old = Vault(read_keys(environment["PATCHBAY_ENCRYPTION_KEYS"]))
    async with Database.open(path) as database:
        row = ConnectionRow(1, "sensay", "default", old.seal({"a": "b"}, place), 1, 2, 3, generation=3)
        await ConnectionStore(database).insert(row)
    new = f"k2:{base64.b64encode(bytes(range(32))).decode()}"
    environment["PATCHBAY_ENCRYPTION_KEYS"] = f"{new},{environment['PATCHBAY_ENCRYPTION_KEYS']}"
    with process_lock(path, key_id="k1"):
        refused = await patchbay(environment, "rotate-key")
    assert refused.exit_code == 1
    assert "with k1 as its first key, not k2" in refused.errors
    ended = await patchbay(environment, "rotate-key")
    assert (ended.exit_code, ended.errors) == (0, "1 of 1 connections\n")
    assert "Encrypted 1 connections and signed 0 seals of audit logs with the key k2." in ended.output
    assert "you can remove the others" in ended.output
    async with Database.open(path) as database:
        (stored,) = await ConnectionStore(database).of_guild(1)
    assert Vault(read_keys(new)).open(stored.secret, stored.place) == {"a": "b"}


async def test_child_processes_inherit_no_secret(environment: dict[str, str]) -> None:
    """A process that the command line starts after it read the settings finds no key and no token."""
    script = (
        "import subprocess, sys; from bot.__main__ import _prepare; settings, _ = _prepare();"
        "assert settings.encryption_keys.get_secret_value() and settings.discord_token;"
        "sys.exit(subprocess.call([sys.executable, '-c', 'import os; print(*os.environ)']))"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, env=environment, cwd=ROOT, stdout=subprocess.PIPE
    )
    output, _ = await process.communicate()
    inherited = set(output.decode().split())
    assert "PATCHBAY_SECRETS_DIR" in inherited
    secrets = {"PATCHBAY_ENCRYPTION_KEYS", "PATCHBAY_DISCORD_TOKEN", "PATCHBAY_DATABASE_URL"}
    assert secrets & inherited == set()
