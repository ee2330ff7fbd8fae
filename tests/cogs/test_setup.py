"""`/setup` from beginning to end: nothing connected, then an agent that is well, by this one command."""

import pytest
import simcord

from bot.i18n.catalog import LOCALES
from bot.services.alerts import DEFAULT_CHECKS, DEFAULT_STATES
from tests.cogs.handing_over import remembered as replicas_of
from tests.cogs.setup_steps import choose, field_of, open_setup, pick, pick_channel, press, row, steps_of
from tests.cogs.toolzz_agent import enlist
from tests.cogs.toolzz_steps import move_here
from tests.cogs.toolzz_steps import remembered as integrations_of
from tests.cogs.town import Town, embed_of, final, labels, shown


async def connect(town: Town, provider: str) -> simcord.InteractionResult:
    """Have the manager go to a provider's steps and enter credentials; the answer is the steps."""
    steps = await choose(town, await open_setup(town), provider)
    assert steps_of(steps) == "▶️⬜⬜⬜⬜"
    form = await press(town, steps, "setup.enter_button")
    assert form.modal is not None
    return await town.manager.submit_modal(form, dict(town.simulator(provider).credentials))


@pytest.mark.parametrize("locale", LOCALES)
async def test_from_nothing_to_an_integration_that_is_well(town: Town, locale: str) -> None:
    """Credentials, check, a pick: the same message then says that it is all done, and what is next."""
    town.locale = locale
    enlist(town)
    move_here(town)
    steps = await connect(town, "toolzz")
    assert steps_of(steps) == "✅✅▶️▶️⬜"
    assert final(steps).ephemeral
    linked = await pick(town, steps, 0, town.toolzz.CONNECTED)
    assert embed_of(linked).title == f"✅ {town.texts('toolzz.link.done')}"
    assert list(await integrations_of(town)) == [town.toolzz.CONNECTED]
    assert steps_of(steps) == "✅✅✅▶️✅"
    assert field_of(town, steps, "next") == town.linked(town.texts("setup.next.alerts"))
    await pick_channel(town, steps, town.channel)
    assert steps_of(steps) == "✅✅✅✅✅"
    assert field_of(town, steps, "alerts") == town.texts("setup.alerts.done", channel=town.channel.mention)
    route = await town.bot.alerts.route(town.guild.id)
    assert route is not None
    assert (route.states, route.checks, route.role_id) == (DEFAULT_STATES, DEFAULT_CHECKS, None)
    assert field_of(town, steps, "have") == f"🟢 **Suporte da loja** · {town.texts('state.connected')}"
    assert field_of(town, steps, "next") == town.linked(town.texts("toolzz.setup.done"))
    overview = await press(town, steps, "setup.all_button")
    assert f"✅ Toolzz\n{town.texts.plural('setup.all.placed', 1)}" in shown(overview)


@pytest.mark.parametrize("locale", LOCALES)
async def test_from_nothing_to_a_replica_that_is_handed_over(town: Town, locale: str) -> None:
    """The pick opens the token form; once Sensay has the token, the steps above say so by themselves."""
    town.locale = locale
    steps = await connect(town, "sensay")
    form = await pick(town, steps, 0, town.sensay.UNCONNECTED)
    assert form.modal is not None
    question = await town.manager.submit_modal(form, {"discord_token": town.sensay.discord_token})
    yes = town.texts("token.yes", provider="Sensay")
    await town.manager.click(final(question).message, label=yes)
    assert list(await replicas_of(town)) == [town.sensay.UNCONNECTED]
    assert steps_of(steps) == "✅✅✅▶️⚠️"
    assert town.texts("setup.next.invite") == field_of(town, steps, "next")
    assert "[" in field_of(town, steps, "have")
    assert town.sensay.UNCONNECTED not in [option["value"] for option in row(steps, 0)["options"]]


async def test_an_agent_of_toolzz_is_put_in(town: Town) -> None:
    """The second menu opens the form of `/toolzz connect`."""
    steps = await connect(town, "toolzz")
    form = await pick(town, steps, 1, town.toolzz.AGENT)
    assert form.modal is not None
    assert form.modal["title"] == town.texts("toolzz.connect.form")


async def test_what_is_not_green_yet_is_looked_at_again(town: Town) -> None:
    """The message becomes green by itself when the agent does, and is left alone while nothing changes."""
    enlist(town)
    move_here(town)
    steps = await connect(town, "toolzz")
    await pick(town, steps, 0, town.toolzz.DISCONNECTED)
    assert steps_of(steps) == "✅✅✅▶️⚠️"
    before = len(town.env.http_requests)
    await town.env.advance_time(60)
    edits = [entry for entry in town.env.http_requests[before:] if entry.method == "PATCH"]
    assert edits == []
    town.toolzz.integrations[town.toolzz.DISCONNECTED]["connectionStatus"] = "connected"
    await town.env.advance_time(660)
    assert steps_of(steps) == "✅✅✅▶️✅"


async def test_the_way_back_is_not_overwritten(town: Town) -> None:
    """Whoever has gone back to all providers stays there, whatever happens to the steps they left."""
    move_here(town)
    steps = await connect(town, "toolzz")
    await press(town, steps, "setup.all_button")
    await town.manager.slash(town.channel, "toolzz link", integration=town.toolzz.CONNECTED)
    await town.env.advance_time(60)
    assert labels(steps) == ["Sensay", "Toolzz"]
