"""Finds out what keeps incidents quiet: mutes and maintenance windows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.features.alerts.incident_store import Incident, Kind
from bot.features.alerts.store import QUERIES
from bot.features.maintenance.store import MaintenanceStore
from bot.features.maintenance.windows import held_until
from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class Held:
    """Until when incidents are kept quiet, by number, in seconds since 1970.

    Of an incident that is over, whether it was kept quiet when it ended.
    """

    muted: Mapping[int, int]
    maintenance: Mapping[int, int]

    @property
    def until(self) -> dict[int, int]:
        """When neither keeps it quiet any more."""
        numbers = {**self.muted, **self.maintenance}
        return {number: max(self.muted.get(number, 0), self.maintenance.get(number, 0)) for number in numbers}


class HoldReader:
    """Reads from the database what keeps a guild's incidents quiet."""

    def __init__(self, database: Database, maintenance: MaintenanceStore) -> None:
        self._database = database
        self._maintenance = maintenance

    async def of(self, guild_id: int, incidents: Sequence[Incident], now: int) -> Held:
        """Return what keeps these incidents quiet. now: seconds since 1970."""
        at = {each.number: now if each.closed_at is None else each.closed_at for each in incidents}
        since = min(at.values(), default=now)
        rows = await self._database.read_all(QUERIES.list_mutes, guild_id=guild_id, since=since)
        mutes = {(row["kind"], row["provider"], row["id"]): row["muted_until_at"] for row in rows}
        windows = await self._maintenance.windows(guild_id, since)
        muted, maintenance = {}, {}
        for each in incidents:
            until = mutes.get((each.kind, each.provider, each.id), 0)
            if until > at[each.number]:
                muted[each.number] = until
            # What concerns a connection or a provider is kept quiet by a window for everything only.
            subject = (each.provider, each.id) if each.kind == Kind.INTEGRATION else ("", "")
            if (end := held_until(windows, *subject, at[each.number])) is not None:
                maintenance[each.number] = end
        return Held(muted, maintenance)
