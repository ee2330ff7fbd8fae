"""A token to which no good answer came: it is sent once, and the list tells what can be told."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
import simcord

from bot.providers.base.outcome import LookupResult
from bot.providers.base.simulator import Answer, Reset, Slow
from bot.providers.sensay.simulated_organization import APPLICATION_ID
from tests.support.english import english
from tests.support.failures import WITHOUT_A_GOOD_ANSWER, Failure
from tests.support.handover_doubt import UNREADABLE, look, shows_result, unread_doubt
from tests.support.handover_steps import (
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
from tests.support.harness import (
    PORTUGUESE,
    BotHarness,
    buttons,
    embed_of,
    field,
    final,
    labels,
    only_button,
    shown,
)

LOOK = english("sensay.connect.look")
CAN_BE_CARRIED_OUT = [failure for failure in WITHOUT_A_GOOD_ANSWER if not isinstance(failure.fault, Slow)]
"""Those that can strike after Sensay has acted; no deadline passes here while somebody waits for a socket."""


def strike(harness: BotHarness, failure: Failure, *, acted: bool) -> None:
    """Let the request with the token fail like this; acted: Sensay has carried it out all the same."""
    if isinstance(failure.fault, Slow):
        harness.expire_provider_deadlines(lambda request: request.can_do_harm)
    harness.sensay.fail(replace(failure.fault, after_handling=acted), times=None, path=CREATION)


async def doubt(
    harness: BotHarness, replica: str | None = None, token: str | None = None, *, acted: bool = True
) -> simcord.InteractionResult:
    """Hand a token over so that the connection breaks, before or after Sensay has acted."""
    harness.sensay.fail(Reset(after_handling=acted), path=CREATION)
    return await hand_over(harness, replica, token)


# --- what is said at once ---


@pytest.mark.parametrize("failure", WITHOUT_A_GOOD_ANSWER, ids=lambda failure: failure.name)
async def test_what_sensay_did_not_carry_out_is_not_there(harness: BotHarness, failure: Failure) -> None:
    """Where Sensay never acted, the list shows nothing, nothing is remembered, and a look later is offered.

    What went wrong stands first, with Sensay's own reference where there is one, and no stack trace.
    """
    await harness.connect("sensay")
    strike(harness, failure, acted=False)
    result = await hand_over(harness)
    assert shows_result(harness, result, LookupResult.NOT_THERE)
    assert final(result).ephemeral
    assert labels(result) == [LOOK]
    assert harness.sensay.creations == []
    assert len(sent(harness)) <= 1
    assert await remembered(harness) == {}
    title = harness.texts(f"problem.{failure.key}.title", provider="Sensay", status=failure.status or 0)
    first = harness.texts("sensay.connect.doubt", why=title)
    assert (embed_of(result).description or "").splitlines()[0] == first
    assert (embed_of(result).footer.text or "") == failure.footer
    assert "run.ts" not in harness.sent_to_discord()


@pytest.mark.parametrize("failure", CAN_BE_CARRIED_OUT, ids=lambda failure: failure.name)
async def test_what_sensay_carried_out_is_there(harness: BotHarness, failure: Failure) -> None:
    """Where Sensay acted although no good answer came, the list shows it, and it is remembered; sent once."""
    await harness.connect("sensay")
    strike(harness, failure, acted=True)
    result = await hand_over(harness)
    assert shows_result(harness, result, LookupResult.THERE)
    assert labels(result) == []
    assert len(harness.sensay.creations) == len(sent(harness)) == 1
    row = (await remembered(harness))[harness.sensay.UNCONNECTED]
    assert (row.bot_id, row.placed_by) == (int(APPLICATION_ID), harness.manager.id)


@pytest.mark.parametrize("acted", [True, False])
@pytest.mark.parametrize("replica", ["ACTIVE", "INACTIVE", "UNDECIDED"])
async def test_old_and_new_cannot_be_told_apart(harness: BotHarness, replica: str, acted: bool) -> None:
    """A replica that was on Discord before is listed either way: nothing is claimed, nothing remembered."""
    await harness.connect("sensay")
    result = await doubt(harness, getattr(harness.sensay, replica), acted=acted)
    assert shows_result(harness, result, LookupResult.UNKNOWN)
    assert labels(result) == [LOOK]
    assert len(harness.sensay.creations) == int(acted)
    assert await remembered(harness) == {}
    assert shows_result(harness, await look(harness, result), LookupResult.UNKNOWN)


@pytest.mark.parametrize("acted", [True, False])
async def test_a_list_that_was_unreadable_before_proves_little(harness: BotHarness, acted: bool) -> None:
    """Who does not know whether there was a bot before cannot say whose the listed one is; none is none."""
    await harness.connect("sensay")
    # With the question, and right before the token goes.
    harness.sensay.fail(UNREADABLE, times=2, path=LIST)
    result = await doubt(harness, acted=acted)
    expected = LookupResult.UNKNOWN if acted else LookupResult.NOT_THERE
    assert shows_result(harness, result, expected)
    assert shows_result(harness, await look(harness, result), expected)
    assert await remembered(harness) == {}


@pytest.mark.parametrize("acted", [True, False])
async def test_a_list_that_is_unreadable_right_before_proves_little(harness: BotHarness, acted: bool) -> None:
    """What was listed when the question was put may have changed until the token goes."""
    await harness.connect("sensay")
    question = await propose(harness)
    harness.sensay.fail(UNREADABLE, path=LIST)
    harness.sensay.fail(Reset(after_handling=acted), path=CREATION)
    result = await choose(harness, question, "yes")
    expected = LookupResult.UNKNOWN if acted else LookupResult.NOT_THERE
    assert shows_result(harness, result, expected)
    assert shows_result(harness, await look(harness, result), expected)
    assert await remembered(harness) == {}


@pytest.mark.parametrize("acted", [True, False])
async def test_a_list_that_is_unreadable_afterwards_proves_nothing(harness: BotHarness, acted: bool) -> None:
    """While the list cannot be read nothing is claimed, and the warning is not to send the token again."""
    await harness.connect("sensay")
    result = await unread_doubt(harness, acted=acted)
    assert shows_result(harness, result, LookupResult.UNKNOWN)
    assert "**Don't send the token again yet.**" in field(result, "Next step")
    assert labels(result) == [LOOK]
    assert await remembered(harness) == {}


async def test_a_list_without_an_end_proves_nothing(harness: BotHarness) -> None:
    """A list that says that there is more than it shows is not taken for the whole."""
    await harness.connect("sensay")
    question = await propose(harness)
    harness.sensay.fail(Reset(), path=CREATION)
    harness.sensay.fail(Answer(200, {"items": [], "total": 9}), times=None, path=LIST)
    assert shows_result(harness, await choose(harness, question, "yes"), LookupResult.UNKNOWN)


# --- Look again ---


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("token", [None, TOKEN_WITHOUT_ID])
async def test_a_later_look_finds_it(harness: BotHarness, restarted: bool, token: str | None) -> None:
    """Once the list can be read the same message says so, after a restart too, and it is remembered.

    Which bot it is goes with the button, where it was known.
    """
    await harness.connect("sensay", "desk")
    result = await unread_doubt(harness, token=token)
    if restarted:
        await harness.restart()
    harness.sensay.heal()
    pressed = await look(harness, result)
    assert pressed.followups == []
    assert shows_result(harness, result, LookupResult.THERE)
    assert labels(result) == []
    row = (await remembered(harness))[harness.sensay.UNCONNECTED]
    assert (row.connection, row.bot_id) == ("desk", int(APPLICATION_ID) if token is None else None)
    assert len(sent(harness)) == 1


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_later_look_finds_what_was_slow_to_appear(harness: BotHarness, restarted: bool) -> None:
    """What is not there yet may be there in a while."""
    await harness.connect("sensay")
    result = await doubt(harness, acted=False)
    if restarted:
        await harness.restart()
    listed = {"token": "x", "service_name": None, "is_active": None}
    harness.sensay.replicas[harness.sensay.UNCONNECTED]["discord_integration"] = listed
    await look(harness, result)
    assert shows_result(harness, result, LookupResult.THERE)
    assert list(await remembered(harness)) == [harness.sensay.UNCONNECTED]


async def test_looking_again_and_again_does_not_fill_the_log(harness: BotHarness) -> None:
    """What was found is written once, however often the message is asked, and with a clock that is behind."""
    await harness.connect("sensay")
    integrations = harness.bot.services.integrations
    integrations._clock = lambda: harness.env.now().timestamp() - 3600
    result = await unread_doubt(harness)
    message, button = final(result), buttons(result)[0]["custom_id"]
    harness.sensay.heal()
    components = [{"type": 1, "components": [{"type": 2, "custom_id": button, "label": LOOK, "style": 1}]}]
    for _ in range(4):
        harness.env.backend.get_message(message.channel_id, message.id).components = components
        await harness.press(harness.manager, message, button)
    entries, _ = await harness.bot.services.audit.export(harness.guild.id)
    assert [each.result for each in entries if each.action == "sensay.connect"] == [
        "begun",
        "unknown",
        "done",
    ]


async def test_what_is_still_not_there_can_be_handed_over_again(harness: BotHarness) -> None:
    """After another look that finds nothing the form is offered, and leads through to Sensay."""
    await harness.connect("sensay")
    result = await doubt(harness, acted=False)
    await look(harness, result)
    assert shows_result(harness, result, LookupResult.NOT_THERE)
    assert labels(result) == [LOOK, english("sensay.connect.button")]
    assert await remembered(harness) == {}
    form = await harness.manager.click(final(result).message, label=english("sensay.connect.button"))
    question = await harness.manager.submit_modal(form, {"discord_token": harness.sensay.discord_token})
    await choose(harness, question, "yes")
    assert len(harness.sensay.creations) == 1


async def test_what_was_there_before_stays_unknown_after_a_restart(harness: BotHarness) -> None:
    """The button itself knows that there was a bot before."""
    await harness.connect("sensay")
    result = await doubt(harness, harness.sensay.ACTIVE)
    await harness.restart()
    await look(harness, result)
    assert shows_result(harness, result, LookupResult.UNKNOWN)
    assert labels(result) == [LOOK]
    assert await remembered(harness) == {}


async def test_a_look_that_fails_leaves_the_answer_alone(harness: BotHarness) -> None:
    """Trouble with the list is told apart from the result, which stays, with its button."""
    await harness.connect("sensay")
    result = await unread_doubt(harness)
    before = shown(result)
    pressed = await look(harness, result)
    assert final(pressed).ephemeral
    assert shown(pressed).startswith(f"❌ {english('problem.server_fault.title', provider='Sensay')}")
    assert shown(result) == before
    harness.sensay.heal()
    await look(harness, result)
    assert shows_result(harness, result, LookupResult.THERE)


async def test_a_look_without_its_connection_is_told(harness: BotHarness) -> None:
    """After the connection was removed the button answers with an error of its own."""
    await harness.connect("sensay")
    result = await doubt(harness, acted=False)
    removal = await harness.manager.slash(harness.channel, "connections remove", provider="sensay")
    await harness.manager.click(final(removal).message, label="Remove Sensay · default")
    assert shown(await look(harness, result)).startswith(
        f"⚠️ {english('problem.no_such_connection.title', provider='Sensay', name='default')}"
    )


async def test_looking_is_not_for_everyone(harness: BotHarness) -> None:
    """A member without rights finds out nothing."""
    await harness.connect("sensay")
    result = await doubt(harness, acted=False)
    harness.sensay.requests.clear()
    pressed = await harness.press(harness.member, final(result), only_button(result)["custom_id"])
    assert embed_of(pressed).title == f"⚠️ {harness.texts('problem.not_allowed.manager.title')}"
    assert not harness.sensay.requests


async def test_the_result_speaks_the_language_of_who_asks(harness: BotHarness) -> None:
    """Doubt, result and button are in Portuguese for whoever has Discord in Portuguese."""
    await harness.connect("sensay")
    harness.locale = PORTUGUESE
    result = await doubt(harness, acted=False)
    assert shows_result(harness, result, LookupResult.NOT_THERE)
    assert labels(result) == ["Verificar de novo"]
    await look(harness, result)
    assert shows_result(harness, result, LookupResult.NOT_THERE)


# --- after the act ---


def break_store(harness: BotHarness) -> None:
    """Let nothing be remembered any more, nor what was be found."""
    with closing(sqlite3.connect(harness.database)) as database, database:
        database.execute("DROP TABLE integration")


@pytest.mark.parametrize("acted", ["with an answer", "without one"])
async def test_trouble_after_the_token_was_sent_offers_no_second_try(harness: BotHarness, acted: str) -> None:
    """When our own database fails once Sensay has the token, that is told first; no button sends it again."""
    await harness.connect("sensay")
    question = await propose(harness)
    answer = Reset() if acted == "without one" else None
    breaking = Meanwhile(lambda: asyncio.to_thread(break_store, harness), answer, after_handling=True)
    harness.sensay.fail(breaking, path=CREATION)
    result = await choose(harness, question, "yes")
    assert len(harness.env.errors) == 1
    told, failed = (followup.embeds[0].title for followup in result.followups)
    assert told == f"✅ {harness.texts('sensay.connect.done' if answer is None else 'sensay.connect.there')}"
    assert failed == f"❌ {harness.texts('problem.unexpected.title')}"
    assert labels(result) == []
    assert len(harness.sensay.creations) == 1


async def test_trouble_before_the_token_is_sent_keeps_it_here(harness: BotHarness) -> None:
    """When our own database fails before, nothing is sent, and the form is offered again."""
    await harness.connect("sensay")
    question = await propose(harness)
    break_store(harness)
    result = await choose(harness, question, "yes")
    assert len(harness.env.errors) == 1
    assert shown(result).startswith(f"❌ {english('problem.unexpected.title')}")
    assert labels(result) == [english("sensay.connect.button")]
    assert sent(harness) == []
