"""A bot token to which Toolzz gave no good answer: sent once, and the unit's list tells what can be told."""

import sqlite3
from contextlib import closing
from typing import Any

import discord
import pytest
import simcord

from bot.kit.integration import Verdict
from bot.kit.simulator import Answer, Reset, Slow
from bot.providers.toolzz.simulated_unit import APPLICATION_ID, integration
from bot.ui.theme import Tone, card
from tests.cogs.failures import WITHOUT_A_GOOD_ANSWER, Failure
from tests.cogs.test_authority import NOT_ALLOWED
from tests.cogs.toolzz_steps import (
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
from tests.cogs.town import PORTUGUESE, Town, buttons, embed_of, field, final, labels, shown

LOOK = "Look again"
AGAIN = "Fill in the form again"
CHOOSE = "Link the one that is the new one"
TONES = {Verdict.THERE: Tone.GOOD, Verdict.NOT_THERE: Tone.WARNING, Verdict.UNKNOWN: Tone.WARNING}
UNREADABLE = Answer(500, {"error": "later"})
CAN_BE_CARRIED_OUT = [failure for failure in WITHOUT_A_GOOD_ANSWER if not isinstance(failure.fault, Slow)]
"""Those that can strike after Toolzz has acted; no deadline passes here while somebody waits for a socket."""


def says(town: Town, result: simcord.InteractionResult, verdict: Verdict) -> bool:
    """Tell whether an answer gives this verdict: by title, colour and explanation."""
    embed = embed_of(result)
    expected = card(TONES[verdict], town.texts(f"toolzz.connect.{verdict}"))
    said = town.linked(town.texts(f"toolzz.connect.{verdict}_how"))
    return (embed.title, embed.colour) == (expected.title, expected.colour) and (
        embed.description or ""
    ).endswith(said)


async def doubt(town: Town, agent: str | None = None, *, acted: bool) -> simcord.InteractionResult:
    """Hand a token over so that the connection breaks; the agent is by default one that is not here yet."""
    strike(town, "POST", Reset(), acted=acted)
    return await put_in(town, agent or town.toolzz.RESTING_AGENT)


async def unread_doubt(town: Town, agent: str | None = None) -> simcord.InteractionResult:
    """The same, carried out, and the list cannot be read afterwards until the simulator is healed."""
    question = await propose(town, agent or town.toolzz.RESTING_AGENT)
    strike(town, "POST", Reset(), acted=True)
    town.toolzz.fail(Later(UNREADABLE), times=None, path=LIST)
    return await choose(town, question, "yes")


async def look(town: Town, result: simcord.InteractionResult) -> simcord.InteractionResult:
    """Press the button that looks into the list once more."""
    return await town.manager.click(final(result).message, label=town.texts("toolzz.connect.look"))


def selects(result: simcord.InteractionResult) -> list[dict[str, Any]]:
    """Return the menus of the final answer."""
    return [item for item in buttons(result) if "options" in item]


def somebody_creates(town: Town, uuid: str, agent: str, title: str = TITLE, **differences: object) -> None:
    """Let the unit have one integration more of the agent in the town."""
    town.toolzz.integrations[uuid] = integration(
        uuid, title, botId=agent, guildId=str(town.guild.id), **differences
    )


# --- what is said at once ---


@pytest.mark.parametrize("failure", WITHOUT_A_GOOD_ANSWER, ids=lambda failure: failure.name)
async def test_what_toolzz_did_not_carry_out_is_not_there(town: Town, failure: Failure) -> None:
    """Where Toolzz never acted, nothing is new, nothing is remembered, and a look later is offered."""
    await town.connect("toolzz")
    strike(town, "POST", failure.fault)
    result = await put_in(town)
    assert says(town, result, Verdict.NOT_THERE)
    assert final(result).ephemeral
    assert labels(result) == [LOOK]
    assert town.toolzz.creations == []
    assert len(sent(town)) <= 1
    assert await remembered(town) == {}
    title = town.texts(f"problem.{failure.key}.title", provider="Toolzz", status=failure.status or 0)
    first = town.texts("toolzz.connect.doubt", why=title)
    assert (embed_of(result).description or "").splitlines()[0] == first
    reference = None if failure.request_id is None else f"Reference: {failure.request_id}"
    assert embed_of(result).footer.text == reference
    assert "run.ts" not in town.sent_to_discord()


@pytest.mark.parametrize("failure", CAN_BE_CARRIED_OUT, ids=lambda failure: failure.name)
async def test_what_toolzz_carried_out_is_there(town: Town, failure: Failure) -> None:
    """Where Toolzz acted although no good answer came, the list shows it, and it is remembered; sent once.

    That other ones of the same agent were here before does not matter: their ids are known.
    """
    await town.connect("toolzz")
    move_here(town)
    strike(town, "POST", failure.fault, acted=True)
    result = await put_in(town)
    assert says(town, result, Verdict.THERE)
    assert f"**{TITLE}**" in field(result, "The new integration")
    assert labels(result) == []
    assert len(town.toolzz.creations) == len(sent(town)) == 1
    (row,) = (await remembered(town)).values()
    assert row.id == list(town.toolzz.integrations)[-1]
    assert (row.label, row.bot_id, row.placed_by) == (TITLE, int(APPLICATION_ID), town.manager.id)


async def test_a_list_that_was_unreadable_before_proves_nothing(town: Town) -> None:
    """Who does not know what was there before cannot say what is new: nothing is claimed or remembered."""
    await town.connect("toolzz")
    question = await propose(town, town.toolzz.RESTING_AGENT)
    town.toolzz.fail(UNREADABLE, path=LIST)
    strike(town, "POST", Reset(), acted=True)
    result = await choose(town, question, "yes")
    assert says(town, result, Verdict.UNKNOWN)
    assert "**Do not hand the token over again before you know.**" in field(result, "Next step")
    assert labels(result) == [LOOK]
    assert await remembered(town) == {}


async def test_a_list_that_is_unreadable_afterwards_proves_nothing(town: Town) -> None:
    """While the list cannot be read nothing is claimed."""
    await town.connect("toolzz")
    result = await unread_doubt(town)
    assert says(town, result, Verdict.UNKNOWN)
    assert labels(result) == [LOOK]
    assert await remembered(town) == {}


async def test_who_was_faster_keeps_the_token_here(town: Town) -> None:
    """An integration of the same agent that appears while the question stands stops the token."""
    await town.connect("toolzz")
    question = await propose(town, town.toolzz.RESTING_AGENT)
    somebody_creates(town, "made-meanwhile", town.toolzz.RESTING_AGENT)
    refused = await choose(town, question, "yes")
    assert shown(refused).startswith("⚠️ Somebody was faster")
    assert labels(refused) == [AGAIN]
    assert sent(town) == []


# --- Look again ---


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_later_look_finds_it(town: Town, restarted: bool) -> None:
    """The first integration of an agent in this server is the new one, after a restart too."""
    await town.connect("toolzz", "desk")
    result = await unread_doubt(town)
    if restarted:
        await town.restart()
    town.toolzz.heal()
    pressed = await look(town, result)
    assert pressed.followups == []
    assert says(town, result, Verdict.THERE)
    assert labels(result) == []
    (row,) = (await remembered(town)).values()
    assert (row.connection, row.label, row.bot_id) == ("desk", TITLE, int(APPLICATION_ID))
    assert len(sent(town)) == 1


async def test_what_is_still_not_there_can_be_handed_over_again(town: Town) -> None:
    """After another look that finds nothing the form is offered, and leads through to Toolzz."""
    await town.connect("toolzz")
    result = await doubt(town, acted=False)
    await look(town, result)
    assert says(town, result, Verdict.NOT_THERE)
    assert labels(result) == [LOOK, AGAIN]
    town.toolzz.heal()
    form = await town.manager.click(final(result).message, label=AGAIN)
    await choose(town, await fill_in(town, form), "yes")
    assert len(town.toolzz.creations) == 1


@pytest.mark.parametrize("restarted", [False, True])
async def test_of_several_the_manager_says_which_is_new(town: Town, restarted: bool) -> None:
    """Where the agent was here before nobody can tell which is new: all are named, and one can be linked."""
    await town.connect("toolzz")
    somebody_creates(town, "old-one", town.toolzz.RESTING_AGENT, "Old one")
    result = await unread_doubt(town)
    new = list(town.toolzz.integrations)[-1]
    if restarted:
        await town.restart()
    town.toolzz.heal()
    await look(town, result)
    assert says(town, result, Verdict.UNKNOWN)
    assert "**Old one** · Connected · created <t:" in field(result, "What it can be")
    assert f"**{TITLE}**" in field(result, "What it can be")
    assert await remembered(town) == {}
    (menu,) = selects(result)
    assert menu["placeholder"] == CHOOSE
    assert {option["value"] for option in menu["options"]} >= {"old-one", new}
    linked = await town.manager.select(final(result).message, [new], custom_id=menu["custom_id"])
    assert shown(linked).startswith("✅ Linked to this server")
    assert list(await remembered(town)) == [new]
    assert len(sent(town)) == 1


async def test_what_is_picked_has_to_run_here(town: Town) -> None:
    """An id that the menu never offered is read first, and one of another server is refused."""
    await town.connect("toolzz")
    somebody_creates(town, "old-one", town.toolzz.RESTING_AGENT)
    result = await unread_doubt(town)
    town.toolzz.heal()
    await look(town, result)
    (menu,) = selects(result)
    for value, said in (
        (town.toolzz.ELSEWHERE, "This integration runs in another server"),
        ("../x", "I do not"),
    ):
        data = {"custom_id": menu["custom_id"], "component_type": 3, "values": [value]}
        forged = await town.interact(
            discord.InteractionType.component, town.manager, data, message=final(result)
        )
        assert said in shown(forged)
    assert await remembered(town) == {}


async def test_one_that_was_linked_since_is_not_claimed(town: Town) -> None:
    """What this server has counted as its own since then is not taken for what the lost answer was about."""
    await town.connect("toolzz")
    result = await doubt(town, acted=False)
    town.toolzz.heal()
    await put_in(town, town.toolzz.RESTING_AGENT)
    assert len(await remembered(town)) == 1
    await look(town, result)
    assert says(town, result, Verdict.UNKNOWN)


async def test_a_look_that_fails_leaves_the_answer_alone(town: Town) -> None:
    """Trouble with the list is told apart from the verdict, which stays, with its button."""
    await town.connect("toolzz")
    result = await unread_doubt(town)
    before = shown(result)
    pressed = await look(town, result)
    assert shown(pressed).startswith("❌ Toolzz has a fault on its side")
    assert final(pressed).ephemeral
    assert shown(result) == before
    town.toolzz.heal()
    await look(town, result)
    assert says(town, result, Verdict.THERE)


async def test_a_look_without_its_connection_is_told(town: Town) -> None:
    """After the connection was removed, or has lost its unit, the button answers with an error of its own."""
    await town.connect("toolzz")
    result = await doubt(town, acted=False)
    form = await town.open_form("rotate", "toolzz")
    await town.manager.submit_modal(form, {"access_token": town.toolzz.credentials["access_token"]})
    assert shown(await look(town, result)).startswith("⚠️ I need the unit id for this")
    removal = await town.manager.slash(town.channel, "connections remove", provider="toolzz")
    await town.manager.click(final(removal).message, label="Remove Toolzz · default")
    assert shown(await look(town, result)).startswith("⚠️ No Toolzz connection named default")


async def test_looking_is_not_for_everyone(town: Town) -> None:
    """A member without rights finds out nothing, and links nothing."""
    await town.connect("toolzz")
    somebody_creates(town, "old-one", town.toolzz.RESTING_AGENT)
    result = await unread_doubt(town)
    town.toolzz.heal()
    await look(town, result)
    town.toolzz.requests.clear()
    for item in buttons(result):
        data = {"custom_id": item["custom_id"], "component_type": item["type"], "values": ["old-one"]}
        component = discord.InteractionType.component
        pressed = await town.interact(component, town.member, data, message=final(result))
        assert embed_of(pressed).title == NOT_ALLOWED
    assert not town.toolzz.requests


async def test_the_verdict_speaks_the_language_of_who_asks(town: Town) -> None:
    """Doubt, verdict and button are in Portuguese for whoever has Discord in Portuguese."""
    await town.connect("toolzz")
    town.locale = PORTUGUESE
    result = await doubt(town, acted=False)
    assert says(town, result, Verdict.NOT_THERE)
    assert labels(result) == ["Verificar de novo"]
    await look(town, result)
    assert says(town, result, Verdict.NOT_THERE)


# --- after the act ---


async def test_trouble_after_the_token_was_sent_offers_no_second_try(town: Town) -> None:
    """When our own database fails once Toolzz has the token, no button sends it again."""
    await town.connect("toolzz")
    question = await propose(town)
    with closing(sqlite3.connect(town.database)) as database, database:
        database.execute("ALTER TABLE integration RENAME COLUMN label TO gone")
    result = await choose(town, question, "yes")
    assert len(town.env.errors) == 1
    assert shown(result).startswith("❌ Something went wrong on my side")
    assert labels(result) == []
    assert len(town.toolzz.creations) == 1
