"""`/sensay disconnect`: the question, and what it forgets."""

import sqlite3
from contextlib import closing

import pytest

from bot.discord.theme import Tone
from bot.providers.base.simulator import Answer, Fault, Reset
from tests.support.disconnect_steps import (
    ALL_PORTALS,
    LOOK_AGAIN,
    PAUSES,
    PORTAL,
    ask_to_disconnect,
    connect_replica,
    count_list_reads,
    count_records,
    count_removals,
    disconnect,
    has_title,
    says_listed,
)
from tests.support.english import english
from tests.support.handover_steps import LIST, TOKEN_WITHOUT_ID, remembered
from tests.support.harness import BotHarness, buttons, embed_of, field, final, labels, shown
from tests.support.hostile import ATTACKS, marks
from tests.support.short_replies import lines

# --- the question ---


async def test_the_question_tells_what_really_stops_the_bot(harness: BotHarness) -> None:
    """It says that Sensay has no way, links the bot's own page, and names who connected it and when."""
    await connect_replica(harness)
    asked = await ask_to_disconnect(harness)
    assert asked.ephemeral
    assert has_title(harness, asked, Tone.WARNING, "ask")
    row = (await remembered(harness))[harness.sensay.UNCONNECTED]
    assert lines(asked) == [
        f"Job Applications · `…{harness.sensay.UNCONNECTED[-4:]}`",
        harness.texts("sensay.disconnect.ask_how", portal=PORTAL),
        f"The record that <@{harness.manager.id}> connected it here <t:{row.placed_at}:R> is deleted.",
    ]
    assert [item.name for item in embed_of(asked).fields][-1] == "➡️ Next step"
    assert labels(asked) == [
        english("sensay.disconnect.yes", replica="Job Applications"),
        english("confirm.keep"),
        "Developer Portal",
    ]
    assert buttons(asked)[-1]["url"] == PORTAL
    assert not harness.sensay.requests


async def test_what_was_not_connected_from_here_can_be_watched(harness: BotHarness) -> None:
    """The question says that there is nothing to forget; the rest is the same."""
    await harness.connect("sensay")
    asked = await ask_to_disconnect(harness, harness.sensay.ACTIVE)
    assert lines(asked)[-1] == harness.texts("sensay.disconnect.nothing_to_forget")
    assert buttons(asked)[-1]["url"] == ALL_PORTALS
    await harness.manager.click(final(asked).message, label=labels(asked)[0])
    assert has_title(harness, asked, Tone.WARNING, "forgotten")
    assert says_listed(harness, asked, "running")


async def test_a_bot_that_nobody_knows_gets_the_portals_list(harness: BotHarness) -> None:
    """Where the token did not name its bot, the link leads to the list of all applications."""
    await connect_replica(harness, TOKEN_WITHOUT_ID)
    asked = await disconnect(harness)
    assert [button["url"] for button in buttons(asked) if "url" in button] == [ALL_PORTALS]
    await harness.manager.click(final(asked).message, label=LOOK_AGAIN)
    assert says_listed(harness, asked, "running")


async def test_an_unknown_replica_is_refused(harness: BotHarness) -> None:
    """A name that is not listed is refused, and Sensay is not asked."""
    await connect_replica(harness)
    assert shown(await ask_to_disconnect(harness, "Nobody")).startswith(
        f"⚠️ {english('problem.invalid_input.replica.title')}"
    )
    assert not harness.sensay.requests


@pytest.mark.parametrize("locale", ["en-US", "pt-BR"])
@pytest.mark.parametrize("end", ["keep", "time"])
async def test_who_does_not_confirm_changes_nothing(harness: BotHarness, end: str, locale: str) -> None:
    """After a no, or sixty seconds without an answer, everything stays as it is and the answer says so."""
    await connect_replica(harness)
    harness.locale = locale
    asked = await ask_to_disconnect(harness)
    if end == "keep":
        await harness.manager.click(final(asked).message, label=harness.texts("confirm.keep"))
    else:
        await harness.env.advance_time(59)
        assert has_title(harness, asked, Tone.WARNING, "ask")
        await harness.env.advance_time(2)
    assert has_title(harness, asked, Tone.QUIET, "kept")
    why = "kept_how" if end == "keep" else "expired_how"
    assert embed_of(asked).description == harness.texts(f"sensay.disconnect.{why}")
    assert "</sensay status:" in field(asked, harness.texts("next_step"))
    assert labels(asked) == []
    assert count_records(harness) == 1
    assert not harness.sensay.requests


async def test_a_question_that_was_dismissed_ends_in_silence(harness: BotHarness) -> None:
    """A question that expires after it was dismissed forgets nothing and causes no error."""
    await connect_replica(harness)
    await ask_to_disconnect(harness)
    harness.env.inject_error("PATCH", "/webhooks/*", status=404, code=10008, message="Unknown Message")
    await harness.env.advance_time(61)
    assert count_records(harness) == 1


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_hostile_replica_does_nothing_in_the_question(harness: BotHarness, attack: str) -> None:
    """A replica's name is plain text in embed and button, and is cut where it is too long."""
    await connect_replica(harness)
    counts = []
    for name in ("x", attack * 20):
        opened = await harness.bot.services.connections.open(harness.guild.id, "sensay")
        await harness.bot.services.integrations.record(
            opened, harness.sensay.UNCONNECTED, name, bot_id=1, member_id=2
        )
        harness.sensay.replicas[harness.sensay.UNCONNECTED]["name"] = name
        harness.bot.services.choices.forget(opened)
        await harness.manager.autocomplete(harness.channel, "sensay connect", "replica", "")
        asked = await ask_to_disconnect(harness)
        assert len(labels(asked)[0]) <= 80
        counts.append(marks(lines(asked)[0]))
    assert counts[1] <= counts[0]


# --- forgetting ---


async def test_what_was_confirmed_is_forgotten(harness: BotHarness) -> None:
    """The record is deleted from the database, and the answer says what still stops the bot."""
    await connect_replica(harness)
    asked = await disconnect(harness)
    assert has_title(harness, asked, Tone.WARNING, "forgotten")
    assert lines(asked)[1] == harness.texts("sensay.disconnect.forgotten_how")
    assert says_listed(harness, asked, "running")
    assert field(asked, "Next step") == harness.texts("sensay.disconnect.forgotten_next", portal=PORTAL)
    assert labels(asked) == [LOOK_AGAIN, "Developer Portal"]
    assert count_records(harness) == 0
    assert count_removals(harness) == 0


async def test_another_servers_record_is_left_alone(harness: BotHarness) -> None:
    """Another server's record of the same replica stays."""
    await connect_replica(harness)
    with closing(sqlite3.connect(harness.database)) as database, database:
        for table, where in (("connection", "name"), ("integration", "id")):
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            values = ", ".join("1" if column == "guild_id" else column for column in columns)
            database.execute(f"INSERT INTO {table} SELECT {values} FROM {table} WHERE {where} != ''")  # noqa: S608
    assert count_records(harness) == 2
    await disconnect(harness)
    assert count_records(harness) == 1
    assert await remembered(harness) == {}


async def test_a_bot_that_is_stopped_already_is_settled_at_once(harness: BotHarness) -> None:
    """Where the token was reset before, the answer says that it is done and is not updated any more."""
    await connect_replica(harness)
    harness.sensay.reset_token(harness.sensay.UNCONNECTED)
    asked = await disconnect(harness)
    assert has_title(harness, asked, Tone.GOOD, "settled")
    assert says_listed(harness, asked, "stopped")
    assert labels(asked) == ["Developer Portal"]
    before = count_list_reads(harness)
    await harness.env.advance_time(3_600)
    assert count_list_reads(harness) == before


@pytest.mark.parametrize("of", ["ACTIVE", "UNKNOWN", "FOREIGN"])
async def test_a_bot_that_these_credentials_do_not_list_is_not_called_stopped(
    harness: BotHarness, of: str
) -> None:
    """A user's list lacks other users' replicas: their bots may go on, and the answer is still updated."""
    form = await harness.open_form("add", "sensay")
    await harness.manager.submit_modal(form, {**harness.sensay.credentials, "user_id": harness.sensay.OWNER})
    harness.sensay.requests.clear()
    asked = await disconnect(harness, getattr(harness.sensay, of))
    assert has_title(harness, asked, Tone.WARNING, "forgotten")
    assert says_listed(harness, asked, "not_ours")
    assert labels(asked) == [LOOK_AGAIN, "Developer Portal"]
    before = count_list_reads(harness)
    await harness.env.advance_time(PAUSES[0])
    assert count_list_reads(harness) > before
    assert says_listed(harness, asked, "not_ours")
    await harness.manager.click(final(asked).message, label=LOOK_AGAIN)
    assert has_title(harness, asked, Tone.WARNING, "forgotten")


async def test_a_list_that_goes_on_tells_nothing(harness: BotHarness) -> None:
    """A replica outside the part of the list that is read counts neither as gone nor as somebody else's."""
    await connect_replica(harness)
    harness.sensay.fail(Answer(200, {"items": [], "total": 9}), times=None, path=LIST)
    asked = await disconnect(harness)
    assert has_title(harness, asked, Tone.WARNING, "forgotten")
    assert says_listed(harness, asked, "unseen")


async def test_a_replica_without_a_bot_is_settled_at_once(harness: BotHarness) -> None:
    """The bot counts as gone only where the list has the replica without a bot."""
    await connect_replica(harness)
    harness.sensay.replicas[harness.sensay.UNCONNECTED]["discord_integration"] = None
    asked = await disconnect(harness)
    assert has_title(harness, asked, Tone.GOOD, "settled")
    assert says_listed(harness, asked, "gone")


@pytest.mark.usefixtures("allowed")
async def test_nothing_is_asked_of_sensay_unless_it_is_forgotten(harness: BotHarness) -> None:
    """Where our own store fails, Sensay is not asked: the record would stay although the bot is gone."""
    await connect_replica(harness)
    harness.sensay.removal = 200
    with closing(sqlite3.connect(harness.database)) as database, database:
        database.execute(
            "CREATE TRIGGER full BEFORE DELETE ON integration BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    asked = await ask_to_disconnect(harness)
    pressed = await harness.manager.click(final(asked).message, label=labels(asked)[0])
    assert len(harness.env.errors) == 1
    assert shown(pressed).startswith(f"❌ {english('problem.unexpected.title')}")
    assert count_removals(harness) == 0
    assert count_records(harness) == 1


@pytest.mark.parametrize(
    "fault", [Answer(500, {}), Answer(401, {"error": "no"}), Answer(200, b"{"), Reset()], ids=repr
)
async def test_forgetting_does_not_depend_on_sensay(harness: BotHarness, fault: Fault) -> None:
    """Where Sensay fails, the record is deleted all the same, and the answer claims nothing about the bot."""
    await connect_replica(harness)
    harness.sensay.fail(fault, times=None)
    asked = await disconnect(harness)
    assert has_title(harness, asked, Tone.WARNING, "forgotten")
    assert says_listed(harness, asked, "unseen")
    assert count_records(harness) == 0
    harness.sensay.heal()
    await harness.env.advance_time(20)
    assert says_listed(harness, asked, "running")


async def test_two_presses_at_once_are_one(harness: BotHarness) -> None:
    """Two presses before the first is handled give one answer, which is updated once at a time."""
    await connect_replica(harness)
    asked = await ask_to_disconnect(harness)
    yes = buttons(asked)[0]["custom_id"]
    pressed = await harness.press_at_once(harness.manager, final(asked), yes, yes)
    assert [len(press.followups) for press in pressed] == [0, 0]
    assert all(press.acknowledged for press in pressed)
    assert count_list_reads(harness) == 1
    await harness.env.advance_time(20)
    assert count_list_reads(harness) == 2


async def test_a_connection_that_is_gone_is_told(harness: BotHarness) -> None:
    """A member who confirms after the connection was removed is told so; its records were deleted with it."""
    await connect_replica(harness)
    asked = await ask_to_disconnect(harness)
    removal = await harness.manager.slash(harness.channel, "connections remove", provider="sensay")
    await harness.manager.click(final(removal).message, label="Remove Sensay · default")
    pressed = await harness.manager.click(final(asked).message, label=labels(asked)[0])
    assert shown(pressed).startswith(
        f"⚠️ {english('problem.no_such_connection.title', provider='Sensay', name='default')}"
    )
    assert count_records(harness) == 0


async def test_a_restart_takes_the_question_along(harness: BotHarness) -> None:
    """A member who answers after the bot has restarted is told that nothing was removed."""
    await connect_replica(harness)
    asked = await ask_to_disconnect(harness)
    await harness.restart()
    stale = await harness.manager.click(final(asked).message, label=labels(asked)[0])
    assert "Nothing was saved, sent, or removed" in shown(stale)
    assert count_records(harness) == 1
