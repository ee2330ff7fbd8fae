"""How readings are written: together, whole or not at all, and as little as there is to say."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from bot.kit.integration import State
from bot.store.guilds import GuildStore
from tests.monitors.watch import GUILD, INTERVAL, LOST, OTHER, WELL, Watch, report
from tests.services.guild_rows import counts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from bot.store.database import Database


@contextlib.asynccontextmanager
async def traced(database: Database) -> AsyncIterator[list[str]]:
    """Collect the statements that are run on the writing connection."""
    statements: list[str] = []
    await database._writer.set_trace_callback(statements.append)
    yield statements
    await database._writer.set_trace_callback(None)  # type: ignore[arg-type] # as sqlite3 has it


def writes(statements: Sequence[str]) -> list[str]:
    """Return the tables that were written into."""
    return [
        words[2]
        for words in (statement[statement.index(word) :].split() for statement in statements
                      for word in ("INSERT INTO", "DELETE FROM") if word in statement)
    ]  # fmt: skip


@pytest.mark.parametrize("state", [WELL, LOST])
async def test_an_unchanged_reading_writes_the_last_check_alone(watch: Watch, state: State) -> None:
    """In as many statements for a hundred integrations as for one, in peace and in a long incident."""
    sizes = (1, 100)
    found = {size: [report(state, str(number)) for number in range(size)] for size in sizes}
    asked: list[int] = []
    for size in sizes:
        for _ in range(20):
            await watch.read(*found[size])
        async with traced(watch.database) as statements:
            await watch.read(*found[size])
        assert writes(statements) == ["last_check"]
        asked.append(len(statements))
    assert asked == [7, 7]


async def test_what_is_read_together_is_written_together(watch: Watch, path: Path) -> None:
    """Readings that come while others are written share one transaction; whoever gave up loses nothing."""
    guilds = range(1, 41)
    for guild in guilds:
        await watch.connect("default", guild=guild)
    async with traced(watch.database) as statements:
        taken = [
            asyncio.create_task(watch.recorder.take(watch.reading(report(), guild=guild))) for guild in guilds
        ]
        await asyncio.sleep(0)
        taken[7].cancel()
        ended = await asyncio.gather(*taken, return_exceptions=True)
    assert [each for each in ended if each is not None] == [ended[7]]
    assert isinstance(ended[7], asyncio.CancelledError)
    assert statements.count("BEGIN IMMEDIATE") == 1
    assert {counts(path, guild)["history"] for guild in guilds} == {1}


def refuse_incidents(path: Path) -> None:
    """Let whatever stands at the end of a reading fail, for one guild."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(
            f"CREATE TRIGGER refuse BEFORE INSERT ON incident WHEN NEW.guild_id = {OTHER}"
            " BEGIN SELECT raise(ABORT, 'FAKE'); END"
        )


async def test_a_reading_is_written_as_a_whole_and_keeps_back_no_other(watch: Watch, path: Path) -> None:
    """Where the last row of one cannot be written none of it is, and whoever took it hears of it."""
    await watch.connect("default", guild=OTHER)
    for guild in (GUILD, OTHER):
        await watch.read(report(LOST), guild=guild)
    refuse_incidents(path)
    before = counts(path, OTHER), await watch.rows(guild=OTHER), await watch.store.checks(OTHER)
    watch.now += INTERVAL
    told: list[int] = []
    watch.recorder.subscribe(told.append)
    ended = await asyncio.gather(
        *(
            watch.recorder.take(watch.reading(report(LOST, detail="x"), guild=each))
            for each in (OTHER, GUILD)
        ),
        return_exceptions=True,
    )
    assert isinstance(ended[0], sqlite3.IntegrityError)
    assert ended[1] is None
    assert (counts(path, OTHER), await watch.rows(guild=OTHER), await watch.store.checks(OTHER)) == before
    assert len(await watch.incidents()) == 1
    assert told == [GUILD]


async def test_a_file_that_takes_nothing_is_tried_once(watch: Watch, path: Path) -> None:
    """While somebody else holds it, all that wait hear so at once and not one by one; then it goes on."""
    await watch.connect("default", guild=OTHER)
    await watch.database._writer.execute("PRAGMA busy_timeout = 0")
    both = [watch.reading(report(), guild=guild) for guild in (GUILD, OTHER)]
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with traced(watch.database) as statements:
            ended = await asyncio.gather(*map(watch.recorder.take, both), return_exceptions=True)
    assert [type(each) for each in ended] == [sqlite3.OperationalError] * 2
    assert statements.count("BEGIN IMMEDIATE") <= 1
    await asyncio.gather(*map(watch.recorder.take, both))
    assert set(await watch.rows()) == {"a"}


async def test_what_was_erased_meanwhile_stays_erased(watch: Watch, path: Path) -> None:
    """A reading that was under way when the guild's data went writes nothing of it."""
    await watch.read(report(LOST))
    assert await GuildStore(watch.database).erase(GUILD)
    await watch.read(report(LOST))
    assert set(counts(path, GUILD).values()) == {0}


async def test_listeners_hear_of_changes_alone(watch: Watch) -> None:
    """Of the guild in which something has changed; one that fails keeps it from no other."""

    def fail(guild_id: int) -> None:
        raise RuntimeError(guild_id)

    told: list[int] = []
    watch.recorder.subscribe(fail)
    watch.recorder.subscribe(told.append)
    with capture_logs() as logs:
        for state in (WELL, WELL, LOST, LOST, WELL, WELL, WELL):
            await watch.read(report(state))
            told.append(0)
    assert told == [GUILD, 0, 0, GUILD, 0, GUILD, 0, GUILD, 0, GUILD, 0, 0]
    assert {each["event"] for each in logs} == {"listener_failed"}
