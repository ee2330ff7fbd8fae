"""Proves that the servers of which something is stored are listed in batches, whatever comes and goes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.features.alerts.incident_store import IncidentStore
from bot.features.alerts.store import AlertStore
from bot.features.guilds.changes import GuildChanges
from bot.features.monitoring.store import MonitoringStore
from bot.features.monitoring.totals import Totals
from bot.features.privacy.store import PrivacyStore
from bot.store.connection import WritingConnection
from bot.store.database import Database

GUILDS = st.frozensets(st.integers(1, 30), max_size=15)


async def write(database: Database, statement: str, guilds: Iterable[int]) -> None:
    """Run a statement for each guild, each time in a transaction."""
    for guild_id in guilds:

        async def work(connection: WritingConnection, guild_id: int = guild_id) -> None:
            await connection.change(statement, {"guild_id": guild_id})

        await database.transact(work)


@settings(
    max_examples=60, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(access=GUILDS, route=GUILDS, coming=GUILDS, going=GUILDS, size=st.integers(1, 4))
async def test_who_is_stored_all_the_time_is_listed(
    database: Database,
    access: frozenset[int],
    route: frozenset[int],
    coming: frozenset[int],
    going: frozenset[int],
    size: int,
) -> None:
    """Those that come or go meanwhile may be listed, and nobody else is. The ids are in their order."""
    granted = "INSERT INTO access VALUES (:guild_id, 'role', 1, 1, 1, 1) ON CONFLICT DO NOTHING"
    await write(database, "DELETE FROM access WHERE guild_id <> :guild_id", [0])
    await write(database, "DELETE FROM incident_number WHERE guild_id <> :guild_id", [0])
    await write(database, granted, access)
    await write(database, "INSERT INTO incident_number VALUES (:guild_id, 1)", route)
    with pytest.MonkeyPatch.context() as smaller:
        smaller.setattr("bot.features.privacy.store._BATCH", size)
        listing = asyncio.create_task(PrivacyStore(database).all())
        await write(database, granted, coming)
        await write(database, "DELETE FROM access WHERE guild_id = :guild_id", going)
        listed = await listing
    stored = access | route
    assert stored - going <= listed.keys() <= stored | coming
    assert list(listed) == sorted(listed)


async def test_agents_of_many_servers_are_counted_in_batches(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is counted once, and those that were erased no longer after an hour."""
    monkeypatch.setattr("bot.features.monitoring.totals._AT_ONCE", 2)
    with closing(sqlite3.connect(path)) as rows, rows:
        rows.executemany(
            "INSERT INTO watched (guild_id, kind, provider, id, connection, label, state, detail, changed_at,"
            " bad, good, found) VALUES (?, ?, 'toolzz', ?, '', '', 'connected', '', 1, 0, 0, '')",
            [
                (guild_id, kind, number)
                for guild_id in range(1, 8)
                for kind in ("integration", "connection")
                for number in range(guild_id)
                if (guild_id, kind) != (4, "integration")
            ],
        )
    stores = MonitoringStore(database), IncidentStore(database), AlertStore(database)
    totals = Totals(*stores, GuildChanges(), lambda: 0.0)
    assert await totals.agents() == {("toolzz", "connected"): 1 + 2 + 3 + 5 + 6 + 7}
    await write(database, "DELETE FROM watched WHERE guild_id = :guild_id", [7, 2])
    monkeypatch.setattr("bot.features.monitoring.totals._KEPT_SECONDS", 0)
    assert await totals.agents() == {("toolzz", "connected"): 1 + 3 + 5 + 6}
