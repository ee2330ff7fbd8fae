"""Says for which process of the bot, and for which server, something is done."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.errors import UnavailableError


class NotHeldError(UnavailableError):
    """Another process may act for the server by now, so this one does nothing more. Values: ``reason``."""

    key = "restarting"


@dataclass(slots=True)
class Fence:
    """What a server's database asks before a transaction writes.

    guild: returns the id of the server that the work under way is for, None if it is for none. process: the
    number of this process's lease; None for a process that has none, which is not asked.
    """

    guild: Callable[[], int | None] = lambda: None
    process: int | None = None
