"""Where a guild's alerts go, what is muted, and who looks after an incident."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.errors import InvalidInputError, NoIncidentError, NoRouteError, NotWatchedError
from bot.kit.integration import State
from bot.store.alerts import RouteRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.services.watching import Watched
    from bot.store.alerts import AlertStore
    from bot.store.watching import WatchStore

# Of Sensay's agents nobody hears more than that they are active or not. Of what was off from the first nobody
# is told.
DEFAULT_STATES: Final = (State.DISCONNECTED, State.ERROR, State.INACTIVE)
DEFAULT_CHECKS: Final = 2
MOST_CHECKS: Final = 20
MOST_SECONDS: Final = 30 * 86_400
"""For which an integration can be muted, and after which a reminder can come."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a guild's alerts go.

    role_id: who is mentioned, None for nobody. states: those told of. checks: how many bad ones in a row open
    an incident. remind: seconds between reminders, 0 for none. lost: ``forbidden`` or ``not_found`` once the
    channel has refused an alert, empty otherwise. set_at: seconds since 1970.
    """

    channel_id: int
    role_id: int | None
    states: tuple[State, ...]
    checks: int
    remind: int
    set_by: int
    set_at: int
    lost: str = ""

    @classmethod
    def of(cls, row: RouteRow) -> Route:
        """Read a stored route."""
        states = tuple(State(state) for state in row.states.split(",") if state)
        return cls(
            row.channel_id, row.role_id, states, row.checks, row.remind, row.set_by, row.set_at, row.lost
        )


class AlertService:
    """Every call names the guild; nothing of another guild is ever reachable."""

    def __init__(self, store: AlertStore, watched: WatchStore, clock: Callable[[], float]) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._watched = watched
        self._clock = clock
        self._listeners: list[Callable[[int], None]] = []

    def subscribe(self, listener: Callable[[int], None]) -> None:
        """Have a guild's id handed over when there may be something to send. It must return at once."""
        self._listeners.append(listener)

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
    ) -> Route:
        """Send alerts there from now on, those of open incidents included.

        Raises InvalidInputError("states", "checks", "remind").
        """
        if not states or State.CONNECTED in states:
            raise InvalidInputError("states")
        if not 1 <= checks <= MOST_CHECKS:
            raise InvalidInputError("checks")
        if not 0 <= remind <= MOST_SECONDS:
            raise InvalidInputError("remind")
        now = int(self._clock())
        row = RouteRow(guild_id, channel_id, role_id, ",".join(states), checks, remind, member_id, now)
        await self._store.put_route(row, now)
        self._tell(guild_id)
        return Route.of(row)

    async def remove_route(self, guild_id: int) -> None:
        """Send no more alerts. Raises NoRouteError."""
        if not await self._store.delete_route(guild_id):
            raise NoRouteError
        self._tell(guild_id)

    async def mute(self, guild_id: int, watched: Watched, seconds: int, *, member_id: int) -> int | None:
        """Post no alert and no reminder of an integration for so long; 0 ends it. Return until when.

        Raises InvalidInputError("mute") and NotWatchedError.
        """
        if not 0 <= seconds <= MOST_SECONDS:
            raise InvalidInputError("mute")
        now = int(self._clock())
        until = now + seconds if seconds else None
        if not await self._watched.mute(
            guild_id,
            watched.provider,
            watched.id,
            until=until,
            member_id=member_id if seconds else None,
            now=now,
        ):
            raise NotWatchedError
        self._tell(guild_id)
        return until

    async def acknowledge(self, guild_id: int, number: int, *, member_id: int) -> bool:
        """Note that a member looks after an incident; return False if it is over or somebody does already.

        Raises NoIncidentError.
        """
        if await self._watched.incident(guild_id, number) is None:
            raise NoIncidentError
        noted = await self._watched.acknowledge(guild_id, number, member_id, int(self._clock()))
        self._tell(guild_id)
        return noted

    def _tell(self, guild_id: int) -> None:
        for listener in self._listeners:
            listener(guild_id)
