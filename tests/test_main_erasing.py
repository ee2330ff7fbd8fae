"""The commands of the host that export and erase what is stored of a server or of a person."""

import base64
import contextlib
import json
import re
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.__main__ import main
from bot.features.audit.entry import new_pseudonym
from bot.features.privacy.member_store import ERASED_COLUMNS
from bot.store.sqlite.migrations import migrate
from tests.support.guild_rows import counts, fill, traces
from tests.support.guild_rows import tables as guild_tables

KEY = base64.b64encode(b"FAKE-KEY-FOR-TESTS-0000000000000").decode()
GUILD, OTHER_GUILD = 1102345678901234567, 1102345678999999999
PERSON = 298765432109870077


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls: a command has an event loop of its own, in which nothing else runs."""


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
