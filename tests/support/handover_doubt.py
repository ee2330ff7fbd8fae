"""A token to which no good answer came: how that comes about, and what the member is told."""

import simcord

from bot.discord.theme import Tone, card
from bot.providers.base.outcome import LookupResult
from bot.providers.base.simulator import Answer, Reset
from tests.support.handover_steps import (
    CREATION,
    LIST,
    Meanwhile,
    choose,
    propose,
)
from tests.support.harness import BotHarness, embed_of, field, final

TONES = {
    LookupResult.THERE: Tone.GOOD,
    LookupResult.NOT_THERE: Tone.WARNING,
    LookupResult.UNKNOWN: Tone.WARNING,
}
UNREADABLE = Answer(500, {"error": "later"})


def shows_result(harness: BotHarness, answer: simcord.InteractionResult, result: LookupResult) -> bool:
    """Tell whether an answer shows this result of a look: by title, colour, explanation and next step."""
    embed = embed_of(answer)
    texts = harness.texts
    expected = card(TONES[result], texts(f"sensay.connect.{result}"))
    return (
        (embed.title, embed.colour) == (expected.title, expected.colour)
        and (embed.description or "").endswith(harness.linked(texts(f"sensay.connect.{result}_how")))
        and field(answer, texts("next_step")) == harness.linked(texts(f"sensay.connect.{result}_next"))
    )


async def unread_doubt(
    harness: BotHarness, *, acted: bool = True, token: str | None = None
) -> simcord.InteractionResult:
    """Hand a token over so that the connection breaks; no list can be read until the simulator heals."""
    question = await propose(harness, token=token)

    def hide_list() -> None:
        harness.sensay.fail(UNREADABLE, times=None, path=LIST)

    harness.sensay.fail(Meanwhile(hide_list, Reset(), after_handling=acted), path=CREATION)
    return await choose(harness, question, "yes")


async def look(harness: BotHarness, result: simcord.InteractionResult) -> simcord.InteractionResult:
    """Press the button that looks into the list once more."""
    label = harness.texts("sensay.connect.look")
    return await harness.manager.click(final(result).message, label=label)
