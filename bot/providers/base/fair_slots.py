"""Shares out the places for requests to one host, so that no server keeps the others waiting."""

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from bot.durations import Durations
from bot.errors import PatchbayError, QueueFullError
from bot.providers.base.transport.aiohttp_transport import MayNotSendError
from bot.providers.base.unsent import UnsentError

PER_HOST: Final = 8
"""How many requests are sent to one host at once; as many more with a deadline of their own."""
PER_GUILD: Final = 6
"""How many of these places one guild gets, so that another guild's first request need not wait for it."""
MAX_WAITING: Final = 32
"""How many requests of one guild wait for a place; the wording of ``QueueFullError`` names it."""
_KNOWN_STATUSES: Final = frozenset({*map(int, HTTPStatus), *range(520, 531)})
"""Those of HTTP, and those of the network in front of many providers."""


@dataclass(slots=True)
class HostCall:
    """A request that has a place. status: of the answer, 0 before there is one."""

    status: int = 0


class FairSlots:
    """The places for requests to one host. A free one goes to the guild with the fewest.

    So a guild with none waits for one place at most, however many others are slow at once. Work for no guild
    counts as one more guild. Nobody who could have a place waits while one is free.
    """

    def __init__(self, provider: str) -> None:
        """provider: the slug for errors."""
        self._provider = provider
        self.answers: Counter[str] = Counter()
        """How requests ended: the status, ``other`` for an unknown one, ``timeout``, or ``failed``."""
        self.durations = Durations()
        """From the place to the end of the answer."""
        self._used: Counter[int | None] = Counter()
        # In the order of their turns. Every queue holds somebody.
        self._waiting: dict[int | None, deque[asyncio.Future[None]]] = {}

    @contextlib.asynccontextmanager
    async def place(self, guild_id: int | None) -> AsyncIterator[HostCall]:
        """Wait for a place, and keep it for the body, which is one request.

        Raises QueueFullError, and UnsentError if this process may not send it any more.
        """
        if self._has_room(guild_id):
            self._used[guild_id] += 1
        else:
            await self._wait(guild_id)
        try:
            with self._counted() as call:
                yield call
        finally:
            self._give_back(guild_id)

    @property
    def waiting(self) -> int:
        """How many requests wait for a place."""
        return sum(map(len, self._waiting.values()))

    @contextlib.contextmanager
    def _counted(self) -> Iterator[HostCall]:
        call, began, ending = HostCall(), time.perf_counter(), "failed"
        try:
            yield call
            ending = str(call.status) if call.status in _KNOWN_STATUSES else "other"
        except PatchbayError:
            ending = ""  # our own refusal, before anything was sent
            raise
        except MayNotSendError:
            ending = ""
            raise UnsentError(self._provider) from None
        except asyncio.CancelledError:
            ending = "timeout"  # at the deadline, or because nobody waits for it any more
            raise
        finally:
            if ending:
                self.answers[ending] += 1
                self.durations.add(time.perf_counter() - began)

    def _has_room(self, guild_id: int | None) -> bool:
        return self._used.total() < PER_HOST and self._used[guild_id] < PER_GUILD

    async def _wait(self, guild_id: int | None) -> None:
        queue = self._waiting.setdefault(guild_id, deque())
        if len(queue) >= MAX_WAITING:
            raise QueueFullError(self._provider)
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._leave(guild_id, turn)
            else:
                # Cancelled after the place was given, before it was used: the guild has had no turn.
                if guild_id in self._waiting:
                    self._waiting = {guild_id: self._waiting[guild_id], **self._waiting}
                self._give_back(guild_id)
            raise

    def _leave(self, guild_id: int | None, turn: asyncio.Future[None]) -> None:
        queue = self._waiting.get(guild_id, deque())
        if turn in queue:
            queue.remove(turn)
            if not queue:
                del self._waiting[guild_id]

    def _give_back(self, guild_id: int | None) -> None:
        self._used[guild_id] -= 1
        if not self._used[guild_id]:
            del self._used[guild_id]
        # The sort keeps the turns of guilds with as many places.
        for waiting in sorted(self._waiting, key=lambda guild: self._used[guild]):
            if self._has_room(waiting) and self._serve(waiting):
                return

    def _serve(self, guild_id: int | None) -> bool:
        """Give a place to the guild's first in the queue; return whether somebody was still there."""
        queue = self._waiting.pop(guild_id)
        served = False
        while queue and not served:
            turn = queue.popleft()
            if not turn.done():  # done here means cancelled
                turn.set_result(None)
                self._used[guild_id] += 1
                served = True
        if queue:
            self._waiting[guild_id] = queue  # behind the other guilds
        return served
