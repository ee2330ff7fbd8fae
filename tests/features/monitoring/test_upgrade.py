"""Proves that what an earlier version watched stays watched, whatever the first checks say."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.features.connections.service import ConnectionService
from bot.features.monitoring.access import Access, AccessKind
from bot.providers.base.integration import State
from bot.providers.base.simulator import Answer, made_up_token
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from bot.store.database import Database
from bot.store.vault import Vault
from tests.support.clock import Clock
from tests.support.ids import GUILD
from tests.support.old_databases import execute, release
from tests.support.rounds import Rounds

pytestmark = pytest.mark.sqlite
TABLES = ("integration", "connection", "watched", "incident", "outbox", "history")
BOT = 1209876543210987654
OTHER_UNIT = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4d00"
REPLICAS = (SensaySimulator.ACTIVE, SensaySimulator.UNDECIDED, SensaySimulator.UNCONNECTED)
INTEGRATIONS = (
    ToolzzSimulator.CONNECTED,
    ToolzzSimulator.DISCONNECTED,
    ToolzzSimulator.ELSEWHERE,
    ToolzzSimulator.HOMELESS,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of the revision before, whose server watches some of both providers."""
    path = release(tmp_path / "patchbay.db", "0005")
    rows = [("sensay", each) for each in REPLICAS] + [("toolzz", each) for each in INTEGRATIONS]
    begin = f"INSERT INTO watched VALUES ({GUILD}, 'integration', "  # noqa: S608 - a constant
    end = "'default', 'Old name', 'connected', '', 200, 0, 0, NULL, 1800000000, 5, 'connected')"
    execute(
        path,
        *(f"DELETE FROM {table}" for table in TABLES),  # noqa: S608 - tables' names
        *(f"{begin} '{provider}', '{each}', {end}" for provider, each in rows),
    )
    return path


@pytest.fixture
async def upgraded(
    service: ConnectionService, database: Database, vault: Vault, clock: Clock, sensay: SensaySimulator
) -> Rounds:
    """A poller over the updated database, before its first check; the bot of ``ACTIVE`` has a name."""
    rounds = Rounds.of(service, database, vault, clock)
    sensay.replicas[sensay.ACTIVE]["discord_integration"]["token"] = made_up_token(str(BOT), "00000000")
    for provider in ("sensay", "toolzz"):
        await rounds.connect(provider)
    return rounds


async def first_check(rounds: Rounds) -> None:
    """Let each connection be checked for the first time."""
    await rounds.tick()
    await rounds.round()


async def test_everything_stays_watched(
    upgraded: Rounds, sensay: SensaySimulator, toolzz: ToolzzSimulator
) -> None:
    """Also what the list lacks, what runs elsewhere or nowhere, and what is no member."""
    upgraded.access.bots[BOT] = Access(AccessKind.ABSENT)
    toolzz.touch(toolzz.DISCONNECTED, unitId=OTHER_UNIT)
    await first_check(upgraded)
    found = {each: (row.state, row.detail) for each, row in (await upgraded.known()).items()}
    assert found == {
        sensay.ACTIVE: (State.BLOCKED, "absent"),
        sensay.UNDECIDED: (State.UNKNOWN, ""),
        sensay.UNCONNECTED: (State.UNKNOWN, "not_listed"),
        toolzz.CONNECTED: (State.CONNECTED, ""),
        toolzz.DISCONNECTED: (State.DISCONNECTED, "4004"),
        toolzz.ELSEWHERE: (State.BLOCKED, "elsewhere"),
        toolzz.HOMELESS: (State.CONNECTED, ""),
        # What is new is watched where the provider places it here.
        **{
            each: found[each]
            for each in (toolzz.INACTIVE, toolzz.CROWDED, toolzz.UNREACHABLE, toolzz.STRANGE)
        },
    }


async def test_an_empty_list_after_the_update_takes_nothing_away(
    upgraded: Rounds, sensay: SensaySimulator, toolzz: ToolzzSimulator
) -> None:
    """The first check may come in just that moment."""
    toolzz.fail(Answer(200, {"data": []}), times=None, path="/converflow/")
    sensay.fail(
        Answer(200, {"success": True, "items": [], "total": 0}), times=None, path="integration=discord"
    )
    for _ in range(4):
        await first_check(upgraded)
    rows = await upgraded.known()
    assert rows.keys() == {*REPLICAS, *INTEGRATIONS}
    assert {rows[each].state for each in REPLICAS} == {State.UNKNOWN}
    assert rows[toolzz.CONNECTED].state is State.CONNECTED
    assert await upgraded.endings() == []


async def test_mutes_and_history_go_on(upgraded: Rounds, toolzz: ToolzzSimulator) -> None:
    """The time since when it is in its state is the old one, and the name is the new one."""
    await first_check(upgraded)
    row = (await upgraded.known())[toolzz.CONNECTED]
    assert (row.changed_at, row.muted_until, row.muted_by) == (200, 1_800_000_000, 5)
    assert row.label == toolzz.integrations[toolzz.CONNECTED]["title"]


async def test_replicas_that_were_not_watched_are_candidates(
    upgraded: Rounds, sensay: SensaySimulator
) -> None:
    """They are not watched because an earlier version would have watched them."""
    await first_check(upgraded)
    assert await upgraded.candidates() == set(sensay.discord_integrations()) - set(REPLICAS)
