"""Keeps in a server's database which processes run the bot, and which shards each of them holds.

It has a connection of its own: no process loses its lease because others write. The server's clock alone says
when a lease is over, so the clocks of the processes' machines are compared with nothing.
"""

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from typing import Any, Final

import psycopg

from bot.setup_errors import OtherKeyInUseError, ShardCountDiffersError
from bot.store.leases import TERMS, LiveProcess, ShardHolders, Terms
from bot.store.moving.mark import MOVE, DatabaseMove, move_error
from bot.store.postgres.address import shown
from bot.store.postgres.engine import WRITERS
from bot.store.postgres.failures import LOST, StatementError, refused, unusable
from bot.store.postgres.processes import described
from bot.store.postgres.writer import connect_to_write

_CONNECTED_WITHIN: Final = 5
_ANSWERED_WITHIN: Final = 5.0
"""Seconds that a question may take before another connection is tried."""
_PATIENCE: Final = 2000
"""Milliseconds for which the writers' lock is waited for; less than until the next renewal."""
_PATIENCE_AT_START: Final = 10_000

_ADD: Final = """
INSERT INTO bot_process (number, host, pid, key_id, began_at, expires_at)
VALUES (%s, %s, %s, %s, clock_timestamp(), clock_timestamp() + make_interval(secs => %s))
"""
_NUMBER_BITS: Final = 53
"""So long a number is one in all programs that read the log."""
_OTHER_KEY: Final = """
SELECT pid, host, extract(epoch FROM began_at)::float8, key_id FROM bot_process WHERE key_id <> %s LIMIT 1
"""
"""For a time with a zone the driver reads the zone's file, which blocks."""
_RENEW: Final = """
UPDATE bot_process SET expires_at = clock_timestamp() + make_interval(secs => %s)
WHERE number = %s AND expires_at > clock_timestamp() RETURNING number
"""
_DROP_EXPIRED: Final = "DELETE FROM bot_process WHERE expires_at <= clock_timestamp()"
_LOOK: Final = """
SELECT number, wanted, expires_at > clock_timestamp() AS lives,
    expires_at > clock_timestamp() + make_interval(secs => %(fresh)s) AS is_fresh,
    shard_count IS NOT NULL AS has_begun,
    began_at > clock_timestamp() - make_interval(secs => %(start)s) AS is_new,
    ARRAY(SELECT shard_id FROM shard_lease WHERE process IS NOT DISTINCT FROM number) AS shards
FROM bot_process FULL JOIN (SELECT NULL::bigint AS free) AS nobody ON free = number
"""
"""One row has no number and the shards that are free."""
_OTHERS: Final = """
SELECT pid, host, extract(epoch FROM began_at)::float8, shard_count FROM bot_process
WHERE shard_count IS NOT NULL AND number <> %s LIMIT 1
"""
_BEGIN: Final = "UPDATE bot_process SET shard_count = %s, wanted = %s WHERE number = %s"
_MAKE_SHARDS: Final = "INSERT INTO shard_lease (shard_id) SELECT generate_series(0, %s - 1)"
_TAKE: Final = "UPDATE shard_lease SET process = %s WHERE process IS NULL AND shard_id = ANY(%s)"
_FREE: Final = "UPDATE shard_lease SET process = NULL WHERE process = %s AND shard_id = %s"
_END: Final = "DELETE FROM bot_process WHERE number = %s"
_TURN: Final = """
INSERT INTO identify_turn AS turn VALUES (%(bucket)s, clock_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (bucket) DO UPDATE SET at = make_interval(secs => %(seconds)s) + (
    SELECT CASE
        WHEN turn.at > clock_timestamp() + 2 * line THEN clock_timestamp() + line
        ELSE greatest(turn.at, clock_timestamp())
    END
    FROM (SELECT make_interval(secs => %(seconds)s * (5 + count(*))) AS line FROM bot_process) AS longest
)
RETURNING extract(epoch FROM at - clock_timestamp())::float8 - %(seconds)s
"""
"""A line more than twice as long as the processes can make it is from before the server's clock was set back.
Those who wait in it still have their turns before the next one.
"""


class LeaseStore:
    """The rows of one process. All of it raises StatementError."""

    def __init__(self, url: str, terms: Terms = TERMS) -> None:
        self.terms = terms
        self.number = 0
        """The number of this process's lease, 0 before ``add``."""
        self._url = url
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._turn = asyncio.Lock()

    async def add(self, key_id: str) -> int:
        """Add this process, and return its number. key_id: the key that it signs with.

        Raises OtherKeyInUseError, DatabaseMovedError, DatabaseUnfinishedError, DatabaseUnusableError.
        """
        with self._usable():
            async with self._alone(_PATIENCE_AT_START) as connection:
                # It may have been moved since it was opened.
                if (moved := await (await connection.execute(MOVE)).fetchone()) is not None:
                    raise move_error(DatabaseMove(*moved), shown(self._url))
                await connection.execute(_DROP_EXPIRED)
                other = await (await connection.execute(_OTHER_KEY, [key_id])).fetchone()
                if other is not None:
                    pid, host, began_at, in_use = other
                    raise OtherKeyInUseError(key_id=key_id, in_use=in_use, **described(pid, host, began_at))
                # A counted number is given twice if a standby takes over that has not heard of the first.
                number = secrets.randbits(_NUMBER_BITS)
                added = [number, socket.gethostname(), os.getpid(), key_id, self.terms.lease]
                await connection.execute(_ADD, added)
        self.number = number
        return number

    async def begin(
        self, setting: int | None, recommended: int, wanted: Callable[[int], Collection[int] | None]
    ) -> int:
        """Settle how many shards there are in all, and return it.

        setting: how many there are to be, None for as many as the other processes have, or else as many as
        are recommended. wanted: returns the only shards of so many that this process takes, None for any.
        Raises ShardCountDiffersError, DatabaseUnusableError.
        """
        with self._usable():
            async with self._alone(_PATIENCE_AT_START) as connection:
                await connection.execute(_DROP_EXPIRED)
                other = await (await connection.execute(_OTHERS, [self.number])).fetchone()
                if other is None:
                    count = setting or recommended
                    await connection.execute("DELETE FROM shard_lease")
                    await connection.execute(_MAKE_SHARDS, [count])
                else:
                    pid, host, began_at, count = other
                    if setting not in {None, count}:
                        raise ShardCountDiffersError(
                            setting=setting, count=count, **described(pid, host, began_at)
                        )
                only = wanted(count)
                await connection.execute(_BEGIN, [count, None if only is None else sorted(only), self.number])
        return int(count)

    async def renew(self) -> bool:
        """Renew the lease; return False if it is over."""
        async with self._own() as connection:
            cursor = await connection.execute(_RENEW, [self.terms.lease, self.number])
            return await cursor.fetchone() is not None

    async def look(self) -> ShardHolders:
        """Return who holds which shards."""
        async with self._own() as connection:
            return await self._look(connection)

    async def take(self, choose: Callable[[ShardHolders], Collection[int]]) -> None:
        """Free the shards of processes whose lease is over, and take those that the function chooses.

        No transaction of a former holder is under way then, and no later one passes ``require_lease``.
        """
        async with self._alone(_PATIENCE, is_fenced=True) as connection:
            await connection.execute(_DROP_EXPIRED)
            if chosen := choose(await self._look(connection)):
                await connection.execute(_TAKE, [self.number, list(chosen)])

    async def free(self, shard_id: int) -> None:
        """Free a shard of this process. No transaction of this process's for it follows."""
        async with self._alone(_PATIENCE) as connection:
            await connection.execute(_FREE, [self.number, shard_id])

    async def end(self) -> None:
        """Free all shards of this process, which writes nothing any more, and forget it."""
        async with self._own() as connection:
            await connection.execute(_END, [self.number])

    async def reserve_turn(self, bucket: int, seconds: float) -> float:
        """Reserve the next free time of a bucket, so many seconds long; return in how many it begins."""
        async with self._own() as connection:
            cursor = await connection.execute(_TURN, {"bucket": bucket, "seconds": seconds})
            row = await cursor.fetchone()
            assert row is not None  # noqa: S101 - the statement returns one
            return float(row[0])

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()

    async def _look(self, connection: psycopg.AsyncConnection[Any]) -> ShardHolders:
        limits = {"fresh": self.terms.fresh, "start": self.terms.start}
        rows = await (await connection.execute(_LOOK, limits)).fetchall()
        processes, free, has_expired = [], frozenset[int](), False
        for number, wanted, lives, is_fresh, has_begun, is_new, shards in rows:
            if number is None:
                free = frozenset(shards)
            elif not lives:
                has_expired = True
            elif has_begun or is_new:
                only = None if wanted is None else frozenset(wanted)
                held = frozenset(shards)
                processes.append(LiveProcess(number, only, held, is_fresh, has_begun, is_new))
        return ShardHolders(processes, free, has_expired)

    @contextlib.asynccontextmanager
    async def _alone(
        self, patience: int, *, is_fenced: bool = False
    ) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """Run the block in a transaction beside which nothing of Patchbay's writes.

        patience: milliseconds to wait for that. is_fenced: whether it is refused without a lease.
        """
        fence = f"; SELECT require_lease({self.number}, NULL)" if is_fenced else ""
        begin = f"BEGIN; SET LOCAL lock_timeout = {patience}; SELECT pg_advisory_xact_lock({WRITERS}){fence}"
        async with self._own(_ANSWERED_WITHIN + patience / 1000) as connection:
            try:
                await connection.execute(begin.encode())
                yield connection
                await connection.execute("COMMIT")
            except BaseException:
                await connection.close()  # the server takes back what was done
                raise

    @contextlib.asynccontextmanager
    async def _own(self, within: float = _ANSWERED_WITHIN) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """Yield the connection, alone, which is opened if it was lost; close it if it does not answer."""
        async with self._turn:
            try:
                async with asyncio.timeout(within):
                    if self._connection is None or self._connection.closed:
                        self._connection = await connect_to_write(self._url, _CONNECTED_WITHIN)
                    yield self._connection
                return
            except TimeoutError:
                failure = StatementError("", LOST)
                await self.close()
            except psycopg.Error as error:
                failure = refused(error)
        raise failure

    @contextlib.contextmanager
    def _usable(self) -> Iterator[None]:
        """Raise DatabaseUnusableError in the place of StatementError."""
        try:
            yield
            return
        except StatementError as error:
            failure = unusable(error, shown(self._url))
        raise failure
