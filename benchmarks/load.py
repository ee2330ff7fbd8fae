"""Measures a bot's event loop and memory while members run commands and 10,000 integrations are checked."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self
from uuid import UUID

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from simcord import ChannelHandle, MemberActor

from benchmarks.acting import MANAGES, Acting, buttons, meanwhile
from benchmarks.processes import memory_bytes
from benchmarks.table import Row, show
from bot.demo.discord_server import SimulatedDiscord
from bot.demo.stage import Stage, open_stage
from bot.providers.toolzz.simulated_unit import integration
from bot.providers.toolzz.simulator import ToolzzSimulator
from prove.processes.bots import running_bot

GUILDS: Final = 100
"""Each has one connection."""
MEMBERS: Final = 10
"""In each server: so many that neither they nor their servers come near a limit."""
EACH: Final = 100
"""The integrations of each connection."""
INTERVAL: Final = 60
"""Seconds between two checks of a connection, as by default."""
COMMANDS: Final = (
    "connections list",
    "alerts list",
    "audit list",
    "integrations overview",
    "help",
    "toolzz status",
)
PICTURE: Final = "integrations history"
COMMANDS_PER_SECOND: Final = 200
PICTURES_PER_SECOND: Final = 2
KEPT: Final = 2_000
"""Of so many interactions the simulated Discord remembers the answers."""
SETTLED: Final = 60.0
"""Seconds of load before anything is measured: each connection is checked once."""
WINDOW: Final = 60.0
"""Seconds of load in a round."""
LAG_GOAL: Final = 50.0
CARRIED: Final = 0.95
"""The least share of the load that is the load: what chance leaves out is less."""
MINUTES: Final = 20
SKIPPED: Final = 5
"""Minutes after which the growth of memory is counted."""
LAST: Final = 3
"""Readings of the memory at the end, one a minute."""
GROWTH_GOAL: Final = 2.0
LAG: Final = "patchbay_event_loop_lag_seconds_bucket"


class Load:
    """Members of all servers, who run commands at a fixed rate, whether or not earlier ones were answered."""

    def __init__(self, stage: Stage) -> None:
        self._discord = stage.discord
        self._acting = Acting(stage.discord)
        self._members = members_of(stage.discord)
        (self._toolzz,) = (each for each in stage.simulators if isinstance(each, ToolzzSimulator))

    async def connect(self) -> None:
        """Connect each server to a unit with its integrations."""
        for number, (member, channel) in enumerate(self._members[:GUILDS]):
            unit = str(UUID(int=(1 << 101) + number))
            for each in range(EACH):
                uuid = agent_of(number, each)
                self._toolzz.integrations[uuid] = integration(
                    uuid, f"Agent {each}", unitId=unit, guildId=str(member.guild.id)
                )
            guide = await self._acting.run(member, channel, "connections add", provider=self._toolzz.slug)
            form = await member.click(guide, custom_id=buttons(guide)[0])
            values = {**self._toolzz.credentials, "unit_id": unit}
            await self._discord.answer(await member.submit_modal(form, values))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run commands and have pictures drawn until the block ends."""
        async with meanwhile(
            self._repeat(COMMANDS_PER_SECOND, COMMANDS),
            self._repeat(PICTURES_PER_SECOND, (PICTURE,)),
            self._forget(),
        ):
            yield

    async def _repeat(self, rate: int, commands: Sequence[str]) -> None:
        """Run so many a second. While a second's worth is under way, further ones are left out."""
        began = time.perf_counter()
        under_way: set[asyncio.Task[None]] = set()
        try:
            for number in itertools.count(1):
                await asyncio.sleep(began + number / rate - time.perf_counter())
                if len(under_way) < rate:
                    task = asyncio.create_task(self._run(random.choice(commands)))
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
        finally:
            for task in tuple(under_way):
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _run(self, command: str) -> None:
        number = random.randrange(len(self._members))
        agent = agent_of(number % GUILDS, random.randrange(EACH))
        options: Mapping[str, Any] = {}
        if command == "toolzz status":
            options = {"integration": agent}
        elif command == PICTURE:
            options = {"integration": f"{self._toolzz.slug}:{agent}"}
        with contextlib.suppress(TimeoutError):
            await self._acting.run(*self._members[number], command, **options)

    async def _forget(self) -> None:
        """Drop what the simulated Discord remembers, 20 KiB of each command: a gigabyte in minutes."""
        backend = self._discord.env.backend
        while True:
            await asyncio.sleep(1)
            backend.http_requests.clear()
            backend.transcript.clear()
            for number in list(backend.interactions)[:-KEPT]:
                done = backend.interactions.pop(number)
                del backend.interaction_tokens[done.token]
                if done.message_id is not None:
                    backend.messages[done.channel_id].pop(done.message_id, None)


def members_of(discord: SimulatedDiscord) -> Sequence[tuple[MemberActor, ChannelHandle]]:
    """Create the servers; return one member of each, then another one of each, and so on."""
    found: list[list[tuple[MemberActor, ChannelHandle]]] = [[] for _ in range(MEMBERS)]
    for number in range(GUILDS):
        guild = discord.env.create_guild(f"Server {number}", owner=discord.env.create_user(f"owner{number}"))
        channel = guild.create_text_channel("general")
        role = guild.create_role("Managers", permissions=MANAGES)
        for each, row in enumerate(found):
            user = discord.env.create_user(f"member{number}x{each}")
            row.append((guild.add_member(user, roles=[role]), channel))
    return [person for row in found for person in row]


def agent_of(guild: int, number: int) -> str:
    """Return the id of a server's integration."""
    return str(UUID(int=(1 << 100) + guild * EACH + number))


@dataclass(frozen=True)
class Counted:
    """What a bot has counted since its start, as its page of metrics tells it.

    lags: how often its event loop was late by at most so many seconds. commands, pictures: how many were
    given without a refusal.
    """

    lags: Mapping[float, float]
    commands: float
    pictures: float
    at: float = field(default_factory=time.perf_counter)

    @classmethod
    async def at_url(cls, url: str) -> Self:
        """Ask for the page."""
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            families = text_string_to_metric_families(await answer.text())
        samples = list(itertools.chain.from_iterable(family.samples for family in families))
        given = Counter[str]()
        for each in samples:
            if each.name == "patchbay_interactions_total" and each.labels["result"] == "ok":
                given[each.labels["command"]] += int(each.value)
        return cls(
            {float(each.labels["le"]): each.value for each in samples if each.name == LAG},
            sum(given[command] for command in COMMANDS),
            given[PICTURE],
        )


def percentile(before: Mapping[float, float], after: Mapping[float, float], share: float) -> float:
    """Return a percentile of what was counted in between, as Prometheus's ``histogram_quantile`` does.

    Both map a bound to how many were at most that, with an infinite one at the end. What is above the last
    finite bound counts as that bound. Raises ValueError if nothing was counted.
    """
    counts = {bound: after[bound] - before.get(bound, 0) for bound in sorted(after)}
    wanted = share * max(counts.values())
    if not wanted:
        raise ValueError("nothing was counted")
    lower, below = 0.0, 0.0
    for bound, count in counts.items():
        if count >= wanted:
            inside = (wanted - below) / (count - below)
            return lower + (bound - lower) * inside if bound != float("inf") else lower
        lower, below = bound, count
    raise AssertionError("the last bound has all")


@contextlib.asynccontextmanager
async def loaded() -> AsyncIterator[tuple[int, str]]:
    """Run a bot under load until the block ends. Yield its process's id and the URL of its metrics."""
    async with open_stage("en-US") as stage:
        load = Load(stage)
        async with running_bot(stage, PATCHBAY_CHECK_INTERVAL=str(INTERVAL)) as bot:
            await load.connect()
            (served,) = bot.logged("health_served")
            async with load.running():
                yield bot.pid, f"http://127.0.0.1:{served['port']}/metrics"


async def measure(rounds: int = 2) -> Sequence[Row]:
    """Measure how late the event loop is, and how much of the load is carried."""
    lags, commands, pictures = [], [], []
    async with loaded() as (_, url):
        await asyncio.sleep(SETTLED)
        after = await Counted.at_url(url)
        for _ in range(rounds):
            await asyncio.sleep(WINDOW)
            before, after = after, await Counted.at_url(url)
            lags.append(1000 * percentile(before.lags, after.lags, 0.99))
            commands.append((after.commands - before.commands) / (after.at - before.at))
            pictures.append((after.pictures - before.pictures) / (after.at - before.at))
    asked = f"{COMMANDS_PER_SECOND} commands/s and {PICTURES_PER_SECOND} pictures/s"
    return [
        Row(f"event loop lag, p99, with {GUILDS * EACH:,} integrations, {asked}, ms", lags, LAG_GOAL),
        Row("commands/s of that load that are carried", commands, CARRIED * COMMANDS_PER_SECOND, "more"),
        Row("pictures/s of that load that are carried", pictures, CARRIED * PICTURES_PER_SECOND, "more"),
    ]


async def growth(minutes: int = MINUTES) -> Sequence[Row]:
    """Measure the bot's memory each minute under the same load."""
    async with loaded() as (pid, _):
        sizes = []
        for _ in range(minutes):
            await asyncio.sleep(60)
            sizes.append(memory_bytes(pid))
    before = sizes[SKIPPED - 1]
    grown = [100 * (size / before - 1) for size in sizes[-LAST:]]
    return [Row(f"memory growth from minute {SKIPPED} to {minutes} of that load, %", grown, GROWTH_GOAL)]


if __name__ == "__main__":
    show(asyncio.run(measure(*map(int, sys.argv[1:]))))
