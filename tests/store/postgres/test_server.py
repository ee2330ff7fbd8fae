"""A database outlives what happens to its server, and says what keeps it from there; a dump holds all."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import psycopg
import pytest
from structlog.testing import capture_logs

from bot.errors import UnavailableError
from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.setup_errors import DatabaseUnusableError
from bot.store.connection import WritingConnection
from bot.store.database import Database
from tests.support.postgres import OWNER, PostgresServer, postgres
from tests.support.postgres_front import postgres_front
from tests.support.tls_front import make_certificate
from tests.support.waiting import until

GUILD = 1_100_000_000_000_000_000
ROW = ConnectionRow(GUILD, "sensay", "main", b"\0sealed", set_by=7, set_at=100, verified_at=100)
CANARY = "CANARY-that-was-deleted"
PASSWORD = "FAKE p@ss/w%rd:#?"
LOGINS = "local all postgres trust\nlocal all all scram-sha-256\n"
END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
FULL = "the server has no connection left"
REFUSED = "the server refuses the user or the password"
IDLE_MILLISECONDS = 100
TASKS = 3
NOTED = SimpleNamespace(sql="SELECT number, count(*) AS parts FROM noted GROUP BY number")


def name_of(url: str) -> str:
    """Return the name of the database that an address of the tests' server names."""
    return url.partition("@/")[2].partition("?")[0]


async def reason_of(url: str) -> str:
    """Return why a database cannot be opened."""
    with pytest.raises(DatabaseUnusableError) as caught:
        async with Database.open(url):
            pass
    return str(caught.value.values["reason"])


class Load:
    """Writes and reads without a pause, whatever is refused."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._next = 0
        self.stored: set[int] = set()
        self.refused: set[int] = set()
        self.reads = 0
        self.is_over = False

    async def write(self) -> None:
        """Store one number after the other, each in two rows."""
        while not self.is_over:
            self._next += 1
            number = self._next

            async def work(connection: WritingConnection, number: int = number) -> None:
                for _ in range(2):
                    await connection.change("INSERT INTO noted VALUES (:number)", {"number": number})

            try:
                await self._database.transact(work)
            except UnavailableError:
                self.refused.add(number)
                await asyncio.sleep(0.001)
            else:
                self.stored.add(number)

    async def read(self) -> None:
        """Read what was stored."""
        while not self.is_over:
            try:
                await self._database.read_all(NOTED)
            except UnavailableError:
                await asyncio.sleep(0.001)
            else:
                self.reads += 1

    async def goes_on(self) -> None:
        """Wait for writes and reads that are not refused."""
        stored, reads = len(self.stored), self.reads
        await until(lambda: len(self.stored) > stored + 20 and self.reads > reads + 20)

    async def is_refused(self) -> None:
        """Wait for writes that are refused."""
        refused = len(self.refused)
        await until(lambda: len(self.refused) > refused + 20)


async def test_a_server_that_crashes_under_load_loses_nothing(own_server: PostgresServer) -> None:
    """Each write that was done is there, each other one is there whole or not at all, and both go on."""
    with own_server.database() as name:
        own_server.execute("CREATE TABLE noted AS SELECT 1::bigint AS number LIMIT 0", name)
        own_server.execute(f"ALTER TABLE noted OWNER TO {OWNER}", name)
        async with Database.open(own_server.url(name)) as database:
            load = Load(database)
            tasks = [asyncio.create_task(work()) for _ in range(TASKS) for work in (load.write, load.read)]
            with capture_logs() as logs:
                for _ in range(2):
                    await load.goes_on()
                    await asyncio.to_thread(own_server.stop)
                    await load.is_refused()
                    await asyncio.to_thread(own_server.start)
                await load.goes_on()
                load.is_over = True
                await asyncio.gather(*tasks)
                assert await database.takes_writes()
            found = {row["number"]: row["parts"] for row in await database.read_all(NOTED)}
    assert set(found.values()) == {2}
    assert load.stored <= found.keys() <= load.stored | load.refused
    assert {entry["event"] for entry in logs} == {"writes_failing", "writes_back"}


async def test_connections_that_rest_may_be_ended(postgres_server: PostgresServer, postgres_url: str) -> None:
    """As many servers and poolers do after a while: what comes next works, and nothing is logged."""
    limit = f"SET idle_session_timeout = {IDLE_MILLISECONDS}"
    postgres_server.execute(f"ALTER DATABASE {name_of(postgres_url)} {limit}")
    with capture_logs() as logs:
        async with Database.open(postgres_url) as database:
            store = ConnectionStore(database)
            await asyncio.sleep(IDLE_MILLISECONDS * 3 / 1000)
            assert await store.insert(ROW)
            assert len(await store.of_guild(GUILD)) == 1
            await asyncio.sleep(IDLE_MILLISECONDS * 3 / 1000)
            assert len(await store.of_guild(GUILD)) == 1
            assert await database.foreign_changes() is None
            assert await database.takes_writes()
    assert logs == []


async def test_a_server_without_a_connection_left_is_said(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    """At the start and later; what was open works on."""
    name = name_of(postgres_url)
    async with Database.open(postgres_url) as database:
        postgres_server.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 1")
        assert await reason_of(postgres_url) == FULL
        assert await ConnectionStore(database).insert(ROW)
        postgres_server.execute(f"{END} WHERE datname = '{name}'")
        with psycopg.connect(postgres_url):  # the only one that there may be
            with capture_logs() as logs:
                for act in (database.foreign_changes(), ConnectionStore(database).of_guild(GUILD)):
                    with pytest.raises(UnavailableError) as caught:
                        await act
                    assert caught.value.values["reason"] == FULL
            assert [(entry["event"], entry["reason"]) for entry in logs] == [("writes_failing", FULL)]
    assert await reason_of(postgres_url.replace("//", "//other_", 1)) == REFUSED


async def test_a_server_whose_connections_are_used_up_is_said() -> None:
    """Some of them are kept for who may do everything."""
    with postgres({"max_connections": "6"}) as server, server.database() as name:
        url = server.url(name)
        async with AsyncExitStack() as stack:
            for _ in range(3):
                stack.push_async_callback((await psycopg.AsyncConnection.connect(url)).close)
            assert await reason_of(url) == FULL


async def test_a_dump_holds_all_and_nothing_deleted(
    postgres_server: PostgresServer, postgres_url: str, empty_postgres_url: str
) -> None:
    """Restored into an empty database it has the same schema and rows, and the bot works with it."""
    names = ["ação \0\ufdd0", "main"]
    async with Database.open(postgres_url) as database:
        store = ConnectionStore(database)
        for name in (*names, CANARY):
            assert await store.insert(replace(ROW, name=name))
        assert await store.delete(GUILD, ROW.provider, CANARY)
    dump, owner = postgres_server.folder / "patchbay.dump", f"--username={OWNER}"
    run, before, after = postgres_server.run, name_of(postgres_url), name_of(empty_postgres_url)
    await asyncio.to_thread(run, "pg_dump", owner, "--format=custom", f"--file={dump}", before)
    await asyncio.to_thread(run, "pg_restore", owner, "--exit-on-error", f"--dbname={after}", dump)
    printed = [await asyncio.to_thread(run, "pg_dump", owner, "--inserts", each) for each in (before, after)]
    # A line of each has a random number.
    one, other = ([line for line in each.splitlines() if "restrict" not in line] for each in printed)
    assert one == other
    assert "sensay" in printed[1]
    assert CANARY not in printed[1]
    async with Database.open(empty_postgres_url) as database:
        store = ConnectionStore(database)
        assert sorted(row.name for row in await store.of_guild(GUILD)) == names
        assert await store.insert(replace(ROW, name="later"))


async def test_a_server_is_reached_through_tls(own_server: PostgresServer, tmp_path: Path) -> None:
    """By a user with a password whose signs are spelt as in URLs; what is wrong with either is said."""
    own_server.run("createuser", "bot")
    own_server.execute(f"ALTER USER bot PASSWORD '{PASSWORD}'")
    own_server.run("createdb", "--owner=bot", "--encoding=UTF8", "patchbay")
    (own_server.folder / "data/pg_hba.conf").write_text(LOGINS)
    own_server.execute("SELECT pg_reload_conf()")
    certificate, socket = make_certificate(tmp_path), own_server.folder / ".s.PGSQL.5432"
    spelt = quote(PASSWORD, safe="")
    async with postgres_front(socket, certificate) as port, postgres_front(socket) as plain:
        without = f"postgresql://bot:{spelt}@localhost:{port}/patchbay?sslmode=verify-full"
        url = f"{without}&sslrootcert={certificate.path}"
        async with Database.open(url) as database:
            assert await ConnectionStore(database).insert(ROW)
        for wrong, reason in {
            url.replace(spelt, "other"): REFUSED,
            url.replace(f":{spelt}", ""): REFUSED,
            url.replace("/patchbay?", "/other?"): "the server has no such database",
            url.replace("@localhost", "@127.0.0.1"): "the server's certificate is for another host",
            url.replace(str(port), str(plain)): "the server does not support TLS",
            f"{without}&sslrootcert=system": "the server's certificate is signed by nobody who is trusted",
            without: "the file with the certificates to trust is missing: name it with sslrootcert",
        }.items():
            assert await reason_of(wrong) == reason
