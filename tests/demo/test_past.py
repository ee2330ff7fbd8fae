"""The server of the demo has a past."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.demo.past import DAY, OPEN_FOR, WEEK, write_past
from bot.demo.stage import Stage, open_stage
from bot.features.alerts.incident_store import IncidentStore
from bot.features.alerts.store import AlertStore
from bot.features.history.store import HistoryStore
from bot.features.monitoring.store import MonitoringStore
from bot.store.database import Database


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls, as in the demo."""


@asynccontextmanager
async def written(stage: Stage) -> AsyncIterator[Database]:
    """Write the past of a stage's server, and open its database."""
    await write_past(stage)
    async with Database.open(stage.database) as database:
        yield database


async def test_a_week_with_one_incident_that_is_open() -> None:
    """Several agents were down and recovered; one is down now, and the alert for it is still to be posted."""
    async with open_stage("en-US") as stage, written(stage) as database:
        guild, now = stage.world.guild.id, time.time()
        incidents = await IncidentStore(database).since(guild, 0)
        ((newest,), older) = incidents[:1], incidents[1:]
        assert newest.closed_at is None
        assert now - newest.opened_at == pytest.approx(OPEN_FOR, abs=60)
        assert len({each.id for each in older}) > 1
        assert all(each.closed_at is not None for each in older)
        watched = await MonitoringStore(database).watched(guild)
        assert {"connected", "disconnected", "inactive"} <= {row.state for row in watched}
        history = await HistoryStore(database).recent_transitions(guild, int(now - WEEK))
        times = [each.at for rows in history.values() for each in rows]
        assert min(times) < now - 6 * DAY
        (route,) = await AlertStore(database).routes(guild)
        assert route.channel_id == stage.world.alerts.id


async def test_the_past_is_the_same_each_time() -> None:
    """The same agents were down at the same distance from now, for the same time."""

    async def lived() -> list[tuple[str, int, int]]:
        async with open_stage("en-US") as stage, written(stage) as database:
            (board,) = await AlertStore(database).boards()
            assert board.channel_id == stage.world.board.id
            incidents = await IncidentStore(database).since(stage.world.guild.id, 0)
            ends = [each.closed_at or each.opened_at for each in incidents]
            return [
                (each.label, end - each.opened_at, incidents[0].opened_at - each.opened_at)
                for each, end in zip(incidents, ends, strict=True)
            ]

    assert await lived() == await lived()
