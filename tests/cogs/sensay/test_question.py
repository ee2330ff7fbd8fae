"""The question before a token is passed on: who may answer it, how it ends, and that it keeps no secret."""

import gc
import io
import weakref
from collections.abc import Iterator
from types import FrameType

import discord
import pytest
import simcord

from bot.discord.access.agent_bots import bot_page
from bot.discord.theme import Tone, card
from bot.features.handover.service import Application
from bot.i18n.catalog import LOCALES, Texts, load_catalog
from bot.providers.base.simulator import Slow
from bot.providers.sensay.simulated_organization import APPLICATION_ID
from cogs.handover.preflight import Preflight, preflight_field
from cogs.handover.question import TokenQuestion
from tests.support.authority import NOT_ALLOWED, demote
from tests.support.discord_api import READS_MESSAGES_LIMITED, TROUBLE
from tests.support.embeds import embed_text, fits_discord
from tests.support.english import english
from tests.support.exposure import everything_said
from tests.support.handover_steps import (
    choose,
    is_question,
    propose,
    sent,
    strike_discord,
    token_of,
)
from tests.support.harness import (
    HELPER,
    PORTUGUESE,
    BotHarness,
    buttons,
    embed_of,
    field,
    final,
    labels,
    shown,
)
from tests.support.hostile import PAYLOADS, marks, unseen
from tests.support.short_replies import lines, show_details


def custom_id(asked: simcord.InteractionResult, label: str) -> str:
    """Return the custom id of a button."""
    (found,) = (button["custom_id"] for button in buttons(asked) if button["label"] == label)
    return str(found)


# --- Check again ---


async def test_check_again_shows_what_has_changed(harness: BotHarness) -> None:
    """An intent switched on and a bot that has come are seen in the same message, again and again."""
    await harness.connect("sensay")
    user = harness.env.create_user("desk-bot", bot=True)
    token = token_of(user.id)
    application = harness.discord_api.introduce(token, HELPER, flags=0)
    question = await propose(harness, token=token)
    portal = bot_page(int(application["id"]))
    assert harness.texts("preflight.intent_off_short") in lines(question)
    assert harness.texts("preflight.intent_off", portal=portal) in shown(
        await show_details(harness, question)
    )
    application["flags"] = READS_MESSAGES_LIMITED
    again = await choose(harness, question, "again")
    assert again.followups == []
    assert harness.texts("preflight.intent_on") in shown(question)
    assert english("token.invite") in labels(question)
    harness.guild.add_member(user)
    await choose(harness, question, "again")
    assert harness.texts("preflight.in_server") in shown(question)
    assert english("token.invite") not in labels(question)
    assert len(harness.discord_api.requests) == 3
    done = await choose(harness, question, "yes")
    assert "Message Content Intent" not in field(done, "Next step")
    assert harness.sensay.creations == [(harness.sensay.UNCONNECTED, token)]


async def test_check_again_helps_after_trouble(harness: BotHarness) -> None:
    """What Discord could not tell at first it can tell later."""
    await harness.connect("sensay")
    strike_discord(harness, TROUBLE["broken"])
    question = await propose(harness)
    harness.discord_api.heal()
    await choose(harness, question, "again")
    assert f"**{HELPER}**" in lines(question)


async def test_the_question_does_not_come_back_once_it_is_answered(harness: BotHarness) -> None:
    """A look that takes longer than the manager's decision changes nothing any more."""
    await harness.connect("sensay")
    question = await propose(harness)
    harness.discord_api.fail(Slow(0.2))
    pressed = [custom_id(question, label) for label in ("Check again", english("token.yes"))]
    await harness.press_at_once(harness.manager, final(question), *pressed)
    assert len(harness.discord_api.requests) == 2
    assert labels(question) == []
    assert field(question, "Next step") == harness.texts("token.handed_over")
    assert len(harness.sensay.creations) == 1


@pytest.mark.parametrize("trouble", TROUBLE)
async def test_a_refused_token_is_not_looked_at_again(harness: BotHarness, trouble: str) -> None:
    """What Discord refuses it refuses again, and counts: only other trouble gets a second look."""
    await harness.connect("sensay")
    strike_discord(harness, TROUBLE[trouble])
    question = await propose(harness)
    assert is_question(question)
    assert ("Check again" in labels(question)) is (trouble != "refused")


async def test_a_token_that_is_refused_later_is_not_looked_at_again(harness: BotHarness) -> None:
    """Who has reset the token meanwhile gets no third look."""
    await harness.connect("sensay")
    question = await propose(harness)
    strike_discord(harness, TROUBLE["refused"])
    await choose(harness, question, "again")
    assert is_question(question)
    assert labels(question)[:2] == [english("token.yes"), english("token.no")]


# --- deciding ---


def the_question(harness: BotHarness) -> TokenQuestion:
    """Return the one question that stands."""
    views = (thing for thing in gc.get_objects() if isinstance(thing, TokenQuestion))
    (view,) = (view for view in views if view._asked.client is harness.bot)
    return view


@pytest.mark.parametrize("end", ["no", "time", "yes"])
@pytest.mark.parametrize("looked_again", [False, True])
async def test_an_answered_question_forgets_the_token(
    harness: BotHarness, end: str, looked_again: bool
) -> None:
    """While it stands a question does not show its token; then it has none, and nobody has the question."""
    await harness.connect("sensay")
    token = harness.sensay.discord_token
    question = await propose(harness)
    if looked_again:
        await choose(harness, question, "again")
    view = the_question(harness)
    assert token not in everything_said(view)
    assert token in str(vars(view))
    if end == "time":
        await harness.env.advance_time(301)
    else:
        await choose(harness, question, end)
    assert token not in everything_said(view) + str(vars(view))
    gone = weakref.ref(view)
    del view
    gc.collect()
    assert gone() is None


def frames_of(error: BaseException) -> Iterator[FrameType]:
    """Yield the frames that an error keeps alive, those of what it was raised from included."""
    traceback = error.__traceback__
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next
    for other in (error.__cause__, error.__context__):
        if other is not None:
            yield from frames_of(other)


@pytest.mark.parametrize("trouble", TROUBLE)
async def test_why_discord_did_not_tell_keeps_no_token(harness: BotHarness, trouble: str) -> None:
    """An error remembers where it was raised, with all that was known there: none of that is kept."""
    await harness.connect("sensay")
    strike_discord(harness, TROUBLE[trouble])
    await propose(harness)
    failure = the_question(harness)._preflight.failure
    assert failure is not None
    kept = [frame.f_code.co_qualname for frame in frames_of(failure)]
    assert kept == []


@pytest.mark.parametrize(
    ("locale", "end", "said"),
    [
        ("en-US", "no", english("token.declined_how")),
        ("en-US", "time", english("token.expired_how")),
        ("pt-BR", "no", load_catalog()["pt-BR"]("token.declined_how")),
        ("pt-BR", "time", load_catalog()["pt-BR"]("token.expired_how")),
    ],
)
async def test_who_does_not_confirm_sends_nothing(
    harness: BotHarness, locale: str, end: str, said: str
) -> None:
    """A no, and five minutes without an answer, both end the question, in the manager's language."""
    await harness.connect("sensay")
    harness.locale = locale
    question = await propose(harness)
    pressable = custom_id(question, harness.texts("token.yes", provider="Sensay"))
    if end == "no":
        await choose(harness, question, "no")
    else:
        await harness.env.advance_time(299)
        assert is_question(question)
        await harness.env.advance_time(2)
    assert (embed_of(question).title or "").endswith(harness.texts("token.not_sent", provider="Sensay"))
    assert (embed_of(question).description or "").startswith(said)
    assert labels(question) == [harness.texts("token.start")]
    late = await harness.press(harness.manager, final(question), pressable)
    assert embed_of(late).title == f"⚠️ {harness.texts('problem.stale_component.title')}"
    assert sent(harness) == []


async def test_a_look_puts_off_the_end(harness: BotHarness) -> None:
    """Five minutes count from the last press, and the end is told even when the form is too old to answer."""
    await harness.connect("sensay")
    question = await propose(harness)
    for _ in range(4):
        await harness.env.advance_time(270)
        await choose(harness, question, "again")
    assert is_question(question)
    await harness.env.advance_time(301)
    assert (embed_of(question).description or "").startswith(english("token.expired_how"))
    assert sent(harness) == []


async def test_a_question_that_was_dismissed_ends_in_silence(harness: BotHarness) -> None:
    """When the time is over and the message is gone, nothing is sent and nothing fails."""
    await harness.connect("sensay")
    await propose(harness)
    harness.env.inject_error("PATCH", "/webhooks/*", status=404, code=10008, message="Unknown Message")
    await harness.env.advance_time(301)
    assert sent(harness) == []


async def test_two_presses_at_once_send_once(harness: BotHarness) -> None:
    """Who presses twice before the first press is seen to hands the token over once, and gets one outcome."""
    await harness.connect("sensay")
    question = await propose(harness)
    yes = custom_id(question, english("token.yes"))
    first, second = await harness.press_at_once(harness.manager, final(question), yes, yes)
    assert embed_of(first).title == "✅ Sensay accepted the bot token"
    assert second.acknowledged
    assert second.followups == []
    assert [request.body for request in sent(harness)] == [{"discordToken": harness.sensay.discord_token}]


async def test_a_yes_after_a_no_sends_nothing(harness: BotHarness) -> None:
    """Of two presses at once the first one counts."""
    await harness.connect("sensay")
    question = await propose(harness)
    pressed = [custom_id(question, label) for label in (english("token.no"), english("token.yes"))]
    await harness.press_at_once(harness.manager, final(question), *pressed)
    assert (embed_of(question).description or "").startswith(english("token.declined_how"))
    assert sent(harness) == []


async def test_another_member_cannot_answer(harness: BotHarness) -> None:
    """A press by somebody without rights is refused, and the question stands."""
    await harness.connect("sensay")
    question = await propose(harness)
    pressed = await harness.press(harness.member, final(question), custom_id(question, english("token.yes")))
    assert embed_of(pressed).title == NOT_ALLOWED
    assert final(pressed).ephemeral
    assert is_question(question)
    assert sent(harness) == []


async def test_a_former_manager_cannot_answer(harness: BotHarness) -> None:
    """Who has lost Manage Server since the form was sent hands nothing over."""
    await harness.connect("sensay")
    question = await propose(harness)
    demote(harness)
    pressed = await choose(harness, question, "yes")
    assert embed_of(pressed).title == NOT_ALLOWED
    assert sent(harness) == []


async def test_a_restart_takes_the_question_along(harness: BotHarness) -> None:
    """The token was in memory alone: who answers after a restart is told that nothing was sent."""
    await harness.connect("sensay")
    question = await propose(harness)
    await harness.restart()
    stale = await choose(harness, question, "yes")
    assert "Nothing was saved, sent, or removed" in shown(stale)
    assert sent(harness) == []


async def test_a_connection_that_is_gone_receives_nothing(harness: BotHarness) -> None:
    """Who confirms after the connection was removed is told so, and the token goes nowhere."""
    await harness.connect("sensay")
    question = await propose(harness)
    removal = await harness.manager.slash(harness.channel, "connections remove", provider="sensay")
    await harness.manager.click(final(removal).message, label="Remove Sensay · default")
    refused = await choose(harness, question, "yes")
    assert shown(refused).startswith(
        f"⚠️ {english('problem.no_such_connection.title', provider='Sensay', name='default')}"
    )
    assert sent(harness) == []


# --- secrets and hostile text ---


@pytest.mark.parametrize("trouble", [None, *TROUBLE])
async def test_the_token_is_seen_by_discord_and_sensay_alone(
    harness: BotHarness, log: io.StringIO, trouble: str | None
) -> None:
    """From the form to the outcome no log line, message, custom id or byte on disk has the token."""
    await harness.connect("sensay")
    if trouble is not None:
        strike_discord(harness, TROUBLE[trouble])
    question = await propose(harness)
    if trouble != "refused":
        await choose(harness, question, "again")
    await choose(harness, question, "yes")
    await choose(harness, await propose(harness), "no")
    assert ("preflight_failed" in log.getvalue()) is (trouble is not None)
    assert len(harness.sensay.creations) == 1
    for place in (harness.sent_to_discord(), log.getvalue()):
        assert harness.sensay.discord_token not in place
        assert "FAKE-TOKEN" not in place
    assert harness.sensay.discord_token.encode() not in harness.stored_bytes()


def said_of(name: str, texts: Texts) -> discord.Embed:
    """Show what is said of an application of this name."""
    preflight = Preflight(1, Application(id=int(APPLICATION_ID), name=name), None, 2, None)
    return card(Tone.INFO, "x", fields=[preflight_field(preflight, "Sensay", texts)])


def test_a_hostile_application_does_nothing() -> None:
    """No name of an application adds a ping, a link or any markup to what a harmless one gives."""
    for locale in LOCALES:
        texts = load_catalog()[locale]
        harmless = marks(embed_text(said_of("x", texts)))
        for payload in PAYLOADS:
            embed = said_of(payload, texts)
            assert marks(embed_text(embed)) <= harmless, payload
            assert unseen(embed_text(embed)) == set(), payload
            assert fits_discord(embed), payload


async def test_a_hostile_application_is_shown_as_text(harness: BotHarness) -> None:
    """A name that looks like a mention and a link arrives as the characters that it is."""
    await harness.connect("sensay")
    harness.discord_api.introduce(harness.sensay.discord_token, "@everyone [x](https://example.invalid)")
    question = await propose(harness)
    assert marks(shown(question))["masked link"] == 0
    await show_details(harness, question)
    assert marks(field(question, english("preflight.bot")))["masked link"] == 0
    assert "@everyone" not in harness.sent_to_discord()


async def test_the_question_speaks_portuguese(harness: BotHarness) -> None:
    """Fields and warnings of the question are in the manager's own language."""
    await harness.connect("sensay")
    harness.locale = PORTUGUESE
    harness.discord_api.introduce(harness.sensay.discord_token, HELPER, flags=0)
    question = await propose(harness, harness.sensay.ACTIVE)
    assert harness.texts("sensay.connect.had_one_short") in lines(question)
    await show_details(harness, question)
    assert [item.name for item in embed_of(question).fields] == [
        "Réplica",
        "⚠️ Já está no Discord",
        harness.texts("preflight.bot"),
        "➡️ Próximo passo",
    ]
