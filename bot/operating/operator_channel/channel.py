"""Posts in the host's channel: paced, in order, and without ever failing anything else."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from typing import Final

import aiohttp
import discord
import structlog

from bot.backoff import Backoff
from bot.discord.client import PatchbayBot
from bot.discord.connection.refusals import describe
from bot.discord.text import clamp, length
from bot.i18n.catalog import DEFAULT_LOCALE
from bot.network_faults import fault_of
from bot.operating.operator_channel.known_faults import QUIET_SECONDS, FaultNotice, KnownFaults, News
from bot.store.revision import HEAD

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_VERSION: Final = version("patchbay")
LOOK_SECONDS: Final = 30.0
"""Between two looks, and so between two messages."""
MAX_STARTS: Final = 5
"""How many starts within an hour are told."""
STARTS: Final = "operator_starts"
"""The key in the state file: when the last starts were."""
MAX_WAITING: Final = 20
"""How many notices are kept while the channel takes none; the oldest gives way."""
_MAX_LINE: Final = 600
_MAX_MESSAGE: Final = 2000
_SEND_SECONDS: Final = 20.0
"""How long one message may take: discord.py waits as long as Discord asks it to."""
_LAST_SECONDS: Final = 2.0
"""The same for the last one, which the process's end waits for."""
_FIRST_PAUSE: Final = 60.0
_MAX_PAUSE: Final = 3600.0
"""Seconds between two attempts while the channel takes no messages."""


class OperatorChannel:
    """One channel. Its server need not be one that the bot serves: it is written to by its id alone."""

    def __init__(
        self,
        bot: PatchbayBot,
        channel_id: int,
        look: Callable[[], Awaitable[Mapping[str, str]]],
        clock: Callable[[], float] = time.time,
        schema: str = HEAD,
    ) -> None:
        """look: returns the text of each fault that there is, by key. clock: seconds since 1970. schema: the
        database's revision.
        """
        self.is_told_to_stop = False
        """Whether the end that follows is what the host wants."""
        self._bot = bot
        self._channel_id = channel_id
        self._look = look
        self._clock = clock
        self._schema = schema
        self._texts = bot.services.catalog[DEFAULT_LOCALE]
        self._has_started = False
        self._known = KnownFaults()
        self._waiting: deque[str] = deque()
        self._left_out = 0
        self._sending = asyncio.Lock()
        self._backoff = Backoff(_FIRST_PAUSE, _MAX_PAUSE)
        self._fails = False
        self._not_before = 0.0

    async def run(self, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Look for faults and tell of them until cancelled."""
        backoff = Backoff(LOOK_SECONDS, _MAX_PAUSE)
        while True:
            pause = LOOK_SECONDS
            try:
                await self.tick()
                backoff.succeed()
            except Exception as error:  # noqa: BLE001 - the next look comes whatever happens
                pause = backoff.fail_with(_log, "operator_channel_failed", error)
            await sleep(pause)

    async def tick(self) -> None:
        """Look once, and post what is new and what still waits."""
        for notice in self._known.compare(await self._look(), self._clock()):
            self._put(self._worded(notice))
        await self._send(_SEND_SECONDS)

    async def started(self) -> None:
        """Tell that the bot has started, once it knows in how many servers it is.

        A bot that starts again and again tells it a few times only, and then no end of it either.
        """
        starts = await self._count_starts()
        if starts > MAX_STARTS:
            return
        self._has_started = True
        bot = self._bot
        served = sum(guild.id in bot.services.served for guild in bot.guilds)
        shards = f"{len(bot.shards)}/{bot.shard_count or len(bot.shards)}"
        text = self._texts(
            "operator.started", version=_VERSION, schema=self._schema, servers=served, shards=shards
        )
        last = self._texts("operator.last_start", count=starts) if starts == MAX_STARTS else ""
        self._put(f"🟢 {text} {last}".rstrip())
        await self._send(_SEND_SECONDS)

    async def stopping(self) -> None:
        """Tell that the bot ends, and why; return within two seconds, whatever Discord does.

        A bot whose start was not told ends without a word.
        """
        if not self._has_started:
            return
        reason = self._texts("operator.told_to_stop" if self.is_told_to_stop else "operator.ended_by_error")
        self._put(f"🔴 {self._texts('operator.stopping', reason=reason)}")
        self._not_before = 0.0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_SECONDS):
                await self._send(_LAST_SECONDS)

    async def _count_starts(self) -> int:
        """Count this start; return how many there were within an hour."""
        now = self._clock()

        def counted(kept: Mapping[str, object]) -> dict[str, object]:
            times = kept.get("at")
            former = times if isinstance(times, list) else []  # the file may hold anything
            recent = [at for at in former if isinstance(at, float) and 0 <= now - at < QUIET_SECONDS]
            return {"at": [*recent, float(now)][-MAX_STARTS - 1 :]}

        kept = await self._bot.state.change(STARTS, counted)
        return len(kept["at"])

    def _worded(self, notice: FaultNotice) -> str:
        again = self._texts.plural("operator.again", notice.times) if notice.times > 1 else ""
        match notice.news:
            case News.BEGUN:
                return f"⚠️ {notice.text} {again}".rstrip()
            case News.OVER:
                return f"✅ {self._texts('operator.over', fault=notice.text)}"
            case News.CAME_AND_WENT:
                return f"✅ {self._texts('operator.over', fault=notice.text)} {again}".rstrip()

    def _put(self, text: str) -> None:
        """Let a notice wait for the next message."""
        self._waiting.append(clamp(f"<t:{int(self._clock())}:t> {text}", _MAX_LINE))
        while len(self._waiting) > MAX_WAITING:
            self._waiting.popleft()
            self._left_out += 1

    async def _send(self, seconds: float) -> None:
        """Post what waits in one message, as much as fits; try later if the channel does not take it."""
        async with self._sending:
            # The address of a channel is known without the gateway, but not before the login.
            if not self._waiting or self._bot.application_id is None or self._clock() < self._not_before:
                return
            left_out, self._left_out = self._left_out, 0
            first = self._texts.plural("operator.left_out", left_out) if left_out else ""
            lines = self._take(_MAX_MESSAGE - length(first))
            try:
                async with asyncio.timeout(seconds):
                    await self._post("\n".join(filter(None, [first, *lines])))
            except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                self._waiting.extendleft(reversed(lines))
                self._left_out += left_out
                self._failed(error)
            else:
                self._succeeded()

    def _take(self, room: int) -> list[str]:
        """Return the oldest notices that fit, which wait no longer."""
        lines: list[str] = []
        while self._waiting and (room := room - length(self._waiting[0]) - 1) >= 0:
            lines.append(self._waiting.popleft())
        return lines

    async def _post(self, content: str) -> None:
        channel = self._bot.get_partial_messageable(self._channel_id)
        await channel.send(content, allowed_mentions=discord.AllowedMentions.none(), suppress_embeds=True)

    def _succeeded(self) -> None:
        if self._fails:
            _log.info("operator_channel_back")
        self._fails = False
        self._backoff.succeed()

    def _failed(self, error: Exception) -> None:
        """Log once that the channel takes no messages, and wait longer each time."""
        self._not_before = self._clock() + self._backoff.fail()
        if not self._fails:
            known = (
                describe(error) if isinstance(error, discord.HTTPException) else {"error": fault_of(error)}
            )
            _log.warning("operator_channel_failing", **known)
        self._fails = True
