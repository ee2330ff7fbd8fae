"""Proves what a CDN's or a proxy's page means to a check, and when such a 401 is a refusal after all."""

from __future__ import annotations

import pytest

from bot.features.integrations.service import IntegrationService
from bot.features.integrations.store import IntegrationStore
from bot.features.monitoring.lone_refusal import LONG_ENOUGH
from bot.providers.base.integration import State
from bot.providers.base.simulator import Answer, Fault
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.ids import GUILD, MEMBER, OTHER_GUILD
from tests.support.intermediary import PAGES, page
from tests.support.rounds import INTERVAL, Rounds

ROUNDS = int(LONG_ENOUGH / INTERVAL)
PROVIDER, CONNECTION, INTEGRATIONS = ((kind, "toolzz") for kind in ("provider", "connection", "integration"))
ERRORS = {401: "intermediary_unauthorized", 403: "intermediary", 404: "intermediary", 503: "server_fault"}
UNIT = "another-unit"
"""The simulator tells the connections apart by the unit in the path."""


async def connect_another(
    rounds: Rounds, toolzz: ToolzzSimulator, guild_id: int, name: str = "default"
) -> None:
    """Add a connection that reads another unit than the first one."""
    values = {**toolzz.credentials, "unit_id": f"{UNIT}-{name}"}
    await rounds.connections.add(guild_id, "toolzz", name, values, member_id=MEMBER)


def refuse(toolzz: ToolzzSimulator, *units: str, fault: Fault | None = None) -> None:
    """Let something in between refuse these units from now on."""
    for unit in units:
        toolzz.fail(fault or page("nginx", 401), times=None, path=f"/unit/{unit}")


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("status", "error"), ERRORS.items())
async def test_a_page_is_a_provider_that_is_down(
    watched: Rounds, toolzz: ToolzzSimulator, name: str, status: int, error: str
) -> None:
    """No page refuses credentials or says that an integration is gone, however often it comes."""
    before = await watched.states()
    toolzz.fail(page(name, status), times=None)
    for _ in range(3):
        await watched.round()
    states = await watched.states()
    assert states[PROVIDER] == {(State.DISCONNECTED, error)}
    assert states[CONNECTION] == before[CONNECTION]
    assert states[INTEGRATIONS] == {(State.UNKNOWN, error)}
    assert await watched.refusals() == 0
    (summary,) = await watched.connections.summaries(GUILD)
    assert not summary.needs_attention


async def test_everybodys_401_is_never_a_refusal(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """If all connections get the 401 of something in between, none of them is refused, for hours."""
    await connect_another(watched, toolzz, OTHER_GUILD)
    await watched.tick()
    toolzz.fail(page("challenge", 401), times=None)
    for _ in range(3 * ROUNDS):
        await watched.round()
    for guild in (GUILD, OTHER_GUILD):
        assert not any(each.needs_attention for each in await watched.connections.summaries(guild))
    assert await watched.refusals() == 0


async def test_a_check_that_reads_nothing_proves_nothing(rounds: Rounds, toolzz: ToolzzSimulator) -> None:
    """A connection that only tries its token does not show that the host answers others."""
    token = {"access_token": toolzz.credentials["access_token"]}
    for guild in (GUILD, OTHER_GUILD):
        await rounds.connections.add(guild, "toolzz", "default", token, member_id=MEMBER)
    connection = await rounds.connections.open(GUILD, "toolzz")
    await IntegrationService(IntegrationStore(rounds.database), rounds.clock).record(
        connection, toolzz.CONNECTED, "Front desk", bot_id=None, member_id=MEMBER
    )
    await rounds.tick()
    toolzz.fail(page("challenge", 401), times=None)
    for _ in range(2 * ROUNDS):
        await rounds.round()
    assert await rounds.refusals() == 0


async def test_a_lone_connections_401_is_a_refusal_after_half_an_hour(
    watched: Rounds, toolzz: ToolzzSimulator
) -> None:
    """It is recorded once and as the provider's own refusal; the other connection stays connected."""
    await connect_another(watched, toolzz, OTHER_GUILD)
    await watched.tick()
    refuse(toolzz, toolzz.UNIT)
    for _ in range(ROUNDS):
        await watched.round()
    assert await watched.refusals() == 0
    await watched.round()
    assert await watched.refusals() == 1
    (summary,) = await watched.connections.summaries(GUILD)
    assert summary.refused_at == int(watched.clock.now)
    assert (await watched.states())[CONNECTION] == {(State.ERROR, "unauthorized")}
    toolzz.requests.clear()
    for _ in range(20):
        await watched.round()
    asked = [received for received in toolzz.requests if toolzz.UNIT in received.path]
    assert len(asked) == 2
    assert await watched.refusals() == 1
    assert (await watched.states())[CONNECTION] == {(State.ERROR, "unauthorized")}
    (other,) = await watched.connections.summaries(OTHER_GUILD)
    assert not other.needs_attention
    toolzz.heal()
    await watched.poller.check_guild(GUILD)
    assert (await watched.states())[CONNECTION] == {(State.CONNECTED, "")}


async def test_a_refused_connection_does_not_hide_another_one(
    watched: Rounds, toolzz: ToolzzSimulator
) -> None:
    """A connection that is known to be refused does not keep a second one from being alone later."""
    for name in ("second", "third"):
        await connect_another(watched, toolzz, OTHER_GUILD, name)
    await watched.tick()
    refuse(toolzz, toolzz.UNIT)
    for _ in range(ROUNDS + 1):
        await watched.round()
    refuse(toolzz, f"{UNIT}-second")
    for _ in range(ROUNDS + 1):
        await watched.round()
    summaries = {each.name: each.needs_attention for each in await watched.connections.summaries(OTHER_GUILD)}
    assert summaries == {"second": True, "third": False}


async def test_a_refusal_is_known_after_a_restart(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """What was refused before a restart is refused after it, without another half an hour."""
    toolzz.fail(Answer(401, {"message": "no"}), times=None)
    await watched.round()
    toolzz.heal()
    refuse(toolzz, toolzz.UNIT)
    watched.restart()
    await watched.round()
    assert (await watched.states())[CONNECTION] == {(State.ERROR, "unauthorized")}
    assert await watched.refusals() == 1


async def test_credentials_that_are_accepted_elsewhere_are_not_refused(
    watched: Rounds, toolzz: ToolzzSimulator
) -> None:
    """Before a connection counts as refused, its credentials are tried once more."""
    await connect_another(watched, toolzz, OTHER_GUILD)
    await watched.tick()
    refuse(toolzz, toolzz.UNIT)
    for _ in range(ROUNDS):
        await watched.round()
    toolzz.heal()
    toolzz.fail(page("empty", 401), path=f"/unit/{toolzz.UNIT}")
    await watched.round()
    assert await watched.refusals() == 0
