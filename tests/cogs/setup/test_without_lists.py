"""The steps with a provider that has no list to pick from: they show what is connected already."""

from dataclasses import replace

import pytest

from bot.discord.access.agent_bots import PORTAL
from bot.i18n.catalog import LOCALES
from bot.providers.base.integration import State
from bot.providers.base.report import Report
from tests.support.fake_provider import connect_fake_provider
from tests.support.harness import BotHarness, embed_of, field, shown
from tests.support.ids import OLD_ID
from tests.support.setup_steps import (
    choose,
    field_of,
    finished_title,
    menus,
    open_setup,
    pick_channel,
    press,
    steps_of,
)


@pytest.mark.parametrize("locale", LOCALES)
async def test_where_nothing_is_connected_the_steps_say_where_to_connect(
    harness: BotHarness, locale: str
) -> None:
    """A provider without commands leads to the provider itself, in the overview and in the steps."""
    harness.locale = locale
    provider = await connect_fake_provider(harness)
    overview = await open_setup(harness)
    assert field(overview, provider.name) == harness.texts("setup.all.connect")
    steps = await choose(harness, overview, provider.slug)
    assert steps_of(steps) == "✅✅▶️▶️⬜"
    elsewhere = harness.texts("setup.agents.elsewhere", provider=provider.name)
    assert field_of(harness, steps, "agents") == elsewhere
    assert field_of(harness, steps, "have") == harness.texts("setup.have.nothing")
    assert field_of(harness, steps, "next") == harness.texts("setup.next.check")
    assert menus(steps) == [f"setup:alerts:{provider.slug}:default"]


@pytest.mark.parametrize("locale", LOCALES)
async def test_what_is_connected_is_shown_with_its_state(harness: BotHarness, locale: str) -> None:
    """Check again finds what was connected meanwhile; the next step is true until all are well."""
    harness.locale = locale
    provider = await connect_fake_provider(harness)
    steps = await choose(harness, await open_setup(harness), provider.slug)
    provider.list_integration("polly", "Polly", State.CONNECTED)
    provider.list_integration("kiki", "Kiki", State.DISCONNECTED, "moulting")
    await press(harness, steps, "setup.check_button")
    assert steps_of(steps) == "✅✅✅▶️⚠️"
    assert field_of(harness, steps, "agents").splitlines() == [
        f"🔴 **Kiki** · {harness.texts('state.disconnected')} · `moulting`",
        f"🟢 **Polly** · {harness.texts('state.connected')}",
    ]
    assert field_of(harness, steps, "have") == harness.texts.plural("setup.have.well", 2, well=1)
    assert field_of(harness, steps, "next") == harness.linked(harness.texts("setup.next.alerts"))
    await pick_channel(harness, steps, harness.channel)
    assert field_of(harness, steps, "next") == harness.linked(harness.texts("setup.next.waiting"))
    provider.list_integration("kiki", "Kiki", State.CONNECTED)
    await press(harness, steps, "setup.check_button")
    assert embed_of(steps).title == finished_title(harness, provider.name)
    assert field_of(harness, steps, "next") == harness.texts("setup.next.test")
    overview = await press(harness, steps, "setup.all_button")
    assert field(overview, f"✅ {provider.name}") == harness.texts.plural("setup.have.well", 2, well=2)


async def test_an_agent_of_another_connection_or_server_is_not_shown(harness: BotHarness) -> None:
    """Only what belongs to the connection of the steps, and runs in this server, is listed."""
    provider = await connect_fake_provider(harness)
    provider.listed["far"] = Report("far", "Far away", State.CONNECTED, guild_id="1")
    steps = await choose(harness, await open_setup(harness), provider.slug)
    assert steps_of(steps) == "✅✅▶️▶️⬜"
    connections, name = harness.bot.services.connections, "second"
    values = {"organization_secret": "FAKE-TOKEN-second"}
    await connections.add(harness.guild.id, provider.slug, name, values, member_id=harness.manager.id)
    second = await connections.open(harness.guild.id, provider.slug, name)
    await harness.bot.services.integrations.record(
        second, "near", "Near", bot_id=None, member_id=harness.manager.id
    )
    await press(harness, steps, "setup.check_button")
    assert steps_of(steps) == "✅✅▶️▶️⬜"


async def test_an_agent_whose_bot_is_not_in_the_server_has_an_invite_link(harness: BotHarness) -> None:
    """What was put into Discord with this bot is listed as well, and its bot is looked up."""
    provider = await connect_fake_provider(harness)
    provider.list_integration("kiki", "Kiki", State.CONNECTED)
    connection = await harness.bot.services.connections.open(harness.guild.id, provider.slug)
    absent_bot = harness.env.create_user("Kiki", bot=True)
    await harness.bot.services.integrations.record(
        connection, "kiki", "Kiki", bot_id=absent_bot.id, member_id=harness.manager.id
    )
    steps = await choose(harness, await open_setup(harness), provider.slug)
    assert steps_of(steps) == "✅✅✅▶️⚠️"
    assert f"client_id={absent_bot.id}" in field_of(harness, steps, "agents")
    assert field_of(harness, steps, "next") == harness.texts("setup.next.invite")


async def test_an_older_bot_is_invited_by_hand(harness: BotHarness) -> None:
    """Where the bot's id may not be its application's, nothing is linked, and the way to a link is told."""
    provider = await connect_fake_provider(harness)
    provider.list_integration("kiki", "Kiki", State.CONNECTED)
    connection = await harness.bot.services.connections.open(harness.guild.id, provider.slug)
    await harness.bot.services.integrations.record(
        connection, "kiki", "Kiki", bot_id=OLD_ID, member_id=harness.manager.id
    )
    steps = await choose(harness, await open_setup(harness), provider.slug)
    assert harness.texts("setup.have.absent_by_hand") in field_of(harness, steps, "agents")
    assert str(OLD_ID) not in shown(steps)
    assert field_of(harness, steps, "next") == harness.texts("preflight.invite_by_hand", portal=PORTAL)


async def test_a_provider_with_commands_but_without_lists_leads_to_its_commands(harness: BotHarness) -> None:
    """A provider whose cog has commands, and no list to pick from, has the other steps all the same."""
    harness.bot.services = replace(harness.bot.services, views={})
    harness.sensay.replicas.clear()
    await harness.connect("sensay")
    steps = await choose(harness, await open_setup(harness), "sensay")
    assert steps_of(steps) == "✅✅▶️▶️⬜"
    assert field_of(harness, steps, "agents") == harness.linked(harness.texts("setup.agents.by_command"))
    assert menus(steps) == ["setup:alerts:sensay:default"]
