"""The proof of several processes finds what it looks for."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from prove.runner import Figure
from prove.shards.database import WatchedDatabase
from prove.shards.record import Asked, Identify, Record, Request, Run, Session
from prove.shards.relay import Relay
from prove.shards.verdict import identifies, interactions, requests, writes

GUILD = 3 << 22
"""Its shard is 3."""
HOLDER, OTHER = 7, 8
"""Processes, by their ids in the system."""
Connection = psycopg.Connection[Any]


@pytest.fixture
def database(postgres_url: str) -> WatchedDatabase:
    """A database that notes everything."""
    found = WatchedDatabase(postgres_url)
    found.watch()
    return found


@pytest.fixture
def connection(database: WatchedDatabase, postgres_url: str) -> Iterator[Connection]:
    """A connection to it, where both processes have a lease and one holds the server's shard."""
    with psycopg.connect(postgres_url, autocommit=True) as found:
        for number, pid in ((1, HOLDER), (2, OTHER)):
            found.execute(
                "INSERT INTO bot_process (number, host, pid, key_id, began_at, expires_at, shard_count)"
                " VALUES (%s, 'host', %s, 'key', now(), now() + interval '30 s', 6)",
                [number, pid],
            )
        found.execute("INSERT INTO shard_lease VALUES (3, 1)")
        found.execute("UPDATE proof.lease SET at = at - interval '10 s'")
        found.execute("UPDATE proof.holding SET at = at - interval '10 s'")
        yield found


def _write(connection: Connection, pid: int) -> None:
    connection.execute(f"SET application_name = 'patchbay {pid}'".encode())
    connection.execute("INSERT INTO guild (guild_id) VALUES (%s)", [GUILD])


def test_rows_of_the_holder_are_allowed(database: WatchedDatabase, connection: Connection) -> None:
    """What the host's own programs write does not count."""
    _write(connection, HOLDER)
    connection.execute("SET application_name = 'psql'")
    connection.execute("DELETE FROM guild")
    figure = writes(Record(), database)
    assert (figure.holds, figure.figure) == (True, "1 rows written, 0 of them forbidden")


@pytest.mark.parametrize(
    "change", ["", "UPDATE bot_process SET expires_at = now()", "DELETE FROM bot_process WHERE number = 2"]
)
def test_rows_of_others_are_forbidden(database: WatchedDatabase, connection: Connection, change: str) -> None:
    """Of a process that does not hold the server's shard, and of one whose lease is over."""
    connection.execute(change.encode())
    _write(connection, OTHER)
    assert not writes(Record(), database).holds
    (found,) = database.forbidden()
    assert (found.program, found.table, found.has_no_lease) == (f"patchbay {OTHER}", "guild", bool(change))


def _asks(database: WatchedDatabase, pid: int, at: float, guild_id: int | None = GUILD) -> Figure:
    """Return what is said of a request."""
    record = Record(runs=[Run(0, pid, 0.0)])
    record.requests.append(Request(at, 0, "Discord", "GET /guilds/1", guild_id))
    return requests(record, database)


@pytest.mark.usefixtures("connection")
def test_requests_are_the_holders(database: WatchedDatabase) -> None:
    """For a server of its own, and until it has to end; another process may ask what is about no server."""
    now = time.time()
    assert _asks(database, HOLDER, now).holds
    assert not _asks(database, HOLDER, now + 25.5).holds
    assert not _asks(database, OTHER, now).holds
    assert _asks(database, OTHER, now, guild_id=None).holds
    assert not _asks(database, 9, now, guild_id=None).holds


def test_who_lost_a_shard_asks_nothing_for_it(database: WatchedDatabase, connection: Connection) -> None:
    """Another process has taken it; what was sent before that may come a little later."""
    connection.execute("UPDATE shard_lease SET process = 2")
    lost_at = database.held()[-1][0]
    assert _asks(database, HOLDER, lost_at + 0.05).holds
    assert not _asks(database, HOLDER, lost_at + 0.15).holds
    assert not _asks(database, OTHER, lost_at - 0.01).holds
    assert _asks(database, OTHER, lost_at + 0.01).holds


@pytest.mark.parametrize(("at", "is_lost"), [(50.0, True), (101.0, False), (120.0, False), (150.0, True)])
def test_commands_may_be_lost_in_a_takeover(at: float, *, is_lost: bool) -> None:
    """Not while a bot that works has a session for the server's shard."""
    sessions = [Session(0, 3, 10.0, 100.0), Session(1, 3, 130.0)]
    record = Record(0.0, sessions=sessions, phases=[(99.0, "kill -9")], asked=[Asked(at, GUILD, "help")])
    assert interactions(record).holds is not is_lost


def test_a_bot_that_stands_still_serves_nobody() -> None:
    """Its session goes on meanwhile."""
    record = Record(0.0, sessions=[Session(0, 3, 10.0), Session(1, 3, 130.0)], halted=[(0, 100.0, 140.0)])
    record.asked = [Asked(110.0, GUILD, "help")]
    figure = interactions(record)
    assert "1 without an answer, 0 of them while their shard had a bot" in figure.figure


def test_an_identify_that_comes_too_early_is_found() -> None:
    """One is enough."""
    record = Record(identifies=[Identify(1.0, 0, 0, is_too_early=False)])
    assert identifies(record).holds
    record.identifies.append(Identify(2.0, 1, 2, is_too_early=True))
    assert not identifies(record).holds


async def test_what_is_sent_while_a_connection_is_cut_comes_late(tmp_path: Path) -> None:
    """Both ways, and nobody is told."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    path = tmp_path / "socket"
    async with await asyncio.start_unix_server(echo, str(path)), Relay.serve(path) as relay:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        writer.write(b"one")
        assert await reader.read(100) == b"one"
        relay.cut()
        writer.write(b"two")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(100), 0.2)
        relay.mend()
        assert await reader.read(100) == b"two"
        writer.close()
        await writer.wait_closed()
