"""What `/setup` shows where a step fails, who may continue, and what comes from outside."""

from types import SimpleNamespace

import discord
import pytest
import simcord

from bot.discord.client import PatchbayBot
from bot.discord.context import Context, Interaction
from bot.features.alerts.incident_store import Kind
from bot.features.connections.service import Summary
from bot.features.monitoring.service import Watched
from bot.i18n.catalog import LOCALES
from bot.providers.base.integration import Choice, State
from bot.providers.base.simulator import Answer
from bot.providers.toolzz.simulator import ToolzzSimulator
from cogs.setup import embeds
from cogs.setup.stepper import _options
from cogs.setup.steps import SetupListContent, SetupProgress
from tests.support.alert_steps import suspend_routes
from tests.support.authority import NOT_ALLOWED, demote
from tests.support.embeds import embed_text, fits_discord
from tests.support.english import english
from tests.support.harness import BotHarness, buttons, embed_of, field, final, labels, shown
from tests.support.hostile import PAYLOADS, marks, plain_marks
from tests.support.setup_steps import (
    choose,
    field_of,
    menus,
    open_setup,
    pick,
    pick_and_confirm,
    pick_channel,
    press,
    row,
    steps_of,
)
from tests.support.toolzz_agent import add_agent_bot
from tests.support.toolzz_steps import list_only, sent

PRIMARY = 1
MAX_ROWS = 5
"""Discord's limit for the rows of components in a message."""


async def steps_with(
    harness: BotHarness, provider: str, name: str | None = None
) -> simcord.InteractionResult:
    """Connect a provider and open its steps."""
    await harness.connect(provider, name)
    return await choose(harness, await open_setup(harness), provider)


def primary(asked: simcord.InteractionResult) -> list[str]:
    """Return the labels of the buttons that are to be pressed first."""
    return [button["label"] for button in buttons(asked) if button.get("style") == PRIMARY]


# --- each step's cross ---


async def test_a_provider_that_is_down_is_the_second_step(harness: BotHarness) -> None:
    """The reason is in the step; once the provider is up again, the button below continues."""
    steps = await steps_with(harness, "toolzz")
    harness.toolzz.fail(Answer(503, {}), times=None)
    await press(harness, steps, "setup.check_button")
    assert steps_of(steps) == "✅❌⬜⬜⬜"
    assert harness.texts("problem.server_fault.title", provider="Toolzz") in field_of(harness, steps, "check")
    assert field_of(harness, steps, "next") == harness.texts("setup.next.check")
    assert menus(steps) == []
    assert labels(steps) == ["Check again", "Enter new credentials", "All providers"]
    harness.toolzz.heal()
    await press(harness, steps, "setup.check_button")
    assert steps_of(steps) == "✅✅▶️▶️⬜"


@pytest.mark.parametrize("trouble", ["refused", "unreadable", "erased"])
async def test_credentials_that_do_not_work_are_entered_again(harness: BotHarness, trouble: str) -> None:
    """The steps and the list of providers say why; the form continues in the same message."""
    steps = await steps_with(harness, "sensay")
    if trouble == "refused":
        harness.sensay.fail(Answer(401, {"error": "revoked"}), times=None)
    elif trouble == "unreadable":
        harness.damage("sensay")
    else:
        await harness.bot.services.privacy.removed(harness.guild.id)
    await press(harness, steps, "setup.check_button")
    assert steps_of(steps) == ("✅❌⬜⬜⬜" if trouble == "refused" else "❌⬜⬜⬜⬜")
    assert field_of(harness, steps, "next") == harness.texts("setup.next.enter_new")
    assert primary(steps) == ["Enter new credentials"]
    await press(harness, steps, "setup.all_button")
    values = {"name": "`default`", "time": f"<t:{int(harness.env.now().timestamp())}:R>"}
    assert field(steps, "Sensay") == harness.texts(f"setup.all.{trouble}", **values)
    assert primary(steps) == list(harness.bot.services.provider_names.values())
    harness.sensay.heal()
    await choose(harness, steps, "sensay")
    form = await press(harness, steps, "connections.rotate.button")
    await harness.manager.submit_modal(form, dict(harness.sensay.credentials))
    assert steps_of(steps) == "✅✅▶️▶️⬜"


async def test_nothing_to_choose_is_said(harness: BotHarness) -> None:
    """Where the provider lists nothing there is no menu, but a text on what to do.

    Toolzz may list nothing for a unit that does not exist, so nothing is ticked.
    """
    harness.toolzz.agents.clear()
    harness.toolzz.integrations.clear()
    steps = await steps_with(harness, "toolzz")
    assert steps_of(steps) == "⚠️⚠️❌▶️⬜"
    assert "Unit ID: set, not confirmed" in field_of(harness, steps, "credentials")
    assert field_of(harness, steps, "check") == harness.texts("toolzz.setup.unconfirmed")
    assert harness.texts("toolzz.offer.link.none") in field_of(harness, steps, "agents")
    assert harness.texts("toolzz.offer.connect.none") in field_of(harness, steps, "agents")
    assert menus(steps) == ["setup:alerts:toolzz:default"]


async def test_a_list_that_cannot_be_read_leaves_the_other(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that fails or is too slow is replaced by the reason."""
    harness.toolzz.fail(Answer(403, {"error": "no"}), times=None, path="/bot/unity")
    steps = await steps_with(harness, "toolzz")
    assert steps_of(steps) == "✅✅▶️▶️⬜"
    assert f"❌ **{harness.texts('problem.forbidden.title', provider='Toolzz')}**" in shown(steps)
    assert menus(steps) == ["setup:offer:toolzz:0:default", "setup:alerts:toolzz:default"]
    monkeypatch.setattr("cogs.setup.steps._LIST_TIMEOUT_SECONDS", 0)
    await press(harness, steps, "setup.check_button")
    assert harness.texts("setup.agents.slow") in field_of(harness, steps, "agents")


async def test_a_lost_channel_is_a_step_to_do_again(harness: BotHarness) -> None:
    """Where alerts no longer arrive, the step says so and has the menu, after a restart too."""
    steps = await steps_with(harness, "sensay")
    await pick_channel(harness, steps, harness.channel)
    await suspend_routes(harness, harness.channel)
    await press(harness, steps, "setup.check_button")
    assert steps_of(steps) == "✅✅▶️❌⬜"
    says = field_of(harness, steps, "alerts")
    assert harness.texts("alerts.undelivered.rule.forbidden", channel=harness.channel.mention) in says
    assert harness.texts("alerts.undelivered.untold") in says
    await harness.restart()
    await pick_channel(harness, steps, harness.guild.create_text_channel("other"))
    assert steps_of(steps) == "✅✅▶️✅⬜"


# --- left, and taken up again ---


async def test_another_manager_goes_on_after_a_restart(harness: BotHarness) -> None:
    """Old buttons still work, and another manager sees what the first one did."""
    add_agent_bot(harness)
    list_only(harness, harness.toolzz.CONNECTED)
    left = await steps_with(harness, "toolzz")
    await harness.restart()
    await pick_and_confirm(harness, left, 0, harness.toolzz.CONNECTED)
    second = harness.guild.add_member(
        harness.env.create_user("ines"), roles=[harness.guild.roles["Managers"]]
    )
    steps = await choose(harness, await open_setup(harness, second), "toolzz", second)
    assert steps_of(steps) == "✅✅✅▶️✅"
    assert f"<@{harness.manager.id}>" in field_of(harness, steps, "credentials")
    await press(harness, left, "setup.check_button")
    assert steps_of(left) == "✅✅✅▶️✅"


async def test_a_former_manager_presses_nothing(harness: BotHarness) -> None:
    """Menus and buttons obey the rights of the moment."""
    steps = await steps_with(harness, "toolzz")
    demote(harness)
    for pressed in (
        await press(harness, steps, "setup.check_button"),
        await pick(harness, steps, 0, harness.toolzz.HOMELESS),
        await pick_channel(harness, steps, harness.channel),
    ):
        assert embed_of(pressed).title == NOT_ALLOWED


async def test_each_connection_has_its_own_steps(harness: BotHarness) -> None:
    """The default one is shown, another can be chosen, and an agent stays with its own while that exists."""
    add_agent_bot(harness)
    list_only(harness, harness.toolzz.CONNECTED, harness.toolzz.DISCONNECTED)
    await harness.connect("toolzz", "shop")
    steps = await steps_with(harness, "toolzz")
    assert "`default`" in (embed_of(steps).description or "")
    assert len(final(steps).components) == MAX_ROWS
    await pick_and_confirm(harness, steps, 0, harness.toolzz.CONNECTED)
    await pick(harness, steps, 2, "shop")
    assert "`shop`" in (embed_of(steps).description or "")
    assert steps_of(steps) == "✅✅▶️▶️⬜"
    await pick(harness, steps, 1, harness.toolzz.AGENT)
    linked = await pick_and_confirm(harness, steps, 0, harness.toolzz.DISCONNECTED)
    assert "default" not in shown(linked)
    placed = await harness.bot.services.integrations.of_guild(harness.guild.id, "toolzz")
    assert {each.connection for each in placed.values()} == {"default", "shop"}
    await harness.bot.services.connections.remove(harness.guild.id, "toolzz", "shop")
    await press(harness, steps, "setup.check_button")
    assert steps_of(steps) == "✅✅✅▶️⚠️"
    assert len(field_of(harness, steps, "have").splitlines()) == 2, "both are read with the one that is left"


# --- from outside ---


@pytest.mark.parametrize(
    ("custom_id", "value", "error"),
    [
        ("setup:offer:toolzz:0:default", "../admin", "integration"),
        (
            "setup:offer:toolzz:0:gone",
            "x",
            english("problem.no_such_connection.title", provider="Toolzz", name="gone"),
        ),
        ("setup:offer:toolzz:0:default", ToolzzSimulator.ELSEWHERE, "another server"),
        ("setup:offer:toolzz:1:default", "not-a-uuid", "agent"),
        ("setup:offer:toolzz:7:default", "x", english("problem.invalid_input.option.title")),
        ("setup:offer:nobody:0:default", "x", english("problem.invalid_input.option.title")),
        ("setup:connection:nobody", "default", "provider"),
    ],
)
async def test_a_pick_is_looked_at_again(harness: BotHarness, custom_id: str, value: str, error: str) -> None:
    """A pick that no menu offers is refused, and connects nothing."""
    steps = await steps_with(harness, "toolzz")
    stored = harness.env.backend.get_message(final(steps).channel_id, final(steps).id)
    del stored.components[1:]
    stored.components[0]["components"][0] |= {
        "custom_id": custom_id,
        "options": [{"label": "x", "value": value}],
    }
    picked = await harness.manager.select(final(steps).message, [value], custom_id=custom_id)
    assert picked.modal is None
    assert error in shown(picked)
    assert not await harness.bot.services.integrations.of_guild(harness.guild.id, "toolzz")
    assert sent(harness) == []


async def test_a_menu_holds_25_and_names_the_command_for_the_rest(harness: BotHarness) -> None:
    """The step says what does not fit; agents that are on Discord already come last."""
    for number in range(30):
        uuid = f"5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3f{number:03}"
        harness.sensay.replicas[uuid] = {
            **harness.sensay.replicas[harness.sensay.UNCONNECTED],
            "uuid": uuid,
            "name": f"Replica {number}",
        }
    steps = await steps_with(harness, "sensay")
    options = row(steps, 0)["options"]
    assert len(options) == 25
    assert not any("emoji" in option for option in options)
    assert harness.linked(harness.texts("sensay.offer.more", shown=25)) in field_of(harness, steps, "agents")


async def test_hostile_names_do_nothing(bot: PatchbayBot) -> None:
    """No agent's name adds a ping, a link, a command or markup, in the message or in a menu."""
    await bot.load_cogs()
    interaction: Interaction = SimpleNamespace(guild_id=1, client=bot)  # type: ignore[assignment]
    ctx = Context(interaction, bot.services, bot.services.catalog["en-US"])
    provider, source = bot.services.providers["toolzz"], bot.services.views["toolzz"].lists[0]
    summary = Summary("toolzz", "default", "0001", ("access_token",), 4, 1_700_000_000, 1_700_000_000)

    def show(name: str) -> discord.Embed:
        row = (1, Kind.INTEGRATION, "toolzz", name, "default", name, State.ERROR, name, 1)
        agent = Watched(*row, answered_at=1, is_stale=False, incident=None)
        content = SetupListContent(source, [Choice(name, name, State.ERROR)])
        for option in _options("toolzz", content, ctx.texts):
            assert plain_marks(option.label) == {}, name
            assert 1 <= len(option.label) <= 100
        progress = SetupProgress(provider, [summary], summary, lists=[content], agents=[agent] * 3)
        return embeds.stepper(progress, ctx)

    harmless = marks(embed_text(show("x")))
    for payload in PAYLOADS:
        shown_with = show(payload)
        assert fits_discord(shown_with), payload
        assert marks(embed_text(shown_with)) <= harmless, payload


@pytest.mark.parametrize("locale", LOCALES)
async def test_each_list_has_its_texts(bot: PatchbayBot, locale: str) -> None:
    """The texts of each list that a provider's cog offers exist under the list's key."""
    texts = bot.services.catalog[locale]
    lists = [each for view in bot.services.views.values() for each in view.lists]
    assert len(lists) >= 3
    for each in lists:
        assert texts(f"{each.key}.placeholder")
        assert texts(f"{each.key}.none")
        assert texts(f"{each.key}.more", shown=25)
        assert texts.plural(f"{each.key}.some", 2)
