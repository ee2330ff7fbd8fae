"""What stores rely on holds with several processes on a PostgreSQL server, and when the server fails."""

import asyncio
import functools
import logging
import traceback
from contextlib import AsyncExitStack
from types import SimpleNamespace

import psycopg
import pytest
from structlog.testing import capture_logs

from bot.errors import BusyError, UnavailableError
from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.setup_errors import DatabaseUnusableError
from bot.store.connection import WritingConnection
from bot.store.database import Database
from bot.store.engine import Traces
from bot.store.postgres.address import shown
from bot.store.postgres.failures import LOST, UNREADABLE, StatementError
from bot.store.readers import READERS
from bot.store.rows import Fetch
from bot.store.vault import Vault
from bot.store.write_probe import WriteProbe
from tests.support.clock import Clock
from tests.support.postgres import ADMIN, PostgresServer

GUILD = 1_100_000_000_000_000_000
CANARY = "CANARY-that-nobody-may-read"
ROW = ConnectionRow(GUILD, "sensay", "main", b"sealed", set_by=7, set_at=100, verified_at=100)
SLEEP = SimpleNamespace(sql="SELECT 1 FROM pg_sleep(:seconds)")
END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
MARKS = SimpleNamespace(sql="SELECT id FROM key_mark")
READ_ONLY = """
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database());
END $$
"""


def admin(url: str, statement: str, ends: str = "") -> None:
    """Run a statement as somebody else. ends: the database whose connections end before."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"{END} WHERE datname = %s", [ends])
        connection.execute(statement.encode())


async def end_connections(url: str) -> None:
    """Let the server end all connections, as when it starts anew."""
    others = f"{END} WHERE datname = current_database() AND pid <> pg_backend_pid()"
    await asyncio.to_thread(admin, url, others)


async def add_one(connection: WritingConnection) -> int:
    """Give out the next number, as an incident gets it."""
    ((highest,),) = await connection.rows("SELECT coalesce(max(number), 0) FROM audit WHERE guild_id = 1")
    await asyncio.sleep(0.001)
    await connection.change(
        "INSERT INTO audit (guild_id, number, at, member, action, target, result, hash, times)"
        " VALUES (1, :number, 1, '2', 'a', 'b', 'done', :hash, 1)",
        {"number": highest + 1, "hash": b""},
    )
    return int(highest) + 1


async def test_processes_give_no_number_twice(postgres_url: str) -> None:
    """A transaction sees what the one before has written, whichever process that was."""
    async with AsyncExitStack() as stack:
        databases = [await stack.enter_async_context(Database.open(postgres_url)) for _ in range(3)]
        numbers = await asyncio.gather(*(databases[i % 3].transact(add_one) for i in range(60)))
    assert sorted(numbers) == list(range(1, 61))


async def test_the_audit_chain_of_several_processes_is_whole(postgres_url: str) -> None:
    """Each entry is chained to the one before it."""
    vault = Vault({"k1": bytes(range(32))})
    async with AsyncExitStack() as stack:
        audits = [
            AuditService(
                AuditStore(await stack.enter_async_context(Database.open(postgres_url))), vault, Clock()
            )
            for _ in range(2)
        ]
        await asyncio.gather(*(audits[i % 2].note(GUILD, "connection.add", f"{i}") for i in range(30)))
        entries, chain = await audits[0].export(GUILD)
    assert sorted(int(entry.target) for entry in entries) == list(range(30))
    assert chain.flaw is None


async def test_a_writer_waits_for_another_process_and_not_for_ever(postgres_url: str) -> None:
    """As with a file that is locked: the write is refused as busy, and works once the other has ended."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def hold(connection: WritingConnection) -> None:
        begun.set()
        await go_on.wait()

    async with Database.open(postgres_url) as one, Database.open(postgres_url, patience=0.05) as other:
        holding = asyncio.create_task(one.transact(hold))
        await begun.wait()
        with capture_logs() as logs, pytest.raises(BusyError):
            await ConnectionStore(other).insert(ROW)
        assert [entry["event"] for entry in logs] == ["writes_failing"]
        assert other.write_state.is_busy
        go_on.set()
        await holding
        assert await ConnectionStore(other).insert(ROW)
        assert not other.write_state.is_refused


async def test_a_work_that_fails_leaves_nothing(stored: Database) -> None:
    """What it has written is taken back, and the next one works."""

    async def fail(connection: WritingConnection) -> None:
        assert await add_one(connection) == 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await stored.transact(fail)
    assert await stored.transact(add_one) == 1


async def test_connections_that_were_lost_are_opened_again(stored: Database, postgres_url: str) -> None:
    """Reads and writes after a server's restart find nothing amiss."""
    store = ConnectionStore(stored)
    assert await store.insert(ROW)
    for _ in range(2):
        await end_connections(postgres_url)
        assert [row.name for row in await store.of_guild(GUILD)] == ["main"]
        assert await stored.foreign_changes() is None, "this process may have missed something meanwhile"
        assert await stored.foreign_changes() == set()
        await end_connections(postgres_url)
        await store.mark_verified(ROW, 300)
    assert not stored.write_state.is_refused


async def test_a_server_that_is_gone_is_said_once(
    stored: Database, postgres_server: PostgresServer, postgres_url: str
) -> None:
    """Reads and writes are refused as by a disk that fails; both work when it is back."""
    store, name = ConnectionStore(stored), postgres_url.partition("@/")[2].partition("?")[0]
    other = postgres_server.url("postgres", ADMIN)
    await asyncio.to_thread(admin, other, f"ALTER DATABASE {name} RENAME TO gone_{name}", ends=name)
    with capture_logs() as logs:
        for act in (store.of_guild(GUILD), store.insert(ROW), stored.foreign_changes()):
            with pytest.raises(UnavailableError):
                await act
        assert not await stored.takes_writes()
        await asyncio.to_thread(admin, other, f"ALTER DATABASE gone_{name} RENAME TO {name}")
        assert await stored.takes_writes()
    assert [entry["event"] for entry in logs] == ["writes_failing", "writes_back"]
    assert await store.insert(ROW)
    assert len(await store.of_guild(GUILD)) == 1


async def test_a_transaction_that_was_lost_leaves_nothing(stored: Database, postgres_url: str) -> None:
    """The server takes it back."""

    async def lose(connection: WritingConnection) -> None:
        await add_one(connection)
        await end_connections(postgres_url)
        await add_one(connection)

    with pytest.raises(UnavailableError):
        await stored.transact(lose)
    assert await stored.takes_writes()
    assert await stored.transact(add_one) == 1


async def test_a_read_only_server_is_said(stored: Database, postgres_url: str) -> None:
    """As of a standby: reads go on."""
    await asyncio.to_thread(admin, postgres_url, READ_ONLY)
    await end_connections(postgres_url)
    store = ConnectionStore(stored)
    for _ in range(2):
        with pytest.raises(UnavailableError) as caught:
            await store.insert(ROW)
    assert "read-only" in str(caught.value.values["reason"])
    assert await store.of_guild(GUILD) == []


async def test_a_read_whose_caller_has_gone_is_ended(stored: Database) -> None:
    """Its connection serves others at once."""
    async with asyncio.timeout(20):
        for _ in range(2):
            reads = [
                asyncio.create_task(stored.read_all(SLEEP, seconds=600, guild_id=n)) for n in range(READERS)
            ]
            await asyncio.sleep(0.2)
            for read in reads:
                read.cancel()
            await asyncio.gather(*reads, return_exceptions=True)
        assert await stored.read_all(SLEEP, seconds=0, guild_id=1)


async def test_reads_of_one_moment_see_no_later_write(stored: Database, postgres_url: str) -> None:
    """What is committed between two of them is in neither."""
    insert = "INSERT INTO key_mark VALUES (1, 'k1', '')"

    def look(fetch: Fetch) -> list[int]:
        before = len(fetch(dict, MARKS))
        admin(postgres_url, insert)
        return [before, len(fetch(dict, MARKS))]

    assert await stored.fetch_together(look, GUILD) == [0, 0]
    assert len(await stored.read_all(MARKS)) == 1


async def test_a_reading_connection_cannot_write(stored: Database) -> None:
    """A query that writes is refused where one that reads is expected."""
    with pytest.raises(StatementError, match="25006"):
        await stored.read_all(SimpleNamespace(sql="DELETE FROM connection RETURNING 1"))


async def test_what_was_deleted_is_dropped_from_the_tables(stored: Database) -> None:
    """After a scrub the table's file has no page that a deleted row was in, and the mark is gone."""
    store = ConnectionStore(stored)
    assert await store.insert(ROW)
    assert await store.delete(GUILD, "sensay", "main")
    assert await stored._engine.traces() is Traces.SOME
    assert await stored.scrub()
    assert await stored._engine.traces() is Traces.NONE
    size = SimpleNamespace(sql="SELECT pg_relation_size('connection')")
    assert [tuple(row) for row in await stored.read_all(size)] == [(0,)]


async def test_a_write_is_tried_and_leaves_nothing(stored: Database) -> None:
    """The probe's write reaches the server, and the mark of traces stays as it is."""
    await stored.transact(stored.mark_traces)
    await WriteProbe(stored).try_once()
    assert await stored.takes_writes()
    assert await stored._engine.traces() is Traces.SOME


async def test_no_error_quotes_what_was_written(stored: Database) -> None:
    """PostgreSQL's messages and details hold values: neither the error nor what it refers to has them."""
    for statement in (
        "INSERT INTO access VALUES (1, :text, 1, 1, 1, 1), (1, :text, 1, 1, 1, 1)",
        "SELECT :text::bigint",
        f'SELECT "{CANARY}" FROM access',  # noqa: S608 - from here
    ):
        with pytest.raises(StatementError) as caught:
            await stored.transact(functools.partial(_change, sql=statement))
        said = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__context__)
        assert CANARY not in said


async def _change(connection: WritingConnection, sql: str) -> None:
    await connection.change(sql, {"text": CANARY})


@pytest.mark.parametrize(
    ("address", "place", "reason"),
    [
        ("patchbay:{}@127.0.0.1:1/patchbay", "127.0.0.1:1/patchbay", LOST),
        ("127.0.0.1:1/patchbay?user=a&password={}", "127.0.0.1:1/patchbay", LOST),
        ("patchbay:{}@127.0.0.1:1/patchbay?no_such={}", "127.0.0.1:1/patchbay", UNREADABLE),
        ("patchbay:{}@[127.0.0.1:1/patchbay", "", UNREADABLE),
        ("patchbay:{0}@host:{0}/patchbay", "", LOST),
    ],
)
async def test_an_address_s_password_is_said_nowhere(
    address: str, place: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Not where the server cannot be reached, nor where the address cannot be read."""
    caplog.set_level(logging.DEBUG)
    url = f"postgresql://{address.format(CANARY, CANARY)}"
    with capture_logs() as logs, pytest.raises(DatabaseUnusableError) as caught:
        async with Database.open(url):
            pass
    assert caught.value.values == {"path": f"postgresql://{place}", "reason": reason}
    said = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__context__)
    assert CANARY not in said + caplog.text + str(logs)
    assert shown(url) == f"postgresql://{place}"


async def test_what_the_server_refuses_at_the_start_is_said(postgres_url: str) -> None:
    """In words that do not come from the server."""
    url = postgres_url.replace("/test_", f"/{CANARY}_")
    with pytest.raises(DatabaseUnusableError) as caught:
        async with Database.open(url):
            pass
    assert caught.value.values["reason"] == "the server has no such database"
