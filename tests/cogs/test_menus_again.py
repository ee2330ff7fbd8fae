"""The same entry of a menu can be picked again and again, whatever became of the first pick."""

from typing import Any

import pytest
import simcord

from bot.discord.components import PersistentChannelSelect, PersistentSelect
from bot.providers.sensay.simulator import SensaySimulator
from tests.support.authority import demote
from tests.support.harness import BotHarness, final, labels
from tests.support.menu_client import MenuClient
from tests.support.persistent_components import (
    PAYLOADS,
    component_type,
    custom_id_of,
    persistent_components,
    subclasses,
)
from tests.support.setup_steps import choose, open_setup, press
from tests.support.toolzz_steps import list_only

LIST = "setup:offer:"


def menus(harness: BotHarness) -> list[type[PersistentSelect | PersistentChannelSelect]]:
    """Return every menu that survives a restart."""
    kinds = persistent_components(harness.bot)
    return [kind for kind in kinds if issubclass(kind, (PersistentSelect, PersistentChannelSelect))]


async def greeted(harness: BotHarness) -> simcord.ResponseMessage:
    """Let the bot post a message that everybody sees."""
    channel = harness.bot.get_channel(harness.channel.id)
    posted = await channel.send("x")  # type: ignore[union-attr]
    return simcord.ResponseMessage(harness.env, harness.env.backend.get_message(posted.channel.id, posted.id))


async def steps_with(harness: BotHarness, provider: str) -> simcord.ResponseMessage:
    """Connect a provider, and open its steps."""
    await harness.connect(provider)
    return final(await choose(harness, await open_setup(harness), provider))


@pytest.mark.parametrize("is_private", [True, False])
async def test_every_menu_takes_the_same_entry_again(harness: BotHarness, *, is_private: bool) -> None:
    """Whatever a pick leads to, here mostly an error, the client sends the next one; old ids are answered."""
    await harness.connect("toolzz")
    harness.remove_cooldowns()
    found = menus(harness)
    assert len(found) >= 12
    for kind in found:
        shared = await greeted(harness)
        message = final(await harness.manager.slash(harness.channel, "help")) if is_private else shared
        stored = harness.env.backend.get_message(message.channel_id, message.id)
        custom_id = custom_id_of(kind, {}, "toolzz")
        number = component_type(kind)
        menu = {"type": number, "custom_id": custom_id, **PAYLOADS[number]}
        stored.components = [{"type": 1, "components": [menu]}]
        client, value = MenuClient(harness), "x" if issubclass(kind, PersistentSelect) else harness.channel
        for _ in range(3):
            if stored.components and "custom_id" in stored.components[0]["components"][0]:
                if not stored.components[0]["components"][0]["custom_id"].startswith(custom_id):
                    break  # the pick was taken, and the message shows something else
                picked = await client.pick(message, custom_id, value)
                assert picked is not None, kind
                assert picked.acknowledged, kind


async def test_a_menu_that_a_stranger_uses_stays_for_the_others(harness: BotHarness) -> None:
    """Whom the guard refuses changes no message that others see."""
    message = await greeted(harness)
    stored = harness.env.backend.get_message(message.channel_id, message.id)
    menu = {"type": 3, "custom_id": "setup:maybe~0000", "options": [{"label": "x", "value": "x"}]}
    stored.components = [{"type": 1, "components": [menu]}]
    await harness.member.select(message, ["x"], custom_id="setup:maybe~0000")
    assert stored.components == [{"type": 1, "components": [menu]}]


async def test_a_refused_member_can_pick_again_once_allowed(harness: BotHarness) -> None:
    """In a message of their own, the pick that the guard refused can be repeated."""
    steps = await steps_with(harness, "toolzz")
    client = MenuClient(harness)
    member = harness.env.backend.get_guild(harness.guild.id).members[harness.manager.id]
    roles = list(member.role_ids)
    demote(harness)
    assert await client.pick(steps, "setup:offer:toolzz:1:", harness.toolzz.AGENT)
    member.role_ids[:] = roles
    again = await client.pick(steps, "setup:offer:toolzz:1:", harness.toolzz.AGENT)
    assert again is not None
    await harness.open_form_of(again)


async def test_a_form_that_is_closed_can_be_opened_again(harness: BotHarness) -> None:
    """Discord tells nobody that a form was closed: the same replica is picked again all the same."""
    steps, client = await steps_with(harness, "sensay"), MenuClient(harness)
    for _ in range(3):
        guide = await client.pick(steps, LIST, harness.sensay.UNCONNECTED)
        assert guide is not None
        await harness.open_form_of(guide)


async def test_a_token_that_is_not_sent_can_be_entered_again(harness: BotHarness) -> None:
    """After Cancel under the question, picking the same replica opens the form."""
    steps, client = await steps_with(harness, "sensay"), MenuClient(harness)
    for _ in range(2):
        guide = await client.pick(steps, LIST, harness.sensay.UNCONNECTED)
        assert guide is not None
        form = await harness.open_form_of(guide)
        token = {"discord_token": harness.sensay.discord_token}
        question = await harness.manager.submit_modal(form, token)
        await harness.manager.click(final(question).message, label=harness.texts("token.no"))


async def test_a_question_that_is_declined_can_be_asked_again(harness: BotHarness) -> None:
    """The question is a message of its own, which also says when it has expired, and not in the steps."""
    list_only(harness, harness.toolzz.CONNECTED)
    steps, client = await steps_with(harness, "toolzz"), MenuClient(harness)
    before = steps.embeds
    for answer in ("toolzz.link.no", None, "toolzz.link.no"):
        question = await client.pick(steps, LIST + "toolzz:0", harness.toolzz.CONNECTED)
        assert question is not None
        assert len(labels(question)) == 2
        if answer is None:
            await harness.env.advance_time(61)
            assert harness.texts("toolzz.link.expired_how") in (final(question).embeds[0].description or "")
        else:
            await harness.manager.click(final(question).message, label=harness.texts(answer))
        assert harness.texts("toolzz.link.no") not in labels(question)
        assert [embed.title for embed in steps.embeds] == [embed.title for embed in before]


async def test_what_may_run_here_is_asked_again(harness: BotHarness) -> None:
    """The menu of the overview opens the same question as often as it is wanted."""
    await harness.connect("sensay")
    await harness.bot.services.poller.check_guild(harness.guild.id)
    seen, client = final(await open_setup(harness)), MenuClient(harness)
    for _ in range(2):
        question = await client.pick(seen, "setup:maybe", f"sensay:{SensaySimulator.ACTIVE}")
        assert question is not None
        assert harness.texts("belonging.link.button") in labels(question)


async def test_a_list_can_be_picked_from_after_a_restart(harness: BotHarness) -> None:
    """What was shown by an earlier run takes the same pick twice, where no form is opened."""
    list_only(harness, harness.toolzz.CONNECTED)
    steps, client = await steps_with(harness, "toolzz"), MenuClient(harness)
    await harness.restart()
    for _ in range(2):
        question = await client.pick(steps, LIST + "toolzz:0", harness.toolzz.CONNECTED)
        assert question is not None
        await harness.manager.click(final(question).message, label=harness.texts("toolzz.link.no"))


def test_no_menu_is_of_another_kind() -> None:
    """Every menu of a message is one whose custom id differs each time."""
    kinds: list[Any] = [
        kind for base in (PersistentSelect, PersistentChannelSelect) for kind in subclasses(base)
    ]
    assert all(kind.is_menu for kind in kinds)
    assert all(kind.custom_id_format.is_menu for kind in kinds)


async def test_the_steps_keep_their_other_components(harness: BotHarness) -> None:
    """A pick changes nothing but the ends of the menus' custom ids."""
    list_only(harness, harness.toolzz.CONNECTED)
    steps, client = await steps_with(harness, "toolzz"), MenuClient(harness)
    before = steps.components
    assert await client.pick(steps, LIST + "toolzz:0", harness.toolzz.CONNECTED)
    after = steps.components
    for row in (*before, *after):
        for item in row["components"]:
            item.pop("id", None)
            item["custom_id"], _, end = item["custom_id"].partition("~")
            assert bool(end) is ("options" in item or "channel_types" in item)
    assert before == after


async def test_menus_differ_each_time_they_are_shown(harness: BotHarness) -> None:
    """Checking again shows the same menus under other custom ids."""
    await harness.connect("sensay")
    steps, client = await choose(harness, await open_setup(harness), "sensay"), MenuClient(harness)
    first = client.menu(final(steps), LIST)["custom_id"]
    await press(harness, steps, "setup.check_button")
    assert client.menu(final(steps), LIST)["custom_id"] != first
