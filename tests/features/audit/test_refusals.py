"""Proves that nobody fills the log with what was refused or has failed."""

import json

import pytest

from bot.errors import NoConnectionError, PatchbayError, RejectedError
from bot.features.audit.chain import Flaw
from bot.features.audit.refusals import MAX_OF_ALL, MAX_OF_GUILD, REFUSALS, RefusalCounter, Tried
from bot.features.audit.service import AuditService
from bot.features.audit.store import LAST
from bot.features.privacy.member_store import MemberStore
from bot.features.privacy.store import PrivacyStore
from bot.store.database import Database
from tests.support.by_hand import refuse, run, take
from tests.support.clock import Clock
from tests.support.ids import GUILD, MEMBER, OTHER_GUILD
from tests.support.log_capture import logging_to_memory


async def attempt(audit: AuditService, member: int, target: str, error: PatchbayError) -> None:
    """Try something that fails."""
    with pytest.raises(type(error)):
        async with audit.change(GUILD, member, "toolzz.link", target):
            raise error


async def rows(audit: AuditService) -> list[tuple[int | None, str, str, int]]:
    """Return member, target, result and number of times of what is in the table."""
    found = await audit._store.entries(GUILD, -LAST, LAST, LAST)
    return [(each.member, each.target, each.result, each.times) for each in found]


async def test_repetitions_are_one_entry_a_minute(audit: AuditService, clock: Clock) -> None:
    """Of each member and result there is one entry with the number of times, once the minute is over."""
    for _ in range(60):
        await attempt(audit, MEMBER, "toolzz · a", NoConnectionError(provider="toolzz"))
        await attempt(audit, MEMBER, "toolzz · a", RejectedError("toolzz"))
        await attempt(audit, MEMBER + 1, "toolzz · a", NoConnectionError(provider="toolzz"))
    assert await rows(audit) == []
    await audit.flush()
    first = [
        (MEMBER, "toolzz · a", "refused:no_connection", 60),
        (MEMBER, "toolzz · a", "failed:rejected", 60),
        (MEMBER + 1, "toolzz · a", "refused:no_connection", 60),
    ]
    assert await rows(audit) == first
    clock.now += 60
    await attempt(audit, MEMBER, "toolzz · a", NoConnectionError(provider="toolzz"))
    await audit.flush()
    assert await rows(audit) == [*first, (MEMBER, "toolzz · a", "refused:no_connection", 1)]
    assert (await audit.export(GUILD))[1].flaw is None


async def test_a_count_about_several_things_names_none(audit: AuditService, database: Database) -> None:
    """An entry for tries at different targets has no target; the number of times is part of the chain."""
    for target in ("toolzz · a", "toolzz · b"):
        await attempt(audit, MEMBER, target, NoConnectionError(provider="toolzz"))
    await audit.flush()
    assert await rows(audit) == [(MEMBER, "", "refused:no_connection", 2)]
    await run(database, "UPDATE audit SET times = 1")
    assert (await audit.export(GUILD))[1].flaw is Flaw.ALTERED


async def test_a_change_is_written_at_once(audit: AuditService) -> None:
    """What was done is an entry each, whatever was refused before."""
    await attempt(audit, MEMBER, "toolzz · a", NoConnectionError(provider="toolzz"))
    for _ in range(2):
        async with audit.change(GUILD, MEMBER, "toolzz.link", "toolzz · a"):
            pass
    assert await rows(audit) == [(MEMBER, "toolzz · a", "done", 1)] * 2


def test_counters_are_bounded() -> None:
    """Whatever is tried, a guild has so many entries a minute, and one that counts all the others."""
    counter = RefusalCounter()
    for number in range(3 * MAX_OF_GUILD):
        counter.count(Tried(GUILD, 1, number, "toolzz.link", "t", "refused:no_connection"))
    taken = counter.take(GUILD)
    assert len(taken) == MAX_OF_GUILD + 1
    assert (taken[-1].action, taken[-1].member, taken[-1].times) == (REFUSALS, None, 2 * MAX_OF_GUILD)
    assert sum(each.times for each in taken) == 3 * MAX_OF_GUILD
    assert counter.take(GUILD) == []


def test_all_counters_together_are_bounded() -> None:
    """Guilds beyond the limit have one counter each, and others' counters are kept."""
    counter = RefusalCounter()
    guilds = MAX_OF_ALL // MAX_OF_GUILD
    for guild_id in range(1, guilds + 1):
        for number in range(MAX_OF_GUILD):
            counter.count(Tried(guild_id, 1, number, "toolzz.link", "t", "refused:no_connection"))
    for number in range(5):
        counter.count(Tried(OTHER_GUILD, 1, number, "toolzz.link", "t", "refused:no_connection"))
    assert [(each.action, each.times) for each in counter.take(OTHER_GUILD)] == [(REFUSALS, 5)]
    assert len(counter.take(1)) == MAX_OF_GUILD
    counter.count(Tried(OTHER_GUILD, 1, 1, "toolzz.link", "t", "refused:no_connection"))
    assert [each.action for each in counter.take(OTHER_GUILD)] == ["toolzz.link"]


async def test_counts_that_cannot_be_written_are_kept(audit: AuditService, database: Database) -> None:
    """On a full disk they grow with what comes later, and the log line has their number."""
    for _ in range(3):
        await attempt(audit, MEMBER, "toolzz · a", NoConnectionError(provider="toolzz"))
    await refuse(database, "INSERT", "audit")
    with logging_to_memory("json") as log:
        await audit.flush()
        await audit.export(GUILD)
    assert [json.loads(line)["times"] for line in log.getvalue().splitlines()] == [3, 3]
    await take(database)
    for number in range(2 * MAX_OF_GUILD):
        await attempt(audit, MEMBER + number, "toolzz · a", NoConnectionError(provider="toolzz"))
    await audit.flush()
    written = await rows(audit)
    assert written[0] == (MEMBER, "toolzz · a", "refused:no_connection", 4)
    assert (len(written), sum(each[-1] for each in written)) == (MAX_OF_GUILD + 1, 3 + 2 * MAX_OF_GUILD)


async def test_what_was_counted_of_an_erased_member_is_not_written(
    audit: AuditService, database: Database
) -> None:
    """Whether they tried something themselves or something about them was tried; others' tries stay."""
    await audit.note(GUILD, "toolzz.link", "toolzz · a", member_id=MEMBER)
    tried = {MEMBER: "toolzz · a", MEMBER + 1: f"member · {MEMBER}", MEMBER + 2: "toolzz · a"}
    for member, target in tried.items():
        await attempt(audit, member, target, NoConnectionError(provider="toolzz"))
    await MemberStore(database).erase(MEMBER)
    await audit.flush()
    await attempt(audit, MEMBER, "toolzz · a", NoConnectionError(provider="toolzz"))
    await MemberStore(database).erase(MEMBER)
    with logging_to_memory("json") as log:
        await audit.flush()
    assert log.getvalue() == ""
    assert (await MemberStore(database).stored(MEMBER)).total == 0
    assert [each[0] for each in await rows(audit)] == [None, MEMBER + 2]
    assert (await audit.export(GUILD))[1].flaw is None


@pytest.mark.parametrize("tries", [1, MAX_OF_GUILD + 1])
async def test_what_was_counted_of_a_guild_that_another_process_erased_is_not_written(
    audit: AuditService, database: Database, tries: int
) -> None:
    """Nothing is stored of it afterwards, also if there were more tries than counters."""
    for number in range(tries):
        await attempt(audit, MEMBER + number, f"member · {number + 1}", NoConnectionError(provider="toolzz"))
    privacy = PrivacyStore(database)
    await privacy.erase(GUILD)
    await audit.flush()
    assert (await privacy.stored(GUILD)).total == 0


async def test_tries_about_many_members_make_one_pseudonym(audit: AuditService, database: Database) -> None:
    """Nobody fills the table of pseudonyms by naming one member after the other."""
    for number in range(50):
        await attempt(audit, MEMBER, f"member · {number + 1}", NoConnectionError(provider="toolzz"))
    await audit.flush()
    assert len((await PrivacyStore(database).rows(GUILD, 100))["audit_member"]) == 2
