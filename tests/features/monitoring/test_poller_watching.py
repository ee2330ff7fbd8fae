"""Proves against the simulated Toolzz what is watched, and what absence from its list does not mean."""

from __future__ import annotations

import asyncio

import pytest

from bot.providers.base.integration import State
from bot.providers.base.simulator import Answer
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.clock import Held
from tests.support.ids import GUILD
from tests.support.rounds import Rounds, asked

OTHER_UNIT = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4d00"
EMPTY = Answer(200, {"data": []})


async def test_a_linked_one_of_another_unit_is_watched(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """It is read by itself with each check, and its alert comes when it breaks."""
    await watched.route()
    toolzz.touch(toolzz.ELSEWHERE, unitId=OTHER_UNIT, guildId=str(GUILD))
    await watched.link(toolzz.ELSEWHERE)
    await watched.round()
    assert await watched.shown(toolzz.ELSEWHERE) == (State.CONNECTED, "")
    assert asked(toolzz) == [toolzz.UNIT, toolzz.ELSEWHERE]
    toolzz.break_integration(toolzz.ELSEWHERE)
    for _ in range(2):
        await watched.round()
    assert ("integration", toolzz.ELSEWHERE, "4004", "") in await watched.endings()


async def test_what_moves_to_another_unit_stays_watched(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """It need not be linked: it was watched before."""
    toolzz.touch(toolzz.CONNECTED, unitId=OTHER_UNIT)
    await watched.round()
    assert await watched.shown(toolzz.CONNECTED) == (State.CONNECTED, "")
    toolzz.break_integration(toolzz.CONNECTED)
    await watched.round()
    assert await watched.shown(toolzz.CONNECTED) == (State.DISCONNECTED, "4004")


@pytest.mark.parametrize(
    "hint", [{"total": 8}, {"hasMore": True}, {"meta": {"nextCursor": "x"}}, {}], ids=str
)
async def test_a_list_that_has_become_paged_loses_nothing(
    watched: Rounds, toolzz: ToolzzSimulator, hint: dict[str, object]
) -> None:
    """What stands on a later page is read by itself."""
    await watched.route()
    before = {each: (found.state, found.detail) for each, found in (await watched.known()).items()}
    incidents = await watched.endings()
    first = [entry for entry in toolzz.integrations.values() if entry["id"] == toolzz.CONNECTED]
    toolzz.fail(Answer(200, {"data": first, **hint}), times=None, path="/converflow/")
    for _ in range(3):
        await watched.round()
    assert {each: (found.state, found.detail) for each, found in (await watched.known()).items()} == before
    assert await watched.endings() == incidents
    toolzz.break_integration(toolzz.STRANGE)
    await watched.round()
    assert await watched.shown(toolzz.STRANGE) == (State.DISCONNECTED, "4004")


async def test_a_list_that_is_empty_for_a_moment_raises_nothing(
    watched: Rounds, toolzz: ToolzzSimulator
) -> None:
    """All integrations stay as they were, and no incident opens or closes."""
    await watched.route()
    await watched.round()
    before, incidents = await watched.known(), await watched.endings()
    toolzz.fail(EMPTY, times=3, path="/converflow/")
    for _ in range(4):
        await watched.round()
    after = await watched.known()
    assert {each: (row.state, row.changed_at) for each, row in after.items()} == {
        each: (row.state, row.changed_at) for each, row in before.items()
    }
    assert await watched.endings() == incidents


async def test_more_than_twenty_are_watched_in_turn(rounds: Rounds, toolzz: ToolzzSimulator) -> None:
    """Of 45 linked ones that the list lacks, each is read once in three checks; none is given up."""
    template = toolzz.integrations[toolzz.CONNECTED]
    ids = [f"a-{number:03}" for number in range(45)]
    toolzz.integrations = {each: {**template, "id": each, "unitId": OTHER_UNIT} for each in ids}
    await rounds.tick()
    await rounds.connect("toolzz")
    for each in ids:
        await rounds.link(each)
    await rounds.tick()
    assert len(await rounds.known()) == 20
    for _ in range(2):
        await rounds.round()
    assert {each: found.state for each, found in (await rounds.known()).items()} == dict.fromkeys(
        ids, State.CONNECTED
    )
    for each in ids:
        toolzz.break_integration(each)
    for count in (20, 40, 45):
        await rounds.round()
        states = [found.state for found in (await rounds.known()).values()]
        assert states.count(State.DISCONNECTED) == count
        assert states.count(State.CONNECTED) == 45 - count


async def test_404_for_ten_minutes_is_told_of_as_gone(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """The third check after ten minutes makes it gone, and the route's checks open the incident."""
    await watched.route()
    del toolzz.integrations[toolzz.CONNECTED]
    states = []
    for _ in range(13):
        await watched.round()
        states.append(await watched.shown(toolzz.CONNECTED))
        is_told = ("integration", toolzz.CONNECTED, "gone", "") in await watched.endings()
        assert is_told is (len(states) >= 12)
    assert states == [(State.UNKNOWN, "missing")] * 10 + [(State.INACTIVE, "gone")] * 3


async def test_a_deletion_is_told_of(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """The mark in the list is enough."""
    await watched.route()
    toolzz.touch(toolzz.CONNECTED, deletedAt="2026-11-20 08:15:27")
    await watched.round()
    assert await watched.shown(toolzz.CONNECTED) == (State.INACTIVE, "gone")
    await watched.round()
    assert ("integration", toolzz.CONNECTED, "gone", "") in await watched.endings()


async def test_what_was_deleted_before_is_not_watched(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """Nobody misses it."""
    assert toolzz.DELETED not in await watched.known()
    assert await watched.candidates() == {toolzz.HOMELESS}


async def test_the_bot_of_each_agent_is_learned_once(rounds: Rounds, toolzz: ToolzzSimulator) -> None:
    """The first check reads each agent that it finds, and later ones the list alone; the bots stay known."""
    del toolzz.integrations[toolzz.UNREACHABLE]
    await rounds.tick()
    await rounds.connect("toolzz")
    (first,) = await rounds.cost(toolzz)
    known = await rounds.known()
    assert first == 1 + len(known)
    for _ in range(3):
        assert await rounds.cost(toolzz) == [1]
    expected = {each: int(toolzz.integrations[each]["botClientId"]) for each in known}
    assert {each: found.bot_id for each, found in (await rounds.known()).items()} == expected


async def test_a_link_is_read_at_the_next_tick(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """Nobody waits for the interval; until then it is shown as not checked yet."""
    watched.integrations.subscribe(watched.poller.check_soon)
    await watched.link(toolzz.HOMELESS)
    found = await watched.find(f"toolzz:{toolzz.HOMELESS}")
    assert (found.state, found.detail) == (State.UNKNOWN, "not_yet")
    await watched.tick(1)
    assert await watched.shown(toolzz.HOMELESS) == (State.CONNECTED, "")
    assert await watched.candidates() == set()


async def test_a_guild_that_changed_is_checked_soon_and_no_other(
    watched: Rounds, toolzz: ToolzzSimulator
) -> None:
    """Its connections are due once, and the next check comes an interval later."""
    watched.poller.check_soon(GUILD + 1)
    await watched.tick(1)
    assert asked(toolzz) == []
    watched.poller.check_soon(GUILD)
    await watched.tick(1)
    await watched.tick(1)
    assert asked(toolzz) == [toolzz.UNIT]


async def test_a_provider_that_wants_no_requests_gets_none_soon(
    watched: Rounds, toolzz: ToolzzSimulator
) -> None:
    """A change in the guild does not shorten the time that a provider has asked for."""
    toolzz.fail(Answer(429, headers={"Retry-After": "300"}))
    await watched.round()
    asked(toolzz)
    watched.poller.check_soon(GUILD)
    await watched.tick(200)
    assert asked(toolzz) == []
    await watched.tick(101)
    assert asked(toolzz) == [toolzz.UNIT]


async def test_what_is_unlinked_is_no_longer_read(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """Not even if a check was under way when it was unlinked; its incident ends as unwatched."""
    toolzz.touch(toolzz.HOMELESS, connectionStatus="error", unitId=OTHER_UNIT)
    await watched.link(toolzz.HOMELESS)
    for _ in range(2):
        await watched.round()
    toolzz.fail(held := Held(), path=toolzz.HOMELESS)
    check = asyncio.create_task(watched.round())
    await held.arrived.wait()
    await watched.unlink(toolzz.HOMELESS)
    held.let_go.set()
    await check
    assert toolzz.HOMELESS not in await watched.known()
    asked(toolzz)
    await watched.round()
    assert asked(toolzz) == [toolzz.UNIT]
    assert ("integration", toolzz.HOMELESS, "", "unwatched") in await watched.endings()


async def test_what_is_ignored_is_neither_watched_nor_offered(
    watched: Rounds, toolzz: ToolzzSimulator
) -> None:
    """Until the manager stops ignoring it."""
    for each in (toolzz.CONNECTED, toolzz.HOMELESS):
        await watched.integrations.ignore(GUILD, "toolzz", "default", each, "A", member_id=1)
    await watched.round()
    assert not {toolzz.CONNECTED, toolzz.HOMELESS} & (
        (await watched.known()).keys() | await watched.candidates()
    )
    for each in (toolzz.CONNECTED, toolzz.HOMELESS):
        await watched.integrations.stop_ignoring(GUILD, "toolzz", each)
    await watched.round()
    assert toolzz.CONNECTED in await watched.known()
    assert await watched.candidates() == {toolzz.HOMELESS}
