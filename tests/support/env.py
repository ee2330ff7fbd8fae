"""simcord's simulated Discord, made faster and more patient for these tests."""

from __future__ import annotations

import asyncio
import dataclasses
from functools import partial
from typing import Any, Final
from unittest import mock

import discord
import simcord
from discord import app_commands
from simcord import _dpy_internals, _settlement
from simcord import env as simcord_env

import bot.demo.permission_route  # noqa: F401 - adds the route

_translate = app_commands.Group.get_translated_payload
_translated: dict[tuple[str | None, str], dict[str, Any]] = {}
STUCK_SECONDS = 60.0
WAITED_FOR_SECONDS: Final = 5.0
"""``settle`` waits in real time for timers that fire so soon."""
MIN_PAUSE_SECONDS: Final = 0.005
"""Such a timer fires no sooner."""


class Env(simcord.Env):
    """simcord's simulated Discord, which finds out sooner when the bot has nothing more to do.

    simcord notices only after a pause that a task of the bot has gone to sleep. That pause took most of a
    test's time.
    """

    def __init__(self, bot: discord.Client, **options: Any) -> None:  # noqa: ANN401 - simcord's own
        """Let a bot count as stuck after a minute: other programs may keep the machine busy."""
        super().__init__(bot, settle_timeout=STUCK_SECONDS, **options)

    async def start(self) -> None:
        """Start; the commands are translated once in the process, which takes as long as a whole test."""
        with mock.patch.object(app_commands.Group, "get_translated_payload", _translate_once):
            await super().start()

    def _schedule_timer(self, record: Any, *args: Any) -> None:  # noqa: ANN401 - simcord's own
        """Let a timer that ``settle`` does not wait for fire only when a test moves the clock.

        In real time it would move the clock by itself: two answers would be seconds apart on a busy machine.
        """
        runtime: Any = self._runtime
        self._runtime = dataclasses.replace(runtime, call_at=partial(_call_later_at, runtime.call_at))
        try:
            super()._schedule_timer(record, *args)
        finally:
            self._runtime = runtime
        if record.real_handle is not None and record.when - self._virtual_time > WAITED_FOR_SECONDS:
            record.real_handle.cancel()
            record.real_handle = None

    async def settle(self, *, idle: float = 0.002) -> None:  # type: ignore[override]
        """Wait until the bot has nothing to do.

        idle: seconds between two looks; a test that uses many handlers at once takes more, because simcord
        looks at each of their tasks after every pause.
        """
        await super().settle(idle=idle)

    async def _settle_internal(self, **options: Any) -> None:  # noqa: ANN401 - simcord's own
        if "_deadline" not in options:
            options["timeout"] = STUCK_SECONDS
        await super()._settle_internal(**{"idle": 0.002, **options})


def _call_later_at(call_at: Any, when: float, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - simcord's own
    """Set a timer in real time, with a pause before it.

    While simcord moves the clock, it sets a timer again each time that it fires. One that is a microsecond
    ahead would keep the processor from all that the clock waits for.
    """
    return call_at(max(when, _dpy_internals.real_monotonic() + MIN_PAUSE_SECONDS), *args, **options)


# simcord waits for every timer that fires before a bot counts as stuck. Tests wait for less.
_EARLIER: Final = STUCK_SECONDS - WAITED_FOR_SECONDS


def _is_at_rest(state: Any, task: asyncio.Task[Any], deadline: float) -> bool:  # noqa: ANN401 - simcord's own
    """Tell whether a task has nothing to do now; simcord does not know that one which awaits an event has
    not.
    """
    return _settlement._is_parked(state, task, deadline - _EARLIER) or _waits_for_event(task)


def _callback_is_at_rest(state: Any, record: Any, deadline: float) -> bool:  # noqa: ANN401 - simcord's own
    return _settlement._callback_is_parked(state, record, deadline - _EARLIER)


# For as long as the process runs: when a timer fires in real time, simcord settles in a second task as well,
# and the task that ends first must not take these from the other one.
vars(simcord_env).update(_is_parked=_is_at_rest, _callback_is_parked=_callback_is_at_rest)


def _waits_for_event(task: asyncio.Task[Any]) -> bool:
    """Tell whether a task awaits an asyncio.Event, with or without a timeout."""
    coroutine: Any = task.get_coro()
    while (frame := getattr(coroutine, "cr_frame", None)) is not None:
        if frame.f_code is asyncio.Event.wait.__code__:
            return True
        if frame.f_code is asyncio.wait_for.__code__ and isinstance(frame.f_locals["fut"], asyncio.Task):
            return _waits_for_event(frame.f_locals["fut"])
        coroutine = coroutine.cr_await
    return False


async def _translate_once(group: app_commands.Group, *args: Any) -> dict[str, Any]:  # noqa: ANN401 - discord.py's
    key = group.module, group.qualified_name
    if key not in _translated:
        _translated[key] = await _translate(group, *args)
    return _translated[key]
