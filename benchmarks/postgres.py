"""Compares a PostgreSQL server, with one process and with three, with SQLite: writes and reads a second.

A write is one entry of an audit log, with its chain and signature, in a transaction of its own; a read is the
newest page of such a log, with its signatures verified. Each process does eight of them at once, for servers
of its own. Both databases wait for the disk at the end of each transaction, as a host's do, all on one
machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.processes import Worker, working
from tests.support.postgres import postgres

PROCESSES: Final = 3
AT_ONCE: Final = 8
SECONDS: Final = 4.0
ROUNDS: Final = 3
KINDS: Final = ("write", "read")
_ON_DISK: Final = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_GUILDS_APART: Final = 1000
"""Between the first servers of two processes."""


async def rate(workers: Sequence[Worker], kind: str) -> float:
    """Return how often in a second the processes do it, all together."""
    for worker in workers:
        worker.tell(f"{kind} {AT_ONCE} {SECONDS}")
    return sum([float(await worker.said()) for worker in workers])


async def measure(rounds: int = ROUNDS) -> dict[tuple[str, str], list[float]]:
    """Return the rates of each round, by kind and by what was measured."""
    found: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    async with contextlib.AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server = stack.enter_context(postgres(_ON_DISK))
        url = server.url(stack.enter_context(server.database()))
        workers = []
        for number, where in enumerate([str(Path(folder) / "patchbay.db"), *[url] * PROCESSES]):
            work = {"database": where, "guild": 1 + number * _GUILDS_APART}
            workers.append(
                await stack.enter_async_context(working(work, sys.executable, "-m", "benchmarks.own_writes"))
            )
            await workers[-1].said()  # it is open, and the first one has made the tables
        sqlite, *several = workers
        sides = {
            "SQLite": [sqlite],
            "PostgreSQL, one process": several[:1],
            f"PostgreSQL, {PROCESSES} processes": several,
        }
        for _ in range(rounds):
            for kind in KINDS:
                for name, side in sides.items():
                    found[kind, name].append(await rate(side, kind))
    return found


def show(found: dict[tuple[str, str], list[float]]) -> None:
    """Print the middle rate of each, with the range, and its ratio to SQLite's of the same round."""
    print("| | in a second | range | / SQLite |\n|---|---|---|---|")
    for (kind, name), rates in found.items():
        ratios = sorted(each / base for each, base in zip(rates, found[kind, "SQLite"], strict=True))
        middle = sorted(rates)[len(rates) // 2]
        spread = f"{min(rates):,.0f} to {max(rates):,.0f}"
        print(f"| {kind}s, {name} | {middle:,.0f} | {spread} | {ratios[len(ratios) // 2]:.2f} |")


if __name__ == "__main__":
    show(asyncio.run(measure(*map(int, sys.argv[1:]))))
