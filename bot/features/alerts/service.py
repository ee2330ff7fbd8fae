"""Where a guild's alerts go, and who looks after an incident."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.errors import InvalidInputError, NoIncidentError, NoRouteError
from bot.features.alerts.incident_store import Incident, IncidentStore
from bot.features.alerts.store import AlertStore, RouteRow
from bot.features.guilds.changes import GuildChanges
from bot.providers.base.integration import State

# Sensay says no more of its agents than whether they are active. What was inactive from the first is no
# incident.
DEFAULT_STATES: Final = (State.DISCONNECTED, State.ERROR, State.BLOCKED, State.INACTIVE)
DEFAULT_CHECKS: Final = 2
MAX_CHECKS: Final = 20
MAX_REMIND_SECONDS: Final = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Route:
    """Where a guild's alerts go.

    role_id: who is mentioned, None for nobody. states: those that open an incident. checks: how many bad
    checks in a row open one. remind: seconds between reminders, 0 for none. lost: ``forbidden`` or
    ``not_found`` once the channel has refused an alert, empty otherwise. set_at: seconds since 1970. partial:
    whether an agent that can answer in some of its channels only opens an incident.
    """

    channel_id: int
    role_id: int | None
    states: tuple[State, ...]
    checks: int
    remind: int
    set_by: int
    set_at: int
    lost: str = ""
    partial: bool = False

    @classmethod
    def of(cls, row: RouteRow) -> Route:
        """Read a stored route."""
        states = tuple(State(state) for state in row.states.split(",") if state)
        return cls(
            row.channel_id,
            row.role_id,
            states,
            row.checks,
            row.remind,
            row.set_by,
            row.set_at,
            row.lost,
            bool(row.partial),
        )


class AlertService:
    """Every call names the guild; nothing of another guild is ever reachable."""

    def __init__(
        self,
        store: AlertStore,
        incidents: IncidentStore,
        changes: GuildChanges,
        clock: Callable[[], float],
    ) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._incidents = incidents
        self._changes = changes
        self._clock = clock

    async def route(self, guild_id: int) -> Route | None:
        """Return the guild's route, None where there is none."""
        row = await self._store.route(guild_id)
        return None if row is None else Route.of(row)

    async def set_route(
        self,
        guild_id: int,
        channel_id: int,
        *,
        member_id: int,
        role_id: int | None = None,
        states: tuple[State, ...] = DEFAULT_STATES,
        checks: int = DEFAULT_CHECKS,
        remind: int = 0,
        partial: bool = False,
    ) -> Route:
        """Send alerts there from now on, those of open incidents included.

        Raises InvalidInputError("states", "checks", "remind").
        """
        if not states or State.CONNECTED in states:
            raise InvalidInputError("states")
        if not 1 <= checks <= MAX_CHECKS:
            raise InvalidInputError("checks")
        if not 0 <= remind <= MAX_REMIND_SECONDS:
            raise InvalidInputError("remind")
        now = int(self._clock())
        row = RouteRow(
            guild_id, channel_id, role_id, ",".join(states), checks, remind, member_id, now, partial=partial
        )
        await self._store.put_route(row, now)
        self._changes.announce([guild_id])
        return Route.of(row)

    async def remove_route(self, guild_id: int) -> None:
        """Send no more alerts. Raises NoRouteError."""
        if not await self._store.delete_route(guild_id):
            raise NoRouteError
        self._changes.announce([guild_id])

    async def incidents(self, guild_id: int, since: int) -> Sequence[Incident]:
        """Return the guild's incidents that were open at some time since then, newest first."""
        return await self._incidents.since(guild_id, since)

    async def incident(self, guild_id: int, number: int) -> Incident:
        """Return one of the guild's incidents. Raises NoIncidentError."""
        found = await self._incidents.get(guild_id, number)
        if found is None:
            raise NoIncidentError
        return found

    async def acknowledge(self, guild_id: int, number: int, *, member_id: int) -> bool:
        """Note that a member looks after an incident; return False if it is over or somebody does already.

        Raises NoIncidentError.
        """
        await self.incident(guild_id, number)
        noted = await self._incidents.acknowledge(guild_id, number, member_id, int(self._clock()))
        self._changes.announce([guild_id])
        return noted
