"""Names the guild that the work under way is for, and keeps what is remembered of each guild apart.

Tasks inherit the name from the task that starts them, so whoever begins to work for a guild says so once.
"""

import contextlib
from collections.abc import Callable, Iterator, MutableMapping
from contextvars import ContextVar
from typing import Final, Generic, TypeVar

from cachetools import LRUCache

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")

_MAX_GUILDS: Final = 10_000
"""How many guilds are remembered; the one that was least recently asked about is dropped first."""

CURRENT_GUILD: ContextVar[int | None] = ContextVar("current_guild", default=None)
"""The guild's id, None for work that is for no guild in particular."""


@contextlib.contextmanager
def working_for(guild_id: int | None) -> Iterator[None]:
    """Have everything in the body, and what it starts, count as work for this guild."""
    token = CURRENT_GUILD.set(guild_id)
    try:
        yield
    finally:
        CURRENT_GUILD.reset(token)


class GuildCache(Generic[KeyT, ValueT]):
    """A cache for each guild, so that whatever one guild asks for drops nothing of another's."""

    def __init__(self, make: Callable[[], MutableMapping[KeyT, ValueT]]) -> None:
        """make: returns an empty cache with the limits that hold for one guild."""
        self._make = make
        self._guilds: LRUCache[int | None, MutableMapping[KeyT, ValueT]] = LRUCache(_MAX_GUILDS)

    def of(self, guild_id: int | None) -> MutableMapping[KeyT, ValueT]:
        """Return a guild's own cache, to read it or to write into it. None stands for work for no guild."""
        found = self._guilds.get(guild_id)
        if found is None:
            found = self._guilds[guild_id] = self._make()
        return found

    def forget(self, guild_id: int) -> None:
        """Drop all that is remembered of a guild."""
        self._guilds.pop(guild_id, None)
