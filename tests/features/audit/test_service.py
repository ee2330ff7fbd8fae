"""Proves that each change has one entry with its result, and that changes by hand are found."""

import asyncio
import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import (
    InvalidInputError,
    NoConnectionError,
    ProviderTimeoutError,
    RejectedError,
    RestartingError,
    UnreadableSecretError,
)
from bot.features.audit.chain import STRIDE, UNSIGNED, Chain, ChainCheck, Flaw, digest, seal
from bot.features.audit.entry import Entry, Seal, SealKind
from bot.features.audit.service import ACTIONS, AuditService
from bot.features.audit.store import AuditStore
from bot.store.database import Database
from bot.store.vault import Vault
from tests.support.by_hand import run
from tests.support.clock import Clock
from tests.support.ids import GUILD, MEMBER, OTHER_GUILD
from tests.support.log_capture import logging_to_memory

VAULT = Vault({"k1": bytes(32)})
OTHER_VAULT = Vault({"k1": bytes(31) + b"\1"})
"""A vault with another key of the same name."""


async def fill(audit: AuditService, entries: int, guild_id: int = GUILD) -> None:
    """Add so many entries of several actions and members."""
    for number in range(entries):
        await audit.note(guild_id, ACTIONS[number % 3], f"sensay · n{number}", member_id=MEMBER + number % 2)


async def check(audit: AuditService, guild_id: int) -> Chain:
    """Check a guild's whole log."""
    _, chain = await audit.export(guild_id)
    return chain


async def results(audit: AuditService) -> list[str]:
    """Return the results of the guild's entries, the oldest first."""
    entries, chain = await audit.export(GUILD)
    assert chain == Chain(len(entries))
    return [entry.result for entry in entries]


async def test_a_change_is_one_entry(audit: AuditService, clock: Clock) -> None:
    """It has the member, the action, the time, the result and the target that the body set."""
    async with audit.change(GUILD, MEMBER, "toolzz.connect", "toolzz") as change:
        assert await results(audit) == []
        change.target = "toolzz · 42"
    ((entry,), _) = await audit.export(GUILD)
    assert (entry.guild_id, entry.number, entry.at, entry.member) == (GUILD, 1, int(clock.now), MEMBER)
    assert (entry.action, entry.target, entry.result) == ("toolzz.connect", "toolzz · 42", "done")


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (InvalidInputError("name"), "refused:invalid_input"),
        (NoConnectionError(provider="sensay"), "refused:no_connection"),
        (RestartingError(), "refused:restarting"),
        (UnreadableSecretError(), "failed:unreadable_secret"),
        (RejectedError("sensay", detail="FAKE-TOKEN-in-the-words"), "failed:rejected"),
        (ProviderTimeoutError("sensay", outcome_unknown=True), "unknown"),
        (ZeroDivisionError("FAKE-TOKEN-in-the-words"), "failed:unexpected"),
        (asyncio.CancelledError(), "failed:interrupted"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_each_error_has_its_result(audit: AuditService, error: BaseException, result: str) -> None:
    """It is refused, failed or unknown, with the error's key and without its text. The error is raised
    again.
    """
    with pytest.raises(type(error)) as caught:
        async with audit.change(GUILD, MEMBER, "sensay.connect", "sensay · default"):
            raise error
    assert caught.value is error
    assert await results(audit) == [result]


async def test_a_result_that_is_set_stays(audit: AuditService) -> None:
    """An error after the body set the result does not change it."""

    async def settle_and_fail() -> None:
        async with audit.change(GUILD, MEMBER, "sensay.connect", "sensay · default") as change:
            change.result = "unknown"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await settle_and_fail()
    assert await results(audit) == ["unknown"]


async def test_a_cancelled_change_is_recorded(audit: AuditService) -> None:
    """A task that is cancelled during a change leaves an entry that says so."""

    async def work() -> None:
        async with audit.change(GUILD, MEMBER, "toolzz.edit", "toolzz · 42"):
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await results(audit) == ["failed:interrupted"]


@pytest.mark.sqlite
async def test_a_full_disk_does_not_stop_a_change(audit: AuditService, database: Database) -> None:
    """The change goes on, and the operator's log names the missing entry."""
    await fill(audit, 2)
    (pages,) = await database._engine.connection.execute_fetchall("PRAGMA page_count")
    with logging_to_memory("json") as log:
        await database._engine.connection.execute(f"PRAGMA max_page_count = {pages[0]}")
        for _ in range(200):
            async with audit.change(GUILD, MEMBER, "connection.add", "sensay · default"):
                pass
            if "audit_failed" in log.getvalue():
                break
    (line,) = [json.loads(line) for line in log.getvalue().splitlines() if "audit_failed" in line]
    assert (line["level"], line["guild"], line["action"]) == ("error", GUILD, "connection.add")
    assert line["result"] == "done"
    await database._engine.connection.execute("PRAGMA max_page_count = 10000")
    await audit.note(GUILD, "connection.add", "sensay · default")
    assert (await check(audit, GUILD)).flaw is None


async def test_listeners_get_each_entry_in_order(audit: AuditService) -> None:
    """They get all stored entries and no others."""
    received: list[Entry] = []
    audit.subscribe(received.append)
    await asyncio.gather(*(audit.note(GUILD, "access.grant", str(number)) for number in range(20)))
    entries, _ = await audit.export(GUILD)
    assert received == entries


async def test_pages_begin_with_the_newest(audit: AuditService) -> None:
    """They can be filtered by member and action; each is next to a number. Beyond the last is the last."""
    await fill(audit, 25)
    await fill(audit, 3, OTHER_GUILD)
    first = await audit.page(GUILD, 10)
    assert [entry.number for entry in first.entries] == list(range(25, 15, -1))
    assert (first.is_newest, first.is_oldest) == (True, False)
    last = await audit.page(GUILD, 10, before=6)
    assert [entry.number for entry in last.entries] == [5, 4, 3, 2, 1]
    assert (last.is_newest, last.is_oldest) == (False, True)
    newer = await audit.page(GUILD, 10, after=5)
    assert [entry.number for entry in newer.entries] == list(range(15, 5, -1))
    assert [entry.number for entry in (await audit.page(GUILD, 10, after=20)).entries][:2] == [25, 24]
    assert {each.chain.flaw for each in (first, last, newer)} == {None}
    of_member = await audit.page(GUILD, 50, member=MEMBER)
    assert {entry.member for entry in of_member.entries} == {MEMBER}
    assert len(of_member.entries) == 13
    both = await audit.page(GUILD, 50, member=MEMBER, action=ACTIONS[0])
    assert [entry.number for entry in both.entries] == [25, 19, 13, 7, 1]
    assert (await audit.page(GUILD, 10, member=1)).entries == []
    assert {entry.guild_id for entry in (await audit.page(OTHER_GUILD, 10)).entries} == {OTHER_GUILD}


async def test_anybody_can_compute_a_hash(audit: AuditService) -> None:
    """It is the SHA-256 of the hash before and the entry as a JSON list whose ids are strings."""
    await audit.note(GUILD, "guild.returned", "guild")
    ((entry,), _) = await audit.export(GUILD)
    text = f'["{GUILD}",1,{entry.at},null,"guild.returned","guild","done"]'
    assert entry.hash == sha256(bytes(32) + text.encode()).digest()


# --- Changes by hand ---

CHANGES = {
    "at": "at + 1",
    "member": "coalesce(member, '') || '1'",
    "action": "'privacy.export'",
    "target": "target || ' '",
    "result": "'refused:not_allowed'",
    "hash": f"x'{'ab' * 32}'",
    "number": "number + 1000",
    "guild_id": "guild_id + 1000",
}


@pytest.mark.parametrize("column", CHANGES)
async def test_an_edited_column_is_found(audit: AuditService, database: Database, column: str) -> None:
    """The check names the entry, whichever column of it was changed, also after more entries."""
    gone = column in {"number", "guild_id"}
    for guild_id, number in ((1, 1), (2, 3), (3, 5)):
        await fill(audit, 5, guild_id)
        await run(
            database,
            f"UPDATE audit SET {column} = {CHANGES[column]} WHERE guild_id = ? AND number = ?",  # noqa: S608 - the test's own words
            guild_id,
            number,
        )
        at_end = column == "guild_id" and number == 5
        expected = Flaw.CUT if at_end else Flaw.MISSING if gone else Flaw.ALTERED
        found = await check(audit, guild_id)
        assert (found.flaw, found.number) == (expected, number)
        await fill(audit, 2, guild_id)
        after = await check(audit, guild_id)
        assert (after.flaw, after.number) == (Flaw.MISSING if gone else Flaw.ALTERED, number)


@pytest.mark.parametrize("column", ["number", "hash", "signature"])
async def test_an_edited_head_is_found_for_ever(audit: AuditService, database: Database, column: str) -> None:
    """The next entry does not vouch for a changed head; an entry says that it had no signature of ours."""
    await fill(audit, 5)
    change = {"number": "number - 1", "hash": f"x'{'ab' * 32}'", "signature": f"x'{'ab' * 40}'"}[column]
    await run(database, f"UPDATE audit_seal SET {column} = {change}")  # noqa: S608 - the test's own words
    assert await check(audit, GUILD) == Chain(5, Flaw.UNSIGNED, 5)
    await fill(audit, 1)
    entries, chain = await audit.export(GUILD)
    assert [(entry.action, entry.member) for entry in entries[5:]] == [
        (UNSIGNED, None),
        (ACTIONS[0], MEMBER),
    ]
    assert chain == Chain(7, Flaw.ALTERED if column == "hash" else Flaw.UNVOUCHED, 6)


@pytest.mark.parametrize("removed", [1, 2, 5])
async def test_removed_last_entries_are_found(audit: AuditService, database: Database, removed: int) -> None:
    """The check names the first missing one, also after more entries."""
    await fill(audit, 5)
    await run(database, "DELETE FROM audit WHERE number > ?", 5 - removed)
    assert await check(audit, GUILD) == Chain(5 - removed, Flaw.CUT, 6 - removed)
    await fill(audit, 1)
    after = await check(audit, GUILD)
    assert (after.flaw, after.number) == (Flaw.MISSING, 6 - removed)


async def test_a_missing_head_is_found(audit: AuditService, database: Database) -> None:
    """Entries without a head are unsigned, and the log continues after them."""
    await fill(audit, 3)
    await run(database, "DELETE FROM audit_seal")
    assert await check(audit, GUILD) == Chain(3, Flaw.UNSIGNED, 3)
    await fill(audit, 1)
    entries, chain = await audit.export(GUILD)
    assert [entry.action for entry in entries[3:]] == [UNSIGNED, ACTIONS[0]]
    assert (chain.flaw, chain.number) == (Flaw.ALTERED, 4)


async def test_a_log_of_another_guild_is_found(audit: AuditService, database: Database) -> None:
    """A log that is moved to another guild with its head does not fit there."""
    await fill(audit, 3)
    await run(database, "UPDATE audit SET guild_id = ?", OTHER_GUILD)
    await run(database, "UPDATE audit_seal SET guild_id = ?", OTHER_GUILD)
    assert (await check(audit, OTHER_GUILD)).flaw is Flaw.ALTERED


@pytest.mark.sqlite
async def test_text_that_is_not_utf8_is_found(audit: AuditService, database: Database) -> None:
    """The entry counts as altered, and no command fails."""
    await fill(audit, 2)
    await run(database, "UPDATE audit SET target = CAST(x'ff00fe' AS TEXT) WHERE number = 2")
    assert await check(audit, GUILD) == Chain(2, Flaw.ALTERED, 2)
    assert len((await audit.page(GUILD, 10)).entries) == 2


async def test_a_log_with_another_key_is_found(audit: AuditService, database: Database, clock: Clock) -> None:
    """A log that Patchbay wrote with another key is whole, but not signed by us."""
    await fill(AuditService(AuditStore(database), OTHER_VAULT, clock), 4)
    assert await check(audit, GUILD) == Chain(4, Flaw.UNSIGNED, 4)
    await fill(audit, 1)
    assert await check(audit, GUILD) == Chain(6, Flaw.UNVOUCHED, 5)


async def test_a_new_key_takes_over_while_the_old_one_is_known(database: Database, clock: Clock) -> None:
    """A new first key continues the log while the old one is configured."""
    old, new = {"k1": bytes(32)}, {"k2": bytes(range(32))}
    await fill(AuditService(AuditStore(database), Vault(old), clock), 2)
    both = AuditService(AuditStore(database), Vault(new | old), clock)
    assert await check(both, GUILD) == Chain(2)
    await fill(both, 1)
    assert await check(AuditService(AuditStore(database), Vault(new), clock), GUILD) == Chain(3)


rows = st.one_of(st.integers(1, 12), st.integers(STRIDE - 1, STRIDE + 2))
Log = tuple[list[Entry], list[Seal]]


def log_of(length: int) -> Log:
    """Return a log of so many entries as the service stores it, and its seals, the head last."""
    log: list[Entry] = []
    seals = []
    before = bytes(32)
    for number in range(1, length + 1):
        entry = Entry(GUILD, number, 100 + number, "p1", "toolzz.edit", f"toolzz · {number}", "done", b"")
        before = digest(before, entry)
        log.append(changed(entry, hash=before))
        if number % STRIDE == 0:
            seals.append(seal(VAULT, SealKind.POINT, GUILD, number, before))
    return log, [*seals, seal(VAULT, SealKind.HEAD, GUILD, length, before)]


def examine(log: Sequence[Entry], seals: Sequence[Seal]) -> Chain:
    """Check a log as a whole."""
    check = ChainCheck(None, VAULT.verify)
    check.take(log, seals[:-1])
    return check.result(seals[-1] if seals else None)


def changed(entry: Entry, **values: Any) -> Entry:  # noqa: ANN401 - of each column's type
    """Return an entry with other values."""
    return Entry(*(values.get(name, getattr(entry, name)) for name in Entry.__slots__))


def rehashed(log: Sequence[Entry], start: int) -> list[Entry]:
    """Compute new hashes for the entries from an index on, as anybody can."""
    made = list(log[:start])
    for entry in log[start:]:
        made.append(changed(entry, hash=digest(made[-1].hash if made else bytes(32), entry)))
    return made


@st.composite
def tampered(draw: st.DrawFn) -> tuple[list[Entry], list[Seal], int, bool]:
    """A log that somebody changed, the number of its first changed entry, and whether its hashes fit."""
    log, head = log_of(draw(rows))
    at = draw(st.integers(0, len(log) - 1))
    change = draw(st.sampled_from(["edit", "remove", "swap", "insert", "cut"]))
    if change == "edit":
        column = draw(st.sampled_from(["at", "author", "action", "target", "result", "hash"]))
        value: Any = draw(
            {"at": st.integers(), "author": st.none(), "hash": st.binary()}.get(column, st.text())
        )
        if getattr(log[at], column) == value:
            value = {"at": -1, "hash": b"?"}.get(column, "?")
        log[at] = changed(log[at], **{column: value})
    elif change == "remove":
        del log[at]
        if draw(st.booleans()):
            log = [changed(entry, number=number) for number, entry in enumerate(log, start=1)]
    elif change == "swap" and len(log) > 1:
        other = draw(st.integers(0, len(log) - 1).filter(lambda index: index != at))
        first, second = sorted((at, other))
        one, two = log[first], log[second]
        log[first], log[second] = changed(two, number=one.number), changed(one, number=two.number)
        at = first
    elif change == "insert":
        at = draw(st.integers(0, len(log)))
        log.insert(at, changed(log[0], target="sensay · made up"))
        log = [changed(entry, number=number) for number, entry in enumerate(log, start=1)]
    else:
        del log[at:]
    fits = draw(st.booleans()) and not (change == "edit" and column == "hash")
    return (rehashed(log, at) if fits else log), head, at + 1, fits


@settings(max_examples=300, deadline=None)
@given(tampered())
def test_any_change_of_a_log_is_found(case: tuple[list[Entry], list[Seal], int, bool]) -> None:
    """The check names an entry that was edited, removed, swapped, inserted or cut off.

    If the hashes fit, the head without a signature of ours shows the change.
    """
    log, head, first, fits = case
    chain = examine(log, head)
    assert chain.flaw is not None
    assert chain.number >= min(first, len(log)) if fits else chain.number == first


@given(st.integers(0, 12))
def test_an_unchanged_log_is_whole(length: int) -> None:
    """This holds for every length, and for an empty log without a head."""
    log, head = log_of(length)
    assert examine(log, head) == Chain(length)
    assert examine([], []) == Chain(0)


@given(st.binary(max_size=80))
def test_only_our_signatures_verify(signature: bytes) -> None:
    """Other bytes, another key of the same name, and a signature of other data do not verify."""
    assert not VAULT.verify(b"data", signature)
    assert not VAULT.verify(b"data", OTHER_VAULT.sign(b"data"))
    assert not VAULT.verify(b"data", VAULT.sign(b"data" + signature[:1] + b"."))
    assert VAULT.verify(b"data", VAULT.sign(b"data"))
