"""`/setup` from beginning to end: nothing is connected, and then an agent is, by this one command."""

import pytest
import simcord

from bot.features.alerts.routes import DEFAULT_CHECKS, DEFAULT_STATES
from bot.i18n.catalog import LOCALES
from tests.support.handover_steps import remembered as replicas_of
from tests.support.harness import BotHarness, embed_of, final, labels, shown
from tests.support.setup_steps import (
    choose,
    field_of,
    finished_title,
    open_setup,
    pick,
    pick_and_confirm,
    pick_channel,
    press,
    row,
    steps_of,
)
from tests.support.toolzz_agent import add_agent_bot
from tests.support.toolzz_steps import list_only, move_here
from tests.support.toolzz_steps import remembered as integrations_of


async def connect(harness: BotHarness, provider: str) -> simcord.InteractionResult:
    """Have the manager open a provider's steps and enter credentials; the answer is the steps."""
    steps = await choose(harness, await open_setup(harness), provider)
    assert steps_of(steps) == "▶️⬜⬜⬜⬜"
    form = await press(harness, steps, "setup.enter_button")
    assert form.modal is not None
    return await harness.manager.submit_modal(form, dict(harness.simulator(provider).credentials))


@pytest.mark.parametrize("locale", LOCALES)
async def test_from_nothing_to_an_integration_that_is_well(harness: BotHarness, locale: str) -> None:
    """After credentials, check and pick, the same message says that all is done, and what is next."""
    harness.locale = locale
    add_agent_bot(harness)
    list_only(harness, harness.toolzz.CONNECTED)
    steps = await connect(harness, "toolzz")
    assert steps_of(steps) == "✅✅▶️▶️⬜"
    assert final(steps).ephemeral
    linked = await pick_and_confirm(harness, steps, 0, harness.toolzz.CONNECTED)
    assert embed_of(linked).title == f"✅ {harness.texts('toolzz.link.done')}"
    assert list(await integrations_of(harness)) == [harness.toolzz.CONNECTED]
    assert steps_of(steps) == "✅✅✅▶️✅"
    assert field_of(harness, steps, "next") == harness.linked(harness.texts("setup.next.alerts"))
    await pick_channel(harness, steps, harness.channel)
    assert embed_of(steps).title == finished_title(harness, "Toolzz")
    alerts = harness.texts("setup.alerts.done", channel=harness.channel.mention)
    assert field_of(harness, steps, "alerts") == alerts
    (route,) = await harness.bot.services.alerts.routes(harness.guild.id)
    assert (route.states, route.checks, route.role_id) == (DEFAULT_STATES, DEFAULT_CHECKS, None)
    agent = f"🟢 **Suporte da loja** · {harness.texts('state.connected')}"
    assert field_of(harness, steps, "agents") == agent
    assert field_of(harness, steps, "next") == harness.texts("setup.next.test")
    overview = await press(harness, steps, "setup.all_button")
    assert f"✅ Toolzz\n{harness.texts.plural('setup.have.well', 1, well=1)}" in shown(overview)


@pytest.mark.parametrize("locale", LOCALES)
async def test_from_nothing_to_a_replica_that_is_handed_over(harness: BotHarness, locale: str) -> None:
    """The pick leads to the token form; once Sensay has the token, the steps show it by themselves."""
    harness.locale = locale
    steps = await connect(harness, "sensay")
    form = await press(harness, await pick(harness, steps, 0, harness.sensay.UNCONNECTED), "token.have")
    assert form.modal is not None
    question = await harness.manager.submit_modal(form, {"discord_token": harness.sensay.discord_token})
    yes = harness.texts("token.yes", provider="Sensay")
    await harness.manager.click(final(question).message, label=yes)
    assert list(await replicas_of(harness)) == [harness.sensay.UNCONNECTED]
    assert steps_of(steps) == "✅✅✅▶️⚠️"
    assert harness.texts("setup.next.invite") == field_of(harness, steps, "next")
    assert "[" in field_of(harness, steps, "have")
    assert harness.sensay.UNCONNECTED not in [option["value"] for option in row(steps, 0)["options"]]


async def test_an_agent_of_toolzz_is_put_in(harness: BotHarness) -> None:
    """The second menu leads to the form of `/toolzz connect`."""
    steps = await connect(harness, "toolzz")
    form = await press(harness, await pick(harness, steps, 1, harness.toolzz.AGENT), "token.have")
    assert form.modal is not None
    assert form.modal["title"] == harness.texts("toolzz.connect.form")


async def test_what_is_not_green_yet_is_checked_again(harness: BotHarness) -> None:
    """The message turns green when the agent does, and is not edited while nothing changes."""
    add_agent_bot(harness)
    list_only(harness, harness.toolzz.DISCONNECTED)
    steps = await connect(harness, "toolzz")
    await pick_and_confirm(harness, steps, 0, harness.toolzz.DISCONNECTED)
    assert steps_of(steps) == "✅✅✅▶️⚠️"
    before = len(harness.env.http_requests)
    await harness.env.advance_time(60)
    edits = [entry for entry in harness.env.http_requests[before:] if entry.method == "PATCH"]
    assert edits == []
    harness.toolzz.integrations[harness.toolzz.DISCONNECTED]["connectionStatus"] = "connected"
    await harness.env.advance_time(660)
    assert steps_of(steps) == "✅✅✅▶️✅"


async def test_the_overview_is_not_overwritten(harness: BotHarness) -> None:
    """A member who went back to all providers stays there, whatever happens to the steps."""
    move_here(harness)
    steps = await connect(harness, "toolzz")
    await press(harness, steps, "setup.all_button")
    await harness.manager.slash(harness.channel, "toolzz link", integration=harness.toolzz.CONNECTED)
    await harness.env.advance_time(60)
    providers = harness.bot.services.provider_names.values()
    assert labels(steps) == [*providers, harness.texts("belonging.link_all.button")]
