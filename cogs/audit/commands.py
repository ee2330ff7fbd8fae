"""``/audit list, export, mirror``."""

from __future__ import annotations

import asyncio
from io import BytesIO

import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import InvalidInputError
from bot.kit.tier import Tier
from bot.runtime.audit_words import action_words
from bot.runtime.client import PatchbayBot
from bot.runtime.guard import needs
from bot.runtime.suggestions import MOST
from bot.runtime.translator import said
from bot.services.audit import ACTIONS
from bot.ui.components import Interaction, guild_of
from bot.ui.replies import answer, think
from cogs.audit import export_file
from cogs.audit.embeds import exported, mirrored
from cogs.audit.listing import Filter, read_page


@needs(Tier.MANAGER)
class Audit(commands.GroupCog, group_name="audit", group_description=said("audit.description")):
    """Managers see here what was changed in their server."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot

    @app_commands.command(name="list", description=said("audit.list.description"))
    @app_commands.describe(
        member=said("audit.list.option.member"),
        action=said("audit.list.option.action"),
        share=said("option.share"),
    )
    async def list_(
        self,
        interaction: Interaction,
        member: discord.User | None = None,
        action: str | None = None,
        share: bool = False,
    ) -> None:
        """List entries, newest first, and say whether the log is unbroken."""
        await think(interaction, share=share)
        wanted = Filter(None if member is None else member.id, action)
        await answer(interaction, *await read_page(interaction, self._bot, wanted))

    @app_commands.command(name="export", description=said("audit.export.description"))
    async def export(self, interaction: Interaction) -> None:
        """Give all entries as a file, with what a check of them says."""
        await think(interaction)
        guild_id = guild_of(interaction)
        async with self._bot.audit.change(guild_id, interaction.user.id, "audit.export", "#0") as change:
            entries, chain = await self._bot.audit.export(guild_id)
            change.target = f"#{chain.length}"
        # A long log takes longer than the bot's loop may be held up.
        written = await asyncio.to_thread(export_file.write, guild_id, entries, chain, interaction.created_at)
        embed = exported(chain, self._bot.catalog[interaction.locale.value])
        file = discord.File(BytesIO(written), filename=f"audit-{guild_id}.json")
        await answer(interaction, embed, files=[file])

    @app_commands.command(name="mirror", description=said("audit.mirror.description"))
    @app_commands.describe(channel=said("audit.mirror.option.channel"))
    async def mirror(self, interaction: Interaction, channel: discord.TextChannel | None = None) -> None:
        """Repeat new entries in a channel from now on, or no longer."""
        await think(interaction)
        guild_id = guild_of(interaction)
        target = "off" if channel is None else f"channel · {channel.id}"
        async with self._bot.audit.change(guild_id, interaction.user.id, "audit.mirror", target):
            if channel is not None and not _may_post(channel):
                raise InvalidInputError("mirror_channel")
            await self._bot.guild_records.set_audit_channel(guild_id, None if channel is None else channel.id)
        await answer(interaction, mirrored(channel, self._bot.catalog[interaction.locale.value]))

    @list_.autocomplete("action")
    async def _actions(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        texts = self._bot.catalog[interaction.locale.value]
        wanted = typed.strip().casefold()
        named = sorted((action_words(action, texts), action) for action in ACTIONS)
        return [
            app_commands.Choice(name=name, value=action)
            for name, action in named
            if wanted in name.casefold() or wanted in action
        ][:MOST]


def _may_post(channel: discord.TextChannel) -> bool:
    permissions = channel.permissions_for(channel.guild.me)
    return permissions.view_channel and permissions.send_messages and permissions.embed_links
