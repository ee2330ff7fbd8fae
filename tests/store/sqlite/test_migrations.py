"""A migration brings a database up to date, or leaves it as it was."""

import asyncio
import contextlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from bot.features.alerts.group_store import GroupStore
from bot.features.alerts.incident_store import Incident, IncidentStore
from bot.features.alerts.messenger import BoardNotice, Notice
from bot.features.alerts.store import AlertStore, BoardRow, MessageKind, OutboxRow, RouteRow
from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.features.commands.store import CommandStore, SyncedCommands
from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.features.integrations.store import IntegrationStore, Placed
from bot.features.monitoring.store import MonitoringStore
from bot.setup_errors import DatabaseNewerError, DatabaseUnusableError
from bot.store.database import Database
from bot.store.revision import HEAD
from bot.store.sqlite import migrations
from bot.store.sqlite.migrations import before_migration, migrate
from bot.store.sqlite.revision import current_revision
from bot.store.vault import Vault
from tests.support.alert_parts import make_outbox
from tests.support.channels import FakeMessenger
from tests.support.clock import Clock
from tests.support.ids import GUILD
from tests.support.old_databases import REVISIONS, execute, release


def tables(path: Path) -> set[str]:
    """Return the names of a file's tables."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


EVERYTHING = {
    "access",
    "alert_incident",
    "alembic_version",
    "audit",
    "audit_head",
    "audit_member",
    "audit_seal",
    "board",
    "complaint",
    "connection",
    "greeting",
    "guild",
    "history",
    "ignored",
    "incident",
    "incident_number",
    "integration",
    "key_mark",
    "last_check",
    "maintenance",
    "maintenance_count",
    "moved",
    "outbox",
    "provider_clock",
    "quiet_hours",
    "route",
    "synced_commands",
    "tombstone",
    "watched",
}


@pytest.fixture
def released(path: Path) -> Path:
    """A database of the first release."""
    return release(path, "0001")


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of every table but the revision's."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {
            name: connection.execute(f"SELECT * FROM {name}").fetchall()  # noqa: S608 - a table's name
            for name in tables(path) - {"alembic_version"}
        }


def columns(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return the name, type, constraints and key of every table's columns, and the indexes."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        found = {
            name: connection.execute("SELECT * FROM pragma_table_info(?)", (name,)).fetchall()
            for name in tables(path)
        }
        indexes = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' ORDER BY name"
        return {**found, "": connection.execute(indexes).fetchall()}


def test_head_is_the_newest_script() -> None:
    """HEAD, which saves an import of Alembic, is the one revision that no other follows."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


@pytest.mark.parametrize("empty_file", [False, True])
def test_a_new_database_gets_the_whole_schema(path: Path, empty_file: bool) -> None:
    """Without a file, or with an empty one, all tables are made."""
    if empty_file:
        path.touch()
    migrate(path)
    assert tables(path) == EVERYTHING
    assert current_revision(path) == HEAD


def test_migrating_again_changes_nothing(path: Path) -> None:
    """A database at HEAD keeps its bytes."""
    migrate(path)
    before = path.read_bytes()
    migrate(path)
    assert path.read_bytes() == before


async def test_the_first_release_keeps_its_rows(released: Path) -> None:
    """Rows of the first release are unchanged afterwards, byte by byte."""
    async with Database.open(released) as database:
        assert await ConnectionStore(database).of_guild(GUILD) == [
            ConnectionRow(GUILD, "sensay", "default", b"\x00\xff'", set_by=5, set_at=100, verified_at=150),
            ConnectionRow(GUILD, "toolzz", "second", b"", set_by=6, set_at=200, verified_at=200),
        ]
        assert await CommandStore(database).get(7) == SyncedCommands("abc", {"help": 8})
    assert await asyncio.to_thread(current_revision, released) == HEAD


async def test_an_old_connection_takes_an_integration(released: Path) -> None:
    """A connection of the first release can have integrations, which are deleted with it."""
    row = Placed(id="a", connection="default", label="Nora", bot_id=None, placed_by=5, placed_at=300)
    async with Database.open(released) as database:
        store = IntegrationStore(database)
        assert await store.put(GUILD, "sensay", row)
        assert await store.of_guild(GUILD, "sensay") == [row]
        assert await ConnectionStore(database).delete(GUILD, "sensay", "default")
        assert await store.of_guild(GUILD, "sensay") == []


def test_every_release_is_known_here() -> None:
    """Every revision before HEAD has a database here, from which the migration is tried."""
    scripts = Path(migrations.__file__).parent / "versions"
    assert [*REVISIONS, HEAD] == sorted(script.name[:4] for script in scripts.glob("0*.py"))


@pytest.mark.parametrize("revision", REVISIONS)
def test_old_and_new_databases_become_alike(path: Path, tmp_path: Path, revision: str) -> None:
    """A migrated database has the tables, columns and indexes of a new one; every row is as it was."""
    before = rows(release(path, revision))
    migrate(path)
    migrate(tmp_path / "new.db")
    assert columns(path) == columns(tmp_path / "new.db")
    after = rows(path)
    for table, old in before.items():
        assert old
        if table == "audit":  # its members are text from 0011 on
            assert [row[:8] for row in after[table]] == [(*row[:3], str(row[3]), *row[4:8]) for row in old]
        elif table not in {"alert", "board", "outbox", "route"}:
            assert [row[: len(old[0])] for row in after[table]] == old


async def test_messages_in_flight_are_moved_into_the_outbox(path: Path) -> None:
    """Every alert and every board of revision 0004 continues where it was, an alert with its incident."""
    async with Database.open(release(path, "0004")) as database:
        store, groups = AlertStore(database), GroupStore(database)

        def row(number: int, *columns: Any, told_at: int | None) -> OutboxRow:  # noqa: ANN401 - of several types
            alert = OutboxRow(GUILD, "alert", 1, number, *columns)
            return replace(alert, told_at=told_at, mentioned_at=told_at)

        assert [await store.message(GUILD, MessageKind.ALERT, 1, number) for number in range(1, 6)] == [
            row(1, 7, 11, None, None, 1, 2, 2, None, 0, 201, 900, "", 201, told_at=201),
            row(2, 7, 13, 7, 12, 2, 1, 1, None, 0, 202, 203, "", 202, told_at=202),
            row(3, 7, None, 7, 14, 1, 3, 1, 204, 2, 203, 205, "", 203, told_at=203),
            row(4, None, None, 7, 15, 1, 2, 1, None, 1, 204, 206, "", 204, told_at=204),
            row(5, None, None, None, None, 0, 1, 0, None, 0, None, 207, "", 207, told_at=None),
        ]
        members = [await groups.members(GUILD, 1, number) for number in range(1, 6)]
        assert [[each.number for each in found] for found in members] == [[1], [2], [3], [4], [5]]
        assert await store.boards() == [
            BoardRow(GUILD, 7, set_by=5),
            BoardRow(GUILD + 1, 7, set_by=6),
            BoardRow(GUILD + 2, 8, set_by=6),
        ]
        boards = [await store.message(GUILD + more, MessageKind.BOARD) for more in range(3)]
        assert [each and replace(each, told_at=None, mentioned_at=None) for each in boards] == [
            OutboxRow(GUILD, "board", 0, 0, 7, 21, None, None, 1, 1, 1, None, 0, 300, None, "hash", 300),
            OutboxRow(GUILD + 1, "board", 0, 0, 7, None, None, None, 0, 1, 0, 301, 0, 301, 301, "", 301),
            OutboxRow(GUILD + 2, "board", 0, 0, 8, None, 7, 22, 0, 1, 0, 302, 0, 302, 302, "old", 302),
        ]


async def test_a_route_becomes_the_first_of_several(path: Path) -> None:
    """It tells of everything as before; one whose channel had refused is tried again."""
    lost = f"{GUILD + 1}, 7, 8, 'error', 3, 600, 5, 180, 'forbidden', 1"
    execute(release(path, "0007"), f"INSERT INTO route VALUES ({lost})")  # noqa: S608 - constants
    async with Database.open(path) as database:
        store = AlertStore(database)
        (route,) = await store.routes(GUILD)
        (suspended,) = await store.routes(GUILD + 1)
    assert (route.number, route.provider, route.integration, route.recovery) == (1, "", "", "quiet")
    assert (route.suspended, route.retry_at, route.second_role_id, route.escalate) == ("", None, None, 0)
    assert suspended == RouteRow(
        GUILD + 1,
        1,
        7,
        8,
        "error",
        3,
        600,
        5,
        180,
        partial=True,
        suspended="forbidden",
        refused_at=180,
        retry_at=180,
        is_reported=True,
    )


async def test_numbers_go_on_after_the_update(path: Path) -> None:
    """The next incident gets a number that no incident had."""
    async with Database.open(release(path, "0007")) as database:
        before = [each.number for each in await IncidentStore(database).since(GUILD, 0)]
        new = Incident(GUILD, 0, "integration", "toolzz", "new", "second", "", "error", "", 1)
        opened = await MonitoringStore(database).transact(lambda unit: unit.open(new))
    assert opened.number == max(before) + 1


async def test_messages_in_flight_arrive_after_the_move(path: Path) -> None:
    """After the move each open incident and each board has one message, in the channel where it belongs."""
    clock = Clock()
    async with Database.open(release(path, "0004")) as database:
        store, messenger = AlertStore(database), FakeMessenger(clock, board={"title": "now"})
        incidents = IncidentStore(database)
        audit = AuditService(AuditStore(database), Vault({"k1": bytes(32)}), clock)
        for number, message_id in ((1, 11), (2, 12), (2, 13), (3, 14), (4, 15)):
            incident = await incidents.get(GUILD, number)
            assert incident is not None
            reference = f"#{number}.{2 if message_id == 13 else 1}"
            messenger.messages[message_id] = Notice(
                GUILD, 7, 1, number, [incident], {}, {}, [], None, None, reference
            )
        messenger.messages[21] = BoardNotice(GUILD, 7, 0, "board-0-1", {})
        messenger.messages[22] = BoardNotice(GUILD + 2, 7, 0, "board-0-1", {})
        await make_outbox(database, clock, store, audit).pump(messenger, lambda _: True)
    alerts = [list(messenger.alerts(number).values()) for number in range(1, 6)]
    assert [[notice.channel_id for notice in notices] for notices in alerts] == [[7]] * 5
    boards = [(notice.guild_id, notice.channel_id, notice.embed) for notice in messenger.boards().values()]
    assert sorted(boards) == [(GUILD + more, 8 if more == 2 else 7, {"title": "now"}) for more in range(3)]


@pytest.mark.parametrize(
    ("revision", "in_the_way"),
    [
        ("0001", "integration"),
        ("0001", "board"),
        ("0002", "guild"),
        ("0003", "board"),
        ("0004", "outbox"),
        ("0005", "ignored"),
        ("0006", "provider_clock"),
        ("0007", "quiet_hours"),
        ("0008", "incident_number"),
        ("0009", "key_mark"),
        ("0010", "audit_seal"),
        ("0011", "complaint"),
        ("0012", "moved"),
    ],
)
def test_an_update_that_fails_leaves_the_old_database(path: Path, revision: str, in_the_way: str) -> None:
    """If a new table cannot be made, revision and rows stay, and the older bot can go on."""
    execute(release(path, revision), f"CREATE TABLE {in_the_way} (a)")
    before = rows(path)
    with pytest.raises(DatabaseUnusableError):
        migrate(path)
    assert current_revision(path) == revision
    assert rows(path) == before


@pytest.mark.parametrize("name", ["with blank.db", "odd?mode=ro.db", "100%25.db", "#1.db", "água.db"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    """No part of a path is read as part of a URL."""
    migrate(tmp_path / name)
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert current_revision(tmp_path / name) == HEAD


def test_a_migration_that_fails_leaves_nothing_behind(path: Path) -> None:
    """An interrupted migration is undone, so that the next start can repeat it."""
    execute(path, "CREATE TABLE synced_commands (a)")
    with pytest.raises(DatabaseUnusableError) as caught:
        migrate(path)
    assert caught.value.values["reason"] == "table synced_commands already exists"
    assert tables(path) == {"synced_commands"}
    execute(path, "DROP TABLE synced_commands")
    migrate(path)
    assert tables(path) == EVERYTHING


def test_two_that_start_at_once_migrate_once(path: Path) -> None:
    """Of two processes that find the same empty file one migrates, and the other uses the result."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(migrate, [path] * 2))
    assert tables(path) == EVERYTHING


def test_several_that_start_at_once_keep_one_copy(path: Path) -> None:
    """Of the processes that share the shards one copies and migrates; the copy is of the former schema."""
    release(path, "0009")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, [path] * 4))
    (copy,) = before_migration(path)
    assert current_revision(copy) == "0009"
    assert tables(path) == EVERYTHING


async def test_a_newer_database_is_refused_untouched(path: Path) -> None:
    """The error names the unknown revision, and no byte of the file changes."""
    await asyncio.to_thread(migrate, path)
    execute(path, "PRAGMA journal_mode = WAL", "UPDATE alembic_version SET version_num = '9999'")
    before = path.read_bytes()
    with pytest.raises(DatabaseNewerError) as caught:
        async with Database.open(path):
            pass
    assert caught.value.values == {"path": str(path), "revision": "9999"}
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough " * 20, b"SQLite format 3\0" + b"\xff" * 500]
)
def test_what_is_no_database_is_not_migrated(path: Path, content: bytes) -> None:
    """A damaged file, or one of another kind, is refused and keeps its bytes."""
    path.write_bytes(content)
    with pytest.raises(DatabaseUnusableError) as caught:
        migrate(path)
    assert caught.value.values["path"] == str(path)
    assert path.read_bytes() == content
