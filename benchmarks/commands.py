"""Compares what commands cost with two bots: one that sends the same replies, and one with hikari + arc."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import json
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID

from simcord import ChannelHandle, MemberActor, ResponseMessage

from benchmarks.acting import MANAGES, Acting, buttons
from benchmarks.processes import cpu_seconds, environment_of, environment_with, installed_bot, memory_bytes
from benchmarks.table import Row, show
from bot.demo.discord_server import SimulatedDiscord
from bot.demo.stage import READY_WITHIN, open_stage
from bot.providers.toolzz.simulated_unit import integration
from bot.providers.toolzz.simulator import ToolzzSimulator

FOLDER: Final = Path(__file__).parent
GUILDS: Final = 40
MEMBERS: Final = 10
"""So many that neither they nor their servers come near a limit."""
READ: Final = "toolzz status"
"""Asks the provider, and Discord for a member."""
GOALS: Final[Mapping[str, tuple[float, float]]] = {
    "connections list": (1.3, 0.75),
    "alerts list": (1.3, 0.75),
    "audit list": (1.3, 0.75),
    "integrations overview": (1.3, 0.75),
    "help": (1.3, 0.75),
    READ: (1.8, 0.55),
}
"""At most so much processor time for each command, and at least so much throughput, of the bare bot's."""
BARE: Final = " / bare"
HIKARI: Final = " / hikari + arc"
HIKARI_GOAL: Final = 1.0
START_GOAL: Final = 1.6
MEMORY_GOAL: Final = 1.5
ROUNDS: Final = 7
IN_TURN: Final = 40
TOGETHER: Final = 160
AT_ONCE: Final = 16
IDLE: Final = 2.0
"""Seconds in which a bot that is asked nothing is watched: what it does by itself is no command's cost."""
QUIET: Final = {"PATCHBAY_CHECK_INTERVAL": "3600", "PATCHBAY_LOG_LEVEL": "ERROR"}
Run = Callable[[], contextlib.AbstractAsyncContextManager[int]]


class People:
    """The members of all servers, who use one bot at a time."""

    def __init__(self, discord: SimulatedDiscord) -> None:
        self._acting = Acting(discord)
        self._discord = discord
        self.members = people_of(discord)
        self._next = 0

    async def run(self, command: str) -> ResponseMessage:
        """Have the next person run a command."""
        number, self._next = self._next, (self._next + 1) % len(self.members)
        options = {"integration": agent_of(number)} if command == READ else {}
        return await self._acting.run(*self.members[number], command, **options)

    async def connect(self, number: int, values: Mapping[str, str]) -> None:
        """Have a person add a connection with the provider. values: of the form."""
        member, channel = self.members[number]
        guide = await self._acting.run(member, channel, "connections add", provider=ToolzzSimulator.slug)
        form = await member.click(guide, custom_id=buttons(guide)[0])
        await self._discord.answer(await member.submit_modal(form, dict(values)))

    async def cost(self, command: str, pid: int, idle: float) -> float:
        """Return the processor time for one command, in seconds, when they are run in turn."""
        before, began = cpu_seconds(pid), time.perf_counter()
        for _ in range(IN_TURN):
            await self.run(command)
        own = idle * (time.perf_counter() - began)
        return (cpu_seconds(pid) - before - own) / IN_TURN

    async def throughput(self, command: str) -> float:
        """Return the commands per second while so many are always under way."""

        async def one_after_another() -> None:
            for _ in range(TOGETHER // AT_ONCE):
                await self.run(command)

        began = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(one_after_another())
        return TOGETHER / (time.perf_counter() - began)

    async def figures(self, run: Run) -> Mapping[str, float]:
        """Run a bot and return its figures: seconds, commands per second, and bytes."""
        began = time.perf_counter()
        async with run() as pid:
            await self.run("help")
            found = {"start to first answer": time.perf_counter() - began}
            for command in GOALS:  # whatever is slow only once
                await self.run(command)
            idle = await idle_share(pid)
            for command in GOALS:
                # First, because it reaches every server: what is read there only once is no command's cost.
                found[f"throughput of `/{command}`"] = await self.throughput(command)
                found[f"CPU of `/{command}`"] = await self.cost(command, pid, idle)
            return {**found, f"memory with {GUILDS} servers": memory_bytes(pid)}

    async def throughputs(self, run: Run) -> Mapping[str, float]:
        """Run a bot that reads nothing elsewhere, and return only its commands per second."""
        async with run():
            commands = [command for command in GOALS if command != READ]
            for command in commands:
                await self.run(command)
            return {f"throughput of `/{each}`": await self.throughput(each) for each in commands}


async def idle_share(pid: int) -> float:
    """Return the share of a core that a process uses while nobody asks anything."""
    before, began = cpu_seconds(pid), time.perf_counter()
    await asyncio.sleep(IDLE)
    return (cpu_seconds(pid) - before) / (time.perf_counter() - began)


def people_of(discord: SimulatedDiscord) -> Sequence[tuple[MemberActor, ChannelHandle]]:
    """Create the servers; return one member of each, then another one of each, and so on."""
    members = []
    for number in range(GUILDS):
        guild = discord.env.create_guild(f"Server {number}", owner=discord.env.create_user(f"owner{number}"))
        channel = guild.create_text_channel("general")
        role = guild.create_role("Managers", permissions=MANAGES)
        users = [discord.env.create_user(f"member{number}x{each}") for each in range(MEMBERS)]
        members.append([(guild.add_member(user, roles=[role]), channel) for user in users])
    return [person for row in zip(*members, strict=True) for person in row]


def agent_of(number: int) -> str:
    """Return the id of the agent in a person's server."""
    return str(UUID(int=(1 << 100) + number % GUILDS))


async def connect_all(people: People, toolzz: ToolzzSimulator) -> None:
    """Connect an agent to each server."""
    for number, (_, channel) in enumerate(people.members[:GUILDS]):
        unit, agent = str(UUID(int=(1 << 101) + number)), agent_of(number)
        assert channel.guild is not None  # noqa: S101 - it is no channel of a direct message
        guild_id = str(channel.guild.id)
        toolzz.integrations[agent] = integration(agent, "Shop", unitId=unit, guildId=guild_id)
        await people.connect(number, {**toolzz.credentials, "unit_id": unit})


async def check_all(people: People) -> None:
    """Have each server's connection checked: an overview of what was never checked waits for that."""
    for _ in range(GUILDS):
        await people.run("integrations overview")


async def replies(people: People, toolzz: ToolzzSimulator) -> Mapping[str, Any]:
    """Return what Patchbay answers to each command, and for ``READ`` what it reads elsewhere for that."""
    found: dict[str, Any] = {}
    for command in GOALS:
        shown = await people.run(command)
        (embed,) = shown.embeds
        found[command] = {"embed": embed.to_dict(), "components": shown.components}
    found[READ] |= {
        "url": f"{toolzz.environment()['PATCHBAY_TOOLZZ_URL']}/discord/integration",
        "headers": {"Authorization": f"Bearer {toolzz.credentials['access_token']}"},
    }
    return found


def refuse_another(sent: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Raise ValueError unless a baseline sends the very replies that Patchbay sends."""
    others = [command for command in known if sent[command] != known[command]]
    if others:
        raise ValueError(f"the baseline answers with something else to {', '.join(others)}")


@contextlib.asynccontextmanager
async def running(
    discord: SimulatedDiscord, command: Sequence[str], environment: Mapping[str, str]
) -> AsyncIterator[int]:
    """Run a bot until the block ends; yield its process's id once it knows its servers."""
    process = await asyncio.create_subprocess_exec(*command, env=dict(environment))
    try:
        await discord.bot_ready(READY_WITHIN)
        await discord.commands_synced(READY_WITHIN)
        yield process.pid
    finally:
        process.terminate()
        await process.wait()
        await discord.until(lambda: not discord.is_connected)


async def measure(rounds: int = ROUNDS) -> Sequence[Row]:
    """Measure the three bots in turn, and return the rows of the table."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    async with open_stage("en-US") as stage:
        (toolzz,) = (each for each in stage.simulators if isinstance(each, ToolzzSimulator))
        stage.discord.token = token_of(stage.discord.env.backend.application_id)
        people = People(stage.discord)
        command = installed_bot()
        ours = functools.partial(running, stage.discord, command, {**stage.environment(), **QUIET})
        file = stage.folder / "replies.json"
        environment = {**stage.discord.environment(), "REPLIES": str(file)}
        bare, hikari = (
            functools.partial(running, stage.discord, [str(python), str(FOLDER / script)], environment)
            for python, script in (
                (environment_with("bare", "discord.py"), "bare_bot.py"),
                (environment_of("hikari", (FOLDER / "hikari.txt").read_text()), "hikari_bot.py"),
            )
        )
        async with ours():
            await connect_all(people, toolzz)
            await check_all(people)
            file.write_text(json.dumps(known := await replies(people, toolzz)))
        async with bare():
            refuse_another(await replies(people, toolzz), known)
        for _ in range(rounds):
            one, other = await people.figures(ours), await people.figures(bare)
            for name, value in one.items():
                found[name + BARE].append(value / other[name])
            for name, value in (await people.throughputs(hikari)).items():
                found[name + HIKARI].append(one[name] / value)
    return [Row(name, ratios, *goal(name)) for name, ratios in found.items()]


def token_of(application_id: int) -> str:
    """Return a made-up token that begins with the id in base64, as Discord's do: hikari reads it there."""
    return f"{base64.b64encode(str(application_id).encode()).decode().rstrip('=')}.FAKE-T.oken-of-a-bot"


def goal(name: str) -> tuple[float, Literal["less", "more"]]:
    """Return the goal of a figure, and which way is better."""
    if name.endswith(HIKARI):
        return HIKARI_GOAL, "more"
    kind, _, command = name.removesuffix(BARE).strip("`").partition(" of `/")
    if kind == "CPU":
        return GOALS[command][0], "less"
    if kind == "throughput":
        return GOALS[command][1], "more"
    return (START_GOAL if name.startswith("start") else MEMORY_GOAL), "less"


if __name__ == "__main__":
    show(asyncio.run(measure(*map(int, sys.argv[1:]))))
