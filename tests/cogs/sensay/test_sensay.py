"""A manager hands a bot token to Sensay: the way there, what Sensay receives, and that nothing is kept."""

import io
from urllib.parse import parse_qs, urlsplit

import discord
import pytest

from bot.providers.base.simulator import Answer, Reset, Slow
from bot.providers.sensay.simulated_organization import APPLICATION_ID
from tests.support.english import english
from tests.support.failures import OUR_REFERENCE
from tests.support.handover_steps import (
    CREATION,
    TOKEN_WITHOUT_ID,
    choose,
    hand_over,
    is_question,
    open_form,
    propose,
    remembered,
    sent,
)
from tests.support.harness import (
    HELPER,
    PORTUGUESE,
    BotHarness,
    embed_of,
    field,
    form_text,
    inputs,
    labels,
    only_button,
    short,
    shown,
)
from tests.support.short_replies import lines, show_details


async def suggested(harness: BotHarness, typed: str, **filled: str) -> list[str]:
    """Return the names that the manager is offered."""
    choices = await harness.manager.autocomplete(
        harness.channel, "sensay connect", "replica", typed, **filled
    )
    return [choice["name"] for choice in choices]


# --- done well ---


async def test_sensay_receives_the_token_and_nothing_else(harness: BotHarness) -> None:
    """One request carries it, to the replica's own path, with the documented headers and body."""
    await harness.connect("sensay")
    await hand_over(harness)
    (request,) = sent(harness)
    assert (request.method, request.path) == ("POST", f"/v1/replicas/{harness.sensay.UNCONNECTED}/{CREATION}")
    assert request.body == {"discordToken": harness.sensay.discord_token}
    assert request.headers["X-ORGANIZATION-SECRET"] == harness.sensay.credentials["organization_secret"]
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["X-API-Version"] == "2025-03-25"
    assert harness.sensay.creations == [(harness.sensay.UNCONNECTED, harness.sensay.discord_token)]
    token = harness.sensay.discord_token
    others = [request for request in harness.sensay.requests if request.method != "POST"]
    assert others
    assert all(token not in f"{request.path}{request.headers}{request.body}" for request in others)


async def test_the_question_comes_before_sensay_gets_anything(harness: BotHarness) -> None:
    """After the form the bot behind the token is named, by Discord's word, and nothing is sent yet."""
    await harness.connect("sensay")
    await suggested(harness, "job")
    question = await propose(harness)
    assert question.ephemeral
    assert is_question(question)
    assert embed_of(question).title == f"🔌 {harness.texts('sensay.connect.question')}"
    assert lines(question)[1] == short("Job Applications", harness.sensay.UNCONNECTED)
    await show_details(harness, question)
    assert [item.name for item in embed_of(question).fields] == [
        "Replica",
        english("preflight.bot"),
        "➡️ Next step",
    ]
    assert field(question, "Replica") == short("Job Applications", harness.sensay.UNCONNECTED)
    assert field(question, english("preflight.bot")).splitlines() == [
        f"**{HELPER}**",
        english("preflight.intent_on"),
        english("preflight.not_in_server"),
    ]
    assert labels(question) == [
        english("token.yes"),
        "Check again",
        english("token.no"),
        english("status.details"),
        english("token.invite"),
        "Developer Portal",
    ]
    assert sent(harness) == []
    assert await remembered(harness) == {}


async def test_what_was_handed_over_is_remembered(harness: BotHarness) -> None:
    """Replica, bot, connection and who did it are kept for the server, and the time; no token."""
    await harness.connect("sensay", "desk")
    await suggested(harness, "job")
    await hand_over(harness)
    (row,) = (await remembered(harness)).values()
    assert (row.id, row.label) == (harness.sensay.UNCONNECTED, "Job Applications")
    assert (row.connection, row.bot_id) == ("desk", int(APPLICATION_ID))
    assert row.placed_by == harness.manager.id
    assert row.placed_at > 0


async def test_a_uuid_that_was_pasted_gets_its_name(harness: BotHarness) -> None:
    """Where only the UUID was known, outcome and record have the name that Sensay lists."""
    await harness.connect("sensay")
    done = await hand_over(harness)
    assert lines(done)[0] == short("Job Applications", harness.sensay.UNCONNECTED)
    assert (await remembered(harness))[harness.sensay.UNCONNECTED].label == "Job Applications"


async def test_the_answer_says_what_was_done_and_what_comes_next(harness: BotHarness) -> None:
    """The answer names the replica, keeps accepted apart from online, and ends with the invitation."""
    await harness.connect("sensay")
    await suggested(harness, "job")
    done = await hand_over(harness)
    assert embed_of(done).title == "✅ Sensay accepted the bot token"
    assert "The bot may not be online yet." in (embed_of(done).description or "")
    assert lines(done)[0] == short("Job Applications", harness.sensay.UNCONNECTED)
    assert lines(done)[1] == "🟢 Active"
    assert [item.name for item in embed_of(done).fields][-1] == "➡️ Next step"


async def test_the_invite_link_is_for_that_bot_and_this_server(harness: BotHarness) -> None:
    """The link names application and server and asks for the four permissions that an agent needs."""
    await harness.connect("sensay")
    done = await hand_over(harness)
    button = only_button(done)
    assert (button["style"], button["label"]) == (
        discord.ButtonStyle.link.value,
        english("sensay.status.invite_button"),
    )
    link = urlsplit(button["url"])
    query = {name: value for name, (value,) in parse_qs(link.query).items()}
    assert (link.netloc, link.path) == ("discord.com", "/oauth2/authorize")
    assert (query["client_id"], query["guild_id"]) == (APPLICATION_ID, str(harness.guild.id))
    assert query["scope"] == "bot"
    granted = {name for name, on in discord.Permissions(int(query["permissions"])) if on}
    assert granted == {
        "read_messages",
        "send_messages",
        "send_messages_in_threads",
        "read_message_history",
    }
    assert field(done, "Next step").splitlines()[0].startswith(f"1. [Invite the bot]({button['url']})")
    assert field(done, "Next step").splitlines()[1].startswith("2. See its state with </sensay status:")


async def test_a_token_that_names_no_application_gets_the_portal(harness: BotHarness) -> None:
    """Without an application id from anywhere the answer says how to make the link by hand."""
    await harness.connect("sensay")
    done = await hand_over(harness, token=TOKEN_WITHOUT_ID)
    assert "1. Turn on **Message Content Intent**" in field(done, "Next step")
    assert "under **OAuth2**" in field(done, "Next step")
    assert only_button(done)["url"] == "https://discord.com/developers/applications"


async def test_the_form_says_who_receives_the_token(harness: BotHarness) -> None:
    """The form names the replica and Sensay, tells how to revoke, and has one empty input."""
    await harness.connect("sensay")
    await suggested(harness, "job")
    form = await open_form(harness, "job applications")
    words = form_text(form)
    assert "**Sensay** gets the token and runs the bot for Job Applications" in words
    assert "**Reset Token**" in words
    assert "doesn't hide what you type" in words
    assert [item["custom_id"] for item in inputs(form)] == ["discord_token"]
    assert not inputs(form)[0].get("value")


async def test_each_opening_of_the_form_is_its_own(harness: BotHarness) -> None:
    """The form's own custom id is never used twice."""
    await harness.connect("sensay")
    forms = [(await open_form(harness, harness.sensay.UNCONNECTED)).modal for _ in range(2)]
    assert len({form["custom_id"] for form in forms if form}) == 2


async def test_a_prefix_and_blanks_are_left_out(harness: BotHarness) -> None:
    """What the portal's samples put before a token, and blanks around it, are not passed on."""
    await harness.connect("sensay")
    await hand_over(harness, token=f"  Bot  {harness.sensay.discord_token}\n")
    assert harness.sensay.creations == [(harness.sensay.UNCONNECTED, harness.sensay.discord_token)]


async def test_the_token_is_kept_nowhere(
    harness: BotHarness, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    """After a refusal that repeats it, a reset and a success, no part of the bot has the token."""
    await harness.connect("sensay")
    token = harness.sensay.discord_token
    harness.sensay.fail(Answer(400, {"error": f"cannot use {token}", "request_id": token}), path=CREATION)
    refused = await hand_over(harness)
    assert "Response from Sensay\ncannot use \\[redacted\\]" in shown(refused)
    harness.sensay.fail(Reset(after_handling=True), path=CREATION)
    await hand_over(harness)
    await hand_over(harness, harness.sensay.ACTIVE)
    assert len(harness.sensay.creations) == 2
    logged = log.getvalue()
    assert logged.count("provider_failed") == 1
    for place in (harness.sent_to_discord(), logged, "".join(capfd.readouterr())):
        assert token not in place
        assert "FAKE-TOKEN" not in place
    assert token.encode() not in harness.stored_bytes()


# --- which replica ---


async def test_replicas_are_suggested_by_name(harness: BotHarness) -> None:
    """The names that contain what was typed, in any case, are offered with their ids."""
    await harness.connect("sensay")
    assert "Job Applications" in await suggested(harness, "")
    (choice,) = await harness.manager.autocomplete(harness.channel, "sensay connect", "replica", "  jOB ")
    assert choice == {"name": "Job Applications", "value": harness.sensay.UNCONNECTED}
    assert await suggested(harness, "no such name") == []


async def test_typing_asks_sensay_once(harness: BotHarness) -> None:
    """However many letters are typed, the list is asked for once."""
    await harness.connect("sensay")
    harness.sensay.requests.clear()
    for typed in ("", "j", "jo", "job", "job "):
        await suggested(harness, typed)
    assert len(harness.sensay.requests) == 1


async def test_suggestions_know_the_connection_that_was_chosen(harness: BotHarness) -> None:
    """With a user's credentials the user's replicas are offered, and nobody's public ones."""
    await harness.connect("sensay", "all")
    form = await harness.open_form("add", "sensay", "mine")
    await harness.manager.submit_modal(form, {**harness.sensay.credentials, "user_id": harness.sensay.OWNER})
    assert "🟢 Harbour Desk" in await suggested(harness, "", connection="all")
    assert await suggested(harness, "", connection="mine") == [
        "🟢 Atendimento ao Cliente",
        "❔ Billing Questions",
        "⚪ Customer Care",
        "Job Applications",
    ]


@pytest.mark.parametrize("answered", [True, False])
async def test_suggestions_know_at_once_what_was_connected(harness: BotHarness, answered: bool) -> None:
    """After a token was handed over, with or without a good answer, the replica is offered as connected."""
    await harness.connect("sensay")
    assert await suggested(harness, "job") == ["Job Applications"]
    if not answered:
        harness.sensay.fail(Reset(after_handling=True), path=CREATION)
    await hand_over(harness)
    assert await suggested(harness, "job") == ["🟢 Job Applications"]


@pytest.mark.parametrize("trouble", ["down", "refused", "slow", "not connected", "several connections"])
async def test_trouble_while_typing_is_no_error(harness: BotHarness, trouble: str) -> None:
    """Nothing is offered when the list cannot be had; the command itself says why."""
    if trouble != "not connected":
        await harness.connect("sensay", "a")
    if trouble == "several connections":
        await harness.connect("sensay", "b")
    if trouble == "down":
        await harness.sensay.stop()
    if trouble == "refused":
        harness.sensay.fail(Answer(401, {"error": "no"}))
    if trouble == "slow":
        harness.expire_provider_deadlines()
        harness.sensay.fail(Slow(30))
    assert await suggested(harness, "") == []
    assert harness.env.http_requests[-1].json == {"type": 8, "data": {"choices": []}}


async def test_a_name_that_was_shown_can_be_sent_as_text(harness: BotHarness) -> None:
    """Who sends the typed name instead of picking it gets the form for the same replica."""
    await harness.connect("sensay")
    await suggested(harness, "night")
    await hand_over(harness, " night WATCH ")
    assert [request.path for request in sent(harness)] == [f"/v1/replicas/{harness.sensay.BROKEN}/{CREATION}"]


async def test_a_uuid_can_be_pasted(harness: BotHarness) -> None:
    """A UUID needs no suggestion, in whatever of its usual forms it comes."""
    await harness.connect("sensay")
    await hand_over(harness, f" {harness.sensay.UNCONNECTED.upper()} ")
    assert harness.sensay.creations[0][0] == harness.sensay.UNCONNECTED


@pytest.mark.parametrize("text", ["Nobody", "../users", "5a0c7f9e", "", "x" * 6000])
async def test_an_unknown_name_is_refused_without_asking(harness: BotHarness, text: str) -> None:
    """What is neither a UUID nor a name from the list gets no form, and Sensay no request."""
    await harness.connect("sensay")
    harness.sensay.requests.clear()
    refused = await harness.manager.slash(harness.channel, "sensay connect", replica=text)
    assert refused.modal is None
    assert refused.ephemeral
    assert shown(refused).startswith(f"⚠️ {english('problem.invalid_input.replica.title')}")
    assert OUR_REFERENCE.search(shown(refused))
    assert not harness.sensay.requests


async def test_two_replicas_of_one_name_are_not_mixed_up(harness: BotHarness) -> None:
    """A name that two replicas have is refused; which one is meant has to be picked."""
    await harness.connect("sensay")
    harness.sensay.replicas[harness.sensay.BROKEN]["name"] = "Job Applications"
    ends = (harness.sensay.BROKEN[-4:], harness.sensay.UNCONNECTED[-4:])
    assert sorted(await suggested(harness, "job")) == sorted(f"Job Applications · {end}" for end in ends)
    refused = await harness.manager.slash(harness.channel, "sensay connect", replica="Job Applications")
    assert shown(refused).startswith(f"⚠️ {harness.texts('problem.invalid_input.same_name.title')}")


# --- which connection ---


async def test_without_a_connection_the_command_leads_to_one(harness: BotHarness) -> None:
    """The answer names the missing connection and the command that makes it."""
    refused = await harness.manager.slash(
        harness.channel, "sensay connect", replica=harness.sensay.UNCONNECTED
    )
    assert shown(refused).startswith(f"⚠️ {english('problem.no_connection.title', provider='Sensay')}")
    assert "</setup:" in field(refused, "What to do")
    missing = await harness.manager.slash(
        harness.channel, "sensay connect", replica=harness.sensay.UNCONNECTED, connection="desk"
    )
    assert shown(missing).startswith(
        f"⚠️ {english('problem.no_such_connection.title', provider='Sensay', name='desk')}"
    )
    assert "</connections list:" in field(missing, "What to do")


async def test_of_several_connections_the_named_one_is_used(harness: BotHarness) -> None:
    """Two connections have to be told apart, and the chosen one's credentials are sent."""
    await harness.connect("sensay", "first")
    form = await harness.open_form("add", "sensay", "second")
    await harness.manager.submit_modal(form, {**harness.sensay.credentials, "user_id": harness.sensay.OWNER})
    choices = await harness.manager.autocomplete(harness.channel, "sensay connect", "connection", "")
    assert [choice["value"] for choice in choices] == ["first", "second"]
    asked = await harness.manager.slash(harness.channel, "sensay connect", replica=harness.sensay.UNCONNECTED)
    assert shown(asked).startswith("⚠️ Which Sensay connection?\nThis server has several: first, second.")
    assert "`connection:`" in field(asked, "What to do")
    form = await open_form(harness, harness.sensay.UNCONNECTED, connection="second")
    question = await harness.manager.submit_modal(form, {"discord_token": harness.sensay.discord_token})
    await choose(harness, question, "yes")
    assert [request.headers["X-USER-ID"] for request in sent(harness)] == [harness.sensay.OWNER]


# --- in another language ---


async def test_a_member_is_answered_in_portuguese(harness: BotHarness) -> None:
    """Form, error, button, question and outcome follow the member's own language."""
    await harness.connect("sensay")
    harness.locale = PORTUGUESE
    form = await open_form(harness, harness.sensay.UNCONNECTED)
    assert form.modal is not None
    assert form.modal["title"] == harness.texts("sensay.connect.form")
    refused = await harness.manager.submit_modal(form, {"discord_token": "curto"})
    assert shown(refused).startswith("⚠️ Isto não é um token de bot do Discord")
    assert only_button(refused)["label"] == harness.texts("sensay.connect.button")
    question = await propose(harness)
    assert embed_of(question).title == "🔌 Enviar este token à Sensay?"
    assert labels(question)[:3] == ["Enviar token", "Verificar de novo", "Cancelar"]
    done = await choose(harness, question, "yes")
    assert embed_of(done).title == "✅ A Sensay aceitou o token do bot"
    assert only_button(done)["label"] == "Convidar este bot"
