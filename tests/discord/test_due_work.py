"""What is due by a promise is done whether or not Discord can be reached, and whatever else fails."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from bot.discord.due_work import do_due_work, do_due_work_hourly
from bot.providers.base.redaction import Redactor
from tests.support.harness import BotHarness
from tests.support.waiting import until

DAY = 86_400


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls: the traceback of a failure is read from the source."""


def history(harness: BotHarness) -> int:
    """Return how many state changes are stored."""
    with closing(sqlite3.connect(harness.database)) as database:
        return int(database.execute("SELECT count(*) FROM history").fetchone()[0])


def store_history(harness: BotHarness, days: int) -> None:
    """Store a state change that was so many days ago."""
    at = int(harness.env.now().timestamp()) - days * DAY
    with closing(sqlite3.connect(harness.database)) as database, database:
        values = (harness.guild.id, "toolzz", f"n{days}", at)
        database.execute("INSERT INTO history VALUES (?, ?, ?, ?, 'connected', '')", values)


async def test_old_history_goes_without_discord(harness: BotHarness) -> None:
    """A bot that is not connected deletes what is older than 90 days."""
    for days in (89, 91):
        store_history(harness, days)
    unconnected = await harness.start_bot(Redactor())
    await do_due_work(unconnected)
    assert history(harness) == 1


async def test_old_history_goes_at_the_start(harness: BotHarness) -> None:
    """A bot that never runs for an hour deletes it as well."""
    store_history(harness, 91)
    hourly = asyncio.create_task(do_due_work_hourly(await harness.start_bot(Redactor())))
    await until(lambda: history(harness) == 0)
    hourly.cancel()


async def test_an_erasure_that_fails_stops_no_other_work(harness: BotHarness) -> None:
    """Without one of the tables nothing can be erased, and old history goes all the same."""
    store_history(harness, 91)
    with closing(sqlite3.connect(harness.database)) as database, database:
        database.execute("ALTER TABLE tombstone RENAME TO aside")
    await do_due_work(await harness.start_bot(Redactor()))
    assert history(harness) == 0
