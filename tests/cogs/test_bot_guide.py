"""What comes before the form for a bot token: the steps in the Developer Portal, and how to begin again."""

from collections.abc import Mapping
from typing import Final

import discord
import pytest
import simcord

from bot.discord.access.agent_bots import PORTAL
from bot.i18n.catalog import LOCALES
from tests.support import handover_steps, toolzz_steps
from tests.support.authority import NOT_ALLOWED, demote
from tests.support.handover_steps import hand_over, open_guide
from tests.support.harness import BotHarness, buttons, embed_of, field, final, form_text, labels, shown
from tests.support.setup_steps import choose, open_setup, pick
from tests.support.toolzz_steps import propose as propose_agent

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "sensay": ("sensay connect", "replica"),
    "toolzz": ("toolzz connect", "agent"),
}
NAMES: Final = {"sensay": "Job Applications", "toolzz": "Atendente da Loja"}

every_provider = pytest.mark.parametrize("provider", COMMANDS)


def agent_of(harness: BotHarness, provider: str) -> str:
    """Return an agent that can be connected."""
    return harness.sensay.UNCONNECTED if provider == "sensay" else harness.toolzz.AGENT


async def guide_of(harness: BotHarness, provider: str) -> simcord.InteractionResult:
    """Have the manager find the agent by its name and run the command that connects it."""
    command, option = COMMANDS[provider]
    await harness.manager.autocomplete(harness.channel, command, option, "")
    return await harness.manager.slash(harness.channel, command, **{option: agent_of(harness, provider)})


async def press(harness: BotHarness, asked: simcord.InteractionResult, key: str) -> simcord.InteractionResult:
    """Press the button whose label has this key."""
    return await harness.manager.click(final(asked).message, label=harness.texts(key))


async def question_of(harness: BotHarness, provider: str) -> simcord.InteractionResult:
    """Have the manager go on to the question whether the token may be sent."""
    return await (handover_steps.propose(harness) if provider == "sensay" else propose_agent(harness))


def links(asked: simcord.InteractionResult) -> list[str]:
    """Return the addresses of the buttons that are links."""
    return [each["url"] for each in buttons(asked) if each["style"] == discord.ButtonStyle.link.value]


def is_guide(harness: BotHarness, asked: simcord.InteractionResult) -> bool:
    """Tell whether a message shows the steps."""
    return embed_of(asked).title == f"🤖 {harness.texts('token.guide')}"


# --- the steps ---


@every_provider
@pytest.mark.parametrize("locale", LOCALES)
async def test_three_steps_lead_to_a_token(harness: BotHarness, provider: str, locale: str) -> None:
    """Application, token and intent are numbered and linked, and the next step is the button to press."""
    await harness.connect(provider)
    harness.locale = locale
    guide = await guide_of(harness, provider)
    assert guide.modal is None
    assert guide.ephemeral
    assert is_guide(harness, guide)
    assert NAMES[provider] in (embed_of(guide).description or "")
    assert field(guide, "Developer Portal").splitlines() == [
        f"1. {harness.texts('token.guide.create', portal=PORTAL)}",
        f"2. {harness.texts('token.guide.reset')}",
        f"3. {harness.texts('token.guide.intent')}",
    ]
    have = harness.texts("token.have")
    assert labels(guide) == [have, harness.texts("token.cancel"), "Developer Portal"]
    assert links(guide) == [PORTAL]
    assert field(guide, harness.texts("next_step")) == harness.texts("token.guide_next", button=have)


@every_provider
@pytest.mark.parametrize("restarted", [False, True])
async def test_who_has_the_token_goes_on(harness: BotHarness, provider: str, restarted: bool) -> None:
    """One press opens the form, as often as it is left to fetch something, after a restart too."""
    await harness.connect(provider)
    guide = await guide_of(harness, provider)
    for _ in range(2):
        form = await press(harness, guide, "token.have")
        assert form.modal is not None
        assert form.modal["title"] == harness.texts(f"{provider}.connect.form")
        if restarted:
            await harness.restart()


@every_provider
async def test_the_steps_ask_nobody(harness: BotHarness, provider: str) -> None:
    """They are shown while the provider is down, and the answer comes within Discord's three seconds."""
    await harness.connect(provider)
    await harness.simulator(provider).stop()
    harness.simulator(provider).requests.clear()
    command, option = COMMANDS[provider]
    agent = {option: agent_of(harness, provider)}
    assert is_guide(harness, await harness.manager.slash(harness.channel, command, **agent))
    assert not harness.simulator(provider).requests
    assert not harness.discord_api.requests


@every_provider
async def test_nobody_is_sent_to_the_portal_in_vain(harness: BotHarness, provider: str) -> None:
    """What stands in the way of the form is said before the steps, not after them."""
    command, option = COMMANDS[provider]
    agent = {option: agent_of(harness, provider)}
    refused = await harness.manager.slash(harness.channel, command, **agent)
    name = harness.bot.services.providers[provider].name
    assert embed_of(refused).title == f"⚠️ {harness.texts('problem.no_connection.title', provider=name)}"
    await harness.connect(provider)
    refused = await harness.manager.slash(harness.channel, command, **{option: "nobody"})
    assert embed_of(refused).title == f"⚠️ {harness.texts(f'problem.invalid_input.{option}.title')}"


async def test_a_bot_that_is_known_has_its_page(harness: BotHarness) -> None:
    """Who connects a replica again is led to the application of the bot that it had here before."""
    await harness.connect("sensay")
    await hand_over(harness)
    (placed,) = (await handover_steps.remembered(harness)).values()
    page = f"{PORTAL}/{placed.application_id}/bot"
    guide = await open_guide(harness, harness.sensay.UNCONNECTED)
    assert field(guide, "Developer Portal").startswith(
        f"1. {harness.texts('token.guide.open', portal=page)}\n"
    )
    assert links(guide) == [page]


async def test_a_bot_that_is_there_already_is_warned_of(harness: BotHarness) -> None:
    """Before anybody makes a second bot, whatever the state of the first; of others nothing is said."""
    await harness.connect("sensay")
    await harness.manager.autocomplete(harness.channel, "sensay connect", "replica", "")
    for replica in (harness.sensay.ACTIVE, harness.sensay.INACTIVE, harness.sensay.UNDECIDED):
        warning = harness.texts("sensay.connect.again", agent=harness.sensay.replicas[replica]["name"])
        assert embed_of(await open_guide(harness, replica)).description == warning
    described = embed_of(await open_guide(harness, harness.sensay.UNCONNECTED)).description
    assert described == harness.texts("token.guide_how", agent=NAMES["sensay"])


async def test_a_name_from_outside_does_nothing(harness: BotHarness) -> None:
    """An agent's name is shown as its very characters, and cut."""
    await harness.connect("toolzz")
    harness.toolzz.agents[0]["name"] = "[x](https://evil.example) @everyone **" + "\N{WAVING HAND SIGN}" * 300
    guide = await guide_of(harness, "toolzz")
    assert "](https://evil" not in shown(guide)
    assert len(embed_of(guide).description or "") < 160


@every_provider
async def test_a_pick_of_the_setup_leads_there(harness: BotHarness, provider: str) -> None:
    """The steps come in a message of their own, so that those of `/setup` stay."""
    await harness.connect(provider)
    setup = await choose(harness, await open_setup(harness), provider)
    before = shown(setup)
    picked = await pick(harness, setup, 0 if provider == "sensay" else 1, agent_of(harness, provider))
    assert is_guide(harness, picked)
    assert final(picked).ephemeral
    assert shown(setup) == before
    form = await press(harness, picked, "token.have")
    assert form.modal is not None


async def test_reading_the_steps_costs_no_form(harness: BotHarness) -> None:
    """Five forms a minute can be opened, whether or not each was preceded by the steps."""
    await harness.connect("sensay")
    guides = [await open_guide(harness, harness.sensay.UNCONNECTED) for _ in range(5)]
    for guide in guides:
        assert (await press(harness, guide, "token.have")).modal is not None
    refused = await press(harness, guides[0], "token.have")
    assert embed_of(refused).title == f"⚠️ {harness.texts('problem.cooldown.title')}"


# --- back ---


@every_provider
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("restarted", [False, True])
async def test_who_cancels_can_begin_again(
    harness: BotHarness, provider: str, locale: str, restarted: bool
) -> None:
    """The same message says what happened and leads back to the steps, after a restart too."""
    await harness.connect(provider)
    harness.locale = locale
    guide = await guide_of(harness, provider)
    await press(harness, guide, "token.cancel")
    name = harness.bot.services.providers[provider].name
    assert embed_of(guide).title == f"💤 {harness.texts('token.not_sent', provider=name)}"
    assert embed_of(guide).description == harness.texts("token.canceled_how")
    assert labels(guide) == [harness.texts("token.start")]
    if restarted:
        await harness.restart()
    again = await press(harness, guide, "token.start")
    assert is_guide(harness, guide)
    assert again.followups == []
    assert (await press(harness, guide, "token.have")).modal is not None


@every_provider
@pytest.mark.parametrize("end", ["no", "time"])
async def test_who_keeps_the_token_can_begin_again(harness: BotHarness, provider: str, end: str) -> None:
    """A question that was declined, or not answered, leads back to the steps; the token is gone."""
    await harness.connect(provider)
    question = await question_of(harness, provider)
    if end == "no":
        await press(harness, question, "token.no")
    else:
        await harness.env.advance_time(301)
    how = harness.texts("token.declined_how" if end == "no" else "token.expired_how")
    assert embed_of(question).description == how
    start = harness.texts("token.start")
    assert labels(question) == [start]
    assert field(question, harness.texts("next_step")) == harness.texts("token.not_sent_next", button=start)
    await press(harness, question, "token.start")
    assert is_guide(harness, question)
    assert (await press(harness, question, "token.have")).modal is not None
    steps = handover_steps if provider == "sensay" else toolzz_steps
    assert steps.sent(harness) == []


@every_provider
async def test_what_is_gone_meanwhile_is_told(harness: BotHarness, provider: str) -> None:
    """Who begins again after the connection was removed is told so, and the message stays."""
    await harness.connect(provider)
    guide = await guide_of(harness, provider)
    await press(harness, guide, "token.cancel")
    await harness.bot.services.connections.remove(harness.guild.id, provider, "default")
    refused = await press(harness, guide, "token.start")
    name = harness.bot.services.providers[provider].name
    gone = harness.texts("problem.no_such_connection.title", provider=name, name="default")
    assert embed_of(refused).title == f"⚠️ {gone}"
    assert labels(guide) == [harness.texts("token.start")]


@every_provider
@pytest.mark.parametrize("key", ["token.have", "token.cancel"])
async def test_a_former_manager_goes_no_further(harness: BotHarness, provider: str, key: str) -> None:
    """Each button asks again who presses it."""
    await harness.connect(provider)
    guide = await guide_of(harness, provider)
    demote(harness)
    refused = await press(harness, guide, key)
    assert refused.modal is None
    assert embed_of(refused).title == NOT_ALLOWED
    assert is_guide(harness, guide)


async def test_the_form_is_short(harness: BotHarness) -> None:
    """What was said before the form is not said in it again."""
    await harness.connect("sensay")
    form = await press(harness, await guide_of(harness, "sensay"), "token.have")
    assert form_text(form) == harness.texts("sensay.connect.intro", replica=NAMES["sensay"])
    assert len(form_text(form).splitlines()) == 3


@every_provider
async def test_an_older_button_still_opens_the_form(harness: BotHarness, provider: str) -> None:
    """A message from before there were steps works as it did."""
    await harness.connect(provider)
    shown_before = await guide_of(harness, provider)
    old_id = f"{provider}:connect:default:{agent_of(harness, provider)}"
    pressed = await harness.press_forged(shown_before, old_id)
    assert pressed.modal is not None
