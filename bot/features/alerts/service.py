"""Where a guild's alerts go, and who looks after an incident."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from bot.errors import InvalidInputError, NoIncidentError, NoRouteError
from bot.features.alerts.group_store import GroupStore
from bot.features.alerts.holds import HoldReader
from bot.features.alerts.incident_store import Incident, IncidentStore
from bot.features.alerts.routes import DEFAULT_CHECKS, DEFAULT_STATES, Recovery, Route
from bot.features.alerts.store import AlertStore, BoardRow, RouteRow
from bot.features.guilds.changes import GuildChanges
from bot.providers.base.integration import State

MAX_CHECKS: Final = 20
MAX_REMIND_SECONDS: Final = 30 * 86_400
MAX_ESCALATE_SECONDS: Final = 7 * 86_400
MAX_ROUTES: Final = 10
"""So many routes a guild can have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSettings:
    """What a manager decides about a route; the fields are those of RouteRow."""

    provider: str = ""
    integration: str = ""
    role_id: int | None = None
    states: tuple[State, ...] = DEFAULT_STATES
    partial: bool = False
    checks: int = DEFAULT_CHECKS
    remind: int = 0
    second_role_id: int | None = None
    escalate: int = 0
    recovery: Recovery = Recovery.QUIET


class AlertService:
    """Every call names the guild; nothing of another guild is ever reachable."""

    def __init__(
        self,
        store: AlertStore,
        groups: GroupStore,
        incidents: IncidentStore,
        holds: HoldReader,
        changes: GuildChanges,
        clock: Callable[[], float],
    ) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._groups = groups
        self._holds = holds
        self._incidents = incidents
        self._changes = changes
        self._clock = clock

    async def routes(self, guild_id: int) -> list[Route]:
        """Return the guild's routes by their numbers."""
        return [Route.of(row) for row in await self._store.routes(guild_id)]

    async def route(self, guild_id: int, number: int) -> Route:
        """Return one of the guild's routes. Raises NoRouteError."""
        row = await self._store.route(guild_id, number)
        if row is None:
            raise NoRouteError
        return Route.of(row)

    async def set_route(
        self, guild_id: int, channel_id: int, settings: RouteSettings, *, member_id: int, number: int = 0
    ) -> Route:
        """Send the alerts that the settings choose there from now on.

        number: the route that is replaced, 0 for a new one. What is open already is told of in one message
        that mentions nobody. Raises NoRouteError, and InvalidInputError("states", "checks", "remind",
        "escalate", "routes", "same_rule").
        """
        if State.CONNECTED in settings.states or not (settings.states or settings.partial):
            raise InvalidInputError("states")
        if not 1 <= settings.checks <= MAX_CHECKS:
            raise InvalidInputError("checks")
        if not 0 <= settings.remind <= MAX_REMIND_SECONDS:
            raise InvalidInputError("remind")
        if not 0 <= settings.escalate <= MAX_ESCALATE_SECONDS:
            raise InvalidInputError("escalate")
        if bool(settings.escalate) is not (settings.second_role_id is not None):
            raise InvalidInputError("escalate")
        now = int(self._clock())
        row = RouteRow(
            guild_id,
            number,
            channel_id,
            settings.role_id,
            ",".join(settings.states),
            settings.checks,
            settings.remind,
            member_id,
            now,
            provider=settings.provider,
            integration=settings.integration,
            partial=settings.partial,
            second_role_id=settings.second_role_id,
            escalate=settings.escalate,
            recovery=settings.recovery,
        )
        route = Route.of(row)
        open_ones = [
            each
            for each in await self._incidents.since(guild_id, now)
            if each.closed_at is None and route.tells_of(each)
        ]
        held = (await self._holds.of(guild_id, open_ones, now)).until
        # What is kept quiet now mentions somebody once it is not.
        told = {each.number: each.number not in held for each in open_ones}
        stored = await self._groups.put_route(row, now, told, most=MAX_ROUTES)
        if stored is None:
            raise NoRouteError if number else InvalidInputError("routes")
        self._changes.announce([guild_id])
        return Route.of(stored)

    async def remove_route(self, guild_id: int, number: int) -> None:
        """Send no more alerts by this route. Raises NoRouteError."""
        if not await self._groups.delete_route(guild_id, number):
            raise NoRouteError
        self._changes.announce([guild_id])

    async def board(self, guild_id: int) -> BoardRow | None:
        """Return where the guild's board is, None if it has none."""
        return await self._store.board(guild_id)

    async def resume(self, guild_id: int, channel_id: int) -> None:
        """Send alerts to a channel again that took one just now."""
        now = int(self._clock())
        await self._store.resume(guild_id, channel_id, now)
        await self._store.retry(guild_id, now)
        self._changes.announce([guild_id])

    async def incidents_of(self, guild_id: int, route: int, alert: int) -> Sequence[Incident]:
        """Return the incidents of which an alert tells, by their numbers. Raises NoIncidentError."""
        found = await self._groups.members(guild_id, route, alert)
        if not found:
            raise NoIncidentError
        return found

    async def incidents(self, guild_id: int, since: int) -> Sequence[Incident]:
        """Return the guild's incidents that were open at some time since then, newest first."""
        return await self._incidents.since(guild_id, since)

    async def incident(self, guild_id: int, number: int) -> Incident:
        """Return one of the guild's incidents. Raises NoIncidentError."""
        found = await self._incidents.get(guild_id, number)
        if found is None:
            raise NoIncidentError
        return found

    async def acknowledge_all(
        self, guild_id: int, numbers: Collection[int], *, member_id: int
    ) -> Collection[int]:
        """Note that a member looks after incidents; return those that nobody did before and that are open."""
        now = int(self._clock())
        noted = [
            number
            for number in numbers
            if await self._incidents.acknowledge(guild_id, number, member_id, now)
        ]
        self._changes.announce([guild_id])
        return noted

    async def acknowledge(self, guild_id: int, number: int, *, member_id: int) -> bool:
        """Note that a member looks after an incident; return False if it is over or somebody does already.

        Raises NoIncidentError.
        """
        await self.incident(guild_id, number)
        return bool(await self.acknowledge_all(guild_id, [number], member_id=member_id))
