"""Between a question and its outcome: what the message says, and what others may do to the replica."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from bot.errors import PatchbayError
from bot.providers.base.outcome import LookupResult
from bot.providers.base.simulator import Answer, Reset
from bot.providers.sensay.simulated_organization import APPLICATION_ID
from tests.support.english import english
from tests.support.handover_doubt import UNREADABLE, look, shows_result, unread_doubt
from tests.support.handover_steps import (
    CREATION,
    LIST,
    Meanwhile,
    choose,
    hand_over,
    propose,
    remembered,
    sent,
    token_of,
)
from tests.support.harness import PORTUGUESE, BotHarness, embed_of, field, final, labels, short
from tests.support.short_replies import lines, show_details

ANOTHER = token_of(1309876543210987654)


# --- the message ---


@pytest.mark.parametrize("locale", ["en-US", PORTUGUESE])
async def test_while_it_is_on_its_way_the_question_says_so(harness: BotHarness, locale: str) -> None:
    """The question says what was decided and that it is being done, then that the outcome follows; it does.

    The replica stays named. A button that looks what became of the token is there meanwhile.
    """
    await harness.connect("sensay")
    harness.locale = locale
    question = await propose(harness)
    seen: list[tuple[list[str], str, list[str]]] = []

    def look() -> None:
        step = field(question, harness.texts("next_step"))
        seen.append((lines(question), step, labels(question)))

    harness.sensay.fail(Meanwhile(look), path=CREATION)
    done = await choose(harness, question, "yes")
    look()
    confirmed = [
        harness.texts("token.confirmed", provider="Sensay"),
        short("Job Applications", harness.sensay.UNCONNECTED),
    ]
    assert seen == [
        (
            confirmed,
            harness.texts("token.handing_over", provider="Sensay"),
            [harness.texts("sensay.connect.look")],
        ),
        (confirmed, harness.texts("token.handed_over"), []),
    ]
    assert len(done.followups) == 1
    assert done.followups[0].ephemeral


async def test_a_list_that_is_behind_is_not_taken_for_a_no(harness: BotHarness) -> None:
    """Sensay has said yes: where its list has no bot for the replica so far, it is not there yet."""
    await harness.connect("sensay")
    question = await propose(harness)
    replica = harness.sensay.replicas[harness.sensay.UNCONNECTED]
    harness.sensay.fail(
        Meanwhile(lambda: replica.update(discord_integration=None), after_handling=True), path=CREATION
    )
    done = await choose(harness, question, "yes")
    assert embed_of(done).title == "✅ Sensay accepted the bot token"
    assert lines(done)[1] == harness.texts("sensay.connect.listed_not_yet")
    assert list(await remembered(harness)) == [harness.sensay.UNCONNECTED]


@pytest.mark.parametrize("end", ["refused", "in doubt", "taken", "our own fault"])
async def test_whatever_happens_the_question_does_not_wait_for_ever(harness: BotHarness, end: str) -> None:
    """A refusal, a doubt, a bot that came first, a failure of our own: all are told, and no button stays."""
    await harness.connect("sensay")
    question = await propose(harness)
    if end == "refused":
        harness.sensay.fail(Answer(400, {"error": "no"}), path=CREATION)
    if end == "in doubt":
        harness.sensay.fail(Reset(), path=CREATION)
    if end == "taken":
        harness.sensay.replicas[harness.sensay.UNCONNECTED]["discord_integration"] = {"is_active": True}
    if end == "our own fault":
        with closing(sqlite3.connect(harness.database)) as database, database:
            database.execute("DROP TABLE integration")
    done = await choose(harness, question, "yes")
    ours = [error for error in harness.env.errors if not isinstance(error, PatchbayError)]
    assert bool(ours) is (end == "our own fault")
    assert len(done.followups) == 1
    assert lines(question) == [
        harness.texts("token.confirmed", provider="Sensay"),
        short("Job Applications", harness.sensay.UNCONNECTED),
    ]
    assert field(question, "Next step") == harness.texts("token.handed_over")
    assert labels(question) == []


async def test_a_question_dismissed_on_the_way_takes_no_outcome_along(harness: BotHarness) -> None:
    """Where the question's message is gone, what became of the token is told all the same, and remembered."""
    await harness.connect("sensay")
    question = await propose(harness)
    harness.env.inject_error(
        "PATCH", "/webhooks/*", status=404, code=10008, message="Unknown Message", times=None
    )
    done = await choose(harness, question, "yes")
    assert embed_of(done).title == "✅ Sensay accepted the bot token"
    assert len(done.followups) == 1
    assert list(await remembered(harness)) == [harness.sensay.UNCONNECTED]


@pytest.mark.parametrize("acted", [True, False])
async def test_a_process_that_dies_on_the_way_leaves_a_way_to_find_out(
    harness: BotHarness, acted: bool
) -> None:
    """The button that stands under the question meanwhile works after a restart, and names the bot."""
    await harness.connect("sensay", "desk")
    question = await propose(harness)
    message = harness.env.backend.get_message(final(question).channel_id, final(question).id)
    left: list[Any] = []
    harness.sensay.fail(
        Meanwhile(lambda: left.extend(message.components), after_handling=acted), path=CREATION
    )
    await choose(harness, question, "yes")
    await harness.bot.services.integrations.forget(harness.guild.id, "sensay", harness.sensay.UNCONNECTED)
    if not acted:
        harness.sensay.replicas[harness.sensay.UNCONNECTED]["discord_integration"] = None
    message.components = left
    await harness.restart()
    pressed = await harness.manager.click(final(question).message, label=english("sensay.connect.look"))
    assert pressed.followups == []
    expected = "there" if acted else "not_there"
    assert (embed_of(question).title or "").endswith(harness.texts(f"sensay.connect.{expected}"))
    rows = (await remembered(harness)).values()
    assert [row.bot_id for row in rows] == ([int(APPLICATION_ID)] if acted else [])
    assert len(sent(harness)) == 1


# --- the replica ---


@pytest.mark.parametrize("locale", ["en-US", PORTUGUESE])
async def test_a_bot_that_came_while_the_member_thought_stops_the_token(
    harness: BotHarness, locale: str
) -> None:
    """Nobody was asked whether it may replace that one: nothing is sent, and the form is offered again."""
    await harness.connect("sensay")
    harness.locale = locale
    question = await propose(harness)
    harness.sensay.replicas[harness.sensay.UNCONNECTED]["discord_integration"] = {"is_active": None}
    refused = await choose(harness, question, "yes")
    assert embed_of(refused).title == f"⚠️ {harness.texts('problem.invalid_input.taken_meanwhile.title')}"
    assert final(refused).ephemeral
    assert sent(harness) == []
    assert await remembered(harness) == {}
    form = await harness.manager.click(final(refused).message, label=harness.texts("sensay.connect.button"))
    again = await harness.manager.submit_modal(form, {"discord_token": harness.sensay.discord_token})
    assert harness.texts("sensay.connect.had_one_short") in lines(again)
    await show_details(harness, again)
    warning = field(again, harness.texts("sensay.connect.had_one"))
    assert warning == harness.texts("sensay.connect.had_one_text")
    await choose(harness, again, "yes")
    assert len(harness.sensay.creations) == 1


async def test_of_two_questions_about_one_replica_one_is_carried_out(harness: BotHarness) -> None:
    """Two managers who were both told that there is no bot do not connect two: the second is refused."""
    await harness.connect("sensay")
    first = await propose(harness)
    second = await propose(harness, token=ANOTHER)
    assert embed_of(await choose(harness, first, "yes")).title == "✅ Sensay accepted the bot token"
    refused = await choose(harness, second, "yes")
    assert embed_of(refused).title == f"⚠️ {harness.texts('problem.invalid_input.taken_meanwhile.title')}"
    assert harness.sensay.creations == [(harness.sensay.UNCONNECTED, harness.sensay.discord_token)]


async def test_who_was_warned_of_a_bot_is_not_stopped_by_it(harness: BotHarness) -> None:
    """Where the question said that there is a bot, or that nobody knows, a yes is a yes."""
    await harness.connect("sensay")
    await choose(harness, await propose(harness, harness.sensay.ACTIVE), "yes")
    harness.sensay.fail(UNREADABLE, path=LIST)
    question = await propose(harness)
    assert harness.texts("sensay.connect.unread_short") in lines(question)
    await show_details(harness, question)
    assert field(question, "Replica not checked") == harness.texts("sensay.connect.unread_all")
    harness.sensay.replicas[harness.sensay.UNCONNECTED]["discord_integration"] = {"is_active": True}
    await choose(harness, question, "yes")
    assert [uuid for uuid, _ in harness.sensay.creations] == [
        harness.sensay.ACTIVE,
        harness.sensay.UNCONNECTED,
    ]


@pytest.mark.parametrize("before", [True, False])
async def test_what_this_server_remembers_makes_it_unknown(harness: BotHarness, before: bool) -> None:
    """Sensay's list may be behind: a bot connected from here, before the question or since, may be the one.

    Nothing is claimed of the token that broke off, neither at once nor by a later look.
    """
    await harness.connect("sensay")
    if before:
        await hand_over(harness)
    else:
        question = await propose(harness, token=ANOTHER)
        await hand_over(harness)
    replica = harness.sensay.replicas[harness.sensay.UNCONNECTED]
    listed, replica["discord_integration"] = replica["discord_integration"], None
    if before:
        question = await propose(harness, token=ANOTHER)

    def catch_up() -> None:
        replica["discord_integration"] = listed

    harness.sensay.fail(Meanwhile(catch_up, Reset()), path=CREATION)
    result = await choose(harness, question, "yes")
    assert shows_result(harness, result, LookupResult.UNKNOWN)
    assert shows_result(harness, await look(harness, result), LookupResult.UNKNOWN)
    (row,) = (await remembered(harness)).values()
    assert row.bot_id == int(APPLICATION_ID)
    assert len(harness.sensay.creations) == 1


# --- an older button ---


async def test_an_old_button_says_nothing_of_a_newer_bot(harness: BotHarness) -> None:
    """What was connected since the answer was given is no proof of the older token, and is not renamed."""
    await harness.connect("sensay")
    harness.sensay.fail(Reset(), path=CREATION)
    result = await hand_over(harness, token=ANOTHER)
    assert shows_result(harness, result, LookupResult.NOT_THERE)
    await harness.env.advance_time(60)
    await hand_over(harness)
    rows = await remembered(harness)
    await look(harness, result)
    assert shows_result(harness, result, LookupResult.UNKNOWN)
    assert await remembered(harness) == rows
    assert [row.bot_id for row in rows.values()] == [int(APPLICATION_ID)]


async def test_an_older_record_does_not_keep_a_button_from_telling(harness: BotHarness) -> None:
    """A record from before the answer is no news: where its bot was gone, what is listed is the new one."""
    await harness.connect("sensay")
    result = await unread_doubt(harness)
    opened = await harness.bot.services.connections.open(harness.guild.id, "sensay")
    harness.bot.services.integrations._clock = lambda: harness.env.now().timestamp() - 60
    await harness.bot.services.integrations.record(
        opened, harness.sensay.UNCONNECTED, "x", bot_id=7, member_id=7
    )
    harness.sensay.heal()
    await look(harness, result)
    assert shows_result(harness, result, LookupResult.THERE)
    assert [row.bot_id for row in (await remembered(harness)).values()] == [int(APPLICATION_ID)]


async def test_a_token_goes_to_the_account_that_it_was_shown_for(harness: BotHarness) -> None:
    """Credentials that are replaced while the member decides are another account's, for all that is known."""
    await harness.connect("sensay")
    question = await propose(harness)
    await harness.env.advance_time(5)
    form = await harness.open_form("rotate", "sensay", "default")
    await harness.manager.submit_modal(form, {**harness.sensay.credentials, "user_id": harness.sensay.OWNER})
    refused = await choose(harness, question, "yes")
    assert embed_of(refused).title == f"⚠️ {english('problem.connection_changed.title', provider='Sensay')}"
    assert labels(refused) == [harness.texts("sensay.connect.button")]
    assert sent(harness) == []
