"""Tries a small write at intervals: a database that nobody writes to says nothing of the next write."""

import asyncio
from typing import Final

from bot.errors import UnavailableError
from bot.store.database import Database

_EVERY: Final = 5.0
"""Seconds from the end of one try to the next one. A try writes one page, unless others have written."""


class WriteProbe:
    """What comes of it is known by the database's ``write_state``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._commits: int | None = None

    async def run(self) -> None:
        """Try until cancelled."""
        while True:
            await self.try_once()
            await asyncio.sleep(_EVERY)

    async def try_once(self) -> None:
        """Write something, unless somebody's write has worked since the last time."""
        database, state = self._database, self._database.write_state
        if database.commits == self._commits or state.is_refused:
            with state.trying():
                try:
                    if await database.takes_writes():
                        await database.rewrite()
                except UnavailableError:
                    pass  # write_state knows
                except Exception as error:  # noqa: BLE001 - whatever it is, this database takes no writes
                    state.refused(str(error))
        self._commits = database.commits
