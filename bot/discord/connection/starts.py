"""Decides when the bot may identify to Discord's gateway.

Discord allows a number of identifies a day; whoever needs more loses the token. Neither discord.py nor
Discord keeps a bot that is started again and again from using them up, so two rules hold here: a start after
one that failed waits, longer each time and across restarts, and none begins once 80 % of the day's total are
used up. That many count as used as Discord says, or as were counted here, whichever is more.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import aiohttp
import discord
import structlog

from bot.backoff import Backoff
from bot.discord.connection.identify_count import (
    DEFAULT_TOTAL,
    allowed_of,
    of_last_day,
    one_more,
    seconds_until,
)
from bot.discord.connection.state_file import DiscordState

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_FIRST_PAUSE: Final = 5.0
_FACTOR: Final = 4.0
_MAX_PAUSE: Final = 3600.0
"""Seconds after failed starts: 5, 20, 80, 320, 1,280, then an hour; six identifies in the first hour."""
_ASK_SECONDS: Final = 20.0
"""How long Discord is asked for the budget."""
_MIN_WAIT: Final = 60.0
"""Seconds between two questions for the budget, at least."""
_MAX_WAIT: Final = 3600.0
"""Seconds of one wait, at most."""
_DAY: Final = 86_400.0
_MAX_TIME: Final = 1e15
"""A greater number in the file is no time."""
_SETTLED_SECONDS: Final = 60.0
"""A connection that lasted so long is resumed at once when it ends."""
_FIRST_CONNECT_PAUSE: Final = 1.0
_MAX_CONNECT_PAUSE: Final = 60.0
"""Seconds between attempts that use up no identify: those that fail before it, and resumes of connections
that end sooner. Discord keeps what a session misses for a few minutes."""
IDENTIFIES: Final = "identifies"
"""The key in the state file: of each shard, how many starts failed in a row, and when the last one began."""
COUNTED: Final = "identify_count"
"""The key in the state file: how many identifies there were lately, of all shards."""


def pause_after(failures: int) -> float:
    """Return how many seconds after the last of so many failed starts in a row the next may begin."""
    if failures <= 0:
        return 0.0
    return min(_MAX_PAUSE, _FIRST_PAUSE * _FACTOR ** min(failures - 1, 8))


def failed_starts(kept: object) -> int:
    """Return how many starts of one shard have failed in a row, by what the state file holds."""
    return max((_entry(each)[0] for each in kept.values()), default=0) if isinstance(kept, dict) else 0


class Starts:
    """The identifies of one process, by shard. One counts as failed until its READY was understood."""

    def __init__(
        self,
        state: DiscordState,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """clock: seconds since 1970."""
        self._state = state
        self._clock = clock
        self._sleep = sleep
        self._open: set[int] = set()
        self._permitted: set[int] = set()
        self._waiting: dict[int, str] = {}
        self._resumes: dict[int, Backoff] = {}
        self._reconnects: dict[int, Backoff] = {}
        self._total = DEFAULT_TOTAL
        self.max_concurrency = 1
        """How many shards may identify within five seconds, as Discord has said last."""

    def is_open(self, shard_id: int) -> bool:
        """Tell whether a shard has identified and not understood a READY since."""
        return shard_id in self._open

    def is_permitted(self, shard_id: int) -> bool:
        """Tell whether a shard was permitted to identify and has not done it yet."""
        return shard_id in self._permitted

    def waiting(self, shard_id: int) -> str | None:
        """Return why a shard does not identify yet, as a sentence for the host; None if it does not wait."""
        return self._waiting.get(shard_id)

    async def permit(self, http: Any, shard_id: int) -> None:  # noqa: ANN401 - discord.py's HTTPClient
        """Return when this shard may identify, at once where it was permitted and has not done it yet."""
        try:
            if not self.is_permitted(shard_id):
                await self._wait_after_failures(shard_id)
                await self._wait_for_budget(http, shard_id)
        finally:
            self._waiting.pop(shard_id, None)

    async def identifies(self, shard_id: int) -> None:
        """Count an identify before it is sent: a process that is killed meanwhile has used it up as well."""
        self._open.add(shard_id)
        shard, now = str(shard_id), self._clock()
        await self._state.change(COUNTED, partial(one_more, now=now))
        self._permitted.discard(shard_id)
        await self._state.change(
            IDENTIFIES, lambda kept: {**kept, shard: [_entry(kept.get(shard))[0] + 1, now]}
        )

    def given_back(self, shard_id: int) -> None:
        """Forget a shard that another process opens: what it was permitted and has not used is free again."""
        self._permitted.discard(shard_id)
        self._open.discard(shard_id)
        self._resumes.pop(shard_id, None)
        self._reconnects.pop(shard_id, None)

    async def succeeded(self, shard_id: int) -> None:
        """Forget the failed starts of a shard, whose READY was understood."""
        self._open.discard(shard_id)
        await self._state.change(
            IDENTIFIES,
            lambda kept: {shard: entry for shard, entry in kept.items() if shard != str(shard_id)},
        )

    async def wait_to_resume(self, shard_id: int, lasted: float) -> None:
        """Return when a shard may resume its session. lasted: how many seconds its connection did.

        A gateway that takes each connection and ends it would otherwise be asked without a pause.
        """
        backoff = self._resumes.setdefault(shard_id, Backoff(_FIRST_CONNECT_PAUSE, _MAX_CONNECT_PAUSE))
        if lasted >= _SETTLED_SECONDS:
            backoff.succeed()
        else:
            await self._sleep(backoff.fail())

    async def budget(self) -> tuple[int, int]:
        """Return how many identifies of the last 24 hours are counted, and how many are allowed."""
        counted = of_last_day(await self._state.get(COUNTED), self._clock())
        return sum(counted.values()), allowed_of(self._total)

    def reconnect_pause(self, shard_id: int) -> float:
        """Return how many seconds a shard waits after an attempt to connect that came to nothing."""
        backoff = self._reconnects.setdefault(shard_id, Backoff(_FIRST_CONNECT_PAUSE, _MAX_CONNECT_PAUSE))
        return backoff.fail()

    def connected(self, shard_id: int) -> None:
        """Note that a shard's session has begun or been resumed: the next attempt that fails is the first."""
        self._reconnects.pop(shard_id, None)

    async def _wait_after_failures(self, shard_id: int) -> None:
        failures, last = _entry((await self._state.get(IDENTIFIES)).get(str(shard_id)))
        pause = pause_after(failures)
        # A clock that was set back must not make the wait longer than the pause.
        left = min(pause, last + pause - self._clock())
        if left > 0:
            _log.warning("start_waits", shard=shard_id, failed_starts=failures, seconds=round(left))
            await self._wait(shard_id, left, f"starts that failed in a row: {failures}")

    async def _wait_for_budget(self, http: Any, shard_id: int) -> None:  # noqa: ANN401 - as above
        while True:
            told, resets = await self._ask(http)
            now = self._clock()
            counted = await self._state.change(COUNTED, partial(of_last_day, now=now))
            # From here on nothing is awaited: what other shards were permitted counts as well.
            below = allowed_of(self._total) - len(self._permitted)
            used = max(told, sum(counted.values()))
            if used < below:
                self._permitted.add(shard_id)
                return
            wait = max(resets if told >= below else 0.0, seconds_until(counted, now, below=below), _MIN_WAIT)
            _log.error(
                "identify_budget_used_up",
                shard=shard_id,
                used=used,
                total=self._total,
                seconds=round(wait),
            )
            await self._wait(shard_id, wait, f"{used:,} of the {self._total:,} identifies of a day are used")

    async def _ask(self, http: Any) -> tuple[int, float]:  # noqa: ANN401 - as above
        """Ask Discord how many of the day's identifies are used, and in how many seconds it counts anew.

        Return 0 and 0.0 where Discord does not say. That forbids nothing: the pauses after failures and our
        own count still hold.
        """
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                _, _, limit = await http.get_bot_gateway()
            total, remaining = int(limit["total"]), int(limit["remaining"])
            resets = min(int(limit["reset_after"]) / 1000, _DAY)
        except (
            discord.DiscordException, aiohttp.ClientError, OSError, KeyError, TypeError, ValueError,
            OverflowError,
        ) as error:  # fmt: skip
            _log.info("identify_budget_unknown", error=type(error).__name__)
            return 0, 0.0
        self._total = max(total, 1)
        self.max_concurrency = max(_concurrency_of(limit), 1)
        return self._total - remaining, resets

    async def _wait(self, shard_id: int, seconds: float, reason: str) -> None:
        """Wait, but for an hour at most."""
        ends = datetime.fromtimestamp(int(self._clock() + seconds), UTC).isoformat().replace("+00:00", "Z")
        self._waiting[shard_id] = f"Shard {shard_id} begins no session before {ends}: {reason}."
        await self._sleep(min(seconds, _MAX_WAIT))


def _concurrency_of(limit: Mapping[str, Any]) -> int:
    """Return what Discord says, 1 if it does not say a number."""
    said = limit.get("max_concurrency")
    return said if type(said) is int else 1


def _entry(value: object) -> tuple[int, float]:
    """Return the number of failed starts and the time of the last; the file may hold anything."""
    match value:
        case [int(failures), int() | float() as last] if abs(last) < _MAX_TIME:
            return failures, float(last)
        case _:
            return 0, 0.0
