"""Proves against the simulated Sensay what is watched, and what absence from its list does not mean."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.features.monitoring.access import Access, AccessKind
from bot.providers.base.integration import State
from bot.providers.base.simulator import Answer, made_up_token
from bot.providers.sensay.simulator import SensaySimulator
from tests.support.guild_rows import traces
from tests.support.ids import GUILD
from tests.support.rounds import Rounds

BOT = 1209876543210987654
MEMBER, ABSENT = Access(AccessKind.USABLE, 1), Access(AccessKind.ABSENT)


@pytest.fixture
async def replicas(rounds: Rounds, sensay: SensaySimulator) -> Rounds:
    """A poller with one connection with Sensay, not checked yet; the bot of ``ACTIVE`` is known."""
    give_bot(sensay, sensay.ACTIVE)
    await rounds.tick()
    await rounds.connect("sensay")
    return rounds


def give_bot(sensay: SensaySimulator, uuid: str, bot: int = BOT) -> None:
    """Give a replica a token that names its bot."""
    sensay.replicas[uuid]["discord_integration"]["token"] = made_up_token(str(bot), "canary00")


async def test_a_replica_is_watched_if_its_bot_is_a_member(replicas: Rounds, sensay: SensaySimulator) -> None:
    """The others may be here. Once watched, it stays so when its bot leaves: it is blocked."""
    replicas.access.bots[BOT] = MEMBER
    await replicas.tick()
    assert {each: found.bot_id for each, found in (await replicas.known()).items()} == {sensay.ACTIVE: BOT}
    assert await replicas.candidates() == set(sensay.discord_integrations()) - {sensay.ACTIVE}
    replicas.access.bots[BOT] = ABSENT
    await replicas.round()
    assert await replicas.shown(sensay.ACTIVE) == (State.BLOCKED, "absent")
    del replicas.access.bots[BOT]
    await replicas.round()
    assert await replicas.shown(sensay.ACTIVE) == (State.BLOCKED, "absent")


async def test_a_replica_that_is_accepted_is_told_of_after_half_an_hour(
    replicas: Rounds, sensay: SensaySimulator
) -> None:
    """It is watched from the first check on. When Sensay lists it, everything is well."""
    await replicas.route(State.ERROR)
    await replicas.link(sensay.UNCONNECTED, "sensay", BOT)
    await replicas.tick()
    states = [await replicas.shown(sensay.UNCONNECTED)]
    for _ in range(31):
        assert await replicas.endings() == []
        await replicas.round()
        states.append(await replicas.shown(sensay.UNCONNECTED))
    assert states == [(State.UNKNOWN, "accepted")] * 30 + [(State.UNKNOWN, "overdue")] * 2
    assert await replicas.endings() == [("integration", sensay.UNCONNECTED, "overdue", "")]
    sensay.replicas[sensay.UNCONNECTED]["discord_integration"] = {"token": None, "is_active": True}
    for _ in range(2):
        await replicas.round()
    assert await replicas.shown(sensay.UNCONNECTED) == (State.CONNECTED, "")
    assert (await replicas.endings())[0][3] == "recovered"


@pytest.mark.parametrize("uuid", [SensaySimulator.ACTIVE, SensaySimulator.UNDECIDED])
async def test_a_replica_that_is_no_longer_listed_is_unknown(
    replicas: Rounds, sensay: SensaySimulator, uuid: str
) -> None:
    """A list without it, for a moment or for hours, raises nothing; then it is as listed."""
    await replicas.route()
    await replicas.link(uuid, "sensay")
    for _ in range(40):
        await replicas.round()
    before = await replicas.shown(uuid)
    kept, sensay.replicas[uuid]["discord_integration"] = sensay.replicas[uuid]["discord_integration"], None
    for _ in range(40):
        await replicas.round()
        assert await replicas.shown(uuid) == (State.UNKNOWN, "not_listed")
    sensay.replicas[uuid]["discord_integration"] = kept
    await replicas.round()
    assert await replicas.shown(uuid) == before
    assert await replicas.endings() == []


async def test_an_empty_list_of_replicas_raises_nothing(replicas: Rounds, sensay: SensaySimulator) -> None:
    """What was connected is unknown for a moment, and connected again."""
    await replicas.route()
    await replicas.link(sensay.ACTIVE, "sensay")
    await replicas.tick()
    sensay.fail(Answer(200, {"success": True, "items": [], "total": 0}), times=2, path="integration=discord")
    for expected in ((State.UNKNOWN, "not_listed"), (State.UNKNOWN, "not_listed"), (State.CONNECTED, "")):
        await replicas.round()
        assert await replicas.shown(sensay.ACTIVE) == expected
    assert await replicas.endings() == []


async def test_a_replica_that_is_deleted_is_told_of(replicas: Rounds, sensay: SensaySimulator) -> None:
    """Sensay's own 404 on three checks over ten minutes makes it gone."""
    await replicas.route()
    await replicas.link(sensay.ACTIVE, "sensay")
    await replicas.tick()
    del sensay.replicas[sensay.ACTIVE]
    for _ in range(10):
        await replicas.round()
        assert await replicas.shown(sensay.ACTIVE) == (State.UNKNOWN, "missing")
    for _ in range(2):
        await replicas.round()
        assert await replicas.shown(sensay.ACTIVE) == (State.INACTIVE, "gone")
    assert await replicas.endings() == [("integration", sensay.ACTIVE, "gone", "")]


async def test_of_a_bot_token_only_the_id_is_stored(
    replicas: Rounds, sensay: SensaySimulator, path: Path
) -> None:
    """Neither the file nor the log has any other part of the tokens in Sensay's list."""
    replicas.access.bots[BOT] = MEMBER
    for number, uuid in enumerate(sensay.discord_integrations()):
        give_bot(sensay, uuid, BOT + number)
    tokens = [
        entry["discord_integration"]["token"]
        for entry in sensay.replicas.values()
        if entry["discord_integration"]
    ]
    with capture_logs() as logs:
        await replicas.tick()
        sensay.fail(Answer(500, {"success": False, "error": tokens[0]}), times=2)
        for _ in range(3):
            await replicas.round()
    stored = {found.bot_id for found in await replicas.store.watched(GUILD)}
    assert BOT in stored
    parts = [part for token in tokens for part in (token, *token.split("."), "canary")]
    assert traces(path, [part.encode() for part in parts]) == []
    said = repr([logs, vars(replicas.poller), replicas.access.asked])
    assert not [part for part in parts if part in said]
