"""Which commands Discord knows of us, so that they are sent only when they changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class SyncedCommands:
    """hash: of the payload that was sent. ids: top-level command name -> Discord's id."""

    hash: str
    ids: Mapping[str, int]


class CommandStore:
    """Remembers the last synchronisation of each application."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, application_id: int) -> SyncedCommands | None:
        """Return what was sent last, None if nothing was."""
        row = await self._database.read(
            self._database.queries.get_synced_commands, application_id=application_id
        )
        return None if row is None else SyncedCommands(row["hash"], json.loads(row["ids"]))

    async def put(self, application_id: int, commands: SyncedCommands) -> None:
        """Remember what was sent."""
        await self._database.write(
            self._database.queries.put_synced_commands,
            application_id=application_id,
            hash=commands.hash,
            ids=json.dumps(dict(commands.ids)),
        )

    async def knows_another(self, application_id: int) -> bool:
        """Tell whether commands of another application were ever sent from this database."""
        row = await self._database.read(
            self._database.queries.get_other_application, application_id=application_id
        )
        return row is not None
