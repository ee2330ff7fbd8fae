"""Proves that results are stored together, whole or not at all, and that unchanged ones write little."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.errors import BusyError
from bot.features.monitoring.recorder import Recorder
from bot.features.privacy.store import PrivacyStore
from bot.providers.base.integration import State
from bot.store.database import Database
from tests.support.alert_parts import INTERVAL
from tests.support.check_recorder import LOST, WELL, RecordedChecks, report
from tests.support.guild_rows import counts
from tests.support.ids import GUILD, OTHER_GUILD


@contextlib.asynccontextmanager
async def traced(database: Database) -> AsyncIterator[list[str]]:
    """Collect the statements that run on the writing connection."""
    statements: list[str] = []
    await database._engine.connection.set_trace_callback(statements.append)
    yield statements
    await database._engine.connection.set_trace_callback(None)


def writes(statements: Sequence[str]) -> list[str]:
    """Return the tables that the statements write to."""
    return [
        words[2]
        for words in (statement[statement.index(word) :].split() for statement in statements
                      for word in ("INSERT INTO", "DELETE FROM") if word in statement)
    ]  # fmt: skip


@pytest.mark.sqlite
@pytest.mark.parametrize("state", [WELL, LOST])
async def test_an_unchanged_result_writes_only_the_last_check(checks: RecordedChecks, state: State) -> None:
    """It takes as many statements for a hundred integrations as for one, with and without an incident."""
    sizes = (1, 100)
    found = {size: [report(state, str(number)) for number in range(size)] for size in sizes}
    asked: list[int] = []
    for size in sizes:
        for _ in range(20):
            await checks.answer(*found[size])
        async with traced(checks.database) as statements:
            await checks.answer(*found[size])
        assert writes(statements) == ["last_check"]
        asked.append(len(statements))
    assert asked == [5, 5]


async def test_results_at_the_same_time_share_a_transaction(checks: RecordedChecks, path: Path) -> None:
    """A result whose caller is cancelled is stored as well."""
    guilds = range(1, 41)
    for guild in guilds:
        await checks.connect("default", guild=guild)
    async with traced(checks.database) as statements:
        taken = [
            asyncio.create_task(checks.recorder.record(checks.result(report(guild=guild), guild=guild)))
            for guild in guilds
        ]
        await asyncio.sleep(0)
        taken[7].cancel()
        ended = await asyncio.gather(*taken, return_exceptions=True)
    assert [each for each in ended if each is not True] == [ended[7]]
    assert isinstance(ended[7], asyncio.CancelledError)
    assert statements.count("BEGIN IMMEDIATE") == 1
    assert {counts(path, guild)["history"] for guild in guilds} == {1}


async def test_results_of_a_guild_that_another_process_serves_are_dropped(checks: RecordedChecks) -> None:
    """Its shard was lost while the check ran: a provider that could not be asked any more is not down."""
    await checks.connect("default", guild=OTHER_GUILD)
    lost: set[int] = set()
    checks.recorder = Recorder(checks.store, checks.changes, INTERVAL, lambda guild: guild not in lost)
    for lost_now, changed in ((set(), [True, True]), ({OTHER_GUILD}, [True, False])):
        lost |= lost_now
        state = LOST if lost else WELL
        results = [checks.result(report(state, guild=each), guild=each) for each in (GUILD, OTHER_GUILD)]
        recorded = [asyncio.create_task(checks.recorder.record(each)) for each in results]
        assert await asyncio.gather(*recorded) == changed
        checks.now += INTERVAL
    assert [len(await checks.history(guild=each)) for each in (GUILD, OTHER_GUILD)] == [2, 1]
    assert checks.recorder.outcomes.total() == 3


def refuse_incidents(path: Path) -> None:
    """Make the last statement of a result fail for one guild."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(
            f"CREATE TRIGGER refuse BEFORE INSERT ON incident WHEN NEW.guild_id = {OTHER_GUILD}"
            " BEGIN SELECT raise(ABORT, 'FAKE'); END"
        )


async def test_a_result_that_fails_is_not_stored_and_does_not_stop_others(
    checks: RecordedChecks, path: Path
) -> None:
    """If its last row cannot be stored, none of its rows is, and its caller gets the error."""
    await checks.connect("default", guild=OTHER_GUILD)
    for guild in (GUILD, OTHER_GUILD):
        await checks.answer(report(LOST, guild=guild), guild=guild)
    refuse_incidents(path)
    before = (
        counts(path, OTHER_GUILD),
        await checks.rows(guild=OTHER_GUILD),
        await checks.store.checks(OTHER_GUILD),
    )
    checks.now += INTERVAL
    announced: list[int] = []
    checks.changes.subscribe(announced.append)
    ended = await asyncio.gather(
        *(
            checks.recorder.record(checks.result(report(LOST, detail="x", guild=each), guild=each))
            for each in (OTHER_GUILD, GUILD)
        ),
        return_exceptions=True,
    )
    assert isinstance(ended[0], sqlite3.IntegrityError)
    assert ended[1] is True
    assert (
        counts(path, OTHER_GUILD),
        await checks.rows(guild=OTHER_GUILD),
        await checks.store.checks(OTHER_GUILD),
    ) == before
    assert len(await checks.incidents()) == 1
    assert announced == [GUILD]


async def test_a_locked_file_is_tried_once(checks: RecordedChecks, path: Path) -> None:
    """All waiting callers get the error of one attempt; later results are stored."""
    await checks.connect("default", guild=OTHER_GUILD)
    both = [checks.result(report(guild=guild), guild=guild) for guild in (GUILD, OTHER_GUILD)]
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with traced(checks.database) as statements:
            ended = await asyncio.gather(*map(checks.recorder.record, both), return_exceptions=True)
    assert [type(each) for each in ended] == [BusyError] * 2
    assert statements.count("BEGIN IMMEDIATE") <= 1
    await asyncio.gather(*map(checks.recorder.record, both))
    assert set(await checks.rows()) == {"a"}


async def test_an_erased_guild_stays_erased(checks: RecordedChecks, path: Path) -> None:
    """A check that ran while the guild was erased stores nothing."""
    await checks.answer(report(LOST))
    assert await PrivacyStore(checks.database).erase(GUILD)
    await checks.answer(report(LOST))
    assert set(counts(path, GUILD).values()) == {0}


async def test_listeners_are_called_for_changes_only(checks: RecordedChecks) -> None:
    """They get the id of the changed guild, even if another listener fails."""

    def fail(guild_id: int) -> None:
        raise RuntimeError(guild_id)

    announced: list[int] = []
    checks.changes.subscribe(fail)
    checks.changes.subscribe(announced.append)
    with capture_logs() as logs:
        for state in (WELL, WELL, LOST, LOST, WELL, WELL, WELL):
            await checks.answer(report(state))
            announced.append(0)
    assert announced == [GUILD, 0, 0, GUILD, 0, GUILD, 0, GUILD, 0, GUILD, 0, 0]
    assert {each["event"] for each in logs} == {"listener_failed"}
