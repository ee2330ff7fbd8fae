"""Kills a process that writes at random moments, again and again on the same database."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from prove.processes.writer import Writing, make_database, stored
from prove.runner import Figure, Scale

KILLS: Final = 1_000
LANES: Final = 2
"""Databases at the same time."""
WITHIN: Final = 0.06
"""Seconds after the first write within which the process is killed."""
EARLY: Final = 10
"""Each tenth process is killed whether or not it has written anything: while it opens the database."""
NUMBERS: Final = 1_000_000
"""More than a process can write."""


async def prove(scale: Scale) -> AsyncIterator[Figure]:
    """Show that what the store had acknowledged is there after each kill."""
    kills = scale.of(KILLS, 6)
    with tempfile.TemporaryDirectory(prefix="prove-") as folder:
        async with asyncio.TaskGroup() as tasks:
            lanes = [
                tasks.create_task(_lane(Path(folder) / f"{lane}.db", kills // LANES, random.Random(lane)))
                for lane in range(LANES)
            ]
        acknowledged, lost = (sum(each) for each in zip(*(lane.result() for lane in lanes), strict=True))
    yield Figure(
        "an acknowledged write survives kill -9",
        f"{kills:,} kills, {acknowledged:,} acknowledged writes, {lost} lost",
        holds=lost == 0 and acknowledged > 0,
    )


async def _lane(database: Path, kills: int, chance: random.Random) -> tuple[int, int]:
    """Kill so many processes that write into one database; return how many writes they had acknowledged, and
    how many of these are gone.
    """
    await make_database(database)
    acknowledged: set[int] = set()
    for number in range(kills):
        writing = Writing(database, database.with_suffix(f".{number}"), first=number * NUMBERS + 1)
        async with writing.running(until_begun=number % EARLY != 0):
            await asyncio.sleep(chance.uniform(0, WITHIN))
        acknowledged.update(writing.numbers())
    return len(acknowledged), len(acknowledged - await stored(database))
