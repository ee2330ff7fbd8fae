"""What fails on the way is shown by the steps themselves, with the reason and what to do."""

from typing import Any

import discord
import pytest
import simcord

from bot.i18n.catalog import LOCALES
from bot.providers.base.simulator import Answer
from tests.support.handover_steps import CREATION
from tests.support.harness import BotHarness, buttons, embed_of, final, labels, shown
from tests.support.setup_steps import (
    choose,
    field_of,
    menus,
    open_setup,
    pick,
    pick_channel,
    press,
    steps_of,
)
from tests.support.toolzz_steps import list_only


async def steps_with(harness: BotHarness, provider: str) -> simcord.InteractionResult:
    """Connect a provider and open its steps."""
    await harness.connect(provider)
    return await choose(harness, await open_setup(harness), provider)


def closed_channel(harness: BotHarness) -> simcord.ChannelHandle:
    """Return a channel in which nobody's embeds are shown."""
    overwrites: Any = {harness.guild.default_role: discord.PermissionOverwrite(embed_links=False)}
    return harness.guild.create_text_channel("closed", overwrites=overwrites)


def messages(harness: BotHarness) -> int:
    """Return how many messages there are in the channel, private ones included."""
    return len(harness.env.backend.messages[harness.channel.id])


@pytest.mark.parametrize("locale", LOCALES)
async def test_refused_credentials_are_the_first_step(harness: BotHarness, locale: str) -> None:
    """The reason and what to do stand in the message, whose button opens the form again."""
    harness.locale = locale
    steps = await choose(harness, await open_setup(harness), "toolzz")
    form = await press(harness, steps, "setup.enter_button")
    refused = await harness.manager.submit_modal(form, dict(harness.toolzz.refused_credentials))
    assert refused.followups == []
    assert steps_of(steps) == "❌⬜⬜⬜⬜"
    key = "problem.entered_credentials_refused"
    assert harness.texts(f"{key}.title", provider="Toolzz") in field_of(harness, steps, "credentials")
    assert harness.texts(f"{key}.fix", provider="Toolzz") == field_of(harness, steps, "next")
    assert "HTTP 401" in (embed_of(steps).footer.text or "")
    again = await press(harness, steps, "setup.enter_button")
    await harness.manager.submit_modal(again, dict(harness.toolzz.credentials))
    assert steps_of(steps) == "✅✅▶️▶️⬜"
    assert embed_of(steps).footer.text is None


async def test_a_provider_that_is_down_stores_nothing(harness: BotHarness) -> None:
    """The failure of the test stands in the message; the form opens again."""
    steps = await choose(harness, await open_setup(harness), "sensay")
    form = await press(harness, steps, "setup.enter_button")
    harness.sensay.fail(Answer(503, {}), times=None)
    failed = await harness.manager.submit_modal(form, dict(harness.sensay.credentials))
    assert failed.followups == []
    title = harness.texts("problem.server_fault.title", provider="Sensay")
    assert title in field_of(harness, steps, "credentials")
    assert labels(steps) == [harness.texts("setup.enter_button"), harness.texts("setup.all_button")]


async def test_a_replacement_that_is_refused_leaves_the_steps(harness: BotHarness) -> None:
    """The first step says what was refused; checking again shows the stored credentials, which work."""
    steps = await steps_with(harness, "sensay")
    form = await press(harness, steps, "connections.rotate.button")
    refused = await harness.manager.submit_modal(form, dict(harness.sensay.refused_credentials))
    assert refused.followups == []
    assert steps_of(steps) == "❌✅▶️▶️⬜"
    assert len(menus(steps)) == 2
    await press(harness, steps, "setup.check_button")
    assert steps_of(steps) == "✅✅▶️▶️⬜"


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_a_channel_that_takes_no_alerts_is_refused(harness: BotHarness, *, is_restarted: bool) -> None:
    """The fourth step says why, after a restart too, and takes another channel."""
    closed = closed_channel(harness)
    steps = await steps_with(harness, "sensay")
    if is_restarted:
        await harness.restart()
    before = messages(harness)
    refused = await pick_channel(harness, steps, closed)
    assert (refused.followups, messages(harness)) == ([], before)
    title = harness.texts("problem.invalid_input.bot_cannot_post.title")
    assert title in field_of(harness, steps, "alerts")
    assert steps_of(steps) == "✅✅▶️❌⬜"
    await pick_channel(harness, steps, harness.channel)
    assert steps_of(steps) == "✅✅▶️✅⬜"
    assert "setup:alerts:sensay:default" not in menus(steps)


async def test_a_link_that_is_refused_is_the_third_step(harness: BotHarness) -> None:
    """What the provider says of the agent by now stands in the step; the next pick asks again."""
    list_only(harness, harness.toolzz.CONNECTED)
    steps = await steps_with(harness, "toolzz")
    harness.toolzz.touch(harness.toolzz.CONNECTED, guildId="1", guildName="Elsewhere")
    refused = await pick(harness, steps, 0, harness.toolzz.CONNECTED)
    assert refused.followups == []
    assert steps_of(steps) == "✅✅❌▶️⬜"
    assert harness.texts("problem.runs_elsewhere.title") in field_of(harness, steps, "agents")
    assert field_of(harness, steps, "next") == harness.linked(harness.texts("problem.runs_elsewhere.fix"))
    harness.toolzz.touch(harness.toolzz.CONNECTED, guildId=None)
    asked = await pick(harness, steps, 0, harness.toolzz.CONNECTED)
    assert len(labels(asked)) == 2
    assert not await harness.bot.services.integrations.of_guild(harness.guild.id, "toolzz")


async def test_a_token_that_is_refused_is_the_third_step(harness: BotHarness) -> None:
    """The question is gone; the steps say why, and offer the form for the same agent again."""
    steps = await steps_with(harness, "sensay")
    form = await harness.open_form_of(await pick(harness, steps, 0, harness.sensay.UNCONNECTED))
    token = {"discord_token": harness.sensay.discord_token}
    question = await harness.manager.submit_modal(form, token)
    asked = final(question)
    harness.sensay.fail(Answer(409, {"success": False, "error": "in use"}), times=None, path=CREATION)
    pressed = await harness.manager.click(asked.message, label=harness.texts("token.yes", provider="Sensay"))
    assert pressed.followups == []
    assert asked.id not in harness.env.backend.messages[harness.channel.id]
    assert steps_of(steps) == "✅✅❌▶️⬜"
    title = harness.texts("problem.conflict.title", provider="Sensay")
    assert title in field_of(harness, steps, "agents")
    harness.sensay.heal()
    again = await press(harness, steps, "sensay.connect.button")
    assert again.modal is not None


async def test_an_answer_stays_whose_button_fails(harness: BotHarness) -> None:
    """That the token must not be sent again can be read, and asked again, while the provider is down."""
    steps = await steps_with(harness, "sensay")
    guide = await pick(harness, steps, 0, harness.sensay.UNCONNECTED)
    question = await harness.manager.submit_modal(
        await harness.open_form_of(guide), {"discord_token": harness.sensay.discord_token}
    )
    harness.sensay.fail(Answer(502, {}), times=None)
    doubt = await harness.manager.click(
        final(question).message, label=harness.texts("token.yes", provider="Sensay")
    )
    failed = await harness.manager.click(final(doubt).message, label=labels(doubt)[0])
    assert final(doubt).id in harness.env.backend.messages[harness.channel.id]
    assert harness.texts("problem.server_fault.title", provider="Sensay") in shown(failed)


async def test_a_token_of_nobody_leaves_no_message(harness: BotHarness) -> None:
    """What the form refuses at once stands in the steps, and the sign of an answer is gone."""
    steps = await steps_with(harness, "sensay")
    form = await harness.open_form_of(await pick(harness, steps, 0, harness.sensay.UNCONNECTED))
    before = messages(harness)
    await harness.manager.submit_modal(form, {"discord_token": "FAKE-TOKEN"})
    assert messages(harness) == before
    assert harness.texts("problem.invalid_input.discord_token.title") in field_of(harness, steps, "agents")


async def test_steps_that_were_dismissed_leave_the_error_in_a_message(harness: BotHarness) -> None:
    """Where the message is gone, the member gets the error all the same."""
    list_only(harness, harness.toolzz.CONNECTED)
    steps = await steps_with(harness, "toolzz")
    asked = await pick(harness, steps, 0, harness.toolzz.CONNECTED)
    harness.env.backend.delete_message(final(steps).channel_id, final(steps).id)
    await harness.bot.services.connections.remove(harness.guild.id, "toolzz", "default")
    answer = await harness.manager.click(final(asked).message, label=labels(asked)[0])
    title = harness.texts("problem.no_such_connection.title", provider="Toolzz", name="default")
    assert title in shown(answer)


async def test_a_failure_goes_when_something_changes(harness: BotHarness) -> None:
    """What is done elsewhere meanwhile takes the failure's place."""
    list_only(harness, harness.toolzz.CONNECTED)
    steps = await steps_with(harness, "toolzz")
    await pick_channel(harness, steps, closed_channel(harness))
    assert steps_of(steps)[3:] != "▶️⬜"
    asked = await harness.manager.slash(harness.channel, "toolzz link", integration=harness.toolzz.CONNECTED)
    await harness.manager.click(final(asked).message, label=labels(asked)[0])
    assert "❌" not in steps_of(steps)


async def test_all_that_run_here_are_linked_in_the_steps(harness: BotHarness) -> None:
    """One button links them, and the same message shows it; there is no further message."""
    harness.toolzz.place_in_guild(str(harness.guild.id), harness.guild.name, [])
    steps = await steps_with(harness, "toolzz")
    before = messages(harness)
    await press(harness, steps, "belonging.link_all.button")
    assert messages(harness) == before
    linked = await harness.bot.services.integrations.of_guild(harness.guild.id, "toolzz")
    assert set(linked) >= {harness.toolzz.CONNECTED, harness.toolzz.DISCONNECTED}
    assert harness.texts("belonging.link_all.button") not in labels(steps)
    assert len(buttons(steps)) >= 3
