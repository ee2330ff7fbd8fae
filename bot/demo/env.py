"""simcord's simulated Discord in real time, for a bot that runs in another process."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

import discord
import simcord
from simcord._clock import Clock
from simcord.backend import Backend
from simcord.backend.models import Interaction

ACKNOWLEDGED_WITHIN: Final = 3.0
"""Seconds that Discord gives a bot for its first answer."""


class WallClock(Clock):
    """simcord's clock in real time: Discord's deadlines of 3 s and 15 min pass by themselves."""

    def __init__(self) -> None:
        super().__init__()
        self._epoch = datetime.now(UTC)

    # Not time.monotonic: simcord replaces that function by one that asks this clock.
    @property
    def elapsed(self) -> float:
        return time.perf_counter() - self._zero

    @elapsed.setter
    def elapsed(self, seconds: float) -> None:
        self._zero = time.perf_counter() - seconds


class RemoteEnv(simcord.Env):
    """The guilds, members and messages of the simulated Discord, without the bot.

    simcord needs a client in its own process and gets an idle one, whose cache serves simcord's handles. The
    bot connects through sockets. What members do (``slash``, ``click``, ``submit_modal``) returns as soon as
    the bot has acknowledged it, or after the 3 s that Discord waits.
    """

    def __init__(self) -> None:
        super().__init__(discord.Client(intents=discord.Intents.default()), check_errors=False)
        self.backend = Backend(clock=WallClock())
        self.backend.application_id = self.backend.bot_user.id  # as in every application of today
        self._changed: dict[int | None, datetime] = {None: datetime.now(UTC)}
        """When something changed, by channel; None for a change that may be in any channel."""
        self._news = asyncio.Event()
        self._asked: Interaction | None = None
        self._register_dispatch_observer(self._remember)

    @property
    def busy(self) -> bool:
        """Whether a member is doing something; simcord allows one action at a time."""
        return self._operation_task is not None

    def changed_at(self, channel_id: int) -> datetime:
        """Return when the bot last changed something that members can see in a channel."""
        return max(self._changed[None], self._changed.get(channel_id, self._changed[None]))

    def tell(self, *, changed: bool = False, channel_id: int | None = None) -> None:
        """Wake everybody who waits in ``until``.

        changed: whether members see something new. channel_id: where, None for any channel.
        """
        if changed:
            self._changed[channel_id] = datetime.now(UTC)
            if self._preview is not None:
                # A page counts its relative times from here; the action that runs may publish next.
                self._preview._advance_presentation_time()  # noqa: SLF001
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def until(self, condition: Callable[[], object], within: float | None = None) -> None:
        """Return when the condition holds. within: seconds, after which TimeoutError is raised."""
        async with asyncio.timeout(within):
            while not condition():
                await self._news.wait()

    def _remember(self, interaction: Interaction) -> None:
        self._asked = interaction

    def _end_operation(self) -> None:
        super()._end_operation()
        self.tell()

    async def _settle_internal(self, *, dispatch: str | None = None, **options: Any) -> None:  # noqa: ANN401
        asked = self._asked
        await super()._settle_internal(dispatch=dispatch, **options)
        if dispatch == "INTERACTION_CREATE" and asked is not None:
            with suppress(TimeoutError):  # no answer: the member is told so, as Discord does
                await self.until(lambda: asked.responded, ACKNOWLEDGED_WITHIN)
