"""What a manager does with `/sensay disconnect`, what it answers, and how often it asks Sensay."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Final

import simcord

from bot.discord.theme import Tone, card
from bot.providers.base.integration import State
from bot.providers.sensay.simulated_organization import APPLICATION_ID
from cogs.sensay.replica import symbol_of, word_of
from tests.support.english import english
from tests.support.handover_steps import LIST, hand_over
from tests.support.harness import BotHarness, embed_of, final, labels
from tests.support.short_replies import lines

PORTAL = f"https://discord.com/developers/applications/{APPLICATION_ID}/bot"
ALL_PORTALS = "https://discord.com/developers/applications"
LOOK_AGAIN = english("toolzz.connect.look")
PAUSES = (20, 40, 60, 120, 240, 240)
"""Seconds between the updates of an answer."""
_LISTED: Final[Mapping[str, State | None]] = {
    "gone": None,
    "stopped": State.INACTIVE,
    "running": State.CONNECTED,
    "unsure": State.UNKNOWN,
}
"""The state of what Sensay lists of a replica's bot."""


async def ask_to_disconnect(harness: BotHarness, replica: str | None = None) -> simcord.InteractionResult:
    """Have the manager ask how a replica is disconnected."""
    return await harness.manager.slash(
        harness.channel, "sensay disconnect", replica=replica or harness.sensay.UNCONNECTED
    )


async def disconnect(harness: BotHarness, replica: str | None = None) -> simcord.InteractionResult:
    """Have the manager ask and confirm; return the question, whose message shows the outcome."""
    asked = await ask_to_disconnect(harness, replica)
    pressed = await harness.manager.click(final(asked).message, label=labels(asked)[0])
    assert pressed.followups == []
    return asked


async def connect_replica(harness: BotHarness, token: str | None = None) -> None:
    """Have the manager connect Sensay and put a replica into the server."""
    await harness.connect("sensay")
    await harness.manager.autocomplete(harness.channel, "sensay connect", "replica", "job")
    await hand_over(harness, token=token)
    harness.sensay.requests.clear()


def count_records(harness: BotHarness) -> int:
    """Count the integrations in the database."""
    with closing(sqlite3.connect(harness.database)) as database:
        (count,) = database.execute("SELECT count(*) FROM integration").fetchone()
    return int(count)


def count_removals(harness: BotHarness) -> int:
    """Count the undocumented requests."""
    return len([request for request in harness.sensay.requests if request.method == "DELETE"])


def count_list_reads(harness: BotHarness) -> int:
    """Count how often the list was read."""
    return len([request for request in harness.sensay.requests if request.path.startswith(LIST)])


def has_title(harness: BotHarness, result: simcord.InteractionResult, tone: Tone, key: str) -> bool:
    """Tell whether an answer has the title with this key, in the colour that goes with it."""
    embed, expected = embed_of(result), card(tone, harness.texts(f"sensay.disconnect.{key}"))
    return (embed.title, embed.colour) == (expected.title, expected.colour)


def says_listed(harness: BotHarness, result: simcord.InteractionResult, state: str) -> bool:
    """Tell whether an answer says that Sensay lists this. state: a key of ``_LISTED``, or of a text."""
    texts, said = harness.texts, lines(result)
    if state in _LISTED:
        word = f"{symbol_of(_LISTED[state])} **{word_of(_LISTED[state], texts)}**"
        return texts("sensay.disconnect.listed", state=word) in said
    return texts(f"sensay.disconnect.{state}") in said
