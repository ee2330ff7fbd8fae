"""Reads the ``history`` table, whose rows say since when an integration was in which state."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.store.database import Database
from bot.store.queries import load_queries
from bot.store.rows import Fetch

QUERIES: Final = load_queries("bot.features.history")


@dataclass(frozen=True, slots=True)
class Transition:
    """The beginning of a state of an integration. at: seconds since 1970."""

    at: int
    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class _Recent(Transition):
    """A transition, and the integration that it is about."""

    provider: str
    id: str


RecentTransitions = Mapping[tuple[str, str], Sequence[Transition]]
"""The transitions of a guild's integrations, by provider and id, the oldest first."""


class HistoryStore:
    """Reads transitions; the recorder writes them in its own transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def transitions(
        self, guild_id: int, provider: str, integration_id: str, since: int
    ) -> list[Transition]:
        """Return an integration's transitions, the oldest first, from the one whose state held at
        ``since``.
        """
        return await self._database.fetch(
            Transition,
            QUERIES.list_history,
            guild_id=guild_id,
            provider=provider,
            id=integration_id,
            since=since,
        )

    async def recent_transitions(self, guild_id: int, since: int) -> RecentTransitions:
        """Return the transitions of all of a guild's watched integrations.

        They are read at once, each integration's as ``transitions`` returns them; one without any is absent.
        """
        return await self._database.fetch_together(lambda run: read_recent(run, guild_id, since), guild_id)


def read_recent(run: Fetch, guild_id: int, since: int) -> RecentTransitions:
    """Do what ``recent_transitions`` does, in one step with whatever else is read."""
    found: defaultdict[tuple[str, str], list[Transition]] = defaultdict(list)
    for each in run(_Recent, QUERIES.list_recent_history, guild_id=guild_id, since=since):
        found[each.provider, each.id].append(each)
    return found
