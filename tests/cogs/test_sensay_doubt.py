"""A token to which no good answer came: it is sent once, and the list tells what can be told."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
import simcord

from bot.kit.integration import Verdict
from bot.kit.simulator import Answer, Reset, Slow
from bot.providers.sensay.simulator import APPLICATION_ID
from bot.ui.theme import Tone, card
from tests.cogs.failures import WITHOUT_A_GOOD_ANSWER, Failure
from tests.cogs.handing_over import (
    CREATION,
    LIST,
    TOKEN_WITHOUT_ID,
    Meanwhile,
    choose,
    hand_over,
    propose,
    remembered,
    sent,
)
from tests.cogs.town import PORTUGUESE, Town, embed_of, field, final, labels, only_button, shown

LOOK = "Look again"
TONES = {Verdict.THERE: Tone.GOOD, Verdict.NOT_THERE: Tone.WARNING, Verdict.UNKNOWN: Tone.WARNING}
UNREADABLE = Answer(500, {"error": "later"})
CAN_BE_CARRIED_OUT = [failure for failure in WITHOUT_A_GOOD_ANSWER if not isinstance(failure.fault, Slow)]
"""Those that can strike after Sensay has acted; no deadline passes here while somebody waits for a socket."""


def strike(town: Town, failure: Failure, *, acted: bool) -> None:
    """Let the request with the token fail like this; acted: Sensay has carried it out all the same."""
    if isinstance(failure.fault, Slow):
        api = town.bot.providers["sensay"]._api  # type: ignore[attr-defined]
        api._patience = lambda request: 0 if request.can_do_harm else 8
    town.sensay.fail(replace(failure.fault, after_handling=acted), times=None, path=CREATION)


def says(town: Town, result: simcord.InteractionResult, verdict: Verdict) -> bool:
    """Tell whether an answer gives this verdict: by title, colour, explanation and next step."""
    embed = embed_of(result)
    texts = town.texts
    expected = card(TONES[verdict], texts(f"sensay.connect.{verdict}"))
    return (
        (embed.title, embed.colour) == (expected.title, expected.colour)
        and (embed.description or "").endswith(town.linked(texts(f"sensay.connect.{verdict}_how")))
        and field(result, texts("next_step")) == town.linked(texts(f"sensay.connect.{verdict}_next"))
    )


async def doubt(
    town: Town, replica: str | None = None, token: str | None = None, *, acted: bool = True
) -> simcord.InteractionResult:
    """Hand a token over so that the connection breaks, before or after Sensay has acted."""
    town.sensay.fail(Reset(after_handling=acted), path=CREATION)
    return await hand_over(town, replica, token)


async def unread_doubt(
    town: Town, *, acted: bool = True, token: str | None = None
) -> simcord.InteractionResult:
    """The same, and the list cannot be read afterwards, until the simulator is healed."""
    question = await propose(town, token=token)

    def hide_list() -> None:
        town.sensay.fail(UNREADABLE, times=None, path=LIST)

    town.sensay.fail(Meanwhile(hide_list, Reset(), after_handling=acted), path=CREATION)
    return await choose(town, question, "yes")


async def look(town: Town, result: simcord.InteractionResult) -> simcord.InteractionResult:
    """Press the button that looks into the list once more."""
    label = town.texts("sensay.connect.look")
    return await town.manager.click(final(result).message, label=label)


# --- what is said at once ---


@pytest.mark.parametrize("failure", WITHOUT_A_GOOD_ANSWER, ids=lambda failure: failure.name)
async def test_what_sensay_did_not_carry_out_is_not_there(town: Town, failure: Failure) -> None:
    """Where Sensay never acted, the list shows nothing, nothing is remembered, and a look later is offered.

    What went wrong stands first, with Sensay's own reference where there is one, and no stack trace.
    """
    await town.connect("sensay")
    strike(town, failure, acted=False)
    result = await hand_over(town)
    assert says(town, result, Verdict.NOT_THERE)
    assert final(result).ephemeral
    assert labels(result) == [LOOK]
    assert town.sensay.creations == []
    assert len(sent(town)) <= 1
    assert await remembered(town) == {}
    title = town.texts(f"problem.{failure.key}.title", provider="Sensay", status=failure.status or 0)
    first = town.texts("sensay.connect.doubt", why=title)
    assert (embed_of(result).description or "").splitlines()[0] == first
    reference = None if failure.request_id is None else f"Reference: {failure.request_id}"
    assert embed_of(result).footer.text == reference
    assert "run.ts" not in town.sent_to_discord()


@pytest.mark.parametrize("failure", CAN_BE_CARRIED_OUT, ids=lambda failure: failure.name)
async def test_what_sensay_carried_out_is_there(town: Town, failure: Failure) -> None:
    """Where Sensay acted although no good answer came, the list shows it, and it is remembered; sent once."""
    await town.connect("sensay")
    strike(town, failure, acted=True)
    result = await hand_over(town)
    assert says(town, result, Verdict.THERE)
    assert labels(result) == []
    assert len(town.sensay.creations) == len(sent(town)) == 1
    row = (await remembered(town))[town.sensay.UNCONNECTED]
    assert (row.bot_id, row.placed_by) == (int(APPLICATION_ID), town.manager.id)


@pytest.mark.parametrize("acted", [True, False])
@pytest.mark.parametrize("replica", ["ACTIVE", "INACTIVE", "UNDECIDED"])
async def test_old_and_new_cannot_be_told_apart(town: Town, replica: str, acted: bool) -> None:
    """A replica that was on Discord before is listed either way: nothing is claimed, nothing remembered."""
    await town.connect("sensay")
    result = await doubt(town, getattr(town.sensay, replica), acted=acted)
    assert says(town, result, Verdict.UNKNOWN)
    assert labels(result) == [LOOK]
    assert len(town.sensay.creations) == int(acted)
    assert await remembered(town) == {}
    assert says(town, await look(town, result), Verdict.UNKNOWN)


@pytest.mark.parametrize("acted", [True, False])
async def test_a_list_that_was_unreadable_before_proves_little(town: Town, acted: bool) -> None:
    """Who does not know whether there was a bot before cannot say whose the listed one is; none is none."""
    await town.connect("sensay")
    # With the question, and right before the token goes.
    town.sensay.fail(UNREADABLE, times=2, path=LIST)
    result = await doubt(town, acted=acted)
    verdict = Verdict.UNKNOWN if acted else Verdict.NOT_THERE
    assert says(town, result, verdict)
    assert says(town, await look(town, result), verdict)
    assert await remembered(town) == {}


@pytest.mark.parametrize("acted", [True, False])
async def test_a_list_that_is_unreadable_right_before_proves_little(town: Town, acted: bool) -> None:
    """What was listed when the question was put may have changed until the token goes."""
    await town.connect("sensay")
    question = await propose(town)
    town.sensay.fail(UNREADABLE, path=LIST)
    town.sensay.fail(Reset(after_handling=acted), path=CREATION)
    result = await choose(town, question, "yes")
    verdict = Verdict.UNKNOWN if acted else Verdict.NOT_THERE
    assert says(town, result, verdict)
    assert says(town, await look(town, result), verdict)
    assert await remembered(town) == {}


@pytest.mark.parametrize("acted", [True, False])
async def test_a_list_that_is_unreadable_afterwards_proves_nothing(town: Town, acted: bool) -> None:
    """While the list cannot be read nothing is claimed, and the warning is not to send the token again."""
    await town.connect("sensay")
    result = await unread_doubt(town, acted=acted)
    assert says(town, result, Verdict.UNKNOWN)
    assert "**Do not hand the token over again before you know.**" in field(result, "Next step")
    assert labels(result) == [LOOK]
    assert await remembered(town) == {}


async def test_a_list_without_an_end_proves_nothing(town: Town) -> None:
    """A list that says that there is more than it shows is not taken for the whole."""
    await town.connect("sensay")
    question = await propose(town)
    town.sensay.fail(Reset(), path=CREATION)
    town.sensay.fail(Answer(200, {"items": [], "total": 9}), times=None, path=LIST)
    assert says(town, await choose(town, question, "yes"), Verdict.UNKNOWN)


# --- Look again ---


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("token", [None, TOKEN_WITHOUT_ID])
async def test_a_later_look_finds_it(town: Town, restarted: bool, token: str | None) -> None:
    """Once the list can be read the same message says so, after a restart too, and it is remembered.

    Which bot it is goes with the button, where it was known.
    """
    await town.connect("sensay", "desk")
    result = await unread_doubt(town, token=token)
    if restarted:
        await town.restart()
    town.sensay.heal()
    pressed = await look(town, result)
    assert pressed.followups == []
    assert says(town, result, Verdict.THERE)
    assert labels(result) == []
    row = (await remembered(town))[town.sensay.UNCONNECTED]
    assert (row.connection, row.bot_id) == ("desk", int(APPLICATION_ID) if token is None else None)
    assert len(sent(town)) == 1


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_later_look_finds_what_was_slow_to_appear(town: Town, restarted: bool) -> None:
    """What is not there yet may be there in a while."""
    await town.connect("sensay")
    result = await doubt(town, acted=False)
    if restarted:
        await town.restart()
    listed = {"token": "x", "service_name": None, "is_active": None}
    town.sensay.replicas[town.sensay.UNCONNECTED]["discord_integration"] = listed
    await look(town, result)
    assert says(town, result, Verdict.THERE)
    assert list(await remembered(town)) == [town.sensay.UNCONNECTED]


async def test_what_is_still_not_there_can_be_handed_over_again(town: Town) -> None:
    """After another look that finds nothing the form is offered, and leads through to Sensay."""
    await town.connect("sensay")
    result = await doubt(town, acted=False)
    await look(town, result)
    assert says(town, result, Verdict.NOT_THERE)
    assert labels(result) == [LOOK, "Enter the token again"]
    assert await remembered(town) == {}
    form = await town.manager.click(final(result).message, label="Enter the token again")
    question = await town.manager.submit_modal(form, {"discord_token": town.sensay.discord_token})
    await choose(town, question, "yes")
    assert len(town.sensay.creations) == 1


async def test_what_was_there_before_stays_unknown_after_a_restart(town: Town) -> None:
    """The button itself knows that there was a bot before."""
    await town.connect("sensay")
    result = await doubt(town, town.sensay.ACTIVE)
    await town.restart()
    await look(town, result)
    assert says(town, result, Verdict.UNKNOWN)
    assert labels(result) == [LOOK]
    assert await remembered(town) == {}


async def test_a_look_that_fails_leaves_the_answer_alone(town: Town) -> None:
    """Trouble with the list is told apart from the verdict, which stays, with its button."""
    await town.connect("sensay")
    result = await unread_doubt(town)
    before = shown(result)
    pressed = await look(town, result)
    assert final(pressed).ephemeral
    assert shown(pressed).startswith("❌ Sensay has a fault on its side")
    assert shown(result) == before
    town.sensay.heal()
    await look(town, result)
    assert says(town, result, Verdict.THERE)


async def test_a_look_without_its_connection_is_told(town: Town) -> None:
    """After the connection was removed the button answers with an error of its own."""
    await town.connect("sensay")
    result = await doubt(town, acted=False)
    removal = await town.manager.slash(town.channel, "connections remove", provider="sensay")
    await town.manager.click(final(removal).message, label="Remove Sensay · default")
    assert shown(await look(town, result)).startswith("⚠️ No Sensay connection named default")


async def test_looking_is_not_for_everyone(town: Town) -> None:
    """A member without rights finds out nothing."""
    await town.connect("sensay")
    result = await doubt(town, acted=False)
    town.sensay.requests.clear()
    pressed = await town.press(town.member, final(result), only_button(result)["custom_id"])
    assert embed_of(pressed).title == f"⚠️ {town.texts('problem.not_allowed.manager.title')}"
    assert not town.sensay.requests


async def test_the_verdict_speaks_the_language_of_who_asks(town: Town) -> None:
    """Doubt, verdict and button are in Portuguese for whoever has Discord in Portuguese."""
    await town.connect("sensay")
    town.locale = PORTUGUESE
    result = await doubt(town, acted=False)
    assert says(town, result, Verdict.NOT_THERE)
    assert labels(result) == ["Verificar de novo"]
    await look(town, result)
    assert says(town, result, Verdict.NOT_THERE)


# --- after the act ---


def break_store(town: Town) -> None:
    """Let nothing be remembered any more, nor what was be found."""
    with closing(sqlite3.connect(town.database)) as database, database:
        database.execute("DROP TABLE integration")


@pytest.mark.parametrize("acted", ["with an answer", "without one"])
async def test_trouble_after_the_token_was_sent_offers_no_second_try(town: Town, acted: str) -> None:
    """When our own database fails once Sensay has the token, that is told first; no button sends it again."""
    await town.connect("sensay")
    question = await propose(town)
    answer = Reset() if acted == "without one" else None
    breaking = Meanwhile(lambda: asyncio.to_thread(break_store, town), answer, after_handling=True)
    town.sensay.fail(breaking, path=CREATION)
    result = await choose(town, question, "yes")
    assert len(town.env.errors) == 1
    told, failed = (followup.embeds[0].title for followup in result.followups)
    assert told == f"✅ {town.texts('sensay.connect.done' if answer is None else 'sensay.connect.there')}"
    assert failed == f"❌ {town.texts('problem.unexpected.title')}"
    assert labels(result) == []
    assert len(town.sensay.creations) == 1


async def test_trouble_before_the_token_is_sent_keeps_it_here(town: Town) -> None:
    """When our own database fails before, nothing is sent, and the form is offered again."""
    await town.connect("sensay")
    question = await propose(town)
    break_store(town)
    result = await choose(town, question, "yes")
    assert len(town.env.errors) == 1
    assert shown(result).startswith("❌ Something went wrong on my side")
    assert labels(result) == ["Enter the token again"]
    assert sent(town) == []
