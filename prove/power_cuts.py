"""Cuts the power of a process that writes; what the store had acknowledged must be on the disk."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.store.sqlite.copies import flaw_of
from prove.processes.disk import after_power_cut
from prove.processes.writer import Writing, make_database, stored
from prove.runner import Figure, Scale

CUTS: Final = 150
NORMAL_CUTS: Final = 30
"""How many runs show that a store that does not synchronise each commit is caught."""
CAUGHT: Final = 0.5
"""The share of those runs in which writes must be lost."""
WITHIN: Final = 0.25
"""Seconds after the first write within which the power is cut."""
NORMAL: Final = ["synchronous = NORMAL"]
"""What a store would set that does not synchronise each commit."""
SMALL_LOG: Final = ["wal_autocheckpoint = 20"]
"""Lets SQLite copy its log into the database after 20 pages, not after 1,000, so that cuts hit that too."""


@dataclass(slots=True)
class Outcome:
    """What some cuts did. torn: databases that were not sound or lost something after a cut that let some
    sectors through.
    """

    cuts: int = 0
    acknowledged: int = 0
    lost: int = 0
    losing: int = 0
    damaged: int = 0
    torn: int = 0
    dropped: int = 0


async def prove(scale: Scale) -> AsyncIterator[Figure]:
    """Show that the simulator catches a store that synchronises too little, and that the bot's does not."""
    normal = await cut(scale.of(NORMAL_CUTS, 4), [NORMAL])
    yield Figure(
        "a simulated power cut finds a store that does not synchronise each commit",
        f"with synchronous=NORMAL {normal.losing} of {normal.cuts} cuts lost acknowledged writes",
        holds=normal.losing > normal.cuts * CAUGHT,
    )
    yield figure(await cut(scale.of(CUTS, 4), [[], SMALL_LOG]))


def figure(full: Outcome) -> Figure:
    """Say what cuts did to the bot's own store."""
    return Figure(
        "an acknowledged write survives a power cut",
        f"{full.cuts} simulated cuts, {full.acknowledged:,} acknowledged writes, {full.dropped:,}"
        f" unsynchronised changes dropped: {full.lost} lost, {full.damaged} files damaged; the same with a"
        f" random half of the sectors written: {full.torn} lost or damaged",
        holds=not (full.lost or full.damaged or full.torn) and full.acknowledged > 0,
    )


async def cut(cuts: int, pragmas: Sequence[Sequence[str]]) -> Outcome:
    """Cut the power so many times. pragmas: what the store sets after its own, in turn."""
    outcome, chance = Outcome(), random.Random(cuts)
    with tempfile.TemporaryDirectory(prefix="prove-") as name:
        empty = Path(name) / "empty.db"
        await make_database(empty)
        content = empty.read_bytes()
        for number in range(cuts):
            folder = Path(name) / str(number)
            folder.mkdir()
            await _cut_once(folder, content, pragmas[number % len(pragmas)], chance, outcome)
    return outcome


async def _cut_once(
    folder: Path, content: bytes, pragmas: Sequence[str], chance: random.Random, outcome: Outcome
) -> None:
    database, log = folder / "patchbay.db", folder / "disk.log"
    _write(database, content)
    writing = Writing(database, folder / "acknowledged", log=log, pragmas=pragmas)
    async with writing.running():
        await asyncio.sleep(chance.uniform(0, WITHIN))
    acknowledged = set(writing.numbers())
    before = {str(database): content}
    outcome.cuts += 1
    outcome.acknowledged += len(acknowledged)
    written = log.read_bytes()
    left = after_power_cut(written, before)
    outcome.dropped += left.dropped
    flaw, found = await _found(folder, left.files)
    outcome.damaged += flaw
    outcome.lost += len(acknowledged - found)
    outcome.losing += not acknowledged <= found
    flaw, found = await _found(folder, after_power_cut(written, before, chance).files)
    outcome.torn += flaw or not acknowledged <= found


async def _found(folder: Path, files: Mapping[str, bytes]) -> tuple[bool, set[int]]:
    """Put the files of a disk in place; return whether the database is damaged, and what it holds."""
    for old in folder.glob("patchbay.db*"):
        old.unlink()
    for name, content in files.items():
        _write(Path(name), content)
    database = folder / "patchbay.db"
    if await asyncio.to_thread(flaw_of, database, "integrity_check") is not None:
        return True, set()
    return False, await stored(database)


def _write(path: Path, content: bytes) -> None:
    path.touch(0o600)
    path.write_bytes(content)
