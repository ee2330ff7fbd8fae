"""Reads replies that say much in few lines, and what their button for the details shows."""

import simcord

from tests.support.harness import BotHarness, embed_of, final


def lines(result: simcord.InteractionResult) -> list[str]:
    """Return the lines of a reply's description."""
    return (embed_of(result).description or "").splitlines()


async def show_details(harness: BotHarness, result: simcord.InteractionResult) -> simcord.InteractionResult:
    """Have the manager press the button that shows all of what a reply says in short; return the reply."""
    await harness.manager.click(final(result).message, label=harness.texts("status.details"))
    return result
