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
    belonging_buttons_of,
    candidate_fields,
    candidate_select,
    link_all,
    stop_ignoring_select,
    unlinked,
    unlinked_of,
)
from cogs.monitoring.signals import AccessSignals
from cogs.monitoring.suggestions import find_watched, suggest_watched

__all__ = [
    "IgnoreButton",
    "LinkAllButton",
    "LinkButton",
    "StopIgnoringButton",
    "belonging_buttons",
    "belonging_buttons_of",
    "candidate_fields",
    "candidate_select",
    "find_watched",
    "link_all",
    "setup",
    "stop_ignoring_select",
    "suggest_watched",
    "unlinked",
    "unlinked_of",
]


async def setup(bot: PatchbayBot) -> None:
    """Add the listeners and components, and start the checks once the bot knows in which servers it is."""
    await bot.add_cog(AccessSignals(bot.services.guild_access))
    bot.add_dynamic_items(
        CandidateSelect, LinkButton, LinkAllButton, IgnoreButton, StopIgnoringButton, StopIgnoringSelect
    )
    bot.workers.start_when_ready(partial(bot.services.poller.run, bot.serves))
