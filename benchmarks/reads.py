"""Compares single reads through Patchbay's client for Toolzz with a bare aiohttp loop that reads the same."""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from benchmarks.answering import answer_of, answering
from benchmarks.processes import BARE_READS, Worker, environment_with, working
from benchmarks.table import Row, show
from bot.providers.toolzz.client import CHAT, OPERATIONS, UNIT
from bot.providers.toolzz.simulated_unit import integration
from bot.providers.toolzz.simulator import ToolzzSimulator

INTEGRATIONS: Final = 2_000
"""Each is read once in a turn."""
AT_ONCE: Final = 4
"""As many as a check has under way with one connection."""
ROUNDS: Final = 7
GOAL: Final = 0.5
"""Reads per second, of the bare loop's."""
CPU_GOAL: Final = 2.0
_PATH: Final = "/chat/api/v1"


async def turn(worker: Worker) -> Mapping[str, float]:
    """Have everything read once; return the reads per second, and the processor time of one read."""
    used, seconds = await worker.turn()
    return {
        "single reads per second": INTEGRATIONS / float(seconds),
        "CPU of a single read": used / INTEGRATIONS,
    }


def answers_of(ids: Sequence[str]) -> Mapping[str, bytes]:
    """Return what Toolzz's simulator answers about these integrations, by their paths."""
    found = {}
    for number, each in enumerate(ids):
        path = OPERATIONS["getDiscordIntegration"].path.format(integrationId=each)
        found[f"{_PATH}{path}"] = answer_of(integration(each, f"Agent {number}"))
    return found


async def measure(rounds: int = ROUNDS) -> Sequence[Row]:
    """Measure both in turn, and return the rows of the table."""
    answers = answers_of([str(UUID(int=(1 << 100) + number)) for number in range(INTEGRATIONS)])
    token = ToolzzSimulator.credentials["access_token"]
    found: defaultdict[str, list[float]] = defaultdict(list)
    async with answering(answers) as host:
        ours = {
            "settings": {CHAT: host + _PATH, UNIT: host + _PATH},
            "credentials": {"access_token": token},
            "ids": [path.rpartition("/")[2] for path in answers],
            "at_once": AT_ONCE,
        }
        bare = {
            "urls": [host + path for path in answers],
            "headers": {"Authorization": f"Bearer {token}"},
            "at_once": AT_ONCE,
        }
        async with (
            working(ours, sys.executable, "-m", "benchmarks.own_reads") as one,
            working(bare, environment_with("aiohttp", "aiohttp"), BARE_READS) as other,
        ):
            for worker in (one, other):  # what the first reads cost besides is not measured
                await worker.turn()
            for _ in range(rounds):
                own, plain = await turn(one), await turn(other)
                for name, value in own.items():
                    found[name].append(value / plain[name])
    return [
        Row("single reads per second / bare loop", found["single reads per second"], GOAL, "more"),
        Row("CPU of a single read / bare loop", found["CPU of a single read"], CPU_GOAL),
    ]


if __name__ == "__main__":
    show(asyncio.run(measure(*map(int, sys.argv[1:]))))
