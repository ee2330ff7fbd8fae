"""Putting a Toolzz agent into the server: which one, the form, and the question before anything is sent."""

from typing import Any

import pytest

from bot.discord.access.agent_bots import needed_permissions
from bot.i18n.catalog import LOCALES
from tests.support.discord_api import TROUBLE
from tests.support.embeds import utf16_length
from tests.support.english import english
from tests.support.failures import FAILURES, WITHOUT_A_GOOD_ANSWER
from tests.support.handover_steps import token_of
from tests.support.harness import (
    HELPER,
    BotHarness,
    buttons,
    embed_of,
    field,
    final,
    labels,
    only_button,
    short,
    shown,
)
from tests.support.short_replies import lines, show_details
from tests.support.toolzz_steps import (
    LIST,
    TITLE,
    choose,
    fields_of,
    fill_in,
    move_here,
    open_form,
    propose,
    sent,
    suggested,
)

AGAIN = english("toolzz.connect.button")
YES = english("token.yes")
REFUSALS = [failure for failure in FAILURES if failure not in WITHOUT_A_GOOD_ANSWER]
NAME = "Atendente da Loja"
INTENT = 1 << 19


async def connect_without_unit(harness: BotHarness) -> None:
    """Connect Toolzz with a token alone."""
    form = await harness.open_form("add", "toolzz")
    await harness.manager.submit_modal(form, {"access_token": harness.toolzz.credentials["access_token"]})


# --- which agent ---


async def test_agents_are_suggested_by_name(harness: BotHarness) -> None:
    """Each is offered with its id, the one that is switched off is marked, and the list is asked for once."""
    await harness.connect("toolzz")
    offered = await suggested(harness)
    assert offered[harness.toolzz.AGENT] == NAME
    assert offered[harness.toolzz.RESTING_AGENT] == "⚪ Vendedor de Natal"
    assert len(offered) == len(harness.toolzz.agents)
    harness.toolzz.requests.clear()
    assert list(await suggested(harness, "vendedor")) == [harness.toolzz.RESTING_AGENT]
    assert not harness.toolzz.requests


async def test_agents_and_integrations_are_kept_apart(harness: BotHarness) -> None:
    """What one command suggests is not what the other does, though both lists are of one connection."""
    await harness.connect("toolzz")
    integrations = await harness.manager.autocomplete(harness.channel, "toolzz status", "integration", "")
    agents = await suggested(harness)
    assert not agents.keys() & {choice["value"] for choice in integrations}
    refused = await harness.manager.slash(harness.channel, "toolzz connect", agent="Suporte da loja")
    assert shown(refused).startswith(f"⚠️ {english('problem.invalid_input.agent.title')}")


@pytest.mark.parametrize("text", ["../admin", "", "Atendente", "x" * 65, "7b2a9d40"])
async def test_what_is_no_agent_is_refused_without_asking(harness: BotHarness, text: str) -> None:
    """Neither an id nor a name that was just suggested opens no form."""
    await harness.connect("toolzz")
    await suggested(harness)
    harness.toolzz.requests.clear()
    refused = await harness.manager.slash(harness.channel, "toolzz connect", agent=text)
    assert refused.modal is None
    assert shown(refused).startswith(f"⚠️ {english('problem.invalid_input.agent.title')}")
    assert not harness.toolzz.requests


async def test_a_name_that_was_suggested_can_be_sent(harness: BotHarness) -> None:
    """Who sends what was typed gets that agent; an id that was not listed is taken as it is."""
    await harness.connect("toolzz")
    await suggested(harness)
    form = await open_form(harness, "vendedor de natal ")
    assert fields_of(form)["title"]["value"] == "Vendedor de Natal"
    form = await open_form(harness, harness.toolzz.UNKNOWN.upper())
    assert "value" not in fields_of(form)["title"]


async def test_without_a_unit_there_is_no_form(harness: BotHarness) -> None:
    """Toolzz lists agents by unit only: a connection without one is told how to get it, before any form."""
    await connect_without_unit(harness)
    assert await suggested(harness) == {}
    refused = await harness.manager.slash(harness.channel, "toolzz connect", agent=harness.toolzz.AGENT)
    assert refused.modal is None
    assert shown(refused).startswith(f"⚠️ {english('problem.invalid_input.unit.title')}")
    assert "</connections rotate:" in field(refused, "What to do")


async def test_without_a_connection_there_is_no_form(harness: BotHarness) -> None:
    """A server that has not connected Toolzz is led to do so."""
    refused = await harness.manager.slash(harness.channel, "toolzz connect", agent=harness.toolzz.AGENT)
    assert shown(refused).startswith(f"⚠️ {english('problem.no_connection.title', provider='Toolzz')}")


# --- the form ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_form_is_within_the_limits(harness: BotHarness, locale: str) -> None:
    """Five inputs, each with what it means, within Discord's limits, in both languages."""
    await harness.connect("toolzz")
    harness.locale = locale
    inputs = fields_of(await open_form(harness))
    assert list(inputs) == ["title", "channels", "scope", "switches", "discord_token"]
    for each in inputs.values():
        assert 1 <= utf16_length(each["text"]) <= 45
        assert 1 <= utf16_length(each["how"]) <= 100
        for option in each.get("options", []):
            assert 1 <= utf16_length(option["label"]) <= 100
            assert 1 <= utf16_length(option["description"]) <= 100
    assert "Discord" in inputs["discord_token"]["how"]
    assert inputs["channels"]["channel_types"] == [0, 5]
    assert (inputs["channels"]["min_values"], inputs["channels"]["max_values"]) == (1, 25)
    assert [option["value"] for option in inputs["scope"]["options"] if option["default"]] == ["mentions"]


async def test_a_long_name_is_cut_to_a_title(harness: BotHarness) -> None:
    """An agent's name of any length and with line ends is cut to a title of one line and 100 characters."""
    await harness.connect("toolzz")
    harness.toolzz.agents[0]["name"] = "Long\n\tname " + "\N{WAVING HAND SIGN}" * 90
    await suggested(harness)
    title = fields_of(await open_form(harness))["title"]["value"]
    assert title.startswith("Long name ")
    assert utf16_length(title) <= 100


async def test_nobody_tries_one_token_after_the_other(harness: BotHarness) -> None:
    """Each token that Discord refuses counts against us, so a member gets five forms a minute and no more."""
    await harness.connect("toolzz")
    for _ in range(5):
        await open_form(harness)
    refused = await harness.manager.slash(harness.channel, "toolzz connect", agent=harness.toolzz.AGENT)
    assert shown(refused).startswith(f"⚠️ {english('problem.cooldown.title')}")
    await harness.env.advance_time(61)
    await open_form(harness)


async def test_nothing_is_asked_of_toolzz_for_the_form(harness: BotHarness) -> None:
    """A form has to come within three seconds."""
    await harness.connect("toolzz")
    harness.toolzz.requests.clear()
    await open_form(harness)
    assert not harness.toolzz.requests


# --- what cannot be right ---


@pytest.mark.parametrize(
    ("differences", "said"),
    [
        ({"title": "   "}, english("problem.invalid_input.title.title")),
        ({"title": "\u200b\u202e"}, english("problem.invalid_input.title.title")),
        ({"title": "\N{WAVING HAND SIGN}" * 51}, english("problem.invalid_input.title.title")),
        ({"discord_token": "short"}, english("problem.invalid_input.discord_token.title")),
        ({"discord_token": "1219876543210987654"}, english("problem.invalid_input.application_id.title")),
    ],
)
async def test_what_cannot_be_right_is_not_sent(
    harness: BotHarness, differences: dict[str, Any], said: str
) -> None:
    """A value that breaks a rule stays here, and the form for the same agent can be opened again."""
    await harness.connect("toolzz")
    harness.toolzz.requests.clear()
    refused = await propose(harness, **differences)
    assert shown(refused).startswith(f"⚠️ {said}")
    assert final(refused).ephemeral
    assert not harness.toolzz.requests
    assert not harness.discord_api.requests
    form = await harness.manager.click(final(refused).message, label=AGAIN)
    assert english("token.yes") in labels(await fill_in(harness, form))


async def test_a_channel_that_is_gone_is_an_error(harness: BotHarness) -> None:
    """A channel that was deleted while the form was open is not written anywhere."""
    await harness.connect("toolzz")
    doomed = harness.guild.create_text_channel("doomed")
    form = await open_form(harness)
    harness.bot.get_guild(harness.guild.id)._channels.pop(doomed.id)  # type: ignore[union-attr]
    refused = await fill_in(harness, form, channels=[harness.channel, doomed])
    assert shown(refused).startswith(f"⚠️ {english('problem.invalid_input.channels.title')}")
    assert sent(harness) == []


async def test_a_channel_that_goes_before_the_answer_is_an_error(harness: BotHarness) -> None:
    """What was there when the question was put and is gone when it is answered stops everything."""
    await harness.connect("toolzz")
    doomed = harness.guild.create_text_channel("doomed")
    question = await propose(harness, channels=[doomed])
    harness.bot.get_guild(harness.guild.id)._channels.pop(doomed.id)  # type: ignore[union-attr]
    refused = await choose(harness, question, "yes")
    assert shown(refused).startswith(f"⚠️ {english('problem.invalid_input.channels.title')}")
    assert only_button(refused)["label"] == AGAIN
    assert sent(harness) == []


async def test_a_server_without_us_is_told_so(harness: BotHarness) -> None:
    """A form from a server that we are no longer in is refused, and says why."""
    await harness.connect("toolzz")
    form = await open_form(harness)
    guild = harness.bot._connection._guilds.pop(harness.guild.id)
    refused = await fill_in(harness, form)
    harness.bot._connection._guilds[harness.guild.id] = guild
    assert shown(refused).startswith(f"⚠️ {english('problem.not_in_server.title')}")


async def test_patchbays_own_token_is_refused(harness: BotHarness) -> None:
    """Nobody can hand over the bot that they are talking to."""
    await harness.connect("toolzz")
    assert harness.bot.application_id is not None
    refused = await propose(harness, discord_token=token_of(harness.bot.application_id))
    assert shown(refused).startswith(f"⚠️ {english('problem.invalid_input.own_token.title')}")
    assert sent(harness) == []


# --- the question ---


async def test_the_question_sums_up_what_is_going_to_be(harness: BotHarness) -> None:
    """Agent, title, channels, replies, server and permissions are shown before anything is sent."""
    await harness.connect("toolzz")
    await suggested(harness)
    harness.discord_api.introduce(harness.toolzz.discord_token, HELPER)
    annex = harness.guild.create_text_channel("annex")
    question = await propose(
        harness, channels=[harness.channel, annex], switches=["threads"], scope="mentions"
    )
    assert embed_of(question).title == f"🔌 {english('toolzz.connect.question')}"
    assert lines(question)[1] == short(NAME, harness.toolzz.AGENT)
    assert f"**{HELPER}**" in lines(question)
    await show_details(harness, question)
    assert field(question, "Agent") == short(NAME, harness.toolzz.AGENT)
    assert field(question, "Title") == TITLE
    assert set(field(question, "2 channels").split(", ")) == {f"<#{harness.channel.id}>", f"<#{annex.id}>"}
    assert field(question, "Replies").splitlines() == [
        "Answers: mentions only",
        "When mentioned: 🚫 no",
        "Opens threads: ✅ yes",
    ]
    assert field(question, "Server") == "Harbour Ops"
    assert "Create Public Threads" in field(question, english("toolzz.connect.permissions"))
    assert "**Reset Token**" in field(question, english("toolzz.connect.revoke"))
    assert HELPER in field(question, english("preflight.bot"))
    assert sent(harness) == []


async def test_the_invitation_grants_what_is_noted(harness: BotHarness) -> None:
    """With threads the link lets the bot open them; without, it grants the least."""
    await harness.connect("toolzz")
    harness.discord_api.introduce(harness.toolzz.discord_token, HELPER)
    for switches in ([], ["threads"]):
        question = await propose(harness, switches=switches)
        (link,) = (
            button["url"] for button in buttons(question) if button["label"] == english("token.invite")
        )
        needed = needed_permissions(create_threads=bool(switches))
        assert f"permissions={needed.value}&" in link
        again = await choose(harness, question, "again")
        assert again.followups == []
        assert f"permissions={needed.value}&" in str(buttons(question))


async def test_an_agent_that_is_switched_off_is_told(harness: BotHarness) -> None:
    """Who chooses one that answers nobody reads so before handing over a token."""
    await harness.connect("toolzz")
    await suggested(harness)
    assert english("toolzz.connect.resting") in lines(await propose(harness, harness.toolzz.RESTING_AGENT))
    assert english("toolzz.connect.resting") not in lines(await propose(harness))


async def test_an_agent_that_may_be_here_already_is_told(harness: BotHarness) -> None:
    """What is listed for the same agent and server is named; another server's and a deleted one are not."""
    await harness.connect("toolzz")
    move_here(harness)
    question = await propose(harness)
    assert english("toolzz.connect.had_one_short") in lines(question)
    await show_details(harness, question)
    said = field(question, english("toolzz.connect.had_one"))
    assert "**Suporte da loja** · Connected · created `2026-" in said
    assert "time zone not reported" in said
    assert "Balcão do Norte" not in said
    assert "Piloto antigo" not in said
    other = await propose(harness, harness.toolzz.RESTING_AGENT)
    assert english("toolzz.connect.had_one_short") not in lines(other)
    await show_details(harness, other)
    assert english("toolzz.connect.had_one") not in shown(other)


async def test_a_list_that_cannot_be_read_is_told(harness: BotHarness) -> None:
    """Where nobody knows whether the agent is here, that is what is said, and the manager can go on."""
    await harness.connect("toolzz")
    harness.toolzz.fail(TROUBLE["broken"], path=LIST)
    question = await propose(harness)
    assert english("toolzz.connect.had_one_short") in lines(question)
    await show_details(harness, question)
    assert "couldn't be checked" in field(question, english("toolzz.connect.had_one"))
    assert YES in labels(question)


async def test_who_does_not_confirm_sends_nothing(harness: BotHarness) -> None:
    """A no, and five minutes without an answer, end the question without a request that writes."""
    await harness.connect("toolzz")
    declined = await choose(harness, await propose(harness), "no")
    assert labels(declined) == [english("token.start")]
    question = await propose(harness)
    await harness.env.advance_time(301)
    assert (embed_of(question).description or "").startswith(english("token.expired_how"))
    assert sent(harness) == []
