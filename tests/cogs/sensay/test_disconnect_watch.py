"""After `/sensay disconnect`: the updates of the answer, its button, and the undocumented removal."""

import io
import sqlite3
from contextlib import closing

import discord
import pytest
import simcord

from bot.discord.theme import Tone
from bot.providers.base.simulator import Answer, Reset
from tests.support.authority import NOT_ALLOWED
from tests.support.disconnect_steps import (
    LOOK_AGAIN,
    PAUSES,
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
from tests.support.handover_steps import CREATION, hand_over
from tests.support.harness import PORTUGUESE, BotHarness, embed_of, field, final, labels, shown
from tests.support.short_replies import lines

DISMISSED = {"status": 404, "code": 10008, "message": "Unknown Message"}


async def press(harness: BotHarness, asked: simcord.InteractionResult) -> simcord.InteractionResult:
    """Press the button that looks again."""
    return await harness.manager.click(final(asked).message, label=harness.texts("sensay.disconnect.look"))


def unlist(harness: BotHarness) -> None:
    """Let Sensay list no Discord bot for the replica."""
    harness.sensay.replicas[harness.sensay.UNCONNECTED]["discord_integration"] = None


# --- updates ---


@pytest.mark.parametrize("locale", ["en-US", "pt-BR"])
@pytest.mark.parametrize("state", ["stopped", "gone"])
async def test_the_message_changes_when_the_bot_stops(harness: BotHarness, state: str, locale: str) -> None:
    """The first update after the token was reset says that it is done, and it is the last one."""
    await connect_replica(harness)
    harness.locale = locale
    asked = await disconnect(harness)
    await harness.env.advance_time(20)
    assert says_listed(harness, asked, "running")
    if state == "stopped":
        harness.sensay.reset_token(harness.sensay.UNCONNECTED)
    else:
        unlist(harness)
    await harness.env.advance_time(39)
    assert has_title(harness, asked, Tone.WARNING, "forgotten")
    await harness.env.advance_time(1)
    assert has_title(harness, asked, Tone.GOOD, "settled")
    assert lines(asked)[1] == harness.texts("sensay.disconnect.settled_how")
    assert says_listed(harness, asked, state)
    assert field(asked, harness.texts("next_step")) == harness.texts("sensay.disconnect.settled_next")
    assert labels(asked) == ["Developer Portal"]
    before = count_list_reads(harness)
    await harness.env.advance_time(3_600)
    assert count_list_reads(harness) == before


async def test_the_watch_ends_after_twelve_minutes(harness: BotHarness) -> None:
    """The answer is updated six times, at growing intervals, and then no more; the button stays."""
    await connect_replica(harness)
    asked = await disconnect(harness)
    assert count_list_reads(harness) == 1
    for number, pause in enumerate(PAUSES, 1):
        await harness.env.advance_time(pause - 1)
        assert count_list_reads(harness) == number
        await harness.env.advance_time(1)
        assert count_list_reads(harness) == number + 1
    assert sum(PAUSES) == 12 * 60
    await harness.env.advance_time(3_600)
    assert count_list_reads(harness) == len(PAUSES) + 1
    assert says_listed(harness, asked, "running")
    harness.sensay.reset_token(harness.sensay.UNCONNECTED)
    await press(harness, asked)
    assert has_title(harness, asked, Tone.GOOD, "settled")


@pytest.mark.parametrize(
    "fault", [Answer(500, {}), Answer(401, {"error": "no"}), Answer.html(200), Reset()], ids=repr
)
async def test_a_look_that_fails_does_not_end_the_watch(harness: BotHarness, fault: Answer) -> None:
    """An update that fails changes nothing in the message, and the next one shows what there is."""
    await connect_replica(harness)
    asked = await disconnect(harness)
    before = shown(asked)
    harness.sensay.reset_token(harness.sensay.UNCONNECTED)
    harness.sensay.fail(fault, times=None)
    await harness.env.advance_time(20)
    assert shown(asked) == before
    harness.sensay.heal()
    await harness.env.advance_time(40)
    assert has_title(harness, asked, Tone.GOOD, "settled")


async def test_a_state_that_sensay_leaves_open_is_watched_on(harness: BotHarness) -> None:
    """The answer is still updated where Sensay says neither active nor inactive."""
    await connect_replica(harness)
    integration = harness.sensay.replicas[harness.sensay.UNCONNECTED]["discord_integration"]
    integration["is_active"] = None
    asked = await disconnect(harness)
    assert says_listed(harness, asked, "unsure")
    integration["is_active"] = False
    await harness.env.advance_time(20)
    assert says_listed(harness, asked, "stopped")


async def test_a_message_that_was_dismissed_is_not_watched(harness: BotHarness) -> None:
    """Once the message is gone, Sensay is not asked any more."""
    await connect_replica(harness)
    await disconnect(harness)
    harness.env.inject_error("PATCH", "/webhooks/*", times=None, **DISMISSED)  # type: ignore[arg-type]
    await harness.env.advance_time(20)
    assert count_list_reads(harness) == 2
    await harness.env.advance_time(3_600)
    assert count_list_reads(harness) == 2


async def test_a_hiccup_of_discords_does_not_end_the_watch(harness: BotHarness) -> None:
    """A change that Discord refuses once is made with the next update."""
    await connect_replica(harness)
    asked = await disconnect(harness)
    harness.sensay.reset_token(harness.sensay.UNCONNECTED)
    harness.env.inject_error("PATCH", "/webhooks/*", status=403)
    await harness.env.advance_time(20)
    assert has_title(harness, asked, Tone.WARNING, "forgotten")
    await harness.env.advance_time(40)
    assert has_title(harness, asked, Tone.GOOD, "settled")


async def test_a_connection_that_is_removed_meanwhile_breaks_nothing(harness: BotHarness) -> None:
    """Without its connection the message stays as it was."""
    await connect_replica(harness)
    asked = await disconnect(harness)
    before = shown(asked)
    removal = await harness.manager.slash(harness.channel, "connections remove", provider="sensay")
    await harness.manager.click(final(removal).message, label="Remove Sensay · default")
    await harness.env.advance_time(3_600)
    assert shown(asked) == before


async def test_a_failure_of_our_own_does_not_end_the_watch(harness: BotHarness, log: io.StringIO) -> None:
    """An unexpected error in an update is logged, and the next update follows all the same."""
    await connect_replica(harness)
    asked = await disconnect(harness)
    harness.sensay.reset_token(harness.sensay.UNCONNECTED)
    for name, new_name in (("connection", "away"), ("away", "connection")):
        with closing(sqlite3.connect(harness.database)) as database, database:
            database.execute(f"ALTER TABLE {name} RENAME TO {new_name}")
        before = log.getvalue().count("look_failed")
        await harness.env.advance_time(PAUSES[0] if new_name == "away" else PAUSES[1])
        assert log.getvalue().count("look_failed") - before == (new_name == "away")
    assert has_title(harness, asked, Tone.GOOD, "settled")


async def test_other_credentials_do_not_make_it_stopped(harness: BotHarness) -> None:
    """After a rotation to another user's credentials the list lacks the replica, and its bot still runs."""
    form = await harness.open_form("add", "sensay")
    await harness.manager.submit_modal(form, {**harness.sensay.credentials, "user_id": harness.sensay.OWNER})
    await hand_over(harness)
    asked = await disconnect(harness)
    assert says_listed(harness, asked, "running")
    form = await harness.open_form("rotate", "sensay", "default")
    await harness.manager.submit_modal(
        form, {**harness.sensay.credentials, "user_id": harness.sensay.NEWCOMER}
    )
    await harness.env.advance_time(PAUSES[0])
    assert has_title(harness, asked, Tone.WARNING, "forgotten")
    assert says_listed(harness, asked, "not_ours")


# --- connected again ---


async def again(harness: BotHarness, asked: simcord.InteractionResult) -> bool:
    """Tell whether an answer says, in full, that the replica was connected again."""
    return (
        has_title(harness, asked, Tone.INFO, "again")
        and lines(asked)[1] == harness.texts("sensay.disconnect.again_how")
        and field(asked, harness.texts("next_step"))
        == harness.linked(harness.texts("sensay.disconnect.again_next"))
        and labels(asked) == ["Developer Portal"]
    )


@pytest.mark.parametrize("locale", ["en-US", PORTUGUESE])
async def test_connecting_again_ends_the_watch(harness: BotHarness, locale: str) -> None:
    """After the replica was connected again, the answer tells nobody to reset its token."""
    await connect_replica(harness)
    harness.locale = locale
    asked = await disconnect(harness)
    await hand_over(harness)
    assert has_title(harness, asked, Tone.WARNING, "forgotten")
    await harness.env.advance_time(PAUSES[0])
    assert await again(harness, asked)
    assert says_listed(harness, asked, "running")
    harness.sensay.reset_token(harness.sensay.UNCONNECTED)
    before = count_list_reads(harness)
    await harness.env.advance_time(3_600)
    assert count_list_reads(harness) == before
    assert await again(harness, asked)
    assert count_records(harness) == 1


async def test_looking_again_sees_that_it_was_connected_again(harness: BotHarness) -> None:
    """The button shows after a restart too that the replica was connected again."""
    await connect_replica(harness)
    asked = await disconnect(harness)
    await harness.restart()
    await hand_over(harness)
    await press(harness, asked)
    assert await again(harness, asked)


# --- Look again ---


@pytest.mark.parametrize("restarted", [False, True])
async def test_looking_again_renews_the_message(harness: BotHarness, restarted: bool) -> None:
    """The button asks Sensay once and shows what it lists; a restart ends the updates, not the button."""
    await connect_replica(harness)
    asked = await disconnect(harness)
    if restarted:
        await harness.restart()
        harness.sensay.requests.clear()
        await harness.env.advance_time(3_600)
        assert count_list_reads(harness) == 0
    harness.sensay.requests.clear()
    await press(harness, asked)
    assert count_list_reads(harness) == 1
    assert says_listed(harness, asked, "running")
    assert labels(asked) == [LOOK_AGAIN, "Developer Portal"]
    harness.sensay.reset_token(harness.sensay.UNCONNECTED)
    pressed = await press(harness, asked)
    assert pressed.followups == []
    assert has_title(harness, asked, Tone.GOOD, "settled")


async def test_a_look_that_fails_is_told_apart(harness: BotHarness) -> None:
    """The error is a message of its own; the answer stays as it was, with its button."""
    await connect_replica(harness)
    asked = await disconnect(harness)
    before = shown(asked)
    harness.sensay.fail(Answer(500, {}))
    pressed = await press(harness, asked)
    assert final(pressed).ephemeral
    assert shown(pressed).startswith(f"❌ {english('problem.server_fault.title', provider='Sensay')}")
    assert shown(asked) == before


async def test_looking_again_is_not_for_everyone(harness: BotHarness) -> None:
    """A member without rights is refused; a manager gets the answer in their own language."""
    await connect_replica(harness)
    asked = await disconnect(harness)
    custom_id = final(asked).components[0]["components"][0]["custom_id"]
    refused = await harness.press(harness.member, final(asked), custom_id)
    assert embed_of(refused).title == NOT_ALLOWED
    harness.locale = PORTUGUESE
    await harness.press(harness.manager, final(asked), custom_id)
    assert has_title(harness, asked, Tone.WARNING, "forgotten")
    assert labels(asked)[0] == harness.texts("sensay.disconnect.look")


# --- the undocumented removal ---


async def test_nothing_undocumented_is_sent_unless_allowed(harness: BotHarness) -> None:
    """Without the operator's switch neither question nor answer mentions a removal, and no DELETE is sent."""
    await connect_replica(harness)
    harness.sensay.removal = 200
    asked = await ask_to_disconnect(harness)
    assert harness.texts("sensay.disconnect.will_try") not in shown(asked)
    await harness.manager.click(final(asked).message, label=labels(asked)[0])
    await press(harness, asked)
    assert len(lines(asked)) == 4
    assert count_removals(harness) == 0


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize(
    ("status", "outcome", "settled"),
    [
        (200, "removed", True),
        (202, "accepted", True),
        (404, "not_found", False),
        (None, "not_found", False),
        (405, "not_allowed", False),
        (500, "failed", False),
        (410, "failed", False),
        (401, "refused", False),
        (429, "refused", False),
    ],
)
async def test_what_became_of_the_guess_is_shown(
    harness: BotHarness, status: int | None, outcome: str, settled: bool
) -> None:
    """Each reply is worded; the record is deleted in any case, and only the list proves the removal."""
    await connect_replica(harness)
    harness.sensay.removal = status
    asked = await disconnect(harness)
    said = lines(asked)[-1]
    if outcome in {"failed", "refused"}:
        key = {500: "server_fault", 410: "unexpected_status", 401: "unauthorized", 429: "rate_limited"}
        why = harness.texts(f"problem.{key[status or 0]}.title", provider="Sensay", status=status or 0)
        assert said == harness.texts(f"sensay.disconnect.removal.{outcome}", why=why)
    else:
        assert said == harness.texts(f"sensay.disconnect.removal.{outcome}")
    assert has_title(harness, asked, *((Tone.GOOD, "settled") if settled else (Tone.WARNING, "forgotten")))
    assert count_removals(harness) == 1
    assert count_records(harness) == 0


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("acted", [True, False])
async def test_a_guess_without_an_answer_is_doubtful(harness: BotHarness, acted: bool) -> None:
    """A connection that breaks leaves the outcome open, and the answer shows what the list says."""
    await connect_replica(harness)
    harness.sensay.removal = 200
    harness.sensay.fail(Reset(after_handling=acted), times=None, path=CREATION)
    asked = await disconnect(harness)
    why = harness.texts("problem.unreachable.title", provider="Sensay")
    assert lines(asked)[-1] == harness.texts("sensay.disconnect.removal.failed", why=why)
    assert says_listed(harness, asked, "gone" if acted else "running")


@pytest.mark.usefixtures("allowed")
async def test_the_guess_is_announced_and_sent_once(harness: BotHarness) -> None:
    """The question and its button announce the request, and neither updates nor Look again repeat it."""
    await connect_replica(harness)
    asked = await ask_to_disconnect(harness)
    assert harness.texts("sensay.disconnect.will_try") in lines(asked)
    assert labels(asked)[0] == english("sensay.disconnect.yes_remove", replica="Job Applications")
    await harness.press_at_once(
        harness.manager, final(asked), *[final(asked).components[0]["components"][0]["custom_id"]] * 2
    )
    assert count_removals(harness) == 1
    await press(harness, asked)
    await harness.env.advance_time(3_600)
    assert count_removals(harness) == 1


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("end", ["keep", "time"])
async def test_who_does_not_confirm_sends_no_guess(harness: BotHarness, end: str) -> None:
    """Where the request is allowed, Sensay is asked nothing before the manager has confirmed."""
    await connect_replica(harness)
    asked = await ask_to_disconnect(harness)
    if end == "keep":
        await harness.manager.click(final(asked).message, label=english("confirm.keep"))
    else:
        await harness.env.advance_time(61)
    assert not harness.sensay.requests
    assert discord.Colour(Tone.QUIET.colour) == embed_of(asked).colour


@pytest.mark.usefixtures("allowed")
async def test_the_watch_goes_on_telling_of_the_guess(harness: BotHarness) -> None:
    """The outcome of the request stays in the message while the rest of it changes."""
    await connect_replica(harness)
    asked = await disconnect(harness)
    harness.sensay.reset_token(harness.sensay.UNCONNECTED)
    await harness.env.advance_time(20)
    assert has_title(harness, asked, Tone.GOOD, "settled")
    not_found = harness.texts("sensay.disconnect.removal.not_found")
    assert lines(asked)[-1] == not_found
