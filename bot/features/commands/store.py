"""Remembers which commands were registered with Discord, so that only changes are sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.store.database import Database
from bot.store.queries import load_queries

QUERIES: Final = load_queries("bot.features.commands")


@dataclass(frozen=True, slots=True)
class SyncedCommands:
    """hash: of the payload that was sent. ids: Discord's id of each top-level command, by the command's
    name.
    """

    hash: str
    ids: Mapping[str, int]


class CommandStore:
    """Stores the last synchronisation of each application."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, application_id: int) -> SyncedCommands | None:
        """Return the commands that were sent last, None if none were."""
        row = await self._database.read(QUERIES.get_synced_commands, application_id=application_id)
        return None if row is None else SyncedCommands(row["hash"], json.loads(row["ids"]))

    async def put(self, application_id: int, commands: SyncedCommands) -> None:
        """Store the commands that were sent."""
        await self._database.write(
            QUERIES.put_synced_commands,
            application_id=application_id,
            hash=commands.hash,
            ids=json.dumps(dict(commands.ids)),
        )

    async def knows_another(self, application_id: int) -> bool:
        """Return whether this database was ever used with another application."""
        row = await self._database.read(QUERIES.get_other_application, application_id=application_id)
        return row is not None
