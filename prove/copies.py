"""Backs up a database into which a process writes, kills the process, and restores beside what it left."""

from __future__ import annotations

import asyncio
import base64
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.store.vault import Vault
from prove.processes.commands import Commands
from prove.processes.writer import KEY, Writing, make_database, stored
from prove.runner import Figure, Scale

RUNS: Final = 100
BEFORE: Final = 0.3
"""Seconds for which the process writes before the backup begins."""
AFTER: Final = 0.1
"""Seconds for which it goes on after the backup, so that its log is newer than the backup."""


@dataclass(slots=True)
class Outcome:
    """What went wrong in some runs. stale: restores beside a log that was left with newer writes."""

    runs: int = 0
    acknowledged: int = 0
    lost: int = 0
    different: int = 0
    stale: int = 0
    keys: int = 0


async def prove(scale: Scale) -> AsyncIterator[Figure]:
    """Show that a backup holds one moment as a whole, and that a restored database is that backup."""
    outcome = Outcome()
    for _ in range(scale.of(RUNS, 2)):
        with tempfile.TemporaryDirectory(prefix="prove-") as folder:
            await _run(Path(folder), outcome)
    yield Figure(
        "`backup` while writing, `restore` beside a stale WAL: equal",
        f"{outcome.runs} runs, each killed after its backup; {outcome.acknowledged:,} writes acknowledged"
        f" before, {outcome.lost} missing; {outcome.stale} restores beside a WAL with newer writes,"
        f" {outcome.different} differ from their backups; keys found in {outcome.keys} backups",
        holds=not (outcome.lost or outcome.different or outcome.keys) and outcome.stale == outcome.runs,
    )


async def _run(folder: Path, outcome: Outcome) -> None:
    database, copy = folder / "patchbay.db", folder / "copy.db"
    await make_database(database)
    commands = Commands(database, KEY)
    writing = Writing(database, folder / "acknowledged")
    async with writing.running():
        await asyncio.sleep(BEFORE)
        before = set(writing.numbers())
        await commands.run("backup", str(copy))
        await asyncio.sleep(AFTER)
    backed_up = _rows(copy)
    found = await stored_in_copy(copy, folder / "opened.db")
    outcome.runs += 1
    outcome.acknowledged += len(before)
    outcome.lost += len(before - found)
    outcome.stale += (
        database.with_name("patchbay.db-wal").stat().st_size > 0 and not set(writing.numbers()) <= found
    )
    await commands.run("restore", str(copy))
    outcome.different += _rows(database) != backed_up or await stored(database) != found
    content = copy.read_bytes()
    outcome.keys += any(key in content or base64.b64encode(key) in content for key in KEY.values())


async def stored_in_copy(copy: Path, opened: Path) -> set[int]:
    """Return the numbers that a backup holds, which stays as it is."""
    opened.write_bytes(copy.read_bytes())
    return await stored(opened, Vault(KEY))


def _rows(path: Path) -> Sequence[str]:
    """Return everything in a database as text."""
    with closing(sqlite3.connect(path)) as database:
        return list(database.iterdump())
