"""Runs the checks, decides what belongs to a server, and formats both for the other cogs; has no command."""

from functools import partial

from bot.discord.client import PatchbayBot
from cogs.monitoring.belonging import (
    CandidateSelect,
    IgnoreButton,
    LinkAllButton,
    LinkButton,
    StopIgnoringButton,
    StopIgnoringSelect,
    belonging_buttons,
    candidate_fields,
    candidate_select,
    stop_ignoring_select,
    unlinked,
)
from cogs.monitoring.suggestions import find_watched, suggest_watched

__all__ = [
    "IgnoreButton",
    "LinkAllButton",
    "LinkButton",
    "StopIgnoringButton",
    "belonging_buttons",
    "candidate_fields",
    "candidate_select",
    "find_watched",
    "setup",
    "stop_ignoring_select",
    "suggest_watched",
    "unlinked",
]


async def setup(bot: PatchbayBot) -> None:
    """Start the checks once the bot knows in which servers it is, and add the persistent components."""
    bot.add_dynamic_items(
        CandidateSelect, LinkButton, LinkAllButton, IgnoreButton, StopIgnoringButton, StopIgnoringSelect
    )
    bot.start_when_ready(partial(bot.services.poller.run, bot.serves))
