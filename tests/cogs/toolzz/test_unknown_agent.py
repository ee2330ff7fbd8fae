"""An agent that the unit does not have gets no token, and a pasted id gets its name."""

import pytest

from bot.i18n.catalog import LOCALES
from bot.providers.base.simulator import Answer, Reset
from bot.providers.toolzz.models import MAX_ENTRIES
from tests.support.english import english
from tests.support.harness import BotHarness, embed_of, field, final, labels, short
from tests.support.short_replies import lines, show_details
from tests.support.toolzz_steps import body_of, choose, propose, sent, strike

AGENTS = "/bot/unity/"
TITLE = "problem.invalid_input.unknown_agent.title"


@pytest.mark.parametrize("locale", LOCALES)
async def test_what_the_whole_list_lacks_is_refused(harness: BotHarness, locale: str) -> None:
    """Nobody gets the token, Discord included, and no button offers the same again."""
    await harness.connect("toolzz")
    harness.locale = locale
    refused = await propose(harness, harness.toolzz.UNKNOWN)
    assert embed_of(refused).title == f"⚠️ {harness.texts(TITLE)}"
    fix = harness.texts("problem.invalid_input.unknown_agent.fix")
    assert field(refused, harness.texts("problem.fix")) == harness.linked(fix)
    assert final(refused).ephemeral
    assert labels(refused) == []
    assert sent(harness) == []
    assert not harness.discord_api.requests


async def test_an_agent_of_another_unit_is_refused(harness: BotHarness) -> None:
    """The list that counts is that of the connection's unit."""
    await harness.connect("toolzz")
    harness.toolzz.agents[0]["unityId"] = harness.toolzz.UNKNOWN
    assert embed_of(await propose(harness)).title == f"⚠️ {harness.texts(TITLE)}"
    assert sent(harness) == []


async def test_an_agent_that_goes_while_the_member_thinks_is_refused(harness: BotHarness) -> None:
    """The list is read again before the token is sent: what it lacks by then gets nothing."""
    await harness.connect("toolzz")
    question = await propose(harness)
    harness.toolzz.agents.clear()
    harness.toolzz.agents.append({"id": "another", "unityId": harness.toolzz.UNIT})
    refused = await choose(harness, question, "yes")
    assert embed_of(refused).title == f"⚠️ {harness.texts(TITLE)}"
    assert labels(refused) == labels(question) == []
    assert sent(harness) == []


@pytest.mark.parametrize(
    "fault", [Answer(500), Answer(404), Answer(403), Answer.html(200), Reset()], ids=repr
)
@pytest.mark.parametrize("locale", LOCALES)
async def test_a_list_that_cannot_be_read_is_told(
    harness: BotHarness, fault: Answer | Reset, locale: str
) -> None:
    """The question says that the list could not be read and what that leaves open; the manager can go on."""
    await harness.connect("toolzz")
    harness.toolzz.fail(fault, times=None, path=AGENTS)
    harness.locale = locale
    question = await propose(harness, harness.toolzz.UNKNOWN)
    unread = harness.texts("toolzz.connect.unread")
    assert unread in lines(question)
    await show_details(harness, question)
    assert field(question, unread) == harness.texts("toolzz.connect.unread_all")
    done = await choose(harness, question, "yes")
    assert embed_of(done).title == f"✅ {harness.texts('toolzz.connect.done')}"
    assert len(sent(harness)) == 1


async def test_a_list_that_was_read_in_part_is_told(harness: BotHarness) -> None:
    """Of a list with too many entries a part is read: an agent that the part lacks may still exist."""
    await harness.connect("toolzz")
    unit = harness.toolzz.UNIT
    harness.toolzz.agents = [{"id": f"agent-{number}", "unityId": unit} for number in range(MAX_ENTRIES + 1)]
    question = await propose(harness)
    assert english("toolzz.connect.unread") in lines(question)
    await show_details(harness, question)
    assert field(question, "Agent not checked") == harness.texts("toolzz.connect.unread_rest")
    assert embed_of(await choose(harness, question, "yes")).title == f"✅ {english('toolzz.connect.done')}"


async def test_who_was_told_that_nobody_knows_is_stopped_by_a_list_that_knows(harness: BotHarness) -> None:
    """The list could not be read for the question; read later, it shows that there is no such agent."""
    await harness.connect("toolzz")
    harness.toolzz.fail(Answer(500), path=AGENTS)
    question = await propose(harness, harness.toolzz.UNKNOWN)
    refused = await choose(harness, question, "yes")
    assert embed_of(refused).title == f"⚠️ {harness.texts(TITLE)}"
    assert sent(harness) == []


async def test_refused_credentials_are_told_before_the_question(harness: BotHarness) -> None:
    """With an access token that Toolzz no longer takes, nobody gets the bot token."""
    await harness.connect("toolzz")
    harness.toolzz.fail(Answer(401, {"statusCode": 401, "message": "Unauthorized"}), times=None)
    refused = await propose(harness)
    assert embed_of(refused).title == "❌ Toolzz refused the credentials"
    assert not harness.discord_api.requests
    assert sent(harness) == []


@pytest.mark.parametrize("capitals", [True, False])
async def test_a_pasted_id_is_shown_with_its_name(harness: BotHarness, capitals: bool) -> None:
    """Question and outcome name the agent, and the id is sent as Toolzz writes it."""
    await harness.connect("toolzz")
    listed = harness.toolzz.agents[0]
    if capitals:
        listed["id"] = str(listed["id"]).upper()
    question = await propose(harness, harness.toolzz.AGENT)
    agent = short("Atendente da Loja", str(listed["id"]))
    assert lines(question)[1] == agent
    await show_details(harness, question)
    assert field(question, "Agent") == agent
    await choose(harness, question, "yes")
    assert lines(question)[1] == agent
    (request,) = sent(harness)
    assert body_of(request)["botId"] == listed["id"]


async def test_an_agent_that_is_switched_off_is_told_although_it_was_pasted(harness: BotHarness) -> None:
    """The unit's own list says whether the agent answers anybody."""
    await harness.connect("toolzz")
    question = await propose(harness, harness.toolzz.RESTING_AGENT)
    assert lines(question)[2] == english("toolzz.connect.resting")
    await show_details(harness, question)
    assert english("toolzz.connect.resting") in field(question, "Agent")


async def test_a_doubt_names_the_agent(harness: BotHarness) -> None:
    """An answer that broke off stands below the question, which still names the agent."""
    await harness.connect("toolzz")
    question = await propose(harness)
    strike(harness, "POST", Reset())
    doubtful = await choose(harness, question, "yes")
    assert english("toolzz.connect.not_there") in (embed_of(doubtful).title or "")
    assert lines(question)[1] == short("Atendente da Loja", harness.toolzz.AGENT)
