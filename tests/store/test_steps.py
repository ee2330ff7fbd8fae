"""Proves that a change of a whole table in steps is that change, and lets others write meanwhile."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.features.monitoring.store import MonitoringStore
from bot.store.database import Database
from bot.store.steps import write_in_steps

Key = tuple[int, str, str, int]
KEYS = st.frozensets(
    st.tuples(
        st.integers(0, 3), st.sampled_from(["sensay", "toolzz"]), st.sampled_from("ab"), st.integers(0, 9)
    ),
    max_size=12,
)


@dataclass
class Statement:
    """A query, as one that was loaded from a file."""

    sql: str


OLD = Statement("DELETE FROM history WHERE at < :before;")


def kept(path: Path) -> set[Key]:
    """Return the keys of the rows."""
    with closing(sqlite3.connect(path)) as database:
        return set(database.execute("SELECT guild_id, provider, id, at FROM history"))


async def write(database: Database, coming: Collection[Key] = (), going: Collection[Key] = ()) -> None:
    """Add and remove rows in one transaction."""

    async def work(connection: object) -> None:
        del connection
        insert = "INSERT OR IGNORE INTO history VALUES (?, ?, ?, ?, 'connected', '')"
        await database._engine.connection.executemany(insert, coming)
        delete = "DELETE FROM history WHERE (guild_id, provider, id, at) = (?, ?, ?, ?)"
        await database._engine.connection.executemany(delete, going)

    await database.transact(work)


@settings(
    max_examples=60, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(rows=KEYS, coming=KEYS, going=KEYS, before=st.integers(0, 10), size=st.integers(1, 5))
async def test_the_steps_together_change_all_rows_that_stay(
    database: Database,
    path: Path,
    rows: frozenset[Key],
    coming: frozenset[Key],
    going: frozenset[Key],
    before: int,
    size: int,
) -> None:
    """What was there all the time is deleted where it is old, and only there, whatever comes and goes."""
    await write(database, going=kept(path))
    await write(database, rows)
    with pytest.MonkeyPatch.context() as smaller:
        smaller.setattr("bot.store.steps.STEP", size)
        steps = asyncio.create_task(write_in_steps(database, "history", OLD, before=before))
        for each in coming - rows:
            await write(database, [each])
        for each in going:
            await write(database, going=[each])
        await steps
    left, touched = kept(path), coming | going
    assert left - touched == {row for row in rows - touched if row[3] >= before}
    assert {row for row in coming - going if row[3] >= before} <= left


async def test_others_write_between_two_steps(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old history goes in several transactions; who wants to write waits for one of them."""
    monkeypatch.setattr("bot.store.steps.STEP", 10)
    await write(database, [(guild_id, "toolzz", "a", 5) for guild_id in range(100)])
    compacting = asyncio.create_task(MonitoringStore(database).compact(9))
    while len(kept(path)) == 100:  # noqa: ASYNC110 - the first moment after that counts
        await asyncio.sleep(0)
    await write(database, [(1, "sensay", "a", 10)])
    assert len(kept(path)) > 1, "a write came before the end"
    await compacting
    assert kept(path) == {(1, "sensay", "a", 10)}
