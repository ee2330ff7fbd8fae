"""Disturbs the gateway of a running bot: no identifies left, closed sockets, silence, events that are odd."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from unittest import mock

from simcord import ChannelHandle, MemberActor

from bot.demo.discord_server import SimulatedDiscord
from bot.demo.gateway import GatewayConnection, Op
from bot.demo.stage import Stage, open_stage
from prove.odd_events import whole_events
from prove.processes.bots import AGENT, WatchedBot, ask_status, connect, observable, running_bot
from prove.runner import Figure, Scale
from tests.support.demo_steps import text
from tests.support.odd_events import made_odd

EVENTS: Final = 200
CLOSES: Final = 4
CODES: Final = (1000, 1001, 1006, 4000, 4007, 4009)
"""Codes after which Discord lets a bot connect again."""
NO_IDENTIFY_FOR: Final = 20.0
"""Seconds for which the bot is watched that may not identify."""
BACK_WITHIN: Final = 90.0
"""Seconds from a closed socket until the bot answers again. It pauses for a minute at most."""
HEARD_WITHIN: Final = 150.0
"""The same from the first heartbeat that is not acknowledged: it has to be missed first."""


@dataclass(slots=True)
class Gateway:
    """What the simulated gateway does, and has counted. events: the last payload of each kind."""

    is_silent: bool = False
    remaining: int = 1000
    identifies: int = 0
    events: dict[str, Any] = field(default_factory=dict)


async def prove(scale: Scale) -> AsyncIterator[Figure]:
    """Show that each fault costs what it must and nothing else."""
    yield await _no_identifies_left(scale)
    gateway = Gateway()
    async with _watched(gateway), open_stage("en-US") as stage:
        env = stage.discord.env
        owner = env.create_user("rui")
        guild = env.create_guild("Elsewhere", owner=owner)
        other = Elsewhere(stage, MemberActor(env, guild, owner), guild.create_text_channel("quay"))
        async with running_bot(stage) as bot:
            await connect(stage)
            yield await _odd_events(stage, bot, gateway, other, scale)
            yield await _closed_sockets(stage, bot, gateway, other, scale)
            if not scale.quick:
                yield await _silence(bot, gateway, other)


@dataclass(slots=True)
class Elsewhere:
    """Another server, whose member asks for help to see whether the bot is there."""

    stage: Stage
    member: MemberActor
    channel: ChannelHandle

    async def is_served(self) -> bool:
        """Return whether the bot answers."""
        try:
            answer = await self.stage.discord.answer(await self.member.slash(self.channel, "help"))
        except (LookupError, TimeoutError):
            return False
        return bool(text(answer))

    async def served_again(self, within: float) -> float | None:
        """Return the seconds until the bot answers, None if it does not in time."""
        began = time.perf_counter()
        while time.perf_counter() - began < within:
            if await self.is_served():
                return time.perf_counter() - began
            await asyncio.sleep(0.2)
        return None


@asynccontextmanager
async def _watched(gateway: Gateway) -> AsyncIterator[None]:
    """Let every simulated gateway do and count what ``gateway`` says."""
    identify, dispatch = GatewayConnection._identify, GatewayConnection._dispatch  # noqa: SLF001 - faults of the simulator
    put, answer_call = GatewayConnection._put, SimulatedDiscord._dispatch  # noqa: SLF001 - as above

    def count(self: GatewayConnection, data: Mapping[str, Any]) -> None:
        gateway.identifies += 1
        identify(self, data)

    def remember(self: GatewayConnection, event: str, data: Any) -> None:  # noqa: ANN401 - any event's payload
        gateway.events[event] = data
        dispatch(self, event, data)

    def acknowledge(self: GatewayConnection, op: Op, data: Any) -> None:  # noqa: ANN401 - as above
        if not (gateway.is_silent and op is Op.HEARTBEAT_ACK):
            put(self, op, data)

    def answer(self: SimulatedDiscord, call: Any) -> Any:  # noqa: ANN401 - any route's JSON
        answered = answer_call(self, call)
        if call.path == "/gateway/bot":
            answered["session_start_limit"] |= {"remaining": gateway.remaining, "reset_after": 3_600_000}
        return answered

    with (
        mock.patch.object(GatewayConnection, "_identify", count),
        mock.patch.object(GatewayConnection, "_dispatch", remember),
        mock.patch.object(GatewayConnection, "_put", acknowledge),
        mock.patch.object(SimulatedDiscord, "_dispatch", answer),
    ):
        yield


async def _no_identifies_left(scale: Scale) -> Figure:
    gateway = Gateway(remaining=0)
    async with _watched(gateway), open_stage("en-US") as stage:
        codes = []
        for _ in range(2):
            async with WatchedBot(observable(stage), stage.folder) as bot:
                async with asyncio.timeout(BACK_WITHIN):
                    while not bot.logged("identify_budget_used_up"):
                        await asyncio.sleep(0.1)
                await asyncio.sleep(NO_IDENTIFY_FOR / scale.of(2, 20))
                codes.append(await bot.stop())
    return Figure(
        "identifies are budgeted",
        f"with `remaining = 0` {gateway.identifies} identifies in two starts, exit codes {codes}",
        holds=gateway.identifies == 0 and not any(codes),
    )


async def _odd_events(
    stage: Stage, bot: WatchedBot, gateway: Gateway, other: Elsewhere, scale: Scale
) -> Figure:
    events, chance = scale.of(EVENTS, 20), random.Random(1)
    served = asked = 0
    whole = whole_events(stage, gateway.events)
    kinds = sorted(whole)
    for number in range(events):
        event = kinds[number % len(kinds)]
        for connection in stage.discord._connections:  # noqa: SLF001 - no member can send these
            connection._dispatch(event, made_odd(whole[event], chance))  # noqa: SLF001 - as above
        if number % 10 == 9:  # noqa: PLR2004 - after each ten
            asked += 1
            served += await other.is_served()
    read = await _own_server_is_served(stage)
    return Figure(
        "one odd gateway event costs that event alone",
        f"{events} mutated events of {len(kinds)} kinds: {int(not bot.is_running)} exits; another server was"
        f" answered {served} of {asked} times meanwhile, their own {'too' if read else 'NOT'} after them",
        holds=bot.is_running and served == asked and read,
    )


async def _own_server_is_served(stage: Stage) -> bool:
    """Return whether a command is answered in the server that the odd events were about."""
    for _ in range(int(BACK_WITHIN)):
        try:
            if AGENT in text(await stage.discord.answer(await ask_status(stage))):
                return True
        except (LookupError, TimeoutError):
            pass
        await asyncio.sleep(1)
    return False


async def _closed_sockets(
    stage: Stage, bot: WatchedBot, gateway: Gateway, other: Elsewhere, scale: Scale
) -> Figure:
    closes, before = scale.of(CLOSES, 1), gateway.identifies
    took: list[float | None] = []
    for number in range(closes):
        for connection in tuple(stage.discord._connections):  # noqa: SLF001 - Discord closes it, nobody else
            await connection._socket.close(code=CODES[number % len(CODES)])  # noqa: SLF001 - as above
        took.append(await other.served_again(BACK_WITHIN))
    return _back("the bot comes back after its gateway was closed", took, bot, gateway.identifies - before)


async def _silence(bot: WatchedBot, gateway: Gateway, other: Elsewhere) -> Figure:
    """Acknowledge no heartbeat until the bot connects anew."""
    before, began = gateway.identifies, time.perf_counter()
    gateway.is_silent = True
    while gateway.identifies == before and time.perf_counter() - began < HEARD_WITHIN:
        await asyncio.sleep(0.2)
    gateway.is_silent = False
    took = await other.served_again(BACK_WITHIN)
    seconds = None if took is None or gateway.identifies == before else time.perf_counter() - began
    return _back("the bot notices a gateway that is silent", [seconds], bot, gateway.identifies - before)


def _back(promise: str, took: Sequence[float | None], bot: WatchedBot, identifies: int) -> Figure:
    back = [seconds for seconds in took if seconds is not None]
    return Figure(
        promise,
        f"{len(back)} of {len(took)} times, after {max(back, default=0):.0f} s at most;"
        f" {identifies} identifies, {int(not bot.is_running)} exits",
        holds=len(back) == len(took) and bot.is_running,
    )
