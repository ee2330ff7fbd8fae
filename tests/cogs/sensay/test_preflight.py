"""What a manager learns about a bot token before it is passed on."""

import pytest

from bot.discord.theme import Tone, card
from bot.providers.base.simulator import Answer
from bot.providers.sensay.simulated_organization import APPLICATION_ID
from tests.support.discord_api import READS_MESSAGES, READS_MESSAGES_LIMITED, TROUBLE
from tests.support.english import english
from tests.support.handover_steps import (
    TOKEN_WITHOUT_ID,
    choose,
    is_question,
    propose,
    remembered,
    sent,
    strike_discord,
    token_of,
)
from tests.support.harness import HELPER, BotHarness, buttons, embed_of, field, final, labels, shown
from tests.support.ids import OLD_ID
from tests.support.short_replies import show_details

QUESTION = "/api/v10/applications/@me"
PORTAL = f"https://discord.com/developers/applications/{APPLICATION_ID}/bot"
RETRY = english("sensay.connect.button")

MISTAKES = {
    "application_id": APPLICATION_ID,
    "public_key": "0123456789abcdefABCDEF" + "0" * 42,
    "client_secret": "FAKE-SECRET-of-32-characters_000",
    "user_token": "mfa.FAKE-TOKEN-of-a-person_not-a-real-value-0000",
}


def bring_in(harness: BotHarness, name: str = "desk-bot", *, bot: bool = True) -> str:
    """Add an account to the server, and return its token."""
    return token_of(harness.guild.add_member(harness.env.create_user(name, bot=bot)).id)


# --- what is not a bot's token ---


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("around", ["{}", "  Bot {} "])
async def test_a_mistake_is_named_as_what_it_is(harness: BotHarness, mistake: str, around: str) -> None:
    """What else can be copied from the portal is told apart, and goes neither to Discord nor to Sensay."""
    await harness.connect("sensay")
    harness.sensay.requests.clear()
    pasted = MISTAKES[mistake]
    refused = await propose(harness, token=around.format(pasted))
    assert embed_of(refused).title == f"⚠️ {harness.texts(f'problem.invalid_input.{mistake}.title')}"
    assert labels(refused) == [RETRY]
    assert pasted not in harness.sent_to_discord()
    assert not harness.sensay.requests
    assert not harness.discord_api.requests


async def test_our_own_token_goes_nowhere(harness: BotHarness) -> None:
    """A token of Patchbay's own application, which cannot run in two places, is not even shown to Discord."""
    await harness.connect("sensay")
    refused = await propose(harness, token=token_of(harness.bot.application_id or 0))
    assert shown(refused).startswith(f"⚠️ {english('problem.invalid_input.own_token.title')}")
    assert "Create another application" in field(refused, "What to do")
    assert labels(refused) == [RETRY]
    assert not harness.discord_api.requests
    assert sent(harness) == []


async def test_our_own_token_is_known_by_discords_word_too(harness: BotHarness) -> None:
    """Where the token itself does not say that it is ours, Discord does."""
    await harness.connect("sensay")
    harness.discord_api.introduce(TOKEN_WITHOUT_ID, "Patchbay", id=str(harness.bot.application_id), bot=None)
    refused = await propose(harness, token=TOKEN_WITHOUT_ID)
    assert shown(refused).startswith(f"⚠️ {english('problem.invalid_input.own_token.title')}")
    assert sent(harness) == []


@pytest.mark.parametrize("trouble", TROUBLE)
@pytest.mark.parametrize("here", [True, False])
async def test_a_persons_token_is_found_out(harness: BotHarness, trouble: str, here: bool) -> None:
    """An account that Discord knows as a person's is refused, whatever became of asking about its token."""
    await harness.connect("sensay")
    person = harness.member if here else harness.env.create_user("zoe")
    strike_discord(harness, TROUBLE[trouble])
    refused = await propose(harness, token=token_of(person.id))
    assert embed_of(refused).title == f"⚠️ {harness.texts('problem.invalid_input.user_token.title')}"
    assert "Change that account's password" in field(refused, "What to do")
    assert labels(refused) == [RETRY]
    assert sent(harness) == []


async def test_a_persons_token_found_out_later_ends_the_question(harness: BotHarness) -> None:
    """When Discord can tell only at the second look, the question goes, and the token to nobody."""
    await harness.connect("sensay")
    strike_discord(harness, TROUBLE["broken"])
    harness.env.inject_error("GET", "/users/*", status=403)
    question = await propose(harness, token=token_of(harness.member.id))
    assert is_question(question)
    again = await choose(harness, question, "again")
    assert embed_of(again).title == f"⚠️ {harness.texts('problem.invalid_input.user_token.title')}"
    assert labels(again) == [RETRY]
    assert labels(question) == []
    assert sent(harness) == []


# --- what Discord says of a bot's token ---


async def test_discord_is_asked_once_with_the_token(harness: BotHarness) -> None:
    """One GET carries the token as a bot's, and nothing about the server or Sensay goes along."""
    await harness.connect("sensay")
    await propose(harness)
    (request,) = harness.discord_api.requests
    assert (request.method, request.path, request.body) == ("GET", QUESTION, None)
    assert request.headers["Authorization"] == f"Bot {harness.sensay.discord_token}"
    assert harness.sensay.credentials["organization_secret"] not in str(dict(request.headers))


@pytest.mark.parametrize(
    ("flags", "on"), [(READS_MESSAGES, True), (READS_MESSAGES_LIMITED, True), (0, False), (1 << 12, False)]
)
async def test_the_intent_is_read_from_the_flags(harness: BotHarness, flags: int, on: bool) -> None:
    """Either flag means that the bot may read messages; without one the switch's own page is linked."""
    await harness.connect("sensay")
    harness.discord_api.introduce(harness.sensay.discord_token, HELPER, flags=flags)
    question = await propose(harness)
    said = field(await show_details(harness, question), english("preflight.bot")).splitlines()[1]
    if on:
        assert said == harness.texts("preflight.intent_on")
        assert embed_of(question).colour == card(Tone.INFO, "x").colour
    else:
        assert said == harness.texts("preflight.intent_off", portal=PORTAL)
        assert embed_of(question).colour == card(Tone.WARNING, "x").colour
    done = await choose(harness, question, "yes")
    assert ("Turn on **Message Content Intent**" in field(done, "Next step")) is not on


async def test_a_bot_that_is_here_needs_no_invitation(harness: BotHarness) -> None:
    """For a member neither question nor outcome invites it again."""
    await harness.connect("sensay")
    token = bring_in(harness)
    harness.discord_api.introduce(token, HELPER)
    question = await propose(harness, token=token)
    said = field(await show_details(harness, question), english("preflight.bot"))
    assert said.splitlines()[-1] == english("preflight.in_server")
    assert english("token.invite") not in labels(question)
    done = await choose(harness, question, "yes")
    assert field(done, "Next step") == harness.linked(harness.texts("sensay.connect.see_status"))
    assert labels(done) == ["Developer Portal"]


async def test_a_bot_that_is_not_here_can_be_invited(harness: BotHarness) -> None:
    """A bot that Discord knows, and one that it has never heard of, get the same link."""
    await harness.connect("sensay")
    elsewhere = harness.env.create_user("elsewhere", bot=True).id
    for token in (token_of(elsewhere), harness.sensay.discord_token):
        harness.discord_api.introduce(token, HELPER)
        question = await propose(harness, token=token)
        (link,) = (
            button["url"] for button in buttons(question) if button["label"] == english("token.invite")
        )
        assert link.startswith("https://discord.com/oauth2/authorize?client_id=")
        said = field(await show_details(harness, question), english("preflight.bot")).splitlines()
        assert said[-1] == harness.texts("preflight.not_in_server")


async def test_a_membership_that_cannot_be_read_is_not_guessed(harness: BotHarness) -> None:
    """Where Discord does not say whether the bot is here, neither do we, and the invitation stays."""
    await harness.connect("sensay")
    harness.env.inject_error("GET", "/guilds/*/members/*", status=403, times=None)
    question = await propose(harness)
    said = field(await show_details(harness, question), english("preflight.bot")).splitlines()
    assert said[-1] == harness.texts("preflight.member_unknown")
    assert english("token.invite") in labels(question)
    done = await choose(harness, question, "yes")
    assert field(done, "Next step").startswith("1. [Invite the bot](")


@pytest.mark.parametrize(
    ("differences", "key"),
    [({"bot_require_code_grant": True}, "code_grant"), ({"bot_public": False}, "not_public")],
)
async def test_what_keeps_an_invite_link_from_working_is_told(
    harness: BotHarness, differences: dict[str, object], key: str
) -> None:
    """A code grant, or a bot that is not public, is named beside the link; of other bots nothing is said."""
    await harness.connect("sensay")
    warning = harness.texts(f"preflight.{key}", portal=PORTAL)
    assert warning not in shown(await propose(harness))
    harness.discord_api.introduce(harness.sensay.discord_token, HELPER, **differences)
    assert (
        field(await show_details(harness, await propose(harness)), english("preflight.bot")).splitlines()[-1]
        == warning
    )


async def test_application_and_bot_may_have_two_ids(harness: BotHarness) -> None:
    """The link and the portal's page are the application's, what is looked for and remembered is the bot."""
    await harness.connect("sensay")
    token = bring_in(harness)
    (bot_id,) = (
        member
        for member in harness.env.backend.get_guild(harness.guild.id).members
        if token == token_of(member)
    )
    harness.discord_api.introduce(
        TOKEN_WITHOUT_ID, HELPER, id=APPLICATION_ID, bot={"id": str(bot_id), "username": "x"}
    )
    question = await propose(harness, token=TOKEN_WITHOUT_ID)
    said = field(await show_details(harness, question), english("preflight.bot"))
    assert said.splitlines()[-1] == english("preflight.in_server")
    assert buttons(question)[-1]["url"] == PORTAL
    await choose(harness, question, "yes")
    assert (await remembered(harness))[harness.sensay.UNCONNECTED].bot_id == bot_id


# --- when Discord does not say ---


@pytest.mark.parametrize("trouble", TROUBLE)
async def test_trouble_with_discord_is_told_and_stops_nobody(harness: BotHarness, trouble: str) -> None:
    """Whatever goes wrong at Discord is said, and the manager can go on: Sensay then gets the token once."""
    await harness.connect("sensay")
    strike_discord(harness, TROUBLE[trouble])
    question = await propose(harness)
    assert is_question(question)
    assert field(await show_details(harness, question), english("preflight.bot")).startswith("⚠️")
    reasons = {
        "refused": "Discord refused this token",
        "rate limited": "too many requests to Discord",
        "broken": english("problem.server_fault.title", provider="Discord"),
        "slow": english("problem.timeout.title", provider="Discord"),
    }
    assert reasons.get(trouble, "⚠️ The token couldn't be checked") in field(
        await show_details(harness, question), english("preflight.bot")
    )
    assert english("token.invite") in labels(question)
    done = await choose(harness, question, "yes")
    assert embed_of(done).title == "✅ Sensay accepted the bot token"
    assert field(done, "Next step").startswith("1. Turn on **Message Content Intent**")
    assert harness.sensay.creations == [(harness.sensay.UNCONNECTED, harness.sensay.discord_token)]


async def test_nothing_known_at_all_leaves_the_portal(harness: BotHarness) -> None:
    """A token that names no account, of which Discord says nothing, is looked at without a link to invite."""
    await harness.connect("sensay")
    question = await propose(harness, token=TOKEN_WITHOUT_ID)
    said = field(await show_details(harness, question), english("preflight.bot")).splitlines()
    assert said[-1] == harness.texts("preflight.member_unknown")
    assert labels(question) == [
        english("token.yes"),
        english("token.no"),
        english("status.details"),
        "Developer Portal",
    ]


@pytest.mark.parametrize("is_told", [True, False])
async def test_an_older_application_has_two_ids(harness: BotHarness, is_told: bool) -> None:
    """The bot's id is looked for in the server, and only the application's id, if it is told, is in links."""
    await harness.connect("sensay")
    token, application = token_of(OLD_ID), OLD_ID + 1
    if is_told:
        harness.discord_api.introduce(token, HELPER, id=str(application))
    question = await propose(harness, token=token)
    assert f"/members/{OLD_ID}" in [entry.path for entry in harness.env.http_requests][-2]
    links = [button["url"] for button in buttons(question) if button.get("url")]
    assert (english("token.invite") in labels(question)) is is_told
    assert all((str(application) in link) is is_told for link in links)
    assert str(OLD_ID) not in "".join(links)
    done = await choose(harness, question, "yes")
    assert str(OLD_ID) not in field(done, "Next step")
    (row,) = (await remembered(harness)).values()
    assert row.bot_id == OLD_ID


@pytest.mark.parametrize("account", [(1 << 63) - 1, 1 << 63, 10**19 - 1])
async def test_an_id_that_cannot_be_does_no_harm(harness: BotHarness, account: int) -> None:
    """A token may name any number: one that no account can have is not looked for, invited or remembered."""
    await harness.connect("sensay")
    question = await propose(harness, token=token_of(account))
    possible = account < 1 << 63
    assert (english("token.invite") in labels(question)) is possible
    done = await choose(harness, question, "yes")
    assert embed_of(done).title == "✅ Sensay accepted the bot token"
    (row,) = (await remembered(harness)).values()
    assert row.bot_id == (account if possible else None)


async def test_discords_own_words_are_not_shown(harness: BotHarness) -> None:
    """An error that repeats the token, or says whatever it likes, is named by our words alone."""
    await harness.connect("sensay")
    token = harness.sensay.discord_token
    strike_discord(harness, Answer(400, {"message": f"@everyone {token}", "request_id": token}))
    assert "everyone" not in shown(await propose(harness))
    assert token not in harness.sent_to_discord()


# --- how often ---


async def test_wrong_tokens_come_to_an_end(harness: BotHarness) -> None:
    """After ten refusals a member is told until when, and Discord is not asked."""
    await harness.connect("sensay")
    wrong = token_of(1209876543210000001)
    for _ in range(10):
        await propose(harness, token=wrong)
        await harness.env.advance_time(15)
    asked = len(harness.discord_api.requests)
    refused = await propose(harness, token=wrong)
    assert embed_of(refused).title == f"⚠️ {harness.texts('problem.preflight_budget.title')}"
    assert "<t:" in field(refused, "What to do")
    assert len(harness.discord_api.requests) == asked == 10


async def test_the_button_that_opens_the_form_counts_like_the_command(harness: BotHarness) -> None:
    """The command and the button that opens its form again have one limit."""
    await harness.connect("sensay")
    refused = await propose(harness, token=MISTAKES["application_id"])
    titles = []
    for _ in range(5):
        pressed = await harness.manager.click(final(refused).message, label=RETRY)
        titles.append(None if pressed.modal else embed_of(pressed).title)
    assert titles == [None] * 4 + [f"⚠️ {harness.texts('problem.cooldown.title')}"]
