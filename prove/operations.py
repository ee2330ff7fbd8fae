"""Reads and writes at once, beside another process that writes into the same file."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from bot.errors import UnavailableError
from bot.features.connections.store import ConnectionStore
from bot.store.database import Database
from bot.store.vault import Vault
from prove.processes.writer import GUILD, KEY, Writing, guild_of, make_database, sealed_row
from prove.runner import Figure, Scale

OPERATIONS: Final = 10_000


async def prove(scale: Scale) -> AsyncIterator[Figure]:
    """Show that no operation meets a locked database."""
    operations, errors = scale.of(OPERATIONS, 200), 0
    with tempfile.TemporaryDirectory(prefix="prove-") as folder:
        path = Path(folder) / "patchbay.db"
        await make_database(path)
        writing = Writing(path, path.with_name("acknowledged"))
        async with writing.running():
            async with Database.open(path) as database:
                store, vault = ConnectionStore(database), Vault(KEY)

                async def operate(number: int) -> None:
                    if number % 2:
                        await store.insert(sealed_row(vault, guild_of(number), f"n{number}"))
                    else:
                        await store.of_guild(GUILD + number % 1000)

                done = await asyncio.gather(*map(operate, range(operations)), return_exceptions=True)
                errors = sum(isinstance(each, UnavailableError) for each in done)
                failed = sum(each is not None for each in done)
            others = len(writing.numbers())
    yield Figure(
        "no lock errors",
        f"{operations:,} operations at once beside a process that wrote {others:,} times: {errors} lock"
        f" errors, {failed - errors} others",
        holds=not failed,
    )
