"""A database whose disk is full from a certain commit on, with SQLite's own error."""

from bot.store.database import Database

_ROOM_BYTES = 1 << 20
"""More than the free pages of a test's database hold."""
_NO_LIMIT = 0xFFFFFFFE


class FullDisk:
    """Lets commits fail as SQLite lets them fail when there is no room for the pages that they need."""

    def __init__(self, database: Database) -> None:
        self._turn = database._turn
        self._connection = database._writer
        self._commit = self._connection.commit
        self._left: int | None = None
        self.failures = 0
        """How many commits have failed."""
        self._connection.commit = self._try  # the only way to fail at any write

    def fill(self, after: int = 0) -> None:
        """Let everything fail from now on. after: so many commits that still work."""
        self._left = after

    async def free(self) -> None:
        """Let everything work again."""
        async with self._turn:
            self._left = None
            await self._connection.execute(f"PRAGMA max_page_count = {_NO_LIMIT}")

    async def _try(self) -> None:
        if self._left == 0:
            self.failures += 1
            # SQLite does not make it smaller than the database is.
            await self._connection.execute("PRAGMA max_page_count = 1")
            try:
                await self._connection.execute("CREATE TABLE needs_room (filling)")
                await self._connection.execute("INSERT INTO needs_room VALUES (zeroblob(?))", (_ROOM_BYTES,))
            finally:
                # The next one fails at its commit again.
                await self._connection.execute(f"PRAGMA max_page_count = {_NO_LIMIT}")
            raise AssertionError("there was room")
        if self._left is not None:
            self._left -= 1
        await self._commit()
