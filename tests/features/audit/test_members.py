"""Proves that members are in the log by pseudonyms, and that erasing one leaves the chain as it was."""

import json
from dataclasses import replace
from hashlib import sha256

import pytest

from bot.features.audit.chain import BEGINNING, STRIDE, UNSIGNED, Chain, Flaw, digest, signed_part
from bot.features.audit.entry import Entry
from bot.features.audit.former_store import REWRITTEN, FormerLogs
from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.features.privacy.member_store import MemberStore
from bot.store.database import Database
from bot.store.vault import Vault
from tests.support.by_hand import refuse, rows, run, take
from tests.support.clock import Clock
from tests.support.ids import GUILD, MEMBER, OTHER_GUILD

OTHER_MEMBER = MEMBER + 1


async def held(database: Database) -> str:
    """Return the whole table."""
    return str(await rows(database, "SELECT * FROM audit ORDER BY guild_id, number"))


async def fill(audit: AuditService) -> None:
    """Let one member act in two guilds, and another one grant the first something."""
    for guild_id in (GUILD, OTHER_GUILD):
        await audit.note(guild_id, "toolzz.edit", "toolzz · a", member_id=MEMBER)
        await audit.note(guild_id, "access.grant", f"member · {MEMBER} · manager", member_id=OTHER_MEMBER)
        await audit.note(guild_id, "access.revoke", f"member · {OTHER_MEMBER}", member_id=MEMBER)


async def test_no_id_is_in_the_chain(audit: AuditService, database: Database) -> None:
    """Author and target are random pseudonyms, the same for one member in one guild and no other."""
    await fill(audit)
    assert str(MEMBER) not in await held(database)
    assert str(OTHER_MEMBER) not in await held(database)
    here, _ = await audit.export(GUILD)
    there, _ = await audit.export(OTHER_GUILD)
    assert [entry.member for entry in here] == [MEMBER, OTHER_MEMBER, MEMBER]
    assert [entry.subject for entry in here] == [None, MEMBER, OTHER_MEMBER]
    assert here[0].author == here[2].author
    assert f"member · {here[0].author} · manager" == here[1].target
    assert {entry.author for entry in here} & {entry.author for entry in there} == set()


async def test_an_erased_member_leaves_the_chain_whole(audit: AuditService, database: Database) -> None:
    """No guild knows who they were; the others' entries and all hashes are as before."""
    await fill(audit)
    before = [entry.hash for entry in (await audit.export(GUILD))[0]]
    members = MemberStore(database)
    assert (await members.stored(MEMBER)).entries == 6
    await members.erase(MEMBER)
    assert (await members.stored(MEMBER)).entries == 0
    entries, chain = await audit.export(GUILD)
    assert chain == Chain(3)
    assert [entry.hash for entry in entries] == before
    assert [(entry.member, entry.subject) for entry in entries] == [
        (None, None),
        (OTHER_MEMBER, None),
        (None, OTHER_MEMBER),
    ]
    assert (await audit.page(GUILD, 10, member=MEMBER)).entries == []
    await audit.note(GUILD, "toolzz.edit", "toolzz · b", member_id=MEMBER)
    (last,) = (await audit.page(GUILD, 10, member=MEMBER)).entries
    assert last.author not in {entry.author for entry in entries}
    assert str(MEMBER).encode() not in (await held(database)).encode()


async def write_former(database: Database, vault: Vault, length: int, *, guild_id: int = GUILD) -> None:
    """Write a log as releases before the pseudonyms did."""
    before = BEGINNING
    for number in range(1, length + 1):
        member = None if number % 7 == 0 else MEMBER + number % 2
        target = f"member · {OTHER_MEMBER} · viewer" if number % 5 == 0 else "toolzz · a"
        text = json.dumps(
            [str(guild_id), number, 100, member and str(member), "access.grant", target, "done"],
            separators=(",", ":"),
        )
        before = sha256(before + text.encode()).digest()
        await run(
            database,
            "INSERT INTO audit VALUES (?, ?, 100, ?, 'access.grant', ?, 'done', ?, NULL, 1)",
            guild_id,
            number,
            member and str(member),
            target,
            before,
        )
    signature = vault.sign(signed_part("audit", guild_id, length, before))
    await run(database, "INSERT INTO audit_head VALUES (?, ?, ?, ?)", guild_id, length, before, signature)


async def test_an_old_log_is_rewritten_once(
    audit: AuditService, database: Database, vault: Vault, clock: Clock
) -> None:
    """It is whole afterwards, without an id, with the same members; a note says up to which entry."""
    length = 2 * STRIDE + 3
    await write_former(database, vault, length)
    await write_former(database, vault, 3, guild_id=OTHER_GUILD)
    await FormerLogs(database, vault).rewrite(int(clock()))
    entries, chain = await audit.export(GUILD)
    assert chain == Chain(length + 1)
    assert (await audit.export(OTHER_GUILD))[1] == Chain(4)
    assert (entries[-1].action, entries[-1].target, entries[-1].result) == (REWRITTEN, f"#{length}", "done")
    for entry in entries[:-1]:
        assert entry.member == (None if entry.number % 7 == 0 else MEMBER + entry.number % 2)
        assert entry.subject == (OTHER_MEMBER if entry.number % 5 == 0 else None)
    assert str(MEMBER)[:-1] not in await held(database)
    assert (await audit.page(GUILD, 10, before=60)).chain.flaw is None
    before = await held(database)
    await FormerLogs(database, vault).rewrite(int(clock()))
    assert await held(database) == before
    await audit.note(GUILD, "toolzz.edit", "toolzz · b", member_id=MEMBER)
    assert (await audit.export(GUILD))[1] == Chain(length + 2)


@pytest.mark.parametrize(
    ("statement", "flaw", "number", "later"),
    [
        ("UPDATE audit SET result = 'made up' WHERE number = 2", Flaw.ALTERED, 2, Flaw.UNVOUCHED),
        ("UPDATE audit SET member = 'x' WHERE number = 3", Flaw.ALTERED, 3, Flaw.UNVOUCHED),
        ("DELETE FROM audit WHERE number = 4", Flaw.MISSING, 4, Flaw.MISSING),
        ("DELETE FROM audit WHERE number > 4", Flaw.CUT, 5, Flaw.MISSING),
        ("DELETE FROM audit", Flaw.CUT, 1, Flaw.MISSING),
        ("UPDATE audit_head SET signature = x'00'", Flaw.UNSIGNED, 6, Flaw.UNVOUCHED),
        ("DELETE FROM audit_head", Flaw.UNSIGNED, 6, Flaw.UNVOUCHED),
    ],
)
async def test_a_broken_old_log_is_not_laundered(
    audit: AuditService,
    database: Database,
    vault: Vault,
    clock: Clock,
    statement: str,
    flaw: Flaw,
    number: int,
    later: Flaw,
) -> None:
    """Its entries are rewritten too; the notes say what was wrong, and it is never called unbroken."""
    await write_former(database, vault, 6)
    await run(database, statement)
    await FormerLogs(database, vault).rewrite(int(clock()))
    for _ in range(2):
        entries, chain = await audit.export(GUILD)
        notes = [(entry.action, entry.target, entry.result) for entry in entries if entry.author is None]
        assert (REWRITTEN, f"#{number}", f"failed:{flaw}") in notes
        assert UNSIGNED in {action for action, *_ in notes}
        assert chain.flaw is later
        assert str(MEMBER)[:-1] not in await held(database)
        await audit.note(GUILD, "toolzz.edit", "toolzz · b", member_id=MEMBER)


@pytest.mark.parametrize("forged", [None, 2, STRIDE + 6])
async def test_an_old_log_waits_for_its_key(
    database: Database, clock: Clock, vault: Vault, forged: int | None
) -> None:
    """Without the key it is neither rewritten nor vouched for; with it, it is whole if nobody changed it."""
    new = {"k9": bytes(range(32))}
    await write_former(database, vault, STRIDE + 5)
    started = Vault(new)
    assert await FormerLogs(database, started).rewrite(int(clock())) == {vault.current: 1}
    audit = AuditService(AuditStore(database), started, clock)
    for number in range(STRIDE):
        await audit.note(GUILD, "toolzz.edit", f"toolzz · {number}", member_id=MEMBER)
    assert (await audit.export(GUILD))[1].flaw is not None
    if forged is not None:
        await run(database, "UPDATE audit SET result = 'made up' WHERE number = ?", forged)
    both = Vault(new | {"k1": bytes(32)})
    assert not await FormerLogs(database, both).rewrite(int(clock()))
    entries, chain = await AuditService(AuditStore(database), both, clock).export(GUILD)
    if forged is None:
        assert chain == Chain(2 * STRIDE + 7)
        noted = [(entry.number, entry.target) for entry in entries if entry.action == REWRITTEN]
        assert noted == [(STRIDE + 6, f"#{STRIDE + 5}"), (2 * STRIDE + 7, f"#{2 * STRIDE + 6}")]
    else:
        assert chain.flaw is Flaw.UNVOUCHED
    assert not await FormerLogs(database, both).rewrite(int(clock())), "once"


async def test_a_rewrite_that_fails_leaves_the_old_log(
    audit: AuditService, database: Database, vault: Vault, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is done as a whole or not at all, and once more at the next start."""
    await write_former(database, vault, STRIDE + 5)
    before = await held(database)
    await refuse(database, "UPDATE", "audit", "new.number = 40")
    with pytest.raises(database._engine.errors):
        await FormerLogs(database, vault).rewrite(int(clock()))
    assert await held(database) == before
    await take(database)
    await FormerLogs(database, vault).rewrite(int(clock()))
    assert (await audit.export(GUILD))[1] == Chain(STRIDE + 6)


def test_old_and_new_entries_are_hashed_alike() -> None:
    """An entry without the newer columns is hashed as before, so an old file can still be checked."""
    entry = Entry(GUILD, 1, 100, "5", "access.grant", "role · 8", "done", b"")
    text = f'["{GUILD}",1,100,"5","access.grant","role \\u00b7 8","done"]'
    assert digest(BEGINNING, entry) == sha256(BEGINNING + text.encode()).digest()
    assert digest(BEGINNING, replace(entry, ends=1)) != digest(BEGINNING, replace(entry, times=2))
