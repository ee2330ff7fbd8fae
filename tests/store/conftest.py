"""Fixtures of a database for each test."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.database import Database
from tests.support.engine import Address


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of the test's database, which does not exist until a test opens it."""
    return tmp_path / "patchbay.db"


@pytest.fixture
async def database(address: Address, empty_database: Path) -> AsyncIterator[Database]:
    """An open database with the newest schema and no rows. Copying one is faster than migrating a new one."""
    if isinstance(address, Path):
        await asyncio.to_thread(shutil.copy, empty_database, address)
    async with Database.open(address) as database:
        yield database
