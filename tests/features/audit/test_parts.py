"""Proves that a part of a long log is checked by itself, and that the log can be cut at its beginning."""

import asyncio
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import NoConnectionError
from bot.features.audit.chain import STRIDE, Chain, Flaw, check_window, digest, seal
from bot.features.audit.entry import Entry, Seal, SealKind
from bot.features.audit.service import CUT, KEEP_DAYS, AuditService
from bot.features.audit.store import FIRST_SEAL, LAST, AuditStore, SealKey
from bot.features.privacy.store import PrivacyStore
from bot.store.database import Database
from bot.store.engine import Traces
from bot.store.vault import Vault
from tests.support.by_hand import refuse, run, take
from tests.support.clock import Clock
from tests.support.ids import GUILD, MEMBER

VAULT = Vault({"k1": bytes(32)})
DAY = 86_400
LENGTH = 3 * STRIDE + 7


async def fill(audit: AuditService, entries: int) -> None:
    """Add so many entries."""
    for number in range(entries):
        await audit.note(GUILD, "toolzz.edit", f"toolzz · {number}", member_id=MEMBER + number % 2)


async def every_page(audit: AuditService) -> list[tuple[list[int], Chain]]:
    """Return the numbers and the check of each page, from the newest on."""
    pages = []
    page = await audit.page(GUILD, 10)
    while True:
        pages.append(([each.number for each in page.entries], page.chain))
        if page.is_oldest:
            return pages
        page = await audit.page(GUILD, 10, before=page.entries[-1].number)


async def test_every_entry_is_on_one_page_and_checked(audit: AuditService) -> None:
    """Pages have all entries once; each looks at no more than two spaces between seals."""
    await fill(audit, LENGTH)
    pages = await every_page(audit)
    assert [number for numbers, _ in pages for number in numbers] == list(range(LENGTH, 0, -1))
    assert {chain.flaw for _, chain in pages} == {None}
    assert max(chain.length for _, chain in pages) <= 2 * STRIDE


@pytest.mark.parametrize("number", [1, STRIDE, STRIDE + 1, LENGTH - 3, LENGTH])
@pytest.mark.parametrize("rehash", [False, True])
async def test_a_page_names_its_altered_entry(
    audit: AuditService, database: Database, number: int, rehash: bool
) -> None:
    """It does so too if the hashes were computed anew up to the next seal; a page far away is whole."""
    await fill(audit, LENGTH)
    await run(database, "UPDATE audit SET target = 'made up' WHERE number = ?", number)
    if rehash:
        rows = await audit._store.entries(GUILD, -LAST, LAST, LAST)
        before = bytes(32) if number == 1 else rows[number - 2].hash
        for row in rows[number - 1 :]:
            before = digest(before, row)
            await run(database, "UPDATE audit SET hash = ? WHERE number = ?", before, row.number)
    flaws = {(chain.flaw, chain.number) for numbers, chain in await every_page(audit) if number in numbers}
    end = min(-(-number // STRIDE) * STRIDE, LENGTH)
    assert flaws == {(Flaw.ALTERED, end if rehash else number)}
    far = await audit.page(GUILD, 10, before=2 * STRIDE + 20)
    assert rehash or far.chain.flaw is None
    assert (await audit.export(GUILD))[1].flaw is Flaw.ALTERED


async def test_one_log_is_read_once_at_a_time(audit: AuditService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports of one guild wait for each other, and each reads in batches."""
    await fill(audit, LENGTH)
    monkeypatch.setattr("bot.features.audit.service._BATCH", 20)
    read = audit._store.entries
    firsts: list[int] = []

    async def watched(guild_id: int, after: int, until: int, size: int) -> Sequence[Entry]:
        rows = await read(guild_id, after, until, size)
        assert len(rows) <= 20
        firsts.extend(row.number for row in rows[:1])
        return rows

    monkeypatch.setattr(audit._store, "entries", watched)
    exports = await asyncio.gather(*(audit.export(GUILD) for _ in range(3)))
    assert [len(rows) for rows, _ in exports] == [LENGTH] * 3
    assert firsts == [*range(1, LENGTH + 1, 20)] * 3


async def test_a_seal_that_is_missing_or_forged_is_found(audit: AuditService, database: Database) -> None:
    """Neither a page nor the whole log is called unbroken without the signatures in between."""
    await fill(audit, LENGTH)
    await run(database, "UPDATE audit_seal SET signature = x'00' WHERE kind = 'point' AND number = ?", STRIDE)
    page = await audit.page(GUILD, 10, before=STRIDE + 20)
    assert (page.chain.flaw, page.chain.number) == (Flaw.UNSEALED, STRIDE)
    await run(database, "DELETE FROM audit_seal WHERE kind = 'point' AND number = ?", STRIDE)
    page = await audit.page(GUILD, 10, before=STRIDE)
    assert (page.chain.flaw, page.chain.number) == (Flaw.UNSEALED, STRIDE)
    _, chain = await audit.export(GUILD)
    assert (chain.flaw, chain.number) == (Flaw.UNSEALED, STRIDE)


async def test_a_seal_is_for_one_purpose(audit: AuditService, database: Database) -> None:
    """The signature of an entry on the way is none of an end: a log cut back to it is found."""
    await fill(audit, LENGTH)
    await run(database, "DELETE FROM audit WHERE number > ?", STRIDE)
    await run(database, "DELETE FROM audit_seal WHERE number > ?", STRIDE)
    await run(database, "UPDATE audit_seal SET kind = 'head'")
    assert (await audit.page(GUILD, 10)).chain.flaw is Flaw.UNSEALED
    assert (await audit.export(GUILD))[1].flaw is not None


async def test_old_entries_are_deleted_with_a_record(audit: AuditService, clock: Clock) -> None:
    """The log begins after them, is whole from there on, and an entry says up to where it was cut."""
    await fill(audit, STRIDE + 20)
    clock.now += (KEEP_DAYS + 2) * DAY
    await fill(audit, 5)
    await audit.prune()
    rows, chain = await audit.export(GUILD)
    assert [row.number for row in rows] == list(range(STRIDE + 21, STRIDE + 27))
    assert (rows[-1].action, rows[-1].target, rows[-1].author) == (CUT, f"#{STRIDE + 20}", None)
    assert (chain.flaw, chain.cut, chain.length) == (None, STRIDE + 20, 6)
    assert digest(chain.before, rows[0]) == rows[0].hash
    page = await audit.page(GUILD, 10)
    assert (page.chain.flaw, page.chain.cut, page.is_oldest) == (None, STRIDE + 20, True)
    await audit.prune()
    assert len((await audit.export(GUILD))[0]) == 6
    await fill(audit, 2 * STRIDE)
    assert {chain.flaw for _, chain in await every_page(audit)} == {None}


async def test_whoever_no_entry_names_any_more_is_forgotten(
    audit: AuditService, database: Database, clock: Clock
) -> None:
    """Their ids go with their last entries, and from the file; who is named later or was refused stays."""
    kept = ("author", "subject", "refused")
    names = {name: MEMBER + number for number, name in enumerate(("gone", "told", *kept))}
    for member in names.values():
        await audit.note(GUILD, "toolzz.edit", "toolzz · a", member_id=member)
    await audit.note(GUILD, "access.grant", f"member · {names['told']}", member_id=names["author"])
    clock.now += (KEEP_DAYS + 2) * DAY
    await audit.note(GUILD, "access.grant", f"member · {names['subject']}", member_id=names["author"])
    with pytest.raises(NoConnectionError):
        async with audit.change(GUILD, names["refused"], "toolzz.link", "toolzz · a"):
            raise NoConnectionError(provider="toolzz")
    await audit.prune()
    rows = (await PrivacyStore(database).rows(GUILD, 100))["audit_member"]
    assert {row["member"] for row in rows} == {names[name] for name in kept}
    assert await database._engine.traces() == Traces.SOME, "a scrub is due"
    assert (await audit.export(GUILD))[1].flaw is None


async def test_a_log_is_cut_in_batches(
    audit: AuditService, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are due, all are deleted; a log of which everything is old goes on after its end."""
    monkeypatch.setattr("bot.features.audit.store._AGED_AT_ONCE", 30)
    await fill(audit, LENGTH)
    clock.now += 2 * KEEP_DAYS * DAY
    await audit.prune()
    rows, chain = await audit.export(GUILD)
    assert [(row.number, row.action) for row in rows] == [(LENGTH + 1, CUT)]
    assert (chain.flaw, chain.cut) == (None, LENGTH)


async def test_no_cut_is_without_its_record(
    audit: AuditService, database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the record cannot be added, the last of the entries stay as well, and the next time has both."""
    monkeypatch.setattr("bot.features.audit.store._AGED_AT_ONCE", 30)
    told: list[str] = []
    audit.subscribe(lambda entry: told.append(entry.action))
    await fill(audit, 70)
    clock.now += 2 * KEEP_DAYS * DAY
    await refuse(database, "INSERT", "audit")
    with pytest.raises(database._engine.errors):
        await audit.prune()
    await take(database)
    assert [row.number for row in (await audit.export(GUILD))[0]] == list(range(61, 71))
    await audit.prune()
    assert [(row.action, row.target) for row in (await audit.export(GUILD))[0]] == [(CUT, "#70")]
    assert told.count(CUT) == 1


@pytest.mark.parametrize(
    ("statement", "flaw"),
    [
        ("DELETE FROM audit WHERE number <= 10", (Flaw.MISSING, 1)),
        ("DELETE FROM audit_seal WHERE kind = 'cut'", (Flaw.MISSING, 1)),
        ("UPDATE audit_seal SET number = number + 1 WHERE kind = 'cut'", (Flaw.MISSING, 1)),
        ("UPDATE audit_seal SET hash = x'0000' WHERE kind = 'cut'", (Flaw.MISSING, 1)),
    ],
)
async def test_a_cut_that_is_not_ours_is_a_flaw(
    audit: AuditService, database: Database, clock: Clock, statement: str, flaw: tuple[Flaw, int]
) -> None:
    """Entries that somebody deleted are missing, with or without a record of a cut."""
    await fill(audit, 20)
    if "seal" in statement:
        clock.now += (KEEP_DAYS + 2) * DAY
        await fill(audit, 5)
        await audit.prune()
    await run(database, statement)
    _, chain = await audit.export(GUILD)
    assert (chain.flaw, chain.number) == flaw
    (_, shown) = (await every_page(audit))[-1]
    assert shown.flaw is not None


async def test_what_was_altered_is_not_deleted(audit: AuditService, database: Database, clock: Clock) -> None:
    """A cut would vouch for it: the entries stay and the flaw is still found."""
    await fill(audit, 20)
    await run(database, "UPDATE audit SET target = 'made up' WHERE number = 3")
    clock.now += (KEEP_DAYS + 2) * DAY
    await audit.prune()
    rows, chain = await audit.export(GUILD)
    assert (len(rows), chain.flaw, chain.number) == (20, Flaw.ALTERED, 3)


async def test_a_new_key_signs_every_seal_anew(database: Database, clock: Clock) -> None:
    """In batches, which can be taken up again; afterwards the old key is not needed, nor does it verify."""
    old, new = {"k1": bytes(32)}, {"k2": bytes(range(32))}
    store = AuditStore(database)
    audit = AuditService(store, Vault(old), clock)
    await fill(audit, STRIDE + 20)
    clock.now += (KEEP_DAYS + 2) * DAY
    await fill(audit, 2 * STRIDE)
    await audit.prune()
    await run(database, "UPDATE audit_seal SET signature = x'6b3100' WHERE number = ?", 2 * STRIDE)
    after: SealKey | None = FIRST_SEAL
    while after is not None:
        after = (await store.resign(Vault(new | old), after, 2)).last
    _, chain = await AuditService(store, Vault(new), clock).export(GUILD)
    assert (chain.flaw, chain.number) == (Flaw.UNSEALED, 2 * STRIDE), "which was forged, and stays so"
    assert (await AuditService(store, Vault(old), clock).export(GUILD))[1].flaw is not None


@st.composite
def windows(draw: st.DrawFn) -> tuple[list[Entry], Seal | None, Seal, int]:
    """The entries between two seals, and the seals."""
    start = draw(st.sampled_from([0, STRIDE, 7 * STRIDE]))
    before = random.Random(start).randbytes(32) if start else bytes(32)  # noqa: S311 - any bytes will do
    first = seal(VAULT, SealKind.POINT, GUILD, start, before) if start else None
    rows = []
    for number in range(start + 1, start + 1 + draw(st.integers(1, 6))):
        row = Entry(GUILD, number, number, "p1", "toolzz.edit", f"toolzz · {number}", "done", b"")
        before = digest(before, row)
        rows.append(Entry(GUILD, number, number, "p1", "toolzz.edit", f"toolzz · {number}", "done", before))
    return rows, first, seal(VAULT, SealKind.HEAD, GUILD, rows[-1].number, before), start


@settings(max_examples=200, deadline=None)
@given(windows(), st.data())
def test_any_change_between_two_seals_is_found(
    case: tuple[list[Entry], Seal | None, Seal, int], data: st.DataObject
) -> None:
    """Removing, doubling or swapping entries is found; unchanged entries are whole."""
    rows, before, after, start = case
    assert check_window(rows, before, after, start, VAULT.verify).flaw is None
    index = data.draw(st.integers(0, len(rows) - 1))
    change = data.draw(st.sampled_from(["remove", "double", "swap"]))
    if change == "remove":
        del rows[index]
    elif change == "double":
        rows.insert(index, rows[index])
    else:
        rows[0], rows[-1] = rows[-1], rows[0]
    whole = change == "swap" and len(rows) == 1
    assert (check_window(rows, before, after, start, VAULT.verify).flaw is None) == whole
