"""``/help``: what this member can do here, and the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from discord import app_commands
from discord.ext import commands

from bot.kit.tier import Tier
from bot.runtime.client import PatchbayBot
from bot.runtime.guard import needed_tier, needs
from bot.runtime.translator import said
from bot.ui.components import Interaction, guild_of
from bot.ui.replies import answer, think
from bot.ui.text import listed
from bot.ui.theme import Field, Tone, card

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import discord

    from bot.i18n.catalog import Texts
    from bot.runtime.guard import TopCommand


class Help(commands.Cog):
    """Open to everybody: who may do nothing is told whom to ask."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot

    @needs(Tier.NONE)
    @app_commands.command(name="help", description=said("help.description"))
    async def help(self, interaction: Interaction) -> None:
        """List the member's commands and name the one to use next."""
        await think(interaction)
        texts = self._bot.catalog[interaction.locale.value]
        shown = await self._bot.tree.commands_for(interaction)
        usable = [command for command in shown if command != self.help]
        connected = await self._bot.connections.providers(guild_of(interaction))
        hidden = await self._bot.tree.hidden_tier(interaction, shown)
        await answer(interaction, self._embed(texts, usable, connected, hidden))

    def _embed(
        self, texts: Texts, usable: Sequence[TopCommand], connected: set[str], hidden: Tier | None
    ) -> discord.Embed:
        groups: dict[str, list[str]] = {}
        for command in _leaves(usable):
            name = command.qualified_name
            described = texts(f"{name.replace(' ', '.')}.description")
            groups.setdefault(name.partition(" ")[0], []).append(f"`/{name}` {described}")
        return card(
            Tone.INFO,
            texts("help.title"),
            texts("help.what") if groups else f"{texts('help.what')}\n{texts('help.nothing')}",
            fields=[
                *(Field(texts(f"{group}.title"), listed(lines, texts)) for group, lines in groups.items()),
                Field(texts("next_step"), self._next_step(texts, usable, connected, hidden)),
            ],
        )

    def _next_step(
        self, texts: Texts, usable: Sequence[TopCommand], connected: set[str], hidden: Tier | None
    ) -> str:
        if hidden is not None:
            return texts(f"help.hidden.{hidden.name.lower()}")
        if not any(needed_tier(command) is Tier.MANAGER for command in usable):
            return texts("help.next.ask_manager")
        if not connected:
            return texts("help.next.add")
        steps = (texts.find(f"{provider}.connected.next") for provider in sorted(connected))
        return "\n".join(filter(None, steps)) or texts("help.next.add")


def _leaves(commands: Sequence[TopCommand]) -> Iterator[app_commands.Command[Any, ..., Any]]:
    for top in commands:
        if isinstance(top, app_commands.Group):
            yield from (found for found in top.walk_commands() if isinstance(found, app_commands.Command))
        else:
            yield top


async def setup(bot: PatchbayBot) -> None:
    """Add the command."""
    await bot.add_cog(Help(bot))
