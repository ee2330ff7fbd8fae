"""``/help``: what this member can do here, and the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.runtime.client import PatchbayBot
from bot.runtime.translator import said
from bot.ui.components import Interaction, guild_of
from bot.ui.replies import answer, think
from bot.ui.text import listed
from bot.ui.theme import Field, Tone, card

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.i18n.catalog import Texts

_Command = app_commands.Command[Any, Any, Any]


class Help(commands.Cog):
    """Open to everybody: who may do nothing is told whom to ask."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot

    @app_commands.command(name="help", description=said("help.description"))
    @app_commands.guild_only()
    async def help(self, interaction: Interaction) -> None:
        """List the member's commands and name the one to use next."""
        await think(interaction)
        texts = self._bot.catalog[interaction.locale.value]
        connected = await self._bot.connections.providers(guild_of(interaction))
        await answer(interaction, self._embed(texts, interaction.permissions, connected))

    def _embed(self, texts: Texts, permissions: discord.Permissions, connected: set[str]) -> discord.Embed:
        groups: dict[str, list[str]] = {}
        for command in self._usual_commands(permissions):
            name = command.qualified_name
            described = texts(f"{name.replace(' ', '.')}.description")
            groups.setdefault(name.partition(" ")[0], []).append(f"`/{name}` {described}")
        return card(
            Tone.INFO,
            texts("help.title"),
            texts("help.what") if groups else f"{texts('help.what')}\n{texts('help.nothing')}",
            fields=[
                *(Field(texts(f"{group}.title"), listed(lines, texts)) for group, lines in groups.items()),
                Field(texts("next_step"), self._next_step(texts, permissions, connected)),
            ],
            footer=texts("help.footer") if groups else "",
        )

    def _usual_commands(self, permissions: discord.Permissions) -> Iterator[_Command]:
        """Yield what these permissions open by default; a server's own overrides Discord knows alone."""
        for top in sorted(self._bot.tree.get_commands(), key=lambda command: command.name):
            barred = top.default_permissions is not None and not top.default_permissions <= permissions
            if barred or top.name == self.help.name:
                continue
            if isinstance(top, app_commands.Group):
                yield from (
                    command for command in top.walk_commands() if isinstance(command, app_commands.Command)
                )
            elif isinstance(top, app_commands.Command):
                yield top

    def _next_step(self, texts: Texts, permissions: discord.Permissions, connected: set[str]) -> str:
        if not permissions.manage_guild:
            return texts("help.next.ask_manager")
        if not connected:
            return texts("help.next.add")
        steps = (texts.find(f"{provider}.connected.next") for provider in sorted(connected))
        return "\n".join(filter(None, steps)) or texts("help.next.add")


async def setup(bot: PatchbayBot) -> None:
    """Add the command."""
    await bot.add_cog(Help(bot))
