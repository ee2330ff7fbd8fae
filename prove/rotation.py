"""Encrypts many rows anew with the real command, which is killed several times, while the rows are read."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Final

from bot.errors import UnavailableError, UnreadableSecretError
from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.operating.keys.rotation import bring_up_to_date
from bot.store.database import Database
from bot.store.vault import Vault
from prove.processes.commands import Commands
from prove.processes.writer import AT, GUILD, KEY, SECRET, make_database, sealed_row
from prove.runner import Figure, Scale

ROWS: Final = 50_000
EACH: Final = 50
"""The rows of each server."""
KILLS: Final = 10
PAUSE: Final = 0.002
"""Seconds between two reads."""
NEW_KEY: Final = {"k2": bytes(range(32, 64))}


@dataclass(slots=True)
class Reads:
    """How many rows were read while keys were rotated, and how many of these could not be."""

    rows: int = 0
    failed: int = 0


async def prove(scale: Scale) -> AsyncIterator[Figure]:
    """Show that nobody who reads notices a rotation, and that it goes on after it was killed."""
    rows, kills = scale.of(ROWS, 2_000), scale.of(KILLS, 2)
    with tempfile.TemporaryDirectory(prefix="prove-") as folder:
        path = Path(folder) / "patchbay.db"
        await _fill(path, rows)
        commands, reads = Commands(path, NEW_KEY | KEY), Reads()
        async with Database.open(path) as database:
            # As a bot that was started again with the new key in front of the old one.
            vault = Vault(NEW_KEY | KEY)
            await bring_up_to_date(database, vault)
            reading = asyncio.create_task(_read(database, vault, rows, reads))
            killed = await _rotate(commands, rows, kills)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        left = await _left(path, rows)
    yield Figure(
        "keys rotate under traffic",
        f"{rows:,} rows, `rotate-key` killed {killed} times on the way and then run to its end;"
        f" {reads.rows:,} rows read meanwhile, {reads.failed} in vain; {left} rows left under the old one",
        holds=killed == kills and not reads.failed and not left and reads.rows > 0,
    )


async def _fill(path: Path, rows: int) -> None:
    await make_database(path)
    vault = Vault(KEY)
    async with Database.open(path) as database:
        await bring_up_to_date(database, vault)
        await AuditService(AuditStore(database), vault, lambda: AT).note(GUILD, "connection.add", "sensay")
    names = [field.name for field in fields(ConnectionRow)]
    made = [astuple(sealed_row(vault, GUILD + number // EACH, str(number))) for number in range(rows)]
    with closing(sqlite3.connect(path)) as file, file:
        marks = ", ".join("?" for _ in names)
        file.executemany(f"INSERT INTO connection ({', '.join(names)}) VALUES ({marks})", made)  # noqa: S608 - names of fields


async def _read(database: Database, vault: Vault, rows: int, reads: Reads) -> None:
    """Read servers in no order, as their members do."""
    chance, store = random.Random(rows), ConnectionStore(database)
    while True:
        guild_id = GUILD + chance.randrange(rows // EACH)
        try:
            found = await store.of_guild(guild_id)
            opened = [vault.open(row.secret, row.place) for row in found]
        except (UnavailableError, UnreadableSecretError):
            reads.failed += EACH
        else:
            reads.failed += EACH - opened.count(SECRET)
        reads.rows += EACH
        await asyncio.sleep(PAUSE)


async def _rotate(commands: Commands, rows: int, kills: int) -> int:
    """Run the command, and kill it after each further part of the rows; return how often it was killed."""
    killed = 0
    for number in range(1, kills + 1):
        process = await commands.start("rotate-key")
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        async for _ in process.stdout:
            # The command tells after each step how many are done.
            if await _left(commands.database, rows) <= rows - rows * number // (kills + 1):
                process.kill()
                break
        killed += await process.wait() != 0
    await commands.run("rotate-key")
    return killed


async def _left(path: Path, rows: int) -> int:
    """Return how many rows the new key does not open alone."""
    vault = Vault(NEW_KEY)
    with closing(sqlite3.connect(path)) as database:
        query = "SELECT count(*) FROM connection WHERE substr(secret, 1, ?) = ?"
        (done,) = database.execute(query, (len(vault.heading), vault.heading)).fetchone()
    return rows - int(done)
