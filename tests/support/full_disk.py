"""A database whose disk is full from a certain commit on, with the engine's own error."""

from collections.abc import Awaitable, Callable

from bot.store.database import Database
from tests.support.by_hand import is_on_postgres

_ROOM_BYTES = 1 << 20
"""More than the free pages of a test's database hold."""
_NO_LIMIT = 0xFFFFFFFE
_FULL = "DO $$ BEGIN RAISE 'no room' USING ERRCODE = 'disk_full'; END $$"


class FullDisk:
    """Lets commits fail as the engine lets them fail when there is no room for what they need."""

    def __init__(self, database: Database) -> None:
        self._turn = database._turn
        self._connection = database._engine.connection
        self._is_on_postgres = is_on_postgres(database)
        self._left: int | None = None
        self.reason = "the server's disk is full" if self._is_on_postgres else "disk full"
        """What the database says of it."""
        self.failures = 0
        """How many commits have failed."""
        # The only way to fail at any write.
        if self._is_on_postgres:
            self._command = self._connection.command
            self._connection.command = self._run
        else:
            self._commit = self._connection.commit
            self._connection.commit = lambda: self._try(self._commit, self._fail_in_file)

    def fill(self, after: int = 0) -> None:
        """Let everything fail from now on. after: so many commits that still work."""
        self._left = after

    async def free(self) -> None:
        """Let everything work again."""
        async with self._turn:
            self._left = None
            if not self._is_on_postgres:
                await self._connection.execute(f"PRAGMA max_page_count = {_NO_LIMIT}")

    async def _run(self, sql: str) -> None:
        if sql == "COMMIT":
            await self._try(lambda: self._command(sql), lambda: self._command(_FULL))
        else:
            await self._command(sql)

    async def _try(self, commit: Callable[[], Awaitable[None]], fail: Callable[[], Awaitable[None]]) -> None:
        if self._left == 0:
            self.failures += 1
            await fail()
            raise AssertionError("there was room")
        if self._left is not None:
            self._left -= 1
        await commit()

    async def _fail_in_file(self) -> None:
        # SQLite does not make it smaller than the database is.
        await self._connection.execute("PRAGMA max_page_count = 1")
        try:
            await self._connection.execute("CREATE TABLE needs_room (filling)")
            await self._connection.execute("INSERT INTO needs_room VALUES (zeroblob(?))", (_ROOM_BYTES,))
        finally:
            # The next one fails at its commit again.
            await self._connection.execute(f"PRAGMA max_page_count = {_NO_LIMIT}")
