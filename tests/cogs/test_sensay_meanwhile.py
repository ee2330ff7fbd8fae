"""Between a question and its outcome: what the message says, and what others may do to the replica."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from bot.errors import PatchbayError
from bot.kit.integration import Verdict
from bot.kit.simulator import Answer, Reset
from bot.providers.sensay.simulator import APPLICATION_ID
from tests.cogs.handing_over import (
    CREATION,
    LIST,
    Meanwhile,
    choose,
    hand_over,
    keep_time,
    propose,
    remembered,
    sent,
    token_of,
)
from tests.cogs.test_sensay_doubt import UNREADABLE, look, says, unread_doubt
from tests.cogs.town import PORTUGUESE, Town, embed_of, field, final, labels

ANOTHER = token_of(1309876543210987654)


# --- the message ---


@pytest.mark.parametrize("locale", ["en-US", PORTUGUESE])
async def test_while_it_is_on_its_way_the_question_says_so(town: Town, locale: str) -> None:
    """The question says what was decided and that it is being done, then that the outcome follows; it does.

    What was found out about the bot stays. A button that looks what became of the token is there meanwhile.
    """
    await town.connect("sensay")
    town.locale = locale
    question = await propose(town)
    about = [(item.name, item.value) for item in embed_of(question).fields][:-1]
    seen: list[tuple[str | None, str, list[str]]] = []

    def look() -> None:
        step = field(question, town.texts("next_step"))
        seen.append((embed_of(question).description, step, labels(question)))

    town.sensay.fail(Meanwhile(look), path=CREATION)
    done = await choose(town, question, "yes")
    look()
    confirmed = town.texts("token.confirmed", provider="Sensay")
    assert seen == [
        (
            confirmed,
            town.texts("token.handing_over", provider="Sensay"),
            [town.texts("sensay.connect.look")],
        ),
        (confirmed, town.texts("token.handed_over"), []),
    ]
    assert [(item.name, item.value) for item in embed_of(question).fields][:-1] == about
    assert len(done.followups) == 1
    assert done.followups[0].ephemeral


async def test_a_list_that_is_behind_is_not_taken_for_a_no(town: Town) -> None:
    """Sensay has said yes: where its list has no bot for the replica so far, it is not there yet."""
    await town.connect("sensay")
    question = await propose(town)
    replica = town.sensay.replicas[town.sensay.UNCONNECTED]
    town.sensay.fail(
        Meanwhile(lambda: replica.update(discord_integration=None), after_handling=True), path=CREATION
    )
    done = await choose(town, question, "yes")
    assert embed_of(done).title == "✅ Sensay accepted the bot token"
    assert field(done, "What Sensay lists now") == town.texts("sensay.connect.listed_not_yet")
    assert list(await remembered(town)) == [town.sensay.UNCONNECTED]


@pytest.mark.parametrize("end", ["refused", "in doubt", "taken", "our own fault"])
async def test_whatever_happens_the_question_does_not_wait_for_ever(town: Town, end: str) -> None:
    """A refusal, a doubt, a bot that came first, a failure of our own: all are told, and no button stays."""
    await town.connect("sensay")
    question = await propose(town)
    if end == "refused":
        town.sensay.fail(Answer(400, {"error": "no"}), path=CREATION)
    if end == "in doubt":
        town.sensay.fail(Reset(), path=CREATION)
    if end == "taken":
        town.sensay.replicas[town.sensay.UNCONNECTED]["discord_integration"] = {"is_active": True}
    if end == "our own fault":
        with closing(sqlite3.connect(town.database)) as database, database:
            database.execute("DROP TABLE integration")
    done = await choose(town, question, "yes")
    ours = [error for error in town.env.errors if not isinstance(error, PatchbayError)]
    assert bool(ours) is (end == "our own fault")
    assert len(done.followups) == 1
    assert embed_of(question).description == town.texts("token.confirmed", provider="Sensay")
    assert field(question, "Next step") == town.texts("token.handed_over")
    assert labels(question) == []


async def test_a_question_dismissed_on_the_way_takes_no_outcome_along(town: Town) -> None:
    """Where the question's message is gone, what became of the token is told all the same, and remembered."""
    await town.connect("sensay")
    question = await propose(town)
    town.env.inject_error(
        "PATCH", "/webhooks/*", status=404, code=10008, message="Unknown Message", times=None
    )
    done = await choose(town, question, "yes")
    assert embed_of(done).title == "✅ Sensay accepted the bot token"
    assert len(done.followups) == 1
    assert list(await remembered(town)) == [town.sensay.UNCONNECTED]


@pytest.mark.parametrize("acted", [True, False])
async def test_a_process_that_dies_on_the_way_leaves_a_way_to_find_out(town: Town, acted: bool) -> None:
    """The button that stands under the question meanwhile works after a restart, and names the bot."""
    await town.connect("sensay", "desk")
    question = await propose(town)
    message = town.env.backend.get_message(final(question).channel_id, final(question).id)
    left: list[Any] = []
    town.sensay.fail(Meanwhile(lambda: left.extend(message.components), after_handling=acted), path=CREATION)
    await choose(town, question, "yes")
    await town.bot.integrations.forget(town.guild.id, "sensay", town.sensay.UNCONNECTED)
    if not acted:
        town.sensay.replicas[town.sensay.UNCONNECTED]["discord_integration"] = None
    message.components = left
    await town.restart()
    pressed = await town.manager.click(final(question).message, label="Look again")
    assert pressed.followups == []
    verdict = "there" if acted else "not_there"
    assert (embed_of(question).title or "").endswith(town.texts(f"sensay.connect.{verdict}"))
    rows = (await remembered(town)).values()
    assert [row.bot_id for row in rows] == ([int(APPLICATION_ID)] if acted else [])
    assert len(sent(town)) == 1


# --- the replica ---


@pytest.mark.parametrize("locale", ["en-US", PORTUGUESE])
async def test_a_bot_that_came_while_the_member_thought_stops_the_token(town: Town, locale: str) -> None:
    """Nobody was asked whether it may replace that one: nothing is sent, and the form is offered again."""
    await town.connect("sensay")
    town.locale = locale
    question = await propose(town)
    town.sensay.replicas[town.sensay.UNCONNECTED]["discord_integration"] = {"is_active": None}
    refused = await choose(town, question, "yes")
    assert embed_of(refused).title == f"⚠️ {town.texts('problem.invalid_input.taken_meanwhile.title')}"
    assert final(refused).ephemeral
    assert sent(town) == []
    assert await remembered(town) == {}
    form = await town.manager.click(final(refused).message, label=town.texts("sensay.connect.button"))
    again = await town.manager.submit_modal(form, {"discord_token": town.sensay.discord_token})
    had_one = field(again, town.texts("sensay.connect.had_one"))
    assert had_one == town.texts("sensay.connect.had_one_text")
    await choose(town, again, "yes")
    assert len(town.sensay.creations) == 1


async def test_of_two_questions_about_one_replica_one_is_carried_out(town: Town) -> None:
    """Two managers who were both told that there is no bot do not connect two: the second is refused."""
    await town.connect("sensay")
    first = await propose(town)
    second = await propose(town, token=ANOTHER)
    assert embed_of(await choose(town, first, "yes")).title == "✅ Sensay accepted the bot token"
    refused = await choose(town, second, "yes")
    assert embed_of(refused).title == f"⚠️ {town.texts('problem.invalid_input.taken_meanwhile.title')}"
    assert town.sensay.creations == [(town.sensay.UNCONNECTED, town.sensay.discord_token)]


async def test_who_was_warned_of_a_bot_is_not_stopped_by_it(town: Town) -> None:
    """Where the question said that there is a bot, or that nobody knows, a yes is a yes."""
    await town.connect("sensay")
    await choose(town, await propose(town, town.sensay.ACTIVE), "yes")
    town.sensay.fail(UNREADABLE, path=LIST)
    question = await propose(town)
    assert field(question, "On Discord already") == town.texts("sensay.connect.had_one_unknown")
    town.sensay.replicas[town.sensay.UNCONNECTED]["discord_integration"] = {"is_active": True}
    await choose(town, question, "yes")
    assert [uuid for uuid, _ in town.sensay.creations] == [town.sensay.ACTIVE, town.sensay.UNCONNECTED]


@pytest.mark.parametrize("before", [True, False])
async def test_what_this_server_remembers_makes_it_unknown(town: Town, before: bool) -> None:
    """Sensay's list may be behind: a bot connected from here, before the question or since, may be the one.

    Nothing is claimed of the token that broke off, neither at once nor by a later look.
    """
    await town.connect("sensay")
    if before:
        await hand_over(town)
    else:
        question = await propose(town, token=ANOTHER)
        await hand_over(town)
    replica = town.sensay.replicas[town.sensay.UNCONNECTED]
    listed, replica["discord_integration"] = replica["discord_integration"], None
    if before:
        question = await propose(town, token=ANOTHER)

    def catch_up() -> None:
        replica["discord_integration"] = listed

    town.sensay.fail(Meanwhile(catch_up, Reset()), path=CREATION)
    result = await choose(town, question, "yes")
    assert says(town, result, Verdict.UNKNOWN)
    assert says(town, await look(town, result), Verdict.UNKNOWN)
    (row,) = (await remembered(town)).values()
    assert row.bot_id == int(APPLICATION_ID)
    assert len(town.sensay.creations) == 1


# --- an older button ---


async def test_an_old_button_says_nothing_of_a_newer_bot(town: Town) -> None:
    """What was connected since the answer was given is no proof of the older token, and is not renamed."""
    await town.connect("sensay")
    keep_time(town)
    town.sensay.fail(Reset(), path=CREATION)
    result = await hand_over(town, token=ANOTHER)
    assert says(town, result, Verdict.NOT_THERE)
    await town.env.advance_time(60)
    await hand_over(town)
    rows = await remembered(town)
    await look(town, result)
    assert says(town, result, Verdict.UNKNOWN)
    assert await remembered(town) == rows
    assert [row.bot_id for row in rows.values()] == [int(APPLICATION_ID)]


async def test_an_older_record_does_not_keep_a_button_from_telling(town: Town) -> None:
    """A record from before the answer is no news: where its bot was gone, what is listed is the new one."""
    await town.connect("sensay")
    keep_time(town)
    result = await unread_doubt(town)
    opened = await town.bot.connections.open(town.guild.id, "sensay")
    town.bot.integrations._clock = lambda: town.env.now().timestamp() - 60
    await town.bot.integrations.record(opened, town.sensay.UNCONNECTED, "x", bot_id=7, member_id=7)
    town.sensay.heal()
    await look(town, result)
    assert says(town, result, Verdict.THERE)
    assert [row.bot_id for row in (await remembered(town)).values()] == [int(APPLICATION_ID)]


async def test_a_token_goes_to_the_account_that_it_was_shown_for(town: Town) -> None:
    """Credentials that are replaced while the member decides are another account's, for all that is known."""
    await town.connect("sensay")
    question = await propose(town)
    await town.env.advance_time(5)
    form = await town.open_form("rotate", "sensay", "default")
    await town.manager.submit_modal(form, {**town.sensay.credentials, "user_id": town.sensay.OWNER})
    refused = await choose(town, question, "yes")
    assert embed_of(refused).title == "⚠️ The Sensay credentials have changed meanwhile"
    assert labels(refused) == [town.texts("sensay.connect.button")]
    assert sent(town) == []
