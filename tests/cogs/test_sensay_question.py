"""The question before a token is passed on: who may answer it, how it ends, and that it keeps no secret."""

import gc
import io
import weakref
from collections.abc import Iterator
from types import FrameType

import discord
import pytest
import simcord

from bot.i18n.catalog import LOCALES, Texts, load_catalog
from bot.kit.simulator import Slow
from bot.providers.sensay.simulator import APPLICATION_ID
from bot.runtime.preflight import Preflight, preflight_fields
from bot.runtime.token_question import TokenQuestion
from bot.services.preflight import Application
from bot.ui.theme import Tone, card
from tests.cogs.discord_desk import READS_MESSAGES_LIMITED, TROUBLE
from tests.cogs.handing_over import (
    choose,
    is_question,
    propose,
    sent,
    strike_discord,
    token_of,
)
from tests.cogs.test_authority import NOT_ALLOWED, demote
from tests.cogs.town import HELPER, PORTUGUESE, Town, buttons, embed_of, field, final, labels, shown
from tests.exposure import everything_said
from tests.ui.hostile import PAYLOADS, marks, unseen
from tests.ui.test_problems import words
from tests.ui.test_theme import accepted


def custom_id(asked: simcord.InteractionResult, label: str) -> str:
    """Return the custom id of a button."""
    (found,) = (button["custom_id"] for button in buttons(asked) if button["label"] == label)
    return str(found)


# --- Check again ---


async def test_check_again_shows_what_has_changed(town: Town) -> None:
    """An intent switched on and a bot that has come are seen in the same message, again and again."""
    await town.connect("sensay")
    user = town.env.create_user("desk-bot", bot=True)
    token = token_of(user.id)
    application = town.desk.introduce(token, HELPER, flags=0)
    question = await propose(town, token=token)
    assert field(question, "Message Content Intent").startswith("🚫")
    application["flags"] = READS_MESSAGES_LIMITED
    again = await choose(town, question, "again")
    assert again.followups == []
    assert field(question, "Message Content Intent") == town.texts("preflight.intent_on")
    assert "Invite this bot" in labels(question)
    town.guild.add_member(user)
    await choose(town, question, "again")
    assert field(question, "In this server") == town.texts("preflight.member")
    assert "Invite this bot" not in labels(question)
    assert len(town.desk.requests) == 3
    done = await choose(town, question, "yes")
    assert "Message Content Intent" not in field(done, "Next step")
    assert town.sensay.creations == [(town.sensay.UNCONNECTED, token)]


async def test_check_again_helps_after_trouble(town: Town) -> None:
    """What Discord could not tell at first it can tell later."""
    await town.connect("sensay")
    strike_discord(town, TROUBLE["broken"])
    question = await propose(town)
    town.desk.heal()
    await choose(town, question, "again")
    assert HELPER in field(question, "The bot")


async def test_the_question_does_not_come_back_once_it_is_answered(town: Town) -> None:
    """A look that takes longer than the manager's decision changes nothing any more."""
    await town.connect("sensay")
    question = await propose(town)
    town.desk.fail(Slow(0.2))
    pressed = [custom_id(question, label) for label in ("Check again", "Hand it to Sensay")]
    await town.press_at_once(town.manager, final(question), *pressed)
    assert len(town.desk.requests) == 2
    assert labels(question) == []
    assert field(question, "Next step") == town.texts("token.handed_over")
    assert len(town.sensay.creations) == 1


@pytest.mark.parametrize("trouble", TROUBLE)
async def test_a_refused_token_is_not_looked_at_again(town: Town, trouble: str) -> None:
    """What Discord refuses it refuses again, and counts: only other trouble gets a second look."""
    await town.connect("sensay")
    strike_discord(town, TROUBLE[trouble])
    question = await propose(town)
    assert is_question(question)
    assert ("Check again" in labels(question)) is (trouble != "refused")


async def test_a_token_that_is_refused_later_is_not_looked_at_again(town: Town) -> None:
    """Who has reset the token meanwhile gets no third look."""
    await town.connect("sensay")
    question = await propose(town)
    strike_discord(town, TROUBLE["refused"])
    await choose(town, question, "again")
    assert is_question(question)
    assert labels(question)[:2] == ["Hand it to Sensay", "Do not hand it over"]


# --- deciding ---


def the_question(town: Town) -> TokenQuestion:
    """Return the one question that stands."""
    views = (thing for thing in gc.get_objects() if isinstance(thing, TokenQuestion))
    (view,) = (view for view in views if view._bot is town.bot)
    return view


@pytest.mark.parametrize("end", ["no", "time", "yes"])
@pytest.mark.parametrize("looked_again", [False, True])
async def test_an_answered_question_forgets_the_token(town: Town, end: str, looked_again: bool) -> None:
    """While it stands a question does not show its token; then it has none, and nobody has the question."""
    await town.connect("sensay")
    token = town.sensay.discord_token
    question = await propose(town)
    if looked_again:
        await choose(town, question, "again")
    view = the_question(town)
    assert token not in everything_said(view)
    assert token in str(vars(view))
    if end == "time":
        await town.env.advance_time(301)
    else:
        await choose(town, question, end)
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
async def test_why_discord_did_not_tell_keeps_no_token(town: Town, trouble: str) -> None:
    """An error remembers where it was raised, with all that was known there: none of that is kept."""
    await town.connect("sensay")
    strike_discord(town, TROUBLE[trouble])
    await propose(town)
    failure = the_question(town)._preflight.failure
    assert failure is not None
    kept = [frame.f_code.co_qualname for frame in frames_of(failure)]
    assert kept == []


@pytest.mark.parametrize(
    ("locale", "end", "said"),
    [
        ("en-US", "no", "You decided against it. I have forgotten the token."),
        ("en-US", "time", "Nobody decided within 5 minutes. I have forgotten the token."),
        ("pt-BR", "no", "Você decidiu não entregar"),
        ("pt-BR", "time", "Ninguém decidiu em 5 minutos"),
    ],
)
async def test_who_does_not_confirm_sends_nothing(town: Town, locale: str, end: str, said: str) -> None:
    """A no, and five minutes without an answer, both end the question, in the manager's language."""
    await town.connect("sensay")
    town.locale = locale
    question = await propose(town)
    pressable = custom_id(question, town.texts("token.yes", provider="Sensay"))
    if end == "no":
        await choose(town, question, "no")
    else:
        await town.env.advance_time(299)
        assert is_question(question)
        await town.env.advance_time(2)
    assert (embed_of(question).title or "").endswith(town.texts("token.not_sent", provider="Sensay"))
    assert (embed_of(question).description or "").startswith(said)
    assert "</sensay connect:" in field(question, town.texts("next_step"))
    assert labels(question) == []
    late = await town.press(town.manager, final(question), pressable)
    assert embed_of(late).title == f"⚠️ {town.texts('problem.stale_component.title')}"
    assert sent(town) == []


async def test_a_look_puts_off_the_end(town: Town) -> None:
    """Five minutes count from the last press, and the end is told even when the form is too old to answer."""
    await town.connect("sensay")
    question = await propose(town)
    for _ in range(4):
        await town.env.advance_time(270)
        await choose(town, question, "again")
    assert is_question(question)
    await town.env.advance_time(301)
    assert (embed_of(question).description or "").startswith("Nobody decided within 5 minutes.")
    assert sent(town) == []


async def test_a_question_that_was_dismissed_ends_in_silence(town: Town) -> None:
    """When the time is over and the message is gone, nothing is sent and nothing fails."""
    await town.connect("sensay")
    await propose(town)
    town.env.inject_error("PATCH", "/webhooks/*", status=404, code=10008, message="Unknown Message")
    await town.env.advance_time(301)
    assert sent(town) == []


async def test_two_presses_at_once_send_once(town: Town) -> None:
    """Who presses twice before the first press is seen to hands the token over once, and gets one outcome."""
    await town.connect("sensay")
    question = await propose(town)
    yes = custom_id(question, "Hand it to Sensay")
    first, second = await town.press_at_once(town.manager, final(question), yes, yes)
    assert embed_of(first).title == "✅ Sensay accepted the bot token"
    assert second.acknowledged
    assert second.followups == []
    assert [request.body for request in sent(town)] == [{"discordToken": town.sensay.discord_token}]


async def test_a_yes_after_a_no_sends_nothing(town: Town) -> None:
    """Of two presses at once the first one counts."""
    await town.connect("sensay")
    question = await propose(town)
    pressed = [custom_id(question, label) for label in ("Do not hand it over", "Hand it to Sensay")]
    await town.press_at_once(town.manager, final(question), *pressed)
    assert (embed_of(question).description or "").startswith("You decided against it.")
    assert sent(town) == []


async def test_another_member_cannot_answer(town: Town) -> None:
    """A press by somebody without rights is refused, and the question stands."""
    await town.connect("sensay")
    question = await propose(town)
    pressed = await town.press(town.member, final(question), custom_id(question, "Hand it to Sensay"))
    assert embed_of(pressed).title == NOT_ALLOWED
    assert final(pressed).ephemeral
    assert is_question(question)
    assert sent(town) == []


async def test_a_former_manager_cannot_answer(town: Town) -> None:
    """Who has lost Manage Server since the form was sent hands nothing over."""
    await town.connect("sensay")
    question = await propose(town)
    demote(town)
    pressed = await choose(town, question, "yes")
    assert embed_of(pressed).title == NOT_ALLOWED
    assert sent(town) == []


async def test_a_restart_takes_the_question_along(town: Town) -> None:
    """The token was in memory alone: who answers after a restart is told that nothing was sent."""
    await town.connect("sensay")
    question = await propose(town)
    await town.restart()
    stale = await choose(town, question, "yes")
    assert "nothing was stored, sent or removed" in shown(stale)
    assert sent(town) == []


async def test_a_connection_that_is_gone_receives_nothing(town: Town) -> None:
    """Who confirms after the connection was removed is told so, and the token goes nowhere."""
    await town.connect("sensay")
    question = await propose(town)
    removal = await town.manager.slash(town.channel, "connections remove", provider="sensay")
    await town.manager.click(final(removal).message, label="Remove Sensay · default")
    refused = await choose(town, question, "yes")
    assert shown(refused).startswith("⚠️ No Sensay connection named default")
    assert sent(town) == []


# --- secrets and hostile text ---


@pytest.mark.parametrize("trouble", [None, *TROUBLE])
async def test_the_token_is_seen_by_discord_and_sensay_alone(
    town: Town, log: io.StringIO, trouble: str | None
) -> None:
    """From the form to the outcome no log line, message, custom id or byte on disk has the token."""
    await town.connect("sensay")
    if trouble is not None:
        strike_discord(town, TROUBLE[trouble])
    question = await propose(town)
    if trouble != "refused":
        await choose(town, question, "again")
    await choose(town, question, "yes")
    await choose(town, await propose(town), "no")
    assert ("preflight_failed" in log.getvalue()) is (trouble is not None)
    assert len(town.sensay.creations) == 1
    for place in (town.sent_to_discord(), log.getvalue()):
        assert town.sensay.discord_token not in place
        assert "FAKE-TOKEN" not in place
    assert town.sensay.discord_token.encode() not in town.stored_bytes()


def said_of(name: str, texts: Texts) -> discord.Embed:
    """Show what is said of an application of this name."""
    preflight = Preflight(1, Application(id=int(APPLICATION_ID), name=name), None, 2, None)
    return card(Tone.INFO, "x", fields=[*preflight_fields(preflight, "Sensay", texts)])


def test_a_hostile_application_does_nothing() -> None:
    """No name of an application adds a ping, a link or any markup to what a harmless one gives."""
    for locale in LOCALES:
        texts = load_catalog()[locale]
        harmless = marks(words(said_of("x", texts)))
        for payload in PAYLOADS:
            embed = said_of(payload, texts)
            assert marks(words(embed)) <= harmless, payload
            assert unseen(words(embed)) == set(), payload
            assert accepted(embed), payload


async def test_a_hostile_application_is_shown_as_text(town: Town) -> None:
    """A name that looks like a mention and a link arrives as the characters that it is."""
    await town.connect("sensay")
    town.desk.introduce(town.sensay.discord_token, "@everyone [x](https://example.invalid)")
    assert marks(field(await propose(town), "The bot"))["masked link"] == 0
    assert "@everyone" not in town.sent_to_discord()


async def test_the_question_speaks_portuguese(town: Town) -> None:
    """Fields and warnings of the question are in the manager's own language."""
    await town.connect("sensay")
    town.locale = PORTUGUESE
    town.desk.introduce(town.sensay.discord_token, HELPER, flags=0)
    question = await propose(town, town.sensay.ACTIVE)
    assert [item.name for item in embed_of(question).fields] == [
        "Réplica",
        "⚠️ Já está no Discord",
        "O bot",
        "Message Content Intent",
        "Neste servidor",
        "➡️ Próximo passo",
    ]
