"""Which answers were reported, by whom and when; each once, for its server and as long as history."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.features.complaints.service import SHOWN, ComplaintService
from bot.features.complaints.store import ComplaintStore
from bot.features.monitoring.store import MonitoringStore
from bot.store.database import Database
from tests.support.clock import Clock
from tests.support.ids import GUILD, MEMBER, OTHER_GUILD

AGENT = ("sensay", "5f0c3a52-6b1e-4a43-9c55-0a51f6f3d0aa")


@pytest.fixture
def complaints(database: Database, clock: Clock) -> ComplaintService:
    """The service, without any complaint yet."""
    return ComplaintService(ComplaintStore(database), clock)


async def report(
    complaints: ComplaintService,
    message: int,
    member: int = MEMBER,
    guild: int = GUILD,
    agent: str = AGENT[1],
) -> bool:
    """Report a message."""
    return await complaints.report(
        guild, AGENT[0], agent, channel_id=7, message_id=message, sent_at=100, member_id=member
    )


async def test_a_message_is_reported_once_by_a_member(complaints: ComplaintService) -> None:
    """A second report of the same member changes nothing; another member's is one more."""
    assert await report(complaints, 1)
    assert not await report(complaints, 1)
    assert await report(complaints, 1, MEMBER + 1)
    found = await complaints.newest(GUILD, *AGENT)
    assert [(each.message_id, each.reported_by) for each in found] == [(1, MEMBER), (1, MEMBER + 1)]


async def test_the_newest_come_first_and_few_of_them(complaints: ComplaintService, clock: Clock) -> None:
    """Of many reports the newest are returned, each with its places and times."""
    for message in range(1, SHOWN + 3):
        await report(complaints, message)
        clock.now += 60
    found = await complaints.newest(GUILD, *AGENT)
    assert [each.message_id for each in found] == list(range(SHOWN + 2, 2, -1))
    newest = found[0]
    assert (newest.channel_id, newest.sent_at, newest.reported_at) == (7, 100, int(clock()) - 60)


async def test_reports_belong_to_a_server_and_an_agent(complaints: ComplaintService) -> None:
    """Neither another server nor another agent has them."""
    await report(complaints, 1)
    assert await report(complaints, 1, guild=OTHER_GUILD)
    await report(complaints, 2, agent="other")
    assert [each.message_id for each in await complaints.newest(GUILD, *AGENT)] == [1]
    assert await complaints.newest(GUILD, "toolzz", AGENT[1]) == []


async def test_reports_are_kept_as_long_as_history(
    complaints: ComplaintService, database: Database, clock: Clock
) -> None:
    """What deletes old history deletes older reports, and no newer one."""
    await report(complaints, 1)
    clock.now += 100
    await report(complaints, 2)
    await MonitoringStore(database).compact(int(clock()) - 50)
    assert [each.message_id for each in await complaints.newest(GUILD, *AGENT)] == [2]


@pytest.mark.usefixtures("database")
async def test_the_table_has_no_place_for_what_a_message_says(path: Path) -> None:
    """All columns are ids and times but the provider and its id of the agent."""
    with closing(sqlite3.connect(path)) as beside:
        columns = {name: kind for _, name, kind, *_ in beside.execute("PRAGMA table_info(complaint)")}
    assert {name for name, kind in columns.items() if kind != "INTEGER"} == {"provider", "id"}
