"""Returns the states of a guild's integrations from the last checks. It sends no request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Final, NamedTuple

from bot.errors import InvalidInputError, NotWatchedError
from bot.features.alerts.incident_store import Incident, Kind
from bot.features.guilds.changes import GuildChanges
from bot.features.history.service import DAY
from bot.features.history.store import HistoryStore, RecentTransitions, Transition
from bot.features.maintenance.windows import MaintenanceWindow, held_until
from bot.features.monitoring.access import Access
from bot.features.monitoring.store import WATCHED_FIELDS, CheckRow, GuildRows, MonitoringStore, WatchedRow
from bot.providers.base.integration import WORST_FIRST, State, name_key
from bot.recent import Recent

NOT_CHECKED: Final = "not_checked"
"""The detail of a time without checks: the bot did not run."""
NOT_YET: Final = "not_yet"
"""The detail of an integration that was linked after the last check."""
STALE_CHECKS: Final = 5
"""A state is out of date if the provider has not answered for so many intervals."""
MAX_MUTE_SECONDS: Final = 30 * 86_400
_of_row: Final = attrgetter(*WATCHED_FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched(WatchedRow):
    """The state of one of a guild's integrations, connections or providers now.

    answered_at: when the provider last answered, None if it never did. is_stale: whether the state is out of
    date. muted_until, muted_by: None unless it is muted now. incident: None if none is open.
    maintenance_until: when the maintenance ends that holds now, None if none does.
    """

    answered_at: int | None
    is_stale: bool
    incident: Incident | None
    maintenance_until: int | None = None

    @property
    def key(self) -> str:
        """The value of a suggestion or a custom id that stands for it."""
        return f"{self.provider}:{self.id}"

    @property
    def severity(self) -> tuple[float, str]:
        """A sort key that puts the worst state first, then sorts by name."""
        # A state that is out of date comes after an unknown one.
        rank = WORST_FIRST.index(State.UNKNOWN) + 0.5 if self.is_stale else WORST_FIRST.index(self.state)
        return rank, self.label.casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildStatus:
    """What is watched in a guild. Times are seconds since 1970.

    troubles: the connections and providers that are not connected. integrations: both lists begin with the
    worst. last_day: the integrations' transitions since a day ago, by key, each as ``history`` returns them.
    answered_at: when a provider last answered a check, None if none ever did.
    """

    now: int
    troubles: Sequence[Watched]
    integrations: Sequence[Watched]
    last_day: Mapping[str, Sequence[Transition]]
    answered_at: int | None


class States(NamedTuple):
    """The last checks of a guild, and what they found, the worst first."""

    checks: Sequence[CheckRow]
    watched: Sequence[Watched]

    @property
    def integrations(self) -> list[Watched]:
        """The guild's integrations."""
        return [each for each in self.watched if each.kind is Kind.INTEGRATION]

    @property
    def troubles(self) -> list[Watched]:
        """The connections and providers that are not connected."""
        others = (each for each in self.watched if each.kind in {Kind.CONNECTION, Kind.PROVIDER})
        return [each for each in others if each.state is not State.CONNECTED]

    @property
    def candidates(self) -> list[Watched]:
        """The integrations that may run in the guild, so that a manager has to decide."""
        # The row of one that was just linked is there until the next check.
        watched = {each.key for each in self.watched if each.kind is Kind.INTEGRATION}
        found = (each for each in self.watched if each.kind is Kind.CANDIDATE)
        return [each for each in found if each.key not in watched]


class MonitoringService:
    """Works on one guild at a time; data of other guilds is out of reach."""

    def __init__(
        self,
        store: MonitoringStore,
        history: HistoryStore,
        changes: GuildChanges,
        clock: Callable[[], float],
        *,
        interval: int,
        history_days: int,
    ) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._history = history
        self._changes = changes
        self._clock = clock
        self._recent: Recent[States] = Recent()
        self.interval = interval
        """Seconds between two checks."""
        self.history_days = history_days
        """For how many days history is kept."""

    async def integrations(self, guild_id: int) -> list[Watched]:
        """Return the guild's integrations, the worst first."""
        return (await self._states(guild_id)).integrations

    async def troubles_and_integrations(self, guild_id: int) -> tuple[list[Watched], list[Watched]]:
        """Return the connections and providers that are not connected, and the integrations, of one moment.

        Both begin with the worst.
        """
        states = await self._states(guild_id)
        return states.troubles, states.integrations

    async def candidates(self, guild_id: int) -> list[Watched]:
        """Return the integrations that may run in the guild, so that a manager has to decide."""
        return (await self._states(guild_id)).candidates

    async def accesses(self, guild_id: int, provider: str) -> dict[str, Access]:
        """Return the last that is known of what Discord lets a provider's watched agents do, by id."""
        rows = await self._store.subjects(guild_id, provider)
        known = {row.id: Access.of(row.access) for row in rows if row.kind is Kind.INTEGRATION}
        return {integration_id: access for integration_id, access in known.items() if access is not None}

    async def stop_watching(self, guild_id: int, provider: str, integration_id: str) -> bool:
        """Forget the state of an integration that was unlinked or is ignored, and close its incident.

        Return False if it was not known. What the next check finds is watched again.
        """
        known = await self._store.stop_watching(guild_id, provider, integration_id, int(self._clock()))
        self._changes.announce([guild_id])
        return known

    async def find(self, guild_id: int, key: str) -> Watched:
        """Return the integration with this key, or the only one with this id or name.

        Raises NotWatchedError, and InvalidInputError("same_name") if several have this name.
        """
        known, wanted = await self.integrations(guild_id), key.strip()
        by_key = [each for each in known if each.key == wanted]
        by_id = [each for each in known if each.id == wanted]
        name = name_key(key)
        found = by_key or by_id or [each for each in known if name and name == name_key(each.label)]
        if len(found) > 1:
            raise InvalidInputError("same_name", name=wanted)
        if not found:
            raise NotWatchedError
        return found[0]

    async def checks(self, guild_id: int) -> Sequence[CheckRow]:
        """Return the last check of each of the guild's connections, if it was checked at all."""
        return (await self._states(guild_id)).checks

    async def history(self, guild_id: int, watched: Watched, since: int) -> Sequence[Transition]:
        """Return an integration's transitions, the oldest first.

        The first one may be from before ``since``: it says which state held then. If the state is out of
        date, the last one says that nothing is known since the last answer.
        """
        found = await self._history.transitions(guild_id, watched.provider, watched.id, since)
        return [*found, *self._not_checked(watched)]

    async def status(self, guild_id: int) -> GuildStatus:
        """Return what is watched in a guild, with the transitions of the last day."""
        now = int(self._clock())
        states = await self._states(guild_id)
        return self.status_of(states, await self._history.recent_transitions(guild_id, now - DAY), now)

    def status_of(self, states: States, recent: RecentTransitions, now: int) -> GuildStatus:
        """Return what is watched in a guild. recent: the transitions since a day ago."""
        answered = (check.answered_at for check in states.checks)
        integrations = states.integrations
        return GuildStatus(
            now=now,
            troubles=states.troubles,
            integrations=integrations,
            last_day={
                each.key: [*recent.get((each.provider, each.id), ()), *self._not_checked(each)]
                for each in integrations
            },
            answered_at=max((at for at in answered if at is not None), default=None),
        )

    async def mute(self, guild_id: int, watched: Watched, seconds: int, *, member_id: int) -> int | None:
        """Mute an integration's alerts and reminders for so many seconds; 0 unmutes it. Return the end, if
        any.

        Raises NotWatchedError, and InvalidInputError("mute", "not_yet").
        """
        if not 0 <= seconds <= MAX_MUTE_SECONDS:
            raise InvalidInputError("mute")
        now = int(self._clock())
        until = now + seconds if seconds else None
        if not await self._store.mute(
            guild_id,
            watched.provider,
            watched.id,
            until=until,
            member_id=member_id if seconds else None,
            now=now,
        ):
            raise nothing_known_of(watched)
        self._changes.announce([guild_id])
        return until

    def _not_checked(self, watched: Watched) -> Iterator[Transition]:
        """Yield since when nothing is known, if the state is out of date."""
        if watched.is_stale and watched.answered_at is not None:
            yield Transition(watched.answered_at + self.interval, State.UNKNOWN, NOT_CHECKED)

    async def _states(self, guild_id: int) -> States:
        # One answer asks several times, and so do many members at once. Every change is a commit.
        now = int(self._clock())
        return await self._recent.get(guild_id, (self._store.commits, now), lambda: self._read(guild_id, now))

    async def _read(self, guild_id: int, now: int) -> States:
        return self.states_of(guild_id, await self._store.of_guild(guild_id, now), now)

    def states_of(self, guild_id: int, rows: GuildRows, now: int) -> States:
        """Return the states that a guild's rows stand for. now: seconds since 1970."""
        answered: dict[tuple[str, str], int] = {}
        for check in rows.checks:
            if check.answered_at is not None:
                answered[check.provider, check.connection] = check.answered_at
                # A provider's own row has no connection: the latest answer through any connection counts.
                latest = answered.get((check.provider, ""), check.answered_at)
                answered[check.provider, ""] = max(latest, check.answered_at)
        incidents = {(each.kind, each.provider, each.id): each for each in rows.incidents}
        found = []
        for row in [*rows.watched, *_not_yet_checked(guild_id, rows)]:
            answered_at = answered.get((row.provider, row.connection))
            is_old = answered_at is None or now - answered_at > STALE_CHECKS * self.interval
            if row.muted_until is not None and row.muted_until <= now:
                row = replace(row, muted_until=None, muted_by=None)  # noqa: PLW2901 - over
            watched = Watched(
                *_of_row(row),  # ``asdict`` takes much longer
                answered_at=answered_at,
                # An unknown state cannot be out of date.
                is_stale=is_old and row.state is not State.UNKNOWN and row.kind is Kind.INTEGRATION,
                incident=incidents.get((row.kind, row.provider, row.id)),
                maintenance_until=_maintained_until(rows.windows, row, now),
            )
            found.append(watched)
        return States(rows.checks, sorted(found, key=lambda each: each.severity))


def nothing_known_of(watched: Watched) -> InvalidInputError | NotWatchedError:
    """Return the error about an integration of which nothing is stored: not yet, or not any more."""
    return InvalidInputError("not_yet") if watched.detail == NOT_YET else NotWatchedError()


def _maintained_until(windows: Sequence[MaintenanceWindow], row: WatchedRow, now: int) -> int | None:
    """Return when the maintenance ends that holds now; what is no agent has only that of the whole server."""
    if not windows:
        return None
    is_agent = row.kind in {Kind.INTEGRATION, Kind.CANDIDATE}
    return held_until(windows, *((row.provider, row.id) if is_agent else ("", "")), now)


def _not_yet_checked(guild_id: int, rows: GuildRows) -> Iterator[WatchedRow]:
    """Yield what is linked and has no state yet, so that every screen shows it from the first moment."""
    known = {(row.provider, row.id) for row in rows.watched if row.kind is Kind.INTEGRATION}
    for each in rows.linked:
        if (each.provider, each.id) not in known:
            yield WatchedRow(
                guild_id=guild_id,
                kind=Kind.INTEGRATION,
                provider=each.provider,
                id=each.id,
                connection=each.connection,
                label=each.label,
                state=State.UNKNOWN,
                detail=NOT_YET,
                changed_at=each.placed_at,
                bot_id=each.bot_id,
            )
