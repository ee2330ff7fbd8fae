"""How a guild's integrations are doing, as far as was found out; asks no provider."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.errors import NoIncidentError, NotWatchedError
from bot.kit.integration import State
from bot.store.watching import CheckRow, IncidentRow, TransitionRow, WatchedRow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.store.watching import WatchStore

__all__ = ["Check", "Incident", "Kind", "Transition", "WatchService", "Watched"]

Check = CheckRow
Incident = IncidentRow
Transition = TransitionRow

RECOVERED: Final = "recovered"
UNWATCHED: Final = "unwatched"
"""Why an incident was closed: it is well again, or nothing is known of it any more."""
GONE: Final = "gone"
"""The detail of an integration that its provider lists no longer."""
NOT_CHECKED: Final = "not_checked"
"""The detail of a time in which nobody checked: the bot did not run."""
STALE_CHECKS: Final = 5
"""What was not answered for so many intervals is out of date."""
_WORST_FIRST: Final = (State.ERROR, State.DISCONNECTED, State.UNKNOWN, None, State.INACTIVE, State.CONNECTED)
"""None stands for what is out of date."""


class Kind(StrEnum):
    """What can be well or not. Of a connection ``ERROR`` says that it is refused, of a provider
    ``DISCONNECTED`` that it does not answer.
    """

    INTEGRATION = "integration"
    CONNECTION = "connection"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Watched:
    """One of a guild's integrations, connections or providers, as it was found.

    id: the provider's, a connection's name, or the provider's slug. label, detail: hostile text; the detail
    is the provider's own code for what is wrong, or an error's key where nobody could ask. changed_at: since
    when it is in this state. answered_at: when its provider answered last, None where it never did. is_stale:
    whether that is too long ago for the state to be believed. muted_until: None unless it is muted now.
    incident: the open one. Times are seconds since 1970.
    """

    kind: Kind
    provider: str
    id: str
    connection: str
    label: str
    state: State
    detail: str
    changed_at: int
    answered_at: int | None
    is_stale: bool
    muted_until: int | None
    muted_by: int | None
    incident: Incident | None

    @property
    def key(self) -> str:
        """What stands for it in a suggestion and in a custom id."""
        return f"{self.provider}:{self.id}"

    @property
    def badness(self) -> tuple[int, str]:
        """Sorts what is worst to the beginning."""
        return _WORST_FIRST.index(None if self.is_stale else self.state), self.label.casefold()


class WatchService:
    """Every call names the guild; nothing of another guild is ever reachable."""

    def __init__(
        self, store: WatchStore, clock: Callable[[], float], interval: int, history_days: int
    ) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._clock = clock
        self.interval = interval
        """Seconds between two checks."""
        self.history_days = history_days
        """For how many days history is kept."""

    async def integrations(self, guild_id: int) -> list[Watched]:
        """Return the guild's integrations, worst first."""
        return [each for each in await self._all(guild_id) if each.kind is Kind.INTEGRATION]

    async def troubles(self, guild_id: int) -> list[Watched]:
        """Return the guild's connections and providers that are not well, worst first."""
        return [
            each
            for each in await self._all(guild_id)
            if each.kind is not Kind.INTEGRATION and each.state is not State.CONNECTED
        ]

    async def find(self, guild_id: int, key: str) -> Watched:
        """Return the integration that a member means: a key, or the name of just one.

        Raises NotWatchedError.
        """
        known = await self.integrations(guild_id)
        wanted = key.strip()
        for each in known:
            if each.key == wanted:
                return each
        named = [
            each for each in known if wanted == each.id or wanted.casefold() == each.label.strip().casefold()
        ]
        if len(named) != 1:
            raise NotWatchedError
        return named[0]

    async def checks(self, guild_id: int) -> Sequence[Check]:
        """Return the last check of each of the guild's connections that was checked at all."""
        return await self._store.checks(guild_id)

    async def history(self, guild_id: int, watched: Watched, since: int) -> Sequence[Transition]:
        """Return transitions, oldest first; the first one may be older: it was in force at ``since``.

        Of what is out of date nothing is known since its last check.
        """
        found = await self._store.history(guild_id, watched.provider, watched.id, since)
        if watched.is_stale and watched.answered_at is not None:
            found.append(Transition(watched.answered_at + self.interval, State.UNKNOWN, NOT_CHECKED))
        return found

    async def incidents(self, guild_id: int, since: int) -> Sequence[Incident]:
        """Return the guild's incidents that were open at some time since then, newest first."""
        return await self._store.incidents(guild_id, since)

    async def incident(self, guild_id: int, number: int) -> Incident:
        """Return one of the guild's incidents. Raises NoIncidentError."""
        found = await self._store.incident(guild_id, number)
        if found is None:
            raise NoIncidentError
        return found

    async def _all(self, guild_id: int) -> list[Watched]:
        now = int(self._clock())
        answered: dict[tuple[str, str], int] = {}
        for check in await self._store.checks(guild_id):
            if check.answered_at is not None:
                answered[check.provider, check.connection] = check.answered_at
                # A provider is read through no connection of its own.
                latest = answered.get((check.provider, ""), check.answered_at)
                answered[check.provider, ""] = max(latest, check.answered_at)
        incidents = {
            (each.kind, each.provider, each.id): each
            for each in await self._store.incidents(guild_id, now)
            if each.closed_at is None
        }
        found = [
            self._seen(row, now, answered, incidents.get((row.kind, row.provider, row.id)))
            for row in await self._store.watched(guild_id)
        ]
        return sorted(found, key=lambda each: each.badness)

    def _seen(
        self,
        row: WatchedRow,
        now: int,
        answered: dict[tuple[str, str], int],
        incident: Incident | None,
    ) -> Watched:
        answered_at = answered.get((row.provider, row.connection))
        state = State(row.state)
        is_old = answered_at is None or now - answered_at > STALE_CHECKS * self.interval
        is_muted = row.muted_until_at is not None and row.muted_until_at > now
        return Watched(
            kind=Kind(row.kind),
            provider=row.provider,
            id=row.id,
            connection=row.connection,
            label=row.label,
            state=state,
            detail=row.detail,
            changed_at=row.changed_at,
            answered_at=answered_at,
            # Of what could not be found out there is nothing to be out of date.
            is_stale=is_old and state is not State.UNKNOWN and row.kind == Kind.INTEGRATION,
            muted_until=row.muted_until_at if is_muted else None,
            muted_by=row.muted_by if is_muted else None,
            incident=incident,
        )
