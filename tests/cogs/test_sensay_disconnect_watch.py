"""After `/sensay disconnect`: the message that follows what Sensay lists, and the undocumented removal."""

import io
import sqlite3
from contextlib import closing

import discord
import pytest
import simcord

from bot.kit.simulator import Answer, Reset
from bot.ui.theme import Tone
from tests.cogs.handing_over import CREATION, hand_over
from tests.cogs.test_authority import NOT_ALLOWED
from tests.cogs.test_sensay_disconnect import (
    LOOK,
    PAUSES,
    allowed,
    ask,
    connected,
    forget,
    listed,
    looks,
    removals,
    rows,
    says,
)
from tests.cogs.town import PORTUGUESE, Town, embed_of, field, final, labels, shown

__all__ = ["allowed"]

DISMISSED = {"status": 404, "code": 10008, "message": "Unknown Message"}


async def press(town: Town, asked: simcord.InteractionResult) -> simcord.InteractionResult:
    """Press the button that looks again."""
    return await town.manager.click(final(asked).message, label=town.texts("sensay.disconnect.look"))


def unlist(town: Town) -> None:
    """Let Sensay list no Discord bot for the replica any more."""
    town.sensay.replicas[town.sensay.UNCONNECTED]["discord_integration"] = None


# --- the watch ---


@pytest.mark.parametrize("locale", ["en-US", "pt-BR"])
@pytest.mark.parametrize("state", ["stopped", "gone"])
async def test_the_message_changes_when_the_bot_stops(town: Town, state: str, locale: str) -> None:
    """Some time after the token was reset the same message says that it is done, and the watch is over."""
    await connected(town)
    town.locale = locale
    asked = await forget(town)
    await town.env.advance_time(20)
    assert listed(town, asked, "running")
    if state == "stopped":
        town.sensay.reset_token(town.sensay.UNCONNECTED)
    else:
        unlist(town)
    await town.env.advance_time(39)
    assert says(town, asked, Tone.WARNING, "forgotten")
    await town.env.advance_time(1)
    assert says(town, asked, Tone.GOOD, "settled")
    assert embed_of(asked).description == town.texts("sensay.disconnect.settled_how")
    assert listed(town, asked, state)
    assert "</sensay connect:" in field(asked, town.texts("next_step"))
    assert labels(asked) == ["Developer Portal"]
    before = looks(town)
    await town.env.advance_time(3_600)
    assert looks(town) == before


async def test_the_watch_ends_after_twelve_minutes(town: Town) -> None:
    """It looks less and less often, six times in all, and then no more; the button stays."""
    await connected(town)
    asked = await forget(town)
    assert looks(town) == 1
    for number, pause in enumerate(PAUSES, 1):
        await town.env.advance_time(pause - 1)
        assert looks(town) == number
        await town.env.advance_time(1)
        assert looks(town) == number + 1
    assert sum(PAUSES) == 12 * 60
    await town.env.advance_time(3_600)
    assert looks(town) == len(PAUSES) + 1
    assert listed(town, asked, "running")
    town.sensay.reset_token(town.sensay.UNCONNECTED)
    await press(town, asked)
    assert says(town, asked, Tone.GOOD, "settled")


@pytest.mark.parametrize("fault", [Answer(500, {}), Answer(401, {}), Answer.html(200), Reset()], ids=repr)
async def test_a_look_that_fails_does_not_end_the_watch(town: Town, fault: Answer) -> None:
    """Trouble in between is nothing that the message tells, and the next look finds what there is."""
    await connected(town)
    asked = await forget(town)
    before = shown(asked)
    town.sensay.reset_token(town.sensay.UNCONNECTED)
    town.sensay.fail(fault, times=None)
    await town.env.advance_time(20)
    assert shown(asked) == before
    town.sensay.heal()
    await town.env.advance_time(40)
    assert says(town, asked, Tone.GOOD, "settled")


async def test_a_state_that_sensay_leaves_open_is_watched_on(town: Town) -> None:
    """Neither active nor inactive is no end."""
    await connected(town)
    integration = town.sensay.replicas[town.sensay.UNCONNECTED]["discord_integration"]
    integration["is_active"] = None
    asked = await forget(town)
    assert listed(town, asked, "unsure")
    integration["is_active"] = False
    await town.env.advance_time(20)
    assert listed(town, asked, "stopped")


async def test_a_message_that_was_dismissed_is_not_watched(town: Town) -> None:
    """When there is nothing left to change nobody looks any more."""
    await connected(town)
    await forget(town)
    town.env.inject_error("PATCH", "/webhooks/*", times=None, **DISMISSED)  # type: ignore[arg-type]
    await town.env.advance_time(20)
    assert looks(town) == 2
    await town.env.advance_time(3_600)
    assert looks(town) == 2


async def test_a_hiccup_of_discords_does_not_end_the_watch(town: Town) -> None:
    """A change that Discord did not take once is made with the next look."""
    await connected(town)
    asked = await forget(town)
    town.sensay.reset_token(town.sensay.UNCONNECTED)
    town.env.inject_error("PATCH", "/webhooks/*", status=403)
    await town.env.advance_time(20)
    assert says(town, asked, Tone.WARNING, "forgotten")
    await town.env.advance_time(40)
    assert says(town, asked, Tone.GOOD, "settled")


async def test_a_connection_that_is_removed_meanwhile_breaks_nothing(town: Town) -> None:
    """The watch finds nothing to look with, and the message stays as it was."""
    await connected(town)
    asked = await forget(town)
    before = shown(asked)
    removal = await town.manager.slash(town.channel, "connections remove", provider="sensay")
    await town.manager.click(final(removal).message, label="Remove Sensay · default")
    await town.env.advance_time(3_600)
    assert shown(asked) == before


async def test_a_failure_of_our_own_does_not_end_the_watch(town: Town, log: io.StringIO) -> None:
    """Whatever goes wrong in a look is logged, and the next one is made all the same."""
    await connected(town)
    asked = await forget(town)
    town.sensay.reset_token(town.sensay.UNCONNECTED)
    for name, new_name in (("connection", "away"), ("away", "connection")):
        with closing(sqlite3.connect(town.database)) as database, database:
            database.execute(f"ALTER TABLE {name} RENAME TO {new_name}")
        before = log.getvalue().count("look_failed")
        await town.env.advance_time(PAUSES[0] if new_name == "away" else PAUSES[1])
        assert log.getvalue().count("look_failed") - before == (new_name == "away")
    assert says(town, asked, Tone.GOOD, "settled")


async def test_other_credentials_do_not_make_it_stopped(town: Town) -> None:
    """After a rotation to another user's credentials the list has the replica no more; its bot still runs."""
    form = await town.open_form("add", "sensay")
    await town.manager.submit_modal(form, {**town.sensay.credentials, "user_id": town.sensay.OWNER})
    await hand_over(town)
    asked = await forget(town)
    assert listed(town, asked, "running")
    form = await town.open_form("rotate", "sensay", "default")
    await town.manager.submit_modal(form, {**town.sensay.credentials, "user_id": town.sensay.NEWCOMER})
    await town.env.advance_time(PAUSES[0])
    assert says(town, asked, Tone.WARNING, "forgotten")
    assert listed(town, asked, "not_ours")


# --- connected again ---


async def again(town: Town, asked: simcord.InteractionResult) -> bool:
    """Tell whether an answer says, in full, that the replica was connected again."""
    return (
        says(town, asked, Tone.INFO, "again")
        and embed_of(asked).description == town.texts("sensay.disconnect.again_how")
        and field(asked, town.texts("next_step")) == town.linked(town.texts("sensay.disconnect.again_next"))
        and labels(asked) == ["Developer Portal"]
    )


@pytest.mark.parametrize("locale", ["en-US", PORTUGUESE])
async def test_connecting_again_ends_the_watch(town: Town, locale: str) -> None:
    """The bot that is listed now is wanted: nobody is told to reset its token, nor that it has stopped."""
    await connected(town)
    town.locale = locale
    asked = await forget(town)
    await hand_over(town)
    assert says(town, asked, Tone.WARNING, "forgotten")
    await town.env.advance_time(PAUSES[0])
    assert await again(town, asked)
    assert listed(town, asked, "running")
    town.sensay.reset_token(town.sensay.UNCONNECTED)
    before = looks(town)
    await town.env.advance_time(3_600)
    assert looks(town) == before
    assert await again(town, asked)
    assert rows(town) == 1


async def test_looking_again_sees_that_it_was_connected_again(town: Town) -> None:
    """So does the button, after a restart too."""
    await connected(town)
    asked = await forget(town)
    await town.restart()
    await hand_over(town)
    await press(town, asked)
    assert await again(town, asked)


# --- Look again ---


@pytest.mark.parametrize("restarted", [False, True])
async def test_looking_again_renews_the_message(town: Town, restarted: bool) -> None:
    """The button asks Sensay once and says what it lists, after a restart too, which ends the watch."""
    await connected(town)
    asked = await forget(town)
    if restarted:
        await town.restart()
        town.sensay.requests.clear()
        await town.env.advance_time(3_600)
        assert looks(town) == 0
    town.sensay.requests.clear()
    await press(town, asked)
    assert looks(town) == 1
    assert listed(town, asked, "running")
    assert labels(asked) == [LOOK, "Developer Portal"]
    town.sensay.reset_token(town.sensay.UNCONNECTED)
    pressed = await press(town, asked)
    assert pressed.followups == []
    assert says(town, asked, Tone.GOOD, "settled")


async def test_a_look_that_fails_is_told_apart(town: Town) -> None:
    """An error is a message of its own; what was there stays, with its button."""
    await connected(town)
    asked = await forget(town)
    before = shown(asked)
    town.sensay.fail(Answer(500, {}))
    pressed = await press(town, asked)
    assert final(pressed).ephemeral
    assert shown(pressed).startswith("❌ Sensay has a fault on its side")
    assert shown(asked) == before


async def test_looking_again_is_not_for_everyone(town: Town) -> None:
    """A member without rights finds out nothing; a manager gets the answer in their own language."""
    await connected(town)
    asked = await forget(town)
    custom_id = final(asked).components[0]["components"][0]["custom_id"]
    refused = await town.press(town.member, final(asked), custom_id)
    assert embed_of(refused).title == NOT_ALLOWED
    town.locale = PORTUGUESE
    await town.press(town.manager, final(asked), custom_id)
    assert says(town, asked, Tone.WARNING, "forgotten")
    assert labels(asked)[0] == town.texts("sensay.disconnect.look")


# --- the undocumented removal ---


async def test_nothing_undocumented_is_sent_unless_allowed(town: Town) -> None:
    """Without the operator's switch neither question nor outcome speaks of it, and no DELETE is sent."""
    await connected(town)
    town.sensay.removal = 200
    asked = await ask(town)
    assert town.texts("sensay.disconnect.will_try") not in shown(asked)
    await town.manager.click(final(asked).message, label=labels(asked)[0])
    await press(town, asked)
    assert town.texts("sensay.disconnect.guess") not in shown(asked)
    assert removals(town) == 0


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
    town: Town, status: int | None, outcome: str, settled: bool
) -> None:
    """Each answer is named for what it is; the record goes in any case, and the list alone settles it."""
    await connected(town)
    town.sensay.removal = status
    asked = await forget(town)
    said = field(asked, town.texts("sensay.disconnect.guess"))
    if outcome in {"failed", "refused"}:
        key = {500: "server_fault", 410: "unexpected_status", 401: "unauthorized", 429: "rate_limited"}
        why = town.texts(f"problem.{key[status or 0]}.title", provider="Sensay", status=status or 0)
        assert said == town.texts(f"sensay.disconnect.removal.{outcome}", why=why)
    else:
        assert said == town.texts(f"sensay.disconnect.removal.{outcome}")
    assert says(town, asked, *((Tone.GOOD, "settled") if settled else (Tone.WARNING, "forgotten")))
    assert removals(town) == 1
    assert rows(town) == 0


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("acted", [True, False])
async def test_a_guess_without_an_answer_is_doubtful(town: Town, acted: bool) -> None:
    """A connection that breaks leaves open whether it worked; the list says what can be said."""
    await connected(town)
    town.sensay.removal = 200
    town.sensay.fail(Reset(after_handling=acted), times=None, path=CREATION)
    asked = await forget(town)
    why = town.texts("problem.unreachable.title", provider="Sensay")
    assert field(asked, town.texts("sensay.disconnect.guess")) == town.texts(
        "sensay.disconnect.removal.failed", why=why
    )
    assert listed(town, asked, "gone" if acted else "running")


@pytest.mark.usefixtures("allowed")
async def test_the_guess_is_announced_and_sent_once(town: Town) -> None:
    """The question tells of it beforehand, its button too, and neither watch nor Look again repeats it."""
    await connected(town)
    asked = await ask(town)
    assert town.texts("sensay.disconnect.will_try") in field(asked, "What I do when you confirm")
    assert labels(asked)[0] == "Remove and forget Job Applications"
    await town.press_at_once(
        town.manager, final(asked), *[final(asked).components[0]["components"][0]["custom_id"]] * 2
    )
    assert removals(town) == 1
    await press(town, asked)
    await town.env.advance_time(3_600)
    assert removals(town) == 1


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("end", ["keep", "time"])
async def test_who_does_not_confirm_sends_no_guess(town: Town, end: str) -> None:
    """Also where it is allowed, nothing is asked of Sensay before the manager has confirmed."""
    await connected(town)
    asked = await ask(town)
    if end == "keep":
        await town.manager.click(final(asked).message, label="Keep it")
    else:
        await town.env.advance_time(61)
    assert not town.sensay.requests
    assert discord.Colour(Tone.QUIET.colour) == embed_of(asked).colour


@pytest.mark.usefixtures("allowed")
async def test_the_watch_goes_on_telling_of_the_guess(town: Town) -> None:
    """What became of the request stays in the message while the rest of it changes."""
    await connected(town)
    asked = await forget(town)
    town.sensay.reset_token(town.sensay.UNCONNECTED)
    await town.env.advance_time(20)
    assert says(town, asked, Tone.GOOD, "settled")
    not_found = town.texts("sensay.disconnect.removal.not_found")
    assert field(asked, town.texts("sensay.disconnect.guess")) == not_found
