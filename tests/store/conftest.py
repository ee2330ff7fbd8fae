"""Fixtures of a database for each test."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.database import Database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of the test's database, which does not exist until a test opens it."""
    return tmp_path / "patchbay.db"


@pytest.fixture
async def database(path: Path, empty_database: Path) -> AsyncIterator[Database]:
    """An open database with the newest schema and no rows. Copying one is faster than migrating a new one."""
    await asyncio.to_thread(shutil.copy, empty_database, path)
    async with Database.open(path) as database:
        yield database
