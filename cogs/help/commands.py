"""``/help``: what a member can do here, and the next step."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import PatchbayBot
from bot.discord.commands import command
from bot.discord.context import Context
from bot.discord.guard import TopCommand, needed_tier, needs
from bot.discord.replies import defer, respond
from bot.discord.text import listed
from bot.discord.theme import Field, Tone, card
from bot.features.access.tier import Tier
from bot.i18n.catalog import Texts


class Help(commands.Cog):
    """Open to everybody: a member who may use no command is told whom to ask."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot

    @needs(Tier.NONE)
    @command("help")
    async def help(self, ctx: Context) -> None:
        """List the member's commands and name the one to use next."""
        await defer(ctx)
        shown = await self._bot.tree.commands_for(ctx)
        hidden = await self._bot.tree.hidden_tier(ctx, shown)
        connected = await ctx.services.connections.providers(ctx.guild_id)
        usable = [each for each in shown if each != self.help]
        await respond(ctx, _overview(usable, connected, hidden, ctx.texts))


def _overview(
    usable: Sequence[TopCommand], connected: Collection[str], hidden: Tier | None, texts: Texts
) -> discord.Embed:
    """List a member's commands, and say what to do next.

    connected: slugs of the guild's providers. hidden: the tier that opens commands which Discord does not
    show, None for no such.
    """
    groups: dict[str, list[str]] = {}
    for subcommand in _subcommands(usable):
        name = subcommand.qualified_name
        described = texts(f"{name.replace(' ', '.')}.description")
        groups.setdefault(name.partition(" ")[0], []).append(f"`/{name}` {described}")
    return card(
        Tone.INFO,
        texts("help.title"),
        texts("help.what") if groups else f"{texts('help.what')}\n{texts('help.nothing')}",
        fields=[
            *(Field(texts(f"{group}.title"), listed(lines, texts)) for group, lines in groups.items()),
            Field(texts("next_step"), _next_step(usable, connected, hidden, texts)),
        ],
    )


def _next_step(
    usable: Sequence[TopCommand], connected: Collection[str], hidden: Tier | None, texts: Texts
) -> str:
    if hidden is not None:
        return texts(f"help.hidden.{hidden.name.lower()}")
    if not any(needed_tier(each) is Tier.MANAGER for each in usable):
        return texts("help.next.ask_manager")
    if not connected:
        return texts("help.next.add")
    steps = (texts.find(f"{provider}.connected.next") for provider in sorted(connected))
    return "\n".join(filter(None, steps)) or texts("help.next.add")


def _subcommands(usable: Sequence[TopCommand]) -> Iterator[app_commands.Command[Any, ..., Any]]:
    for top in usable:
        if isinstance(top, app_commands.Group):
            yield from (found for found in top.walk_commands() if isinstance(found, app_commands.Command))
        else:
            yield top
