"""``/integrations status``: one integration, for viewers, as its provider's own command shows it."""

from __future__ import annotations

import pytest
import simcord

from bot.kit.integration import State
from bot.kit.simulator import Answer
from tests.cogs.parrots import open_house
from tests.cogs.toolzz_agent import enlist, look_at, move_here, press
from tests.cogs.town import PORTUGUESE, Town, embed_of, field, final, labels, shown

WAYS = ["Refresh", "Diagnose", "History", "Back to the list"]


@pytest.fixture
def viewer(town: Town) -> simcord.MemberActor:
    """Somebody who may look, and change nothing."""
    return town.moderator()


async def status(
    town: Town, actor: simcord.MemberActor, integration: str, *, share: bool = False
) -> simcord.InteractionResult:
    """Have somebody ask how an integration is doing, of those that are read before."""
    await town.bot.poller.check_guild(town.guild.id)
    return await actor.slash(town.channel, "integrations status", integration=integration, share=share)


@pytest.fixture
async def unit(town: Town) -> Town:
    """The town with Toolzz connected, and the agent's bot a member."""
    await town.connect("toolzz")
    enlist(town)
    move_here(town)
    return town


async def test_a_viewer_sees_what_a_manager_sees_at_toolzz(unit: Town, viewer: simcord.MemberActor) -> None:
    """The embed is the provider's own; the buttons are those that are for viewers, and they work."""
    seen = await status(unit, viewer, f"toolzz:{unit.toolzz.CONNECTED}")
    assert seen.ephemeral
    assert shown(seen) == shown(await look_at(unit))
    assert labels(seen) == WAYS
    unit.toolzz.break_integration(unit.toolzz.CONNECTED)
    await press(unit, seen, "Refresh", viewer)
    assert unit.texts("toolzz.code.4004.cause") in shown(seen)
    await press(unit, seen, "Back to the list", viewer)
    assert embed_of(seen).title == f"📡 {unit.texts('integrations.overview.title')}"


async def test_a_viewer_sees_what_a_manager_sees_at_sensay(town: Town, viewer: simcord.MemberActor) -> None:
    """The same goes for a replica, found by its name; shared, everybody reads it."""
    await town.connect("sensay")
    name = town.sensay.replicas[town.sensay.ACTIVE]["name"]
    seen = await status(town, viewer, name, share=True)
    assert not seen.ephemeral
    own = await town.manager.slash(town.channel, "sensay status", replica=town.sensay.ACTIVE)
    assert shown(seen) == shown(own)
    assert labels(seen) == WAYS


async def test_a_provider_that_registers_nothing_is_shown_all_the_same(
    town: Town, viewer: simcord.MemberActor
) -> None:
    """State, since when, the last answer, an open incident, what is muted, ids, and what to do."""
    house = await open_house(town)
    house.teach("polly", "Polly", State.DISCONNECTED, "moulting")
    await status(town, viewer, "polly")
    seen = await status(town, viewer, "polly")
    assert embed_of(seen).title == "🔴 Polly"
    assert embed_of(seen).description == "**Disconnected** · `moulting`"
    assert field(seen, "Incident open since").startswith("<t:")
    assert field(seen, "Connection") == "`default`"
    assert field(seen, "Id") == "`polly`"
    assert field(seen, "Next step") == town.texts("state.fix.disconnected", provider="Parrot House")
    (watched,) = await town.bot.watching.integrations(town.guild.id)
    await town.bot.alerts.mute(town.guild.id, watched, 3600, member_id=viewer.id)
    house.teach("polly", "Polly", State.CONNECTED)
    await press(town, seen, "Refresh", viewer)
    assert embed_of(seen).title == "🟢 Polly"
    assert field(seen, "Alerts quiet until").startswith("<t:")


async def test_what_fails_is_worded_with_a_way_back(unit: Town, viewer: simcord.MemberActor) -> None:
    """A provider that has a fault is told as ever, with the button to ask again."""
    await unit.bot.poller.check_guild(unit.guild.id)
    unit.toolzz.fail(Answer(500, {}), times=None)
    seen = await viewer.slash(
        unit.channel, "integrations status", integration=f"toolzz:{unit.toolzz.CONNECTED}"
    )
    assert embed_of(seen).title == f"❌ {unit.texts('problem.server_fault.title', provider='Toolzz')}"
    unit.toolzz.heal()
    assert shown(await press(unit, seen, "Refresh", viewer)) == shown(await look_at(unit))


@pytest.mark.parametrize("command", ["status", "diagnose"])
async def test_what_another_server_has_is_not_there(
    unit: Town, viewer: simcord.MemberActor, command: str
) -> None:
    """An id that is right elsewhere is no integration of this server: nobody is asked about it."""
    await unit.bot.poller.check_guild(unit.guild.id)
    abroad = unit.abroad()
    stranger = abroad.moderator()
    unit.toolzz.requests.clear()
    for wanted in (f"toolzz:{unit.toolzz.CONNECTED}", "Suporte da loja", "nobody"):
        refused = await stranger.slash(abroad.channel, f"integrations {command}", integration=wanted)
        assert embed_of(refused).title == f"⚠️ {unit.texts('problem.not_watched.title')}"
        assert final(refused).attachments == []
    assert not unit.toolzz.requests


async def test_suggestions_are_this_server_s_own(unit: Town, viewer: simcord.MemberActor) -> None:
    """A viewer is offered what is watched here, the worst first; elsewhere there is nothing to offer."""
    await unit.bot.poller.check_guild(unit.guild.id)
    offered = await viewer.autocomplete(unit.channel, "integrations status", "integration", "suporte")
    assert [choice["value"] for choice in offered] == [f"toolzz:{unit.toolzz.CONNECTED}"]
    abroad = unit.abroad()
    assert (
        await abroad.moderator().autocomplete(abroad.channel, "integrations status", "integration", "") == []
    )


async def test_it_speaks_portuguese(town: Town, viewer: simcord.MemberActor) -> None:
    """What is known of any provider's integration is told in the language of whoever asks."""
    house = await open_house(town)
    house.teach("polly", "Polly", State.INACTIVE)
    town.locale = PORTUGUESE
    seen = await status(town, viewer, "polly")
    assert embed_of(seen).description == "**Inativa**"
    assert labels(seen) == ["Atualizar", "Diagnosticar", "Histórico", "Voltar à lista"]


async def test_it_works_after_a_restart(unit: Town, viewer: simcord.MemberActor) -> None:
    """The buttons need nothing but what stands in them."""
    seen = await status(unit, viewer, f"toolzz:{unit.toolzz.CONNECTED}")
    await unit.restart()
    unit.toolzz.break_integration(unit.toolzz.CONNECTED)
    await press(unit, seen, "Refresh", viewer)
    assert unit.texts("toolzz.code.4004.cause") in shown(seen)
