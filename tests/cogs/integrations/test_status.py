"""``/integrations status`` shows viewers one integration as its provider's own command shows it."""

from __future__ import annotations

import pytest
import simcord

from bot.providers.base.integration import State
from bot.providers.base.simulator import Answer
from tests.support.english import english
from tests.support.fake_provider import connect_fake_provider
from tests.support.harness import PORTUGUESE, BotHarness, embed_of, field, final, labels, shown
from tests.support.sensay_steps import add_bot_member, place
from tests.support.toolzz_agent import add_agent_bot, look_at, press
from tests.support.toolzz_steps import move_here

BUTTONS = ["Details", "Refresh", "Diagnose", "History", english("pages.up")]


@pytest.fixture
def viewer(harness: BotHarness) -> simcord.MemberActor:
    """A member who is a viewer, by permission to moderate members."""
    return harness.moderator()


async def status(
    harness: BotHarness, actor: simcord.MemberActor, integration: str, *, share: bool = False
) -> simcord.InteractionResult:
    """Check the server's integrations, then have somebody run the command."""
    await harness.bot.services.poller.check_guild(harness.guild.id)
    return await actor.slash(harness.channel, "integrations status", integration=integration, share=share)


@pytest.fixture
async def unit(harness: BotHarness) -> BotHarness:
    """A server with Toolzz connected, in which the agent's bot is a member."""
    await harness.connect("toolzz")
    add_agent_bot(harness)
    move_here(harness)
    return harness


async def test_a_viewer_sees_what_a_manager_sees_at_toolzz(
    unit: BotHarness, viewer: simcord.MemberActor
) -> None:
    """The card is that of ``/toolzz status`` but for the advice to link it, which is for managers.

    The buttons are those for viewers, and they work.
    """
    seen = await status(unit, viewer, f"toolzz:{unit.toolzz.CONNECTED}")
    assert seen.ephemeral
    assert embed_of(seen).description == embed_of(await look_at(unit)).description
    assert labels(seen) == [*BUTTONS, "Link", "Ignore"]
    assert field(seen, "Next step") == unit.texts("toolzz.next.connected")
    unit.toolzz.break_integration(unit.toolzz.CONNECTED)
    await press(unit, seen, "Refresh", viewer)
    assert unit.texts("toolzz.code.4004.cause") in shown(seen)
    await press(unit, seen, english("pages.up"), viewer)
    assert (embed_of(seen).title or "").startswith("📡")


async def test_a_viewer_sees_what_a_manager_sees_at_sensay(
    harness: BotHarness, viewer: simcord.MemberActor
) -> None:
    """The embed of a replica, found by its name, is that of ``/sensay status``; shared, everybody sees it."""
    await harness.connect("sensay")
    await place(harness, harness.sensay.ACTIVE, add_bot_member(harness))
    name = harness.sensay.replicas[harness.sensay.ACTIVE]["name"]
    seen = await status(harness, viewer, name, share=True)
    assert not seen.ephemeral
    own = await harness.manager.slash(harness.channel, "sensay status", replica=harness.sensay.ACTIVE)
    assert shown(seen) == shown(own)
    assert labels(seen) == [*BUTTONS, "Ignore"]


async def test_a_provider_without_a_view_is_shown_too(
    harness: BotHarness, viewer: simcord.MemberActor
) -> None:
    """State, incident, mute, connection, id and the next step are shown."""
    fake_provider = await connect_fake_provider(harness)
    fake_provider.list_integration("polly", "Polly", State.DISCONNECTED, "moulting")
    await status(harness, viewer, "polly")
    seen = await status(harness, viewer, "polly")
    assert embed_of(seen).title == "🔴 Polly"
    assert (embed_of(seen).description or "").startswith("**Disconnected** · `moulting`\n")
    assert english("integrations.now.incident", time="<t:") in shown(seen)
    assert field(seen, "Next step") == harness.linked(
        harness.texts("state.fix.code", provider="Parrot House")
    )
    (watched,) = await harness.bot.services.monitoring.integrations(harness.guild.id)
    await harness.bot.services.monitoring.mute(harness.guild.id, watched, 3600, member_id=viewer.id)
    fake_provider.list_integration("polly", "Polly", State.CONNECTED)
    await press(harness, seen, "Refresh", viewer)
    assert embed_of(seen).title == "🟢 Polly"
    assert english("integrations.now.muted", time="<t:") in shown(seen)
    await press(harness, seen, "Details", viewer)
    assert field(seen, "Connection") == "`default`"
    assert field(seen, "ID") == "`polly`"


async def test_an_error_has_a_button_to_try_again(unit: BotHarness, viewer: simcord.MemberActor) -> None:
    """A provider's error is shown as for any command, with the button that asks again."""
    await unit.bot.services.poller.check_guild(unit.guild.id)
    unit.toolzz.fail(Answer(500, {}), times=None)
    seen = await viewer.slash(
        unit.channel, "integrations status", integration=f"toolzz:{unit.toolzz.CONNECTED}"
    )
    assert embed_of(seen).title == f"❌ {unit.texts('problem.server_fault.title', provider='Toolzz')}"
    unit.toolzz.heal()
    assert embed_of(await press(unit, seen, "Refresh", viewer)).title == embed_of(await look_at(unit)).title


@pytest.mark.parametrize("command", ["status", "diagnose"])
async def test_another_servers_integration_is_not_found(
    unit: BotHarness, viewer: simcord.MemberActor, command: str
) -> None:
    """A key of another server's integration is refused without a request to the provider."""
    await unit.bot.services.poller.check_guild(unit.guild.id)
    other_guild = unit.other_guild()
    viewer_elsewhere = other_guild.moderator()
    unit.toolzz.requests.clear()
    for wanted in (f"toolzz:{unit.toolzz.CONNECTED}", "Suporte da loja", "nobody"):
        refused = await viewer_elsewhere.slash(
            other_guild.channel, f"integrations {command}", integration=wanted
        )
        assert embed_of(refused).title == f"⚠️ {unit.texts('problem.not_watched.title')}"
        assert final(refused).attachments == []
    assert not unit.toolzz.requests


async def test_suggestions_are_this_server_s_own(unit: BotHarness, viewer: simcord.MemberActor) -> None:
    """A viewer is offered what is watched here, the worst first; elsewhere there is nothing to offer."""
    await unit.bot.services.poller.check_guild(unit.guild.id)
    offered = await viewer.autocomplete(unit.channel, "integrations status", "integration", "suporte")
    assert [choice["value"] for choice in offered] == [f"toolzz:{unit.toolzz.CONNECTED}"]
    other_guild = unit.other_guild()
    assert (
        await other_guild.moderator().autocomplete(
            other_guild.channel, "integrations status", "integration", ""
        )
        == []
    )


async def test_it_speaks_portuguese(harness: BotHarness, viewer: simcord.MemberActor) -> None:
    """An integration of any provider is shown in the language of the member."""
    fake_provider = await connect_fake_provider(harness)
    fake_provider.list_integration("polly", "Polly", State.INACTIVE)
    harness.locale = PORTUGUESE
    seen = await status(harness, viewer, "polly")
    assert (embed_of(seen).description or "").startswith("**Inativa**\n")
    assert labels(seen) == [
        "Detalhes",
        "Atualizar",
        "Diagnosticar",
        "Histórico",
        "Voltar à lista",
        "Vincular",
        "Ignorar",
    ]


async def test_it_works_after_a_restart(unit: BotHarness, viewer: simcord.MemberActor) -> None:
    """A button works with another process of the bot, from its custom id alone."""
    seen = await status(unit, viewer, f"toolzz:{unit.toolzz.CONNECTED}")
    await unit.restart()
    unit.toolzz.break_integration(unit.toolzz.CONNECTED)
    await press(unit, seen, "Refresh", viewer)
    assert unit.texts("toolzz.code.4004.cause") in shown(seen)


async def test_details_are_shown_in_the_same_message(unit: BotHarness, viewer: simcord.MemberActor) -> None:
    """Details replaces the card, Refresh keeps what is shown, a button leads back; in a shared one too."""
    seen = await status(unit, viewer, f"toolzz:{unit.toolzz.CONNECTED}", share=True)
    short = embed_of(seen)
    assert (await press(unit, seen, "Details", viewer)).followups == []
    assert labels(seen) == ["Refresh", english("status.back")]
    assert field(seen, english("toolzz.status.permissions"))
    await unit.restart()
    unit.toolzz.touch(unit.toolzz.CONNECTED, welcomeMessage="Hello again")
    await press(unit, seen, "Refresh", viewer)
    assert field(seen, english("toolzz.status.welcome")) == "Hello again"
    await press(unit, seen, english("status.back"), viewer)
    assert embed_of(seen).fields == short.fields
    assert embed_of(seen).title == short.title
    assert not seen.ephemeral
