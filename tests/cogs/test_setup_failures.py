"""What `/setup` shows where a step does not come off, who may go on, and what comes from outside."""

from typing import Any

import discord
import pytest
import simcord

from bot.kit.integration import Choice, State
from bot.kit.simulator import Answer
from bot.providers.toolzz.simulator import ToolzzSimulator
from bot.runtime import setup_steps
from bot.runtime.client import PatchbayBot
from bot.runtime.setup_steps import Listed, Own, Steps
from bot.services.connections import Summary
from bot.services.integrations import Placed
from cogs.setup import embeds
from cogs.setup.stepper import _options
from tests.cogs.setup_steps import (
    choose,
    field_of,
    menus,
    open_setup,
    pick,
    pick_channel,
    press,
    row,
    steps_of,
)
from tests.cogs.test_authority import NOT_ALLOWED, demote
from tests.cogs.toolzz_agent import enlist
from tests.cogs.toolzz_steps import move_here, sent
from tests.cogs.town import Town, buttons, embed_of, field, final, labels, shown
from tests.ui.hostile import PAYLOADS, marks, plain_marks
from tests.ui.test_problems import words
from tests.ui.test_theme import accepted

PRIMARY = 1
MOST_ROWS = 5
"""Of a message."""


async def steps_with(town: Town, provider: str, name: str | None = None) -> simcord.InteractionResult:
    """Connect a provider and open its steps."""
    await town.connect(provider, name)
    return await choose(town, await open_setup(town), provider)


def primary(asked: simcord.InteractionResult) -> list[str]:
    """Return what the buttons say that are to be pressed first."""
    return [button["label"] for button in buttons(asked) if button.get("style") == PRIMARY]


# --- each step's cross ---


async def test_a_provider_that_is_down_is_the_second_step(town: Town) -> None:
    """The reason stands in the step; once it is up again, the button under it goes on."""
    steps = await steps_with(town, "toolzz")
    town.toolzz.fail(Answer(503, {}), times=None)
    await press(town, steps, "setup.check_button")
    assert steps_of(steps) == "✅❌⬜⬜⬜"
    assert town.texts("problem.server_fault.title", provider="Toolzz") in field_of(town, steps, "check")
    assert field_of(town, steps, "next") == town.texts("setup.next.check")
    assert menus(steps) == []
    assert labels(steps) == ["Check again", "Enter new credentials", "All providers"]
    town.toolzz.heal()
    await press(town, steps, "setup.check_button")
    assert steps_of(steps) == "✅✅▶️▶️⬜"


@pytest.mark.parametrize("trouble", ["refused", "unreadable", "erased"])
async def test_credentials_that_do_not_work_are_entered_again(town: Town, trouble: str) -> None:
    """It is said why, in the list of providers too; the form leads on in the same message."""
    steps = await steps_with(town, "sensay")
    if trouble == "refused":
        town.sensay.fail(Answer(401, {"error": "revoked"}), times=None)
    elif trouble == "unreadable":
        town.damage("sensay")
    else:
        await town.bot.privacy.removed(town.guild.id)
    await press(town, steps, "setup.check_button")
    assert steps_of(steps) == ("✅❌⬜⬜⬜" if trouble == "refused" else "❌⬜⬜⬜⬜")
    assert field_of(town, steps, "next") == town.texts("setup.next.enter_new")
    assert primary(steps) == ["Enter new credentials"]
    await press(town, steps, "setup.all_button")
    values = {"name": "`default`", "time": f"<t:{int(town.env.now().timestamp())}:R>"}
    assert field(steps, "Sensay") == town.texts(f"setup.all.{trouble}", **values)
    assert primary(steps) == ["Sensay", "Toolzz"]
    town.sensay.heal()
    await choose(town, steps, "sensay")
    form = await press(town, steps, "connections.rotate.button")
    await town.manager.submit_modal(form, dict(town.sensay.credentials))
    assert steps_of(steps) == "✅✅▶️▶️⬜"


async def test_refused_input_leads_back_to_the_form_and_to_the_steps(town: Town) -> None:
    """The error comes as a message of its own, whose button opens the form; there the steps go on."""
    steps = await choose(town, await open_setup(town), "toolzz")
    form = await press(town, steps, "setup.enter_button")
    refused = await town.manager.submit_modal(form, dict(town.toolzz.refused_credentials))
    assert "refused the credentials" in shown(refused)
    assert steps_of(steps) == "▶️⬜⬜⬜⬜"
    again = await press(town, refused, "setup.enter_button")
    await town.manager.submit_modal(again, dict(town.toolzz.credentials))
    assert steps_of(refused) == "✅✅▶️▶️⬜"


async def test_nothing_to_choose_is_said(town: Town) -> None:
    """Where the provider lists nothing there is no menu, but what to do about it."""
    town.toolzz.agents.clear()
    town.toolzz.integrations.clear()
    steps = await steps_with(town, "toolzz")
    assert steps_of(steps) == "✅✅❌▶️⬜"
    assert town.texts("toolzz.offer.link.none") in field_of(town, steps, "agents")
    assert town.texts("toolzz.offer.connect.none") in field_of(town, steps, "agents")
    assert menus(steps) == ["setup:alerts:toolzz:default"]


async def test_a_list_that_cannot_be_read_leaves_the_other(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure is told where the list would be, and so is one that is too slow."""
    town.toolzz.fail(Answer(403, {}), times=None, path="/bot/unity")
    steps = await steps_with(town, "toolzz")
    assert steps_of(steps) == "✅✅▶️▶️⬜"
    assert f"❌ **{town.texts('problem.forbidden.title', provider='Toolzz')}**" in shown(steps)
    assert menus(steps) == ["setup:offer:toolzz:0:default", "setup:alerts:toolzz:default"]
    monkeypatch.setattr(setup_steps, "_PATIENCE", 0)
    await press(town, steps, "setup.check_button")
    assert town.texts("setup.agents.slow") in field_of(town, steps, "agents")


async def test_a_channel_that_takes_no_alerts_is_refused(town: Town) -> None:
    """The reason comes as a message of its own; the step stays, and takes another channel."""
    overwrites: Any = {town.guild.default_role: discord.PermissionOverwrite(embed_links=False)}
    closed = town.guild.create_text_channel("closed", overwrites=overwrites)
    steps = await steps_with(town, "sensay")
    refused = await pick_channel(town, steps, closed)
    assert town.texts("problem.invalid_input.alert_channel.title") in shown(refused)
    assert steps_of(steps) == "✅✅▶️▶️⬜"
    await pick_channel(town, steps, town.channel)
    assert steps_of(steps) == "✅✅▶️✅⬜"
    assert not any(custom_id.startswith("setup:alerts") for custom_id in menus(steps))


async def test_a_lost_channel_is_a_step_to_do_again(town: Town) -> None:
    """Where alerts no longer arrive, the step says so and offers the menu, after a restart too."""
    steps = await steps_with(town, "sensay")
    await pick_channel(town, steps, town.channel)
    await town.bot.outbox._store.lose_route(town.guild.id, town.channel.id, "forbidden")
    await press(town, steps, "setup.check_button")
    assert steps_of(steps) == "✅✅▶️❌⬜"
    assert field_of(town, steps, "alerts") == town.texts("setup.alerts.lost", channel=town.channel.mention)
    await town.restart()
    await pick_channel(town, steps, town.guild.create_text_channel("other"))
    assert steps_of(steps) == "✅✅▶️✅⬜"


# --- left, and taken up again ---


async def test_another_manager_goes_on_after_a_restart(town: Town) -> None:
    """Buttons of before go on working, and whoever runs the command finds what the other one did."""
    enlist(town)
    move_here(town)
    left = await steps_with(town, "toolzz")
    await town.restart()
    await pick(town, left, 0, town.toolzz.CONNECTED)
    second = town.guild.add_member(town.env.create_user("ines"), roles=[town.guild.roles["Managers"]])
    steps = await choose(town, await open_setup(town, second), "toolzz", second)
    assert steps_of(steps) == "✅✅✅▶️✅"
    assert f"<@{town.manager.id}>" in field_of(town, steps, "credentials")
    await press(town, left, "setup.check_button")
    assert steps_of(left) == "✅✅✅▶️✅"


async def test_a_former_manager_presses_nothing(town: Town) -> None:
    """The menus and buttons obey the rights of the moment."""
    steps = await steps_with(town, "toolzz")
    demote(town)
    for pressed in (
        await press(town, steps, "setup.check_button"),
        await pick(town, steps, 0, town.toolzz.CONNECTED),
        await pick_channel(town, steps, town.channel),
    ):
        assert embed_of(pressed).title == NOT_ALLOWED


async def test_each_connection_has_its_own_steps(town: Town) -> None:
    """With several, the default one is shown and another can be chosen; what is placed stays with its own."""
    enlist(town)
    move_here(town)
    await town.connect("toolzz", "shop")
    steps = await steps_with(town, "toolzz")
    assert "`default`" in (embed_of(steps).description or "")
    assert len(final(steps).components) == MOST_ROWS
    await pick(town, steps, 0, town.toolzz.CONNECTED)
    await pick(town, steps, 2, "shop")
    assert "`shop`" in (embed_of(steps).description or "")
    assert steps_of(steps) == "✅✅▶️▶️⬜"
    await pick(town, steps, 1, town.toolzz.AGENT)
    linked = await pick(town, steps, 0, town.toolzz.DISCONNECTED)
    assert "default" not in shown(linked)
    placed = await town.bot.integrations.of_guild(town.guild.id, "toolzz")
    assert {each.connection for each in placed.values()} == {"default", "shop"}
    await town.bot.connections.remove(town.guild.id, "toolzz", "shop")
    await press(town, steps, "setup.check_button")
    assert steps_of(steps) == "✅✅✅▶️✅"


# --- from outside ---


@pytest.mark.parametrize(
    ("custom_id", "value", "error"),
    [
        ("setup:offer:toolzz:0:default", "../admin", "integration"),
        ("setup:offer:toolzz:0:gone", "x", "No Toolzz connection named gone"),
        ("setup:offer:toolzz:0:default", ToolzzSimulator.ELSEWHERE, "another server"),
        ("setup:offer:toolzz:1:default", "not-a-uuid", "agent"),
        ("setup:offer:toolzz:7:default", "x", "option"),
        ("setup:offer:nobody:0:default", "x", "option"),
        ("setup:connection:nobody", "default", "provider"),
    ],
)
async def test_a_pick_is_looked_at_again(town: Town, custom_id: str, value: str, error: str) -> None:
    """What no menu of today offers is refused, and places nothing."""
    steps = await steps_with(town, "toolzz")
    stored = town.env.backend.get_message(final(steps).channel_id, final(steps).id)
    del stored.components[1:]
    stored.components[0]["components"][0] |= {
        "custom_id": custom_id,
        "options": [{"label": "x", "value": value}],
    }
    picked = await town.manager.select(final(steps).message, [value], custom_id=custom_id)
    assert picked.modal is None
    assert error in shown(picked)
    assert not await town.bot.integrations.of_guild(town.guild.id, "toolzz")
    assert sent(town) == []


async def test_a_menu_holds_25_and_names_the_command_for_the_rest(town: Town) -> None:
    """What does not fit is said, and those that are on Discord already come last."""
    for number in range(30):
        uuid = f"5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3f{number:03}"
        town.sensay.replicas[uuid] = {
            **town.sensay.replicas[town.sensay.UNCONNECTED],
            "uuid": uuid,
            "name": f"Replica {number}",
        }
    steps = await steps_with(town, "sensay")
    options = row(steps, 0)["options"]
    assert len(options) == 25
    assert not any("emoji" in option for option in options)
    assert town.linked(town.texts("sensay.offer.more", shown=25)) in field_of(town, steps, "agents")


async def test_hostile_names_do_nothing(bot: PatchbayBot) -> None:
    """No name of an agent adds a ping, a link, a command or any markup, in the message or in a menu."""
    await bot.load_cogs()
    texts = bot.catalog["en-US"]
    summary = Summary("toolzz", "default", "0001", ("access_token",), 4, 1_700_000_000, 1_700_000_000)

    def show(name: str) -> discord.Embed:
        own = Own(Placed(name, "default", name, 2, 4, 1_700_000_000), State.ERROR, member=False)
        listed = Listed(bot.offers["toolzz"][0], [Choice(name, name, State.ERROR)])
        steps = Steps(bot.providers["toolzz"], [summary], summary, lists=[listed], own=[own] * 3)
        for option in _options(listed, texts):
            assert plain_marks(option.label) == {}, name
            assert 1 <= len(option.label) <= 100
        return embeds.stepper(steps, bot, 1, texts)

    harmless = marks(words(show("x")))
    for payload in PAYLOADS:
        shown_with = show(payload)
        assert accepted(shown_with), payload
        assert marks(words(shown_with)) <= harmless, payload


async def test_a_provider_that_offers_nothing_has_the_other_steps(town: Town) -> None:
    """Whatever provider is found gets along without an offer and without texts of its own."""
    town.bot.offers.clear()
    steps = await steps_with(town, "sensay")
    assert steps_of(steps) == "✅✅⬜▶️⬜"
    assert town.linked(town.texts("setup.agents.by_command")) == field_of(town, steps, "agents")
    assert menus(steps) == ["setup:alerts:sensay:default"]


async def test_each_offer_has_its_texts(town: Town) -> None:
    """What a provider's cog offers is worded under its key."""
    offers = [offer for offered in town.bot.offers.values() for offer in offered]
    assert len(offers) == 3
    for offer in offers:
        assert town.texts(f"{offer.key}.placeholder")
        assert town.texts(f"{offer.key}.none")
        assert town.texts(f"{offer.key}.more", shown=25)
        assert town.texts.plural(f"{offer.key}.some", 2)
