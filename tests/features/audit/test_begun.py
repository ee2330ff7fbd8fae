"""Proves that a change of something outside leaves an entry before it is made, and one with its result."""

import asyncio
import sqlite3
from collections.abc import Sequence

import pytest

from bot.errors import ProviderTimeoutError, RejectedError
from bot.features.audit.chain import Chain
from bot.features.audit.entry import Entry
from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.features.privacy.member_store import MemberStore
from bot.features.privacy.store import PrivacyStore
from bot.store.database import Database
from bot.store.vault import Vault
from tests.support.by_hand import refuse, take
from tests.support.clock import Clock
from tests.support.full_disk import FullDisk
from tests.support.ids import GUILD, MEMBER, OTHER_GUILD
from tests.support.log_capture import logging_to_memory

ACTION, TARGET = "sensay.connect", "sensay · a"
Row = tuple[int, str, int | None, int | None]


async def rows(audit: AuditService, guild_id: int = GUILD) -> list[Row]:
    """Return number, result, ended entry and member of the guild's entries."""
    found, chain = await audit.export(guild_id)
    assert chain == Chain(len(found))
    return [(each.number, each.result, each.ends, each.member) for each in found]


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (None, "done"),
        (RejectedError("sensay"), "failed:rejected"),
        (ProviderTimeoutError("sensay", outcome_unknown=True), "unknown"),
        (asyncio.CancelledError(), "failed:interrupted"),
    ],
)
async def test_a_begun_change_has_two_entries(
    audit: AuditService, error: BaseException | None, result: str
) -> None:
    """The first is there before the change; the second names it and has the result, a failure too."""

    async def work() -> None:
        async with audit.change(GUILD, MEMBER, ACTION, TARGET) as change:
            await change.begin()
            assert await rows(audit) == [(1, "begun", None, MEMBER)]
            if error is not None:
                raise error

    if error is None:
        await work()
    else:
        with pytest.raises(type(error)):
            await work()
    assert await rows(audit) == [(1, "begun", None, MEMBER), (2, result, 1, MEMBER)]
    await audit.end_unfinished(lambda _: True)
    assert len(await rows(audit)) == 2


async def test_what_a_dead_process_began_is_unknown(
    audit: AuditService, database: Database, vault: Vault, clock: Clock
) -> None:
    """The next process ends each begun entry once, and leaves its own alone."""
    for guild_id in (GUILD, OTHER_GUILD):
        await audit._begin(guild_id, MEMBER, ACTION, TARGET)
    await MemberStore(database).erase(MEMBER)
    after = AuditService(AuditStore(database), vault, clock)
    async with after.change(GUILD, MEMBER, ACTION, "sensay · b") as change:
        await change.begin()
        await after.end_unfinished(lambda guild_id: guild_id == GUILD)
        assert await rows(after, OTHER_GUILD) == [(1, "begun", None, None)], "another process works for it"
        await after.end_unfinished(lambda _: True)
    assert await rows(after) == [
        (1, "begun", None, None),
        (2, "begun", None, MEMBER),
        (3, "unknown", 1, None),
        (4, "done", 2, MEMBER),
    ]
    assert await rows(after, OTHER_GUILD) == [(1, "begun", None, None), (2, "unknown", 1, None)]


async def test_all_logs_are_searched_once_an_hour(
    audit: AuditService, database: Database, vault: Vault, clock: Clock
) -> None:
    """What another process has begun after a search and never ended is found by the next one."""
    await audit.end_unfinished(lambda _: True)
    await AuditService(AuditStore(database), vault, clock)._begin(GUILD, MEMBER, ACTION, TARGET)
    await audit.end_unfinished(lambda _: True)
    assert await rows(audit) == [(1, "begun", None, MEMBER)]
    clock.now += 3600
    await audit.end_unfinished(lambda _: True)
    assert await rows(audit) == [(1, "begun", None, MEMBER), (2, "unknown", 1, MEMBER)]


async def test_a_result_that_could_not_be_written_is_unknown(audit: AuditService, database: Database) -> None:
    """It is looked for again, until the disk has room, although all logs were searched just before."""
    await audit.end_unfinished(lambda _: True)
    disk = FullDisk(database)
    async with audit.change(GUILD, MEMBER, ACTION, TARGET) as change:
        await change.begin()
        disk.fill()
    await audit.end_unfinished(lambda _: True)
    await disk.free()
    assert await rows(audit) == [(1, "begun", None, MEMBER)]
    await audit.end_unfinished(lambda _: True)
    assert await rows(audit) == [(1, "begun", None, MEMBER), (2, "unknown", 1, MEMBER)]


async def test_a_beginning_that_was_interrupted_is_unknown(audit: AuditService) -> None:
    """Its entry is written all the same, and nobody knows its number."""
    await audit.end_unfinished(lambda _: True)
    beginning = asyncio.create_task(audit._begin(GUILD, MEMBER, ACTION, TARGET))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    beginning.cancel()
    await asyncio.wait({beginning})
    assert beginning.cancelled()
    while not await rows(audit):  # noqa: ASYNC110 - nobody tells when
        await asyncio.sleep(0)
    await audit.end_unfinished(lambda _: True)
    assert await rows(audit) == [(1, "begun", None, MEMBER), (2, "unknown", 1, MEMBER)]


async def test_a_search_that_failed_is_repeated(
    audit: AuditService, database: Database, vault: Vault, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits an hour because the file was locked while all logs were to be searched."""
    await audit._begin(GUILD, MEMBER, ACTION, TARGET)
    after = AuditService(AuditStore(database), vault, clock)

    async def locked(*_: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(database._readers, "read", locked)
        with pytest.raises(sqlite3.OperationalError):
            await after.end_unfinished(lambda _: True)
    await after.end_unfinished(lambda _: True)
    assert await rows(after) == [(1, "begun", None, MEMBER), (2, "unknown", 1, MEMBER)]


async def test_what_is_left_while_another_change_begins_is_looked_for_again(
    audit: AuditService, database: Database, vault: Vault, clock: Clock
) -> None:
    """An entry may be that of the change that begins now, or one that a dead process has left."""
    await audit._begin(GUILD, MEMBER, ACTION, TARGET)
    after = AuditService(AuditStore(database), vault, clock)
    with after._under_way.beginning(GUILD):
        await after.end_unfinished(lambda _: True)
    assert await rows(after) == [(1, "begun", None, MEMBER)]
    await after.end_unfinished(lambda _: True)
    assert await rows(after) == [(1, "begun", None, MEMBER), (2, "unknown", 1, MEMBER)]


@pytest.mark.parametrize("is_erased", [False, True])
async def test_a_change_that_ends_meanwhile_has_one_end(
    audit: AuditService, database: Database, monkeypatch: pytest.MonkeyPatch, is_erased: bool
) -> None:
    """What ended or was erased after the list of begun changes was read gets no end, and no error line."""
    read, begun, go = audit._store.unfinished, asyncio.Event(), asyncio.Event()

    async def work() -> None:
        async with audit.change(GUILD, MEMBER, ACTION, TARGET) as change:
            await change.begin()
            begun.set()
            await go.wait()

    async def late() -> Sequence[Entry]:
        found = await read()
        if is_erased:
            await PrivacyStore(database).erase(GUILD)
        else:
            go.set()
            await task
        return found

    monkeypatch.setattr(audit._store, "unfinished", late)
    if is_erased:  # a process that died has begun it
        await audit._begin(GUILD, MEMBER, ACTION, TARGET)
        audit._under_way.at_work.clear()
    else:
        task = asyncio.create_task(work())
        await begun.wait()
    with logging_to_memory("json") as log:
        await audit.end_unfinished(lambda _: True)
    assert log.getvalue() == ""
    ended = [] if is_erased else [(1, "begun", None, MEMBER), (2, "done", 1, MEMBER)]
    assert await rows(audit) == ended


async def test_a_page_has_one_line_for_both(audit: AuditService) -> None:
    """The entry with the result stands for both; one without a result is there itself."""
    for number in range(12):
        async with audit.change(GUILD, MEMBER, ACTION, f"sensay · {number}") as change:
            await change.begin()
    await audit._begin(GUILD, MEMBER, ACTION, TARGET)
    page = await audit.page(GUILD, 10)
    assert [each.number for each in page.entries] == [25, *range(24, 6, -2)]
    assert page.chain.flaw is None
    older = await audit.page(GUILD, 10, before=page.entries[-1].number)
    assert [each.number for each in older.entries] == [6, 4, 2]
    assert older.is_oldest


async def test_the_latest_about_an_agent_is_found(audit: AuditService) -> None:
    """It is the latest entry with its action and target, of this guild."""
    assert await audit.last_about(GUILD, ACTION, TARGET) is None
    await audit.note(GUILD, ACTION, TARGET, "unknown", member_id=MEMBER)
    await audit.note(GUILD, ACTION, "sensay · b", member_id=MEMBER)
    await audit.note(OTHER_GUILD, ACTION, TARGET, member_id=MEMBER)
    found = await audit.last_about(GUILD, ACTION, TARGET)
    assert found is not None
    assert (found.number, found.result, found.member) == (1, "unknown", MEMBER)


async def test_without_the_first_entry_nothing_is_changed(audit: AuditService, database: Database) -> None:
    """If it cannot be written, the body ends before the change, and the failure is counted."""
    await refuse(database, "INSERT", "audit")
    sent = []

    async def work() -> None:
        async with audit.change(GUILD, MEMBER, ACTION, TARGET) as change:
            await change.begin()
            sent.append(TARGET)

    with pytest.raises(database._engine.errors):
        await work()
    assert sent == []
    await take(database)
    assert await rows(audit) == [(1, "failed:unexpected", None, MEMBER)]
