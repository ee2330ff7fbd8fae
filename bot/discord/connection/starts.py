"""Decides when the bot may identify to Discord's gateway.

Discord allows a number of identifies a day; whoever needs more loses the token. Neither discord.py nor
Discord keeps a bot that is started again and again from using them up, so two rules hold here: a start after
one that failed waits, longer each time and across restarts, and none begins while the day's budget is used
up.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import aiohttp
import discord
import structlog

from bot.backoff import Backoff
from bot.discord.connection.state_file import StateFile

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_FIRST_PAUSE: Final = 5.0
_FACTOR: Final = 4.0
_MAX_PAUSE: Final = 3600.0
"""Seconds after failed starts: 5, 20, 80, 320, 1,280, then an hour; six identifies in the first hour."""
_KEPT_PER_SHARD: Final = 2
"""How many of a day's identifies are left: other processes of the same bot identify at the same time."""
_MAX_KEPT: Final = 0.2
"""The share of a day's identifies that is left at most, however many shards there are."""
_MIN_WAIT: Final = 60.0
"""Seconds between two questions for the budget, whatever Discord says about its reset."""
_MAX_WAIT: Final = 86_400.0
_SETTLED_SECONDS: Final = 60.0
"""A connection that lasted so long is resumed at once when it ends."""
_FIRST_RESUME_PAUSE: Final = 1.0
_MAX_RESUME_PAUSE: Final = 60.0
"""Seconds between connections that end sooner: Discord keeps what a session misses for a few minutes."""
IDENTIFIES: Final = "identifies"
"""The key in the state file: of each shard, how many starts failed in a row, and when the last one began."""


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
        state: StateFile,
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
        self._resumes: dict[int, Backoff] = {}

    def is_open(self, shard_id: int) -> bool:
        """Tell whether a shard has identified and not understood a READY since."""
        return shard_id in self._open

    def is_permitted(self, shard_id: int) -> bool:
        """Tell whether a shard was permitted to identify and has not done it yet."""
        return shard_id in self._permitted

    async def permit(self, http: Any, shard_id: int) -> None:  # noqa: ANN401 - discord.py's HTTPClient
        """Return when this shard may identify, at once where it was permitted and has not done it yet."""
        if not self.is_permitted(shard_id):
            await self._wait_after_failures(shard_id)
            await self._wait_for_budget(http, shard_id)
            self._permitted.add(shard_id)

    async def identifies(self, shard_id: int) -> None:
        """Count an identify before it is sent: a process that is killed meanwhile has used it up as well."""
        self._permitted.discard(shard_id)
        self._open.add(shard_id)
        shard, now = str(shard_id), self._clock()
        await self._state.change(
            IDENTIFIES, lambda kept: {**kept, shard: [_entry(kept.get(shard))[0] + 1, now]}
        )

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
        backoff = self._resumes.setdefault(shard_id, Backoff(_FIRST_RESUME_PAUSE, _MAX_RESUME_PAUSE))
        if lasted >= _SETTLED_SECONDS:
            backoff.succeed()
        else:
            await self._sleep(backoff.fail())

    async def _wait_after_failures(self, shard_id: int) -> None:
        failures, last = _entry((await self._state.get(IDENTIFIES)).get(str(shard_id)))
        pause = pause_after(failures)
        # A clock that was set back must not make the wait longer than the pause.
        left = min(pause, last + pause - self._clock())
        if left > 0:
            _log.warning("start_waits", shard=shard_id, failed_starts=failures, seconds=round(left))
            await self._sleep(left)

    async def _wait_for_budget(self, http: Any, shard_id: int) -> None:  # noqa: ANN401 - as above
        while True:
            try:
                shards, _, limit = await http.get_bot_gateway()
                kept = min(_KEPT_PER_SHARD * int(shards), int(int(limit["total"]) * _MAX_KEPT))
                total, remaining = int(limit["total"]), int(limit["remaining"])
                reset_after = int(limit["reset_after"]) / 1000
            except (
                discord.DiscordException, aiohttp.ClientError, OSError, KeyError, TypeError, ValueError,
            ) as error:  # fmt: skip
                # A Discord that does not say is not one that forbids; the pauses after failures still hold.
                _log.info("identify_budget_unknown", error=type(error).__name__)
                return
            if remaining > kept:
                return
            wait = min(max(reset_after, _MIN_WAIT), _MAX_WAIT)
            _log.error(
                "identify_budget_used_up",
                shard=shard_id,
                remaining=remaining,
                total=total,
                seconds=round(wait),
            )
            await self._sleep(wait)


def _entry(value: object) -> tuple[int, float]:
    """Return the number of failed starts and the time of the last; the file may hold anything."""
    match value:
        case [int(failures), int() | float() as last]:
            return failures, float(last)
        case _:
            return 0, 0.0
