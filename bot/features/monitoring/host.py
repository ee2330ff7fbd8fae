"""What the checks of all connections to one host share: its breaker, and how many of them run at once."""

import asyncio
import contextlib
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final

from bot.errors import ProviderError, UnreachableError
from bot.features.monitoring.breaker import DOWN, Breaker
from bot.features.monitoring.lone_refusal import LoneRefusals
from bot.network_faults import fault_of

_MAX_CHECKS_PER_HOST: Final = 4
"""The HTTP client opens twice as many connections to a host; the others are for members' commands."""
_MAX_CHECKS_PER_GUILD: Final = _MAX_CHECKS_PER_HOST // 2
"""How many of them may be of one guild. A guild whose checks are slow leaves room for the others."""


class Host:
    """One host. error: the key of the last error of a host that is down."""

    def __init__(self, name: str, clock: Callable[[], float], interval: float) -> None:
        """clock: seconds that never go back. interval: seconds between two checks of a connection."""
        self.breaker = Breaker(name, interval)
        self.lone_refusals = LoneRefusals(interval)
        self.error = ""
        self._clock = clock
        self._slots = asyncio.Semaphore(_MAX_CHECKS_PER_HOST)
        self._guild_slots: weakref.WeakValueDictionary[int, asyncio.Semaphore] = weakref.WeakValueDictionary()

    @contextlib.asynccontextmanager
    async def slot(self, guild_id: int) -> AsyncIterator[None]:
        """Wait until a check of the guild may use the host."""
        of_guild = self._guild_slots.setdefault(guild_id, asyncio.Semaphore(_MAX_CHECKS_PER_GUILD))
        async with of_guild, self._slots:
            yield

    @contextlib.contextmanager
    def report_to_breaker(self, guild_id: int) -> Iterator[None]:
        """Tell the breaker how the requests in the body went.

        One that was not sent says nothing of the host.
        """
        try:
            yield
        except ProviderError as error:
            if error.is_unsent:
                self.breaker.give_back(guild_id, self._clock())
                raise
            is_down = isinstance(error, DOWN)
            if is_down:
                self.error = error.key
            why = fault_of(error) if isinstance(error, UnreachableError) else error.key
            self.breaker.note(guild_id, self._clock(), ok=not is_down, why=why)
            raise
        except Exception:  # any other error means that the host answers
            self.breaker.note(guild_id, self._clock(), ok=True)
            raise
        self.breaker.note(guild_id, self._clock(), ok=True)
