"""What is stored of a guild: counted, given out, erased, and for how long it outlives the bot's removal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import structlog

from bot.store.guilds import Stored

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.services.audit import AuditService
    from bot.services.connections import ConnectionService
    from bot.store.guilds import GuildStore

__all__ = ["PrivacyService", "Stored"]

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_DAY: Final = 86_400
_TIME: Final = "at"
"""What the name of a column with a time ends with."""
_NUMBERS: Final = frozenset(
    {"number", "tier", "bad", "good", "checks", "remind", "reopened", "posts", "wanted", "shown", "tries"}
)
"""The columns that count; what else is a number is an id."""


class PrivacyService:
    """Every call names the guild, but for those that look after the guilds which the bot has left."""

    def __init__(
        self,
        store: GuildStore,
        connections: ConnectionService,
        audit: AuditService,
        clock: Callable[[], float],
        erase_after: int,
    ) -> None:
        """clock: seconds since 1970. erase_after: days for which data outlives the bot's removal."""
        self._store = store
        self._connections = connections
        self._audit = audit
        self._clock = clock
        self.erase_after = erase_after

    async def stored(self, guild_id: int) -> Stored:
        """Count what is stored of the guild."""
        return await self._store.stored(guild_id)

    async def export(self, guild_id: int) -> dict[str, object]:
        """Return all that is stored of the guild by table, ready to become JSON.

        Of credentials only which fields are set. Ids are strings, which every program reads as they are;
        times are ISO 8601, UTC.
        """
        tables = {
            table: [{name: _plain(name, value) for name, value in row.items()} for row in rows]
            for table, rows in (await self._store.rows(guild_id)).items()
        }
        fields = {
            (summary.provider, summary.name): list(summary.fields)
            for summary in await self._connections.summaries(guild_id)
        }
        for row in tables["connection"]:
            row["credential_fields_set"] = fields.get((str(row["provider"]), str(row["name"])), [])
        return {"guild_id": str(guild_id), "exported_at": _time(self._clock()), **tables}

    async def erase(self, guild_id: int) -> bool:
        """Erase all that is stored of the guild; return False if its traces leave the file only later."""
        clean = await self._store.erase(guild_id)
        _log.info("guild_erased", guild=guild_id, clean=clean)
        return clean

    async def guilds(self) -> Mapping[int, int | None]:
        """Return every guild that anything is stored of, with when the bot was removed from it or None."""
        return await self._store.all()

    async def removed(self, guild_id: int) -> None:
        """Erase the credentials of a guild that the bot is not in any more; all of it if nothing may stay."""
        if not (await self._store.stored(guild_id)).total:
            return
        if self.erase_after == 0:
            await self.erase(guild_id)
        elif await self._store.remove(guild_id, int(self._clock())):
            _log.info("guild_removed", guild=guild_id)
            await self._audit.note(guild_id, "guild.removed", f"server · {guild_id}")

    async def returned(self, guild_id: int) -> None:
        """Keep what was to be erased because the bot had been removed."""
        if await self._store.restore(guild_id):
            _log.info("guild_returned", guild=guild_id)
            await self._audit.note(guild_id, "guild.returned", f"server · {guild_id}")

    async def sweep(self) -> None:
        """Erase the guilds whose time is over, and the traces that an earlier erasure had to leave."""
        for guild_id in await self._store.erase_overdue(int(self._clock()) - self.erase_after * _DAY):
            _log.info("guild_erased", guild=guild_id)
        if not await self._store.scrub():
            _log.warning("traces_left")


def _plain(name: str, value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, int) and name.endswith(_TIME):
        return _time(value)
    if isinstance(value, int) and name not in _NUMBERS:
        return str(value)
    return value


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat()
