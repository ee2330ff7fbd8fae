"""A bot token to which Toolzz gave no good answer: sent once, and the unit's list tells what can be told."""

import sqlite3
from contextlib import closing
from typing import Any

import discord
import pytest
import simcord

from bot.discord.theme import Tone, card
from bot.providers.base.outcome import LookupResult
from bot.providers.base.simulator import Answer, Reset, Slow
from bot.providers.toolzz.simulated_unit import APPLICATION_ID, integration
from tests.support.authority import NOT_ALLOWED
from tests.support.english import english
from tests.support.failures import WITHOUT_A_GOOD_ANSWER, Failure
from tests.support.harness import PORTUGUESE, BotHarness, buttons, embed_of, field, final, labels, shown
from tests.support.toolzz_steps import (
    LIST,
    TITLE,
    Later,
    choose,
    fill_in,
    move_here,
    propose,
    put_in,
    remembered,
    sent,
    strike,
)

LOOK = english("toolzz.connect.look")
AGAIN = english("toolzz.connect.button")
CHOOSE = english("toolzz.connect.candidates")
TONES = {
    LookupResult.THERE: Tone.GOOD,
    LookupResult.NOT_THERE: Tone.WARNING,
    LookupResult.UNKNOWN: Tone.WARNING,
}
UNREADABLE = Answer(500, {"error": "later"})
CAN_BE_CARRIED_OUT = [failure for failure in WITHOUT_A_GOOD_ANSWER if not isinstance(failure.fault, Slow)]
"""Those that can strike after Toolzz has acted; no deadline passes here while somebody waits for a socket."""


def shows_result(harness: BotHarness, answer: simcord.InteractionResult, result: LookupResult) -> bool:
    """Tell whether an answer shows this result of a look: by title, colour and explanation."""
    embed = embed_of(answer)
    expected = card(TONES[result], harness.texts(f"toolzz.connect.{result}"))
    explained = harness.linked(harness.texts(f"toolzz.connect.{result}_how"))
    return (embed.title, embed.colour) == (expected.title, expected.colour) and (
        embed.description or ""
    ).endswith(explained)


async def doubt(harness: BotHarness, agent: str | None = None, *, acted: bool) -> simcord.InteractionResult:
    """Hand a token over so that the connection breaks; the agent is by default one that is not here yet."""
    strike(harness, "POST", Reset(), acted=acted)
    return await put_in(harness, agent or harness.toolzz.RESTING_AGENT)


async def unread_doubt(harness: BotHarness, agent: str | None = None) -> simcord.InteractionResult:
    """Let Toolzz act before the connection breaks; the list cannot be read until the simulator is healed."""
    question = await propose(harness, agent or harness.toolzz.RESTING_AGENT)
    strike(harness, "POST", Reset(), acted=True)
    harness.toolzz.fail(Later(UNREADABLE), times=None, path=LIST)
    return await choose(harness, question, "yes")


async def look(harness: BotHarness, result: simcord.InteractionResult) -> simcord.InteractionResult:
    """Press the button that looks into the list once more."""
    return await harness.manager.click(final(result).message, label=harness.texts("toolzz.connect.look"))


def selects(result: simcord.InteractionResult) -> list[dict[str, Any]]:
    """Return the menus of the final answer."""
    return [item for item in buttons(result) if "options" in item]


def somebody_creates(
    harness: BotHarness, uuid: str, agent: str, title: str = TITLE, **differences: object
) -> None:
    """Let the unit have one integration more of the agent in this server."""
    harness.toolzz.integrations[uuid] = integration(
        uuid, title, botId=agent, guildId=str(harness.guild.id), **differences
    )


# --- what is said at once ---


@pytest.mark.parametrize("failure", WITHOUT_A_GOOD_ANSWER, ids=lambda failure: failure.name)
async def test_what_toolzz_did_not_carry_out_is_not_there(harness: BotHarness, failure: Failure) -> None:
    """Where Toolzz never acted, nothing is new, nothing is remembered, and a look later is offered."""
    await harness.connect("toolzz")
    strike(harness, "POST", failure.fault)
    result = await put_in(harness)
    assert shows_result(harness, result, LookupResult.NOT_THERE)
    assert final(result).ephemeral
    assert labels(result) == [LOOK]
    assert harness.toolzz.creations == []
    assert len(sent(harness)) <= 1
    assert await remembered(harness) == {}
    title = harness.texts(f"problem.{failure.key}.title", provider="Toolzz", status=failure.status or 0)
    first = harness.texts("toolzz.connect.doubt", why=title)
    assert (embed_of(result).description or "").splitlines()[0] == first
    assert (embed_of(result).footer.text or "") == failure.footer
    assert "run.ts" not in harness.sent_to_discord()


@pytest.mark.parametrize("failure", CAN_BE_CARRIED_OUT, ids=lambda failure: failure.name)
async def test_what_toolzz_carried_out_is_there(harness: BotHarness, failure: Failure) -> None:
    """Where Toolzz acted although no good answer came, the list shows it, and it is remembered; sent once.

    That other ones of the same agent were here before does not matter: their ids are known.
    """
    await harness.connect("toolzz")
    move_here(harness)
    strike(harness, "POST", failure.fault, acted=True)
    result = await put_in(harness)
    assert shows_result(harness, result, LookupResult.THERE)
    assert f"**{TITLE}**" in field(result, english("toolzz.connect.found"))
    assert labels(result) == []
    assert len(harness.toolzz.creations) == len(sent(harness)) == 1
    (row,) = (await remembered(harness)).values()
    assert row.id == list(harness.toolzz.integrations)[-1]
    assert (row.label, row.bot_id, row.placed_by) == (TITLE, int(APPLICATION_ID), harness.manager.id)


async def test_a_list_that_was_unreadable_before_proves_nothing(harness: BotHarness) -> None:
    """Who does not know what was there before cannot say what is new: nothing is claimed or remembered."""
    await harness.connect("toolzz")
    question = await propose(harness, harness.toolzz.RESTING_AGENT)
    harness.toolzz.fail(UNREADABLE, path=LIST)
    strike(harness, "POST", Reset(), acted=True)
    result = await choose(harness, question, "yes")
    assert shows_result(harness, result, LookupResult.UNKNOWN)
    assert "**Don't send the token again yet.**" in field(result, "Next step")
    assert labels(result) == [LOOK]
    assert await remembered(harness) == {}


async def test_a_list_that_is_unreadable_afterwards_proves_nothing(harness: BotHarness) -> None:
    """While the list cannot be read nothing is claimed."""
    await harness.connect("toolzz")
    result = await unread_doubt(harness)
    assert shows_result(harness, result, LookupResult.UNKNOWN)
    assert labels(result) == [LOOK]
    assert await remembered(harness) == {}


async def test_who_was_faster_keeps_the_token_here(harness: BotHarness) -> None:
    """An integration of the same agent that appears while the question stands stops the token."""
    await harness.connect("toolzz")
    question = await propose(harness, harness.toolzz.RESTING_AGENT)
    somebody_creates(harness, "made-meanwhile", harness.toolzz.RESTING_AGENT)
    refused = await choose(harness, question, "yes")
    assert shown(refused).startswith(f"⚠️ {english('problem.invalid_input.agent_meanwhile.title')}")
    assert labels(refused) == [AGAIN]
    assert sent(harness) == []


# --- Look again ---


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_later_look_finds_it(harness: BotHarness, restarted: bool) -> None:
    """The first integration of an agent in this server is the new one, after a restart too."""
    await harness.connect("toolzz", "desk")
    result = await unread_doubt(harness)
    if restarted:
        await harness.restart()
    harness.toolzz.heal()
    pressed = await look(harness, result)
    assert pressed.followups == []
    assert shows_result(harness, result, LookupResult.THERE)
    assert labels(result) == []
    (row,) = (await remembered(harness)).values()
    assert (row.connection, row.label, row.bot_id) == ("desk", TITLE, int(APPLICATION_ID))
    assert len(sent(harness)) == 1


async def test_what_is_still_not_there_can_be_handed_over_again(harness: BotHarness) -> None:
    """After another look that finds nothing the form is offered, and leads through to Toolzz."""
    await harness.connect("toolzz")
    result = await doubt(harness, acted=False)
    await look(harness, result)
    assert shows_result(harness, result, LookupResult.NOT_THERE)
    assert labels(result) == [LOOK, AGAIN]
    harness.toolzz.heal()
    form = await harness.manager.click(final(result).message, label=AGAIN)
    await choose(harness, await fill_in(harness, form), "yes")
    assert len(harness.toolzz.creations) == 1


@pytest.mark.parametrize("restarted", [False, True])
async def test_of_several_the_manager_says_which_is_new(harness: BotHarness, restarted: bool) -> None:
    """Where the agent was here before nobody can tell which is new: all are named, and one can be linked."""
    await harness.connect("toolzz")
    somebody_creates(harness, "old-one", harness.toolzz.RESTING_AGENT, "Old one")
    result = await unread_doubt(harness)
    new = list(harness.toolzz.integrations)[-1]
    if restarted:
        await harness.restart()
    harness.toolzz.heal()
    await look(harness, result)
    assert shows_result(harness, result, LookupResult.UNKNOWN)
    assert "**Old one** · Connected" in field(result, english("toolzz.connect.possible"))
    assert f"**{TITLE}**" in field(result, english("toolzz.connect.possible"))
    assert await remembered(harness) == {}
    (menu,) = selects(result)
    assert menu["placeholder"] == CHOOSE
    assert {option["value"] for option in menu["options"]} >= {"old-one", new}
    linked = await harness.manager.select(final(result).message, [new], custom_id=menu["custom_id"])
    assert shown(linked).startswith("✅ Linked to this server")
    assert list(await remembered(harness)) == [new]
    assert len(sent(harness)) == 1


async def test_what_is_picked_has_to_run_here(harness: BotHarness) -> None:
    """An id that the menu never offered is read first, and one of another server is refused."""
    await harness.connect("toolzz")
    somebody_creates(harness, "old-one", harness.toolzz.RESTING_AGENT)
    result = await unread_doubt(harness)
    harness.toolzz.heal()
    await look(harness, result)
    for value, said in (
        (harness.toolzz.ELSEWHERE, english("problem.runs_elsewhere.title")),
        ("../x", english("problem.invalid_input.integration.title")),
    ):
        (menu,) = selects(result)
        data = {"custom_id": menu["custom_id"], "component_type": 3, "values": [value]}
        forged = await harness.interact(
            discord.InteractionType.component, harness.manager, data, message=final(result)
        )
        assert said in shown(forged)
    assert await remembered(harness) == {}


async def test_one_that_was_linked_since_is_not_claimed(harness: BotHarness) -> None:
    """What this server has counted as its own since then is not taken for what the lost answer was about."""
    await harness.connect("toolzz")
    result = await doubt(harness, acted=False)
    harness.toolzz.heal()
    await put_in(harness, harness.toolzz.RESTING_AGENT)
    assert len(await remembered(harness)) == 1
    await look(harness, result)
    assert shows_result(harness, result, LookupResult.UNKNOWN)


async def test_one_that_was_linked_before_the_answer_is_not_claimed(harness: BotHarness) -> None:
    """Somebody else may have put one in between the list that was read before and the lost answer."""
    await harness.connect("toolzz")
    result = await doubt(harness, acted=False)
    harness.toolzz.heal()
    await put_in(harness, harness.toolzz.RESTING_AGENT)
    with closing(sqlite3.connect(harness.database)) as database, database:
        database.execute("UPDATE integration SET placed_at = placed_at - 3600")
    records = await remembered(harness)
    await look(harness, result)
    assert shows_result(harness, result, LookupResult.UNKNOWN)
    assert await remembered(harness) == records


async def test_a_look_that_fails_leaves_the_answer_alone(harness: BotHarness) -> None:
    """Trouble with the list is told apart from the result, which stays, with its button."""
    await harness.connect("toolzz")
    result = await unread_doubt(harness)
    before = shown(result)
    pressed = await look(harness, result)
    assert shown(pressed).startswith(f"❌ {english('problem.server_fault.title', provider='Toolzz')}")
    assert final(pressed).ephemeral
    assert shown(result) == before
    harness.toolzz.heal()
    await look(harness, result)
    assert shows_result(harness, result, LookupResult.THERE)


async def test_a_look_without_its_connection_is_told(harness: BotHarness) -> None:
    """After the connection was removed, or has lost its unit, the button answers with an error of its own."""
    await harness.connect("toolzz")
    result = await doubt(harness, acted=False)
    form = await harness.open_form("rotate", "toolzz")
    await harness.manager.submit_modal(form, {"access_token": harness.toolzz.credentials["access_token"]})
    assert shown(await look(harness, result)).startswith(f"⚠️ {english('problem.invalid_input.unit.title')}")
    removal = await harness.manager.slash(harness.channel, "connections remove", provider="toolzz")
    await harness.manager.click(final(removal).message, label="Remove Toolzz · default")
    assert shown(await look(harness, result)).startswith(
        f"⚠️ {english('problem.no_such_connection.title', provider='Toolzz', name='default')}"
    )


async def test_looking_is_not_for_everyone(harness: BotHarness) -> None:
    """A member without rights finds out nothing, and links nothing."""
    await harness.connect("toolzz")
    somebody_creates(harness, "old-one", harness.toolzz.RESTING_AGENT)
    result = await unread_doubt(harness)
    harness.toolzz.heal()
    await look(harness, result)
    harness.toolzz.requests.clear()
    for item in buttons(result):
        data = {"custom_id": item["custom_id"], "component_type": item["type"], "values": ["old-one"]}
        component = discord.InteractionType.component
        pressed = await harness.interact(component, harness.member, data, message=final(result))
        assert embed_of(pressed).title == NOT_ALLOWED
    assert not harness.toolzz.requests


async def test_the_result_speaks_the_language_of_who_asks(harness: BotHarness) -> None:
    """Doubt, result and button are in Portuguese for whoever has Discord in Portuguese."""
    await harness.connect("toolzz")
    harness.locale = PORTUGUESE
    result = await doubt(harness, acted=False)
    assert shows_result(harness, result, LookupResult.NOT_THERE)
    assert labels(result) == ["Verificar de novo"]
    await look(harness, result)
    assert shows_result(harness, result, LookupResult.NOT_THERE)


# --- after the act ---


async def test_trouble_after_the_token_was_sent_offers_no_second_try(harness: BotHarness) -> None:
    """When our own database fails once Toolzz has the token, no button sends it again."""
    await harness.connect("toolzz")
    question = await propose(harness)
    with closing(sqlite3.connect(harness.database)) as database, database:
        database.execute("ALTER TABLE integration RENAME COLUMN label TO gone")
    result = await choose(harness, question, "yes")
    assert len(harness.env.errors) == 1
    assert shown(result).startswith(f"❌ {english('problem.unexpected.title')}")
    assert labels(result) == []
    assert len(harness.toolzz.creations) == 1
