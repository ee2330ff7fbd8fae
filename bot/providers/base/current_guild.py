"""Names the guild that the work under way is for.

Tasks inherit it from the task that starts them, so whoever begins to work for a guild says so once.
"""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

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
