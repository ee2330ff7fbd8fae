"""What the checks do while the database takes no writes, and how that shows afterwards."""

from __future__ import annotations

from structlog.testing import capture_logs

from bot.features.monitoring.service import NOT_CHECKED, STALE_CHECKS
from bot.providers.base.integration import State
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.full_disk import FullDisk
from tests.support.ids import GUILD
from tests.support.rounds import INTERVAL, Rounds


async def fill(rounds: Rounds) -> FullDisk:
    """Fill the disk, and let one check find out."""
    disk = FullDisk(rounds.database)
    disk.fill()
    await rounds.round()
    assert disk.failures == 1
    return disk


async def test_nothing_is_asked_for_what_cannot_be_stored(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """While the disk is full no provider gets a request, and the log has one line; then checks go on."""
    with capture_logs() as logs:
        disk = await fill(watched)
        toolzz.requests.clear()
        for _ in range(10):
            await watched.round()
            await watched.poller.check_guild(GUILD, max_wait=0)
            watched.poller.judge_soon(GUILD)
        assert disk.failures > 10
        await disk.free()
        toolzz.requests.clear()
        await watched.round()
        assert toolzz.requests
    assert [entry["event"] for entry in logs] == ["writes_failing", "writes_back"]
    assert all("exc_info" not in entry for entry in logs)


async def test_what_broke_meanwhile_is_one_incident(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """An agent that breaks while the disk is full and stays broken has one incident afterwards."""
    disk = await fill(watched)
    toolzz.break_integration(toolzz.CONNECTED)
    for _ in range(10):
        await watched.round()
    before = await watched.endings()
    await disk.free()
    for _ in range(3):
        await watched.round()
    assert len(await watched.endings()) == len(before) + 1


async def test_the_time_without_checks_is_unknown(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """The history says from one interval after the last check on that nobody checked, as for other gaps."""
    checked = await watched.check()
    assert checked is not None
    disk = await fill(watched)
    for _ in range(STALE_CHECKS):
        await watched.round()
    await disk.free()
    await watched.round()
    gap, back = (await watched.history(toolzz.CONNECTED))[-2:]
    assert (gap.at, gap.state, gap.detail) == (checked.checked_at + INTERVAL, State.UNKNOWN, NOT_CHECKED)
    assert (back.at, back.state) == (int(watched.clock.now), State.CONNECTED)
