"""Proves that counts are written in the background, and that a failure does not end that."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from bot.errors import NoConnectionError
from bot.features.audit.service import AuditService
from bot.features.audit.store import LAST
from bot.features.audit.upkeep import maintain_log
from bot.store.database import Database
from tests.support.by_hand import refuse, take
from tests.support.ids import GUILD, MEMBER
from tests.support.log_capture import logging_to_memory


@pytest.fixture
async def kept_up(audit: AuditService, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """The background work, without pauses."""
    monkeypatch.setattr("bot.features.audit.upkeep._SECONDS", 0)
    task = asyncio.create_task(maintain_log(audit, lambda _: True))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def results(audit: AuditService) -> list[str]:
    """Return the results in the table."""
    return [entry.result for entry in await audit._store.entries(GUILD, -LAST, LAST, LAST)]


async def until(condition: Callable[[], object]) -> None:
    """Let the background work go on until this is so."""
    while not condition():  # noqa: ASYNC110 - only this test waits for it
        await asyncio.sleep(0)


async def test_counts_are_written(audit: AuditService, kept_up: None) -> None:
    """Nobody has to ask for it."""
    with pytest.raises(NoConnectionError):
        async with audit.change(GUILD, MEMBER, "toolzz.link", "toolzz · a"):
            raise NoConnectionError(provider="toolzz")
    await until(lambda: not audit._refusals.guilds())
    await audit.note(GUILD, "guild.returned", "")
    assert await results(audit) == ["refused:no_connection", "done"]


async def test_a_result_that_could_not_be_written_is_unknown(
    audit: AuditService, database: Database, kept_up: None
) -> None:
    """A full disk at the end of a change leaves no entry that is begun for ever."""
    with logging_to_memory("json") as log:
        async with audit.change(GUILD, MEMBER, "sensay.connect", "sensay · a") as change:
            await change.begin()
            await refuse(database, "INSERT", "audit")
        assert "audit_failed" in log.getvalue()
    await take(database)
    while len(await results(audit)) < 2:  # noqa: ASYNC110 - only this test waits for it
        await asyncio.sleep(0)
    assert await results(audit) == ["begun", "unknown"]
