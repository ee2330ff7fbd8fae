"""A database on a PostgreSQL server."""

from collections.abc import AsyncIterator

import pytest_asyncio

from bot.store.database import Database


@pytest_asyncio.fixture
async def stored(postgres_url: str) -> AsyncIterator[Database]:
    """A database with all tables and no rows."""
    async with Database.open(postgres_url, patience=0.3) as database:
        yield database
