"""Compares commands with a store of 100,000 servers and with an almost empty one."""

from __future__ import annotations

import asyncio
import base64
import bisect
import contextlib
import functools
import shutil
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.commands import GOALS, People, Run, connect_all, running
from benchmarks.processes import cpu_seconds, installed_bot
from benchmarks.table import Row, show
from bot.demo.discord_server import SimulatedDiscord
from bot.demo.stage import Stage, open_stage
from bot.providers.toolzz.simulator import ToolzzSimulator
from bot.store.vault import Place, Vault

SERVERS: Final = 100_000
EACH: Final = 10
"""Rows of history for each server: a million together."""
FIRST_SERVER: Final = 2_000_000_000_000_000_000
FIRST_MEMBER: Final = 1_900_000_000_000_000_000
KEPT: Final = 90 * 86_400 + 3600
"""Seconds over which the history is spread."""
DEFAULT: Final = {"PATCHBAY_CHECK_INTERVAL": "60", "PATCHBAY_LOG_LEVEL": "ERROR"}
"""With longer intervals the bot looks less often at which connections are to be checked."""
ROUNDS: Final = 3
PHASE: Final = 10.0
"""Seconds in which commands are run."""
EVERY: Final = 0.05
"""Seconds from one command to the next, whether or not the one before was answered."""
IDLE: Final = 20.0
"""Seconds in which a bot that is asked nothing is watched."""
SETTLED_WITHIN: Final = 30.0
SETTLED: Final = 0.05
"""The share of a core below which the work of the start is over."""
MOST: Final = 1.5
MOST_IDLE: Final = 0.02
LIST: Final = "/users/@me/guilds"


def fill(stage: Stage, path: Path) -> None:
    """Add the rows to a database that no process has open. Blocks for about 10 seconds.

    Nobody opens the credentials, so that all servers have the same sealed value, and nobody checks the audit
    logs, whose hashes are made up.
    """
    name, _, key = stage.keys.partition(":")
    plain = {"access_token": "FAKE-TOKEN-OF-A-FULL-STORE"}
    values = {
        "size": SERVERS,
        "first": FIRST_SERVER,
        "member": FIRST_MEMBER,
        "each": EACH,
        "kept": KEPT,
        "now": int(time.time()),
        "secret": Vault({name: base64.b64decode(key)}).seal(plain, Place(FIRST_SERVER, "toolzz", "default")),
    }
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA synchronous = OFF")
        for statement in Path(__file__).with_suffix(".sql").read_text().split(";\n"):
            database.execute(statement, values)


@contextlib.contextmanager
def listed(discord: SimulatedDiscord) -> Iterator[None]:
    """Have Discord say that the bot is in the servers of the store, none of which it sends.

    The bot asks for this list at the start and once an hour, and would erase what it does not find there.
    """
    dispatch = discord._dispatch  # noqa: SLF001 - simcord's own list has whole servers only
    here = sorted([*discord.env.backend.guilds, *range(FIRST_SERVER, FIRST_SERVER + SERVERS)])

    def answer(call: Any) -> Any:  # noqa: ANN401 - any route's JSON
        if call.path != LIST:
            return dispatch(call)
        after, limit = int(call.query.get("after", 0)), int(call.query["limit"])
        first = bisect.bisect(here, after)
        return [
            {"id": str(each), "name": "Server", "owner": False, "permissions": "0", "features": []}
            for each in here[first : first + limit]
        ]

    discord._dispatch = answer  # type: ignore[method-assign] # noqa: SLF001
    try:
        yield
    finally:
        discord._dispatch = dispatch  # type: ignore[method-assign] # noqa: SLF001


async def times(people: People) -> Sequence[float]:
    """Run each kind of command in turn for a phase; return how many seconds each one took."""
    took: list[float] = []

    async def once(command: str) -> None:
        began = time.perf_counter()
        await people.run(command)
        took.append(time.perf_counter() - began)

    loop, kinds = asyncio.get_running_loop(), list(GOALS)
    began = loop.time()
    async with asyncio.TaskGroup() as tasks:
        for number in range(int(PHASE / EVERY)):
            await asyncio.sleep(began + number * EVERY - loop.time())
            tasks.create_task(once(kinds[number % len(kinds)]))
    return took


async def share(pid: int, seconds: float) -> float:
    """Return the share of a core that a process uses in so many seconds."""
    before, began = cpu_seconds(pid), time.perf_counter()
    await asyncio.sleep(seconds)
    return (cpu_seconds(pid) - before) / (time.perf_counter() - began)


async def figures(people: People, run: Run, idle: float) -> dict[str, float]:
    """Run the bot and return its figures: seconds, and a share of a core over so many idle seconds."""
    async with run() as pid:
        for command in GOALS:  # whatever is slow only once
            await people.run(command)
        busy = await times(people)
        until = time.monotonic() + SETTLED_WITHIN
        while await share(pid, 1.0) > SETTLED and time.monotonic() < until:
            pass
        quiet = await times(people)
        return {
            "p99 of a command": at(quiet, 0.99),
            "median of a command": median(quiet),
            "p99 of a command during the hourly work": at(busy, 0.99),
            "idle CPU": await share(pid, idle),
        }


def at(took: Sequence[float], part: float) -> float:
    """Return a percentile."""
    return sorted(took)[min(len(took) - 1, int(len(took) * part))]


async def measure(rounds: int = ROUNDS) -> Sequence[Row]:
    """Measure the bot with both stores in turn, and return the rows of the table.

    Only the servers of the stage have members who run commands, agents that are asked, and a place in the
    bot's memory: the others are in the store and in Discord's list. What the bot does once an hour it does at
    its start as well, which is when the commands "during the hourly work" are run. The agents of the stage's
    servers are checked once a minute: that is a part of what the idle bot uses.
    """
    ratios: defaultdict[str, list[float]] = defaultdict(list)
    idle: list[float] = []
    async with open_stage("en-US") as stage:
        (toolzz,) = (each for each in stage.simulators if isinstance(each, ToolzzSimulator))
        people = People(stage.discord)
        path = stage.folder / "full.db"
        command = installed_bot()
        environment = {**stage.environment(), **DEFAULT}
        small = functools.partial(running, stage.discord, command, environment)
        environment = {**environment, "PATCHBAY_DATABASE_URL": f"sqlite:///{path}"}
        full = functools.partial(running, stage.discord, command, environment)
        async with small():
            await connect_all(people, toolzz)
        await asyncio.to_thread(shutil.copy, stage.database, path)
        await asyncio.to_thread(fill, stage, path)
        for _ in range(rounds):
            before = await figures(people, small, 0.0)
            with listed(stage.discord):
                after = await figures(people, full, IDLE)
            idle.append(after.pop("idle CPU"))
            for name, value in after.items():
                ratios[name].append(value / before[name])
                print(f"{name}: {before[name] * 1000:.1f} ms, {value * 1000:.1f} ms", file=sys.stderr)
    rows = [Row(f"{name}, {SERVERS:,} servers / few", found, MOST) for name, found in ratios.items()]
    return [*rows, Row(f"idle CPU with {SERVERS:,} servers, share of a core", idle, MOST_IDLE)]


if __name__ == "__main__":
    show(asyncio.run(measure(*map(int, sys.argv[1:]))))
