"""Proves that a process is named only while it writes."""

import asyncio
from pathlib import Path

from bot.features.commands.store import CommandStore, SyncedCommands
from bot.store.database import Database
from bot.store.sqlite.lock_holder import lock_holder


async def test_nobody_knows_who_has_a_file_that_nobody_has(database: Database, path: Path) -> None:
    """Nor one that there is not."""
    await CommandStore(database).put(1, SyncedCommands("hash", {"help": 1}))
    assert await asyncio.to_thread(lock_holder, path) == ""
    assert await asyncio.to_thread(lock_holder, path.with_name("missing.db")) == ""
