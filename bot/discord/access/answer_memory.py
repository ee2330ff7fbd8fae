"""Keeps Discord's answers to one kind of question, and asks again only where there is reason to."""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Final, Generic, TypeVar

import structlog

from bot.discord.access.agent_bots import DISCORD_SECONDS, FAILURES
from bot.discord.access.request_queue import RequestQueue, Timing

AnswerT = TypeVar("AnswerT")
_Key = tuple[int, int]
"""A guild's id, and the id that is asked about."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_KEPT_SECONDS: Final = 900.0
_JITTER: Final = 0.1
"""A part of that time: an answer may be kept so much longer, so that not all are renewed at one moment."""
_RETRY_SECONDS: Final = 60.0
"""A question that failed is not asked again sooner."""
_MAX_KEPT: Final = 10_000


@dataclass(slots=True)
class _Kept(Generic[AnswerT]):
    """An answer, None where there was none yet. Times are those of the clock.

    number: of all answers. at: when it came. old_at: when it is old. failed_at: when Discord last did not
    answer.
    """

    answer: AnswerT | None = None
    number: int = 0
    at: float = -math.inf
    old_at: float = -math.inf
    failed_at: float = -math.inf


@dataclass(slots=True)
class _Question:
    """A question without an answer so far. readers: how many wait for it. is_sent: whether it has left the
    queue.
    """

    answered: asyncio.Future[None]
    readers: int = 0
    is_sent: bool = False


class AnswerMemory(Generic[AnswerT]):
    """Discord's answers about ids of a guild."""

    def __init__(
        self,
        ask: Callable[[int, int], Awaitable[AnswerT | None]],
        queue: RequestQueue,
        timing: Timing,
        on_news: Callable[[int], object],
    ) -> None:
        """ask: asks Discord about an id of a guild; returns None where there is no answer. on_news: takes a
        guild's id when an answer about it differs from the last one and nobody waited for it.
        """
        self._ask_discord = ask
        self._queue = queue
        self._timing = timing
        self._on_news = on_news
        self.last_number = 0
        """How many answers there were in all."""
        self._kept: OrderedDict[_Key, _Kept[AnswerT]] = OrderedDict()
        self._questions: dict[_Key, _Question] = {}

    def get(self, guild_id: int, asked_id: int) -> AnswerT | None:
        """Return the last answer, None where there is none."""
        kept = self._kept.get((guild_id, asked_id))
        return None if kept is None else kept.answer

    def number(self, guild_id: int, asked_id: int) -> int:
        """Return which of all answers the last one was, counted from 1; 0 where there is none."""
        kept = self._kept.get((guild_id, asked_id))
        return 0 if kept is None else kept.number

    def age(self, guild_id: int, asked_id: int) -> float:
        """Return how old the last answer is, in seconds; infinite where there is none."""
        kept = self._kept.get((guild_id, asked_id))
        return math.inf if kept is None else self._timing.clock() - kept.at

    def is_old(self, guild_id: int, asked_id: int) -> bool:
        """Tell whether there is no answer that can still be used."""
        kept = self._kept.get((guild_id, asked_id))
        return kept is None or kept.old_at <= self._timing.clock()

    def ids(self, guild_id: int) -> list[int]:
        """Return all ids of a guild that Discord was or is being asked about."""
        return [key[1] for key in self._kept.keys() | self._questions.keys() if key[0] == guild_id]

    def ask(self, guild_id: int, asked_id: int, *, insist: bool = False) -> bool:
        """Ask Discord as soon as may be. Return False if it did not answer a moment ago, and is not asked.

        insist: ask all the same.
        """
        kept = self._kept.get((guild_id, asked_id))
        if not insist and kept is not None and self._timing.clock() - kept.failed_at < _RETRY_SECONDS:
            return False
        self._put((guild_id, asked_id), urgent=True)
        return True

    def refresh_if_old(self, guild_id: int, asked_id: int) -> None:
        """Ask Discord when it has nothing else to answer, if the last answer is old."""
        kept = self._kept.get((guild_id, asked_id))
        if kept is not None and kept.old_at <= self._timing.clock() >= kept.failed_at + _RETRY_SECONDS:
            self._put((guild_id, asked_id), urgent=False)

    async def wait(self, guild_id: int, asked_ids: Collection[int]) -> None:
        """Wait until all that Discord was asked about these ids is answered."""
        keys = [(guild_id, asked_id) for asked_id in asked_ids]
        questions = [question for key in keys if (question := self._questions.get(key)) is not None]
        for question in questions:
            question.readers += 1
        try:
            if questions:
                await asyncio.wait([question.answered for question in questions])
        finally:
            for question in questions:
                question.readers -= 1

    async def read(self, guild_id: int, asked_id: int) -> AnswerT | None:
        """Ask Discord at once, for a member who waits; return None where there is no answer."""
        answer = await self._try_to_ask(guild_id, asked_id)
        self._keep((guild_id, asked_id), answer, is_awaited=False)
        return answer

    def forget(self, guild_id: int, asked_id: int) -> bool:
        """Forget an answer, and one that is on its way; return False where nothing is known or asked."""
        key = guild_id, asked_id
        is_known = self._kept.pop(key, None) is not None
        question = self._questions.get(key)
        if question is not None and question.is_sent:
            del self._questions[key]
        return is_known or question is not None

    def forget_guild(self, guild_id: int) -> None:
        """Forget all answers about a guild."""
        for key in [key for key in self._kept if key[0] == guild_id]:
            del self._kept[key]
        for key in [key for key in self._questions if key[0] == guild_id]:
            self._questions.pop(key).answered.set_result(None)

    def _put(self, key: _Key, *, urgent: bool) -> None:
        """Put a question into the queue, unless it is on its way already."""
        question = self._questions.get(key)
        if question is None:
            question = self._questions[key] = _Question(asyncio.get_running_loop().create_future())
        if not question.is_sent:
            self._queue.add(key[0], (self, key), partial(self._send, key, question), urgent=urgent)

    async def _send(self, key: _Key, question: _Question) -> None:
        question.is_sent = True
        answer = await self._try_to_ask(*key)
        if self._questions.get(key) is question:  # else it was forgotten meanwhile
            del self._questions[key]
            self._keep(key, answer, is_awaited=question.readers > 0)
        if not question.answered.done():
            question.answered.set_result(None)

    async def _try_to_ask(self, guild_id: int, asked_id: int) -> AnswerT | None:
        try:
            async with asyncio.timeout(DISCORD_SECONDS):
                return await self._ask_discord(guild_id, asked_id)
        except FAILURES:
            return None
        except Exception as failed:  # noqa: BLE001 - an answer that discord.py cannot read costs no other question
            _log.warning("discord_answer_unreadable", error=type(failed).__name__)
            return None

    def _keep(self, key: _Key, answer: AnswerT | None, *, is_awaited: bool) -> None:
        now = self._timing.clock()
        kept = self._kept.setdefault(key, _Kept())
        self._kept.move_to_end(key)
        while len(self._kept) > _MAX_KEPT:
            self._kept.popitem(last=False)
        if answer is None:
            kept.failed_at = now
            return
        is_news = answer != kept.answer and not is_awaited
        self.last_number += 1
        kept.answer, kept.number, kept.at, kept.failed_at = answer, self.last_number, now, -math.inf
        kept.old_at = now + _KEPT_SECONDS * (1 + _JITTER * self._timing.random())
        if is_news:
            self._on_news(key[0])
