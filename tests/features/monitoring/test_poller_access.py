"""Proves when Discord is asked, and that its changes are stored without a request to a provider."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.features.monitoring.access import Access, AccessKind
from bot.providers.base.current_guild import CURRENT_GUILD, working_for
from bot.providers.base.integration import State
from bot.providers.base.simulator import Answer
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.clock import Held
from tests.support.ids import GUILD, OTHER_GUILD
from tests.support.rounds import INTERVAL, Rounds, asked
from tests.support.waiting import until

ABSENT = Access(AccessKind.ABSENT)


async def test_what_discord_says_is_stored_without_a_request(
    watched: Rounds, toolzz: ToolzzSimulator
) -> None:
    """A change at Discord judges the last reports anew; it counts for no incident."""
    await watched.route(checks=1)
    watched.access.on_change(watched.poller.judge_soon)
    (bot,) = {found.bot_id for found in (await watched.known()).values()}
    assert bot is not None
    before = await watched.endings()
    watched.access.bots[bot] = ABSENT
    watched.access.change(GUILD)
    await asyncio.gather(*watched.poller._judging)
    assert await watched.shown(toolzz.CONNECTED) == (State.BLOCKED, "absent")
    assert (await watched.shown(toolzz.DISCONNECTED))[0] == State.DISCONNECTED
    assert (asked(toolzz), await watched.endings()) == ([], before)
    await watched.round()
    assert ("integration", toolzz.CONNECTED, "absent", "") in await watched.endings()


async def test_nothing_is_judged_while_the_provider_does_not_answer(
    watched: Rounds, toolzz: ToolzzSimulator
) -> None:
    """The agents stay unknown, and Discord is not asked."""
    toolzz.fail(Answer(500))
    await watched.round()
    watched.access.asked.clear()
    await watched.poller.judge_again(GUILD)
    assert await watched.shown(toolzz.CONNECTED) == (State.UNKNOWN, "server_fault")
    assert watched.access.asked == []


async def test_another_guild_is_not_judged(watched: Rounds) -> None:
    """A change in one guild costs no other guild anything."""
    watched.access.asked.clear()
    await watched.poller.judge_again(GUILD + 1)
    assert watched.access.asked == []


async def test_a_judgement_never_undoes_a_check(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """While the last reports are judged, a check waits; its newer reports are what stays."""
    answer = watched.access.held = asyncio.Event()
    watched.access.asked.clear()
    judging = asyncio.create_task(watched.poller.judge_again(GUILD))
    await until(lambda: bool(watched.access.asked))
    toolzz.break_integration(toolzz.CONNECTED)
    check = asyncio.create_task(watched.round())
    await asyncio.wait({check}, timeout=0.3)
    answer.set()
    await asyncio.gather(check, judging)
    assert await watched.shown(toolzz.CONNECTED) == (State.DISCONNECTED, "4004")


async def test_a_judgement_waits_for_the_check_under_way(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """It judges the newer reports."""
    toolzz.fail(held := Held())
    check = asyncio.create_task(watched.round())
    await held.arrived.wait()
    watched.access.asked.clear()
    judging = asyncio.create_task(watched.poller.judge_again(GUILD))
    await asyncio.sleep(0.05)
    assert watched.access.asked == []
    toolzz.break_integration(toolzz.CONNECTED)
    held.let_go.set()
    await asyncio.gather(check, judging)
    assert await watched.shown(toolzz.CONNECTED) == (State.DISCONNECTED, "4004")


async def test_a_judgement_that_fails_is_logged_and_ends_nothing(
    watched: Rounds, toolzz: ToolzzSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next check judges again."""

    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    with capture_logs() as logs, monkeypatch.context() as patch:
        patch.setattr(watched.access, "read", broken)
        watched.poller.judge_soon(GUILD)
        await asyncio.gather(*watched.poller._judging)
    assert [(line["event"], line["guild"]) for line in logs] == [("judging_failed", GUILD)]
    await watched.round()
    assert await watched.shown(toolzz.CONNECTED) == (State.CONNECTED, "")


async def test_a_member_who_asks_for_a_check_has_discord_asked(watched: Rounds) -> None:
    """The regular check does so only where the provider's state changed."""
    watched.access.asked.clear()
    await watched.round()
    assert {each.must_read for each in watched.access.asked} == {False}
    watched.access.asked.clear()
    watched.clock.now += INTERVAL
    await watched.poller.check_guild(GUILD)
    assert {each.must_read for each in watched.access.asked} == {True}


async def test_judging_does_not_pile_up(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """Behind a long check, one task of a guild waits; what changes meanwhile is judged once more."""
    toolzz.fail(held := Held())
    watched.clock.now += INTERVAL
    checking = asyncio.create_task(watched.tick())
    await held.arrived.wait()
    for _ in range(100):
        watched.poller.judge_soon(GUILD)
        await asyncio.sleep(0)
    assert len(watched.poller._judging) == 1
    held.let_go.set()
    await checking
    await asyncio.gather(*watched.poller._judging)
    assert not watched.poller._to_judge


async def test_a_guild_is_judged_in_its_own_name(watched: Rounds, monkeypatch: pytest.MonkeyPatch) -> None:
    """Discord's gateway, which is nobody's, or another guild may have told of the change. What is stored for
    many guilds at once is nobody's.
    """
    judged, written = [], []
    read, store = watched.access.read, watched.store.transact

    async def seen(guild_id: int, subjects: Any) -> Any:  # noqa: ANN401 - as the reader's
        judged.append(CURRENT_GUILD.get())
        return await read(guild_id, subjects)

    async def stored(work: Any) -> Any:  # noqa: ANN401 - as the store's
        written.append(CURRENT_GUILD.get())
        return await store(work)

    monkeypatch.setattr(watched.access, "read", seen)
    monkeypatch.setattr(watched.store, "transact", stored)
    with working_for(OTHER_GUILD):
        watched.poller.judge_soon(GUILD)
    await asyncio.gather(*watched.poller._judging)
    assert (set(judged), set(written)) == ({GUILD}, {None})
