"""``/privacy info, export, delete``."""

from __future__ import annotations

import asyncio
import gzip
import json
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import NotAllowedError
from bot.kit.tier import Tier
from bot.runtime.client import PatchbayBot
from bot.runtime.guard import needs, permitted_tier
from bot.runtime.translator import said
from bot.ui.components import Interaction, guild_of
from bot.ui.confirm import Confirm
from bot.ui.replies import answer, think
from cogs.privacy import embeds

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_BYTES: Final = 8_000_000
"""Of a file that goes out as it is: Discord takes 10 MB."""


@needs(Tier.MANAGER)
class Privacy(commands.GroupCog, group_name="privacy", group_description=said("privacy.description")):
    """Managers see and get here what is stored; to erase it takes Discord's own Manage Server."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot

    @app_commands.command(name="info", description=said("privacy.info.description"))
    async def info(self, interaction: Interaction) -> None:
        """Say what is stored, why, and for how long."""
        await think(interaction)
        stored = await self._bot.privacy.stored(guild_of(interaction))
        texts = self._bot.catalog[interaction.locale.value]
        embed = embeds.info(stored, self._bot.privacy.erase_after, self._bot.watching.history_days, texts)
        await answer(interaction, embed)

    @app_commands.command(name="export", description=said("privacy.export.description"))
    async def export(self, interaction: Interaction) -> None:
        """Give all that is stored as a file."""
        await think(interaction)
        guild_id = guild_of(interaction)
        target = f"server · {guild_id}"
        async with self._bot.audit.change(guild_id, interaction.user.id, "privacy.export", target):
            stored = await self._bot.privacy.export(guild_id)
        # A long audit log takes longer than the bot's loop may be held up.
        name, content = await asyncio.to_thread(_written, guild_id, stored)
        embed = embeds.exported(self._bot.catalog[interaction.locale.value])
        await answer(interaction, embed, files=[discord.File(BytesIO(content), filename=name)])

    @app_commands.command(name="delete", description=said("privacy.delete.description"))
    async def delete(self, interaction: Interaction) -> None:
        """Erase everything, once the member has confirmed."""
        _check(interaction)
        await think(interaction)
        texts = self._bot.catalog[interaction.locale.value]
        stored = await self._bot.privacy.stored(guild_of(interaction))
        if not stored.total:
            await answer(interaction, embeds.nothing(texts))
            return
        await Confirm(
            texts,
            interaction,
            texts.plural("privacy.delete.button", stored.total),
            embeds.kept(texts),
            embeds.kept(texts, asked_in_vain=True),
            partial(self._erase, guild_of(interaction)),
        ).ask(embeds.question(stored, texts))

    async def _erase(self, guild_id: int, interaction: Interaction) -> tuple[discord.Embed, None]:
        _check(interaction)
        await self._bot.boards.clear_away(guild_id)
        clean = await self._bot.privacy.erase(guild_id)
        return embeds.erased(self._bot.catalog[interaction.locale.value], clean=clean), None


def _check(interaction: Interaction) -> None:
    """Raise NotAllowedError("erase") unless Discord itself makes a manager of the member."""
    if permitted_tier(interaction) is not Tier.MANAGER:
        raise NotAllowedError("erase")


def _written(guild_id: int, stored: Mapping[str, object]) -> tuple[str, bytes]:
    """Write the file; return its name and its content, compressed where it would be too large."""
    name = f"privacy-{guild_id}.json"
    content = json.dumps(stored, indent=1, ensure_ascii=False).encode()
    return (name, content) if len(content) <= _MOST_BYTES else (f"{name}.gz", gzip.compress(content))
