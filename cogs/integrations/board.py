"""What ``/integrations board`` does: puts the board up, moves it, takes it down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.errors import InvalidInputError
from bot.ui.components import Interaction, guild_of
from bot.ui.theme import Field, Tone, card

if TYPE_CHECKING:
    from bot.i18n.catalog import Texts
    from bot.runtime.client import PatchbayBot

_ACTION = "integrations.board"


async def put_up(interaction: Interaction, bot: PatchbayBot, channel: discord.TextChannel) -> discord.Embed:
    """Post the board in a channel, and say where it is. Raises InvalidInputError("board_channel", ...)."""
    guild_id, member = guild_of(interaction), interaction.user
    async with bot.audit.change(guild_id, member.id, _ACTION, f"channel · {channel.id}"):
        if not _may_post(channel):
            raise InvalidInputError("board_channel")
        if not isinstance(member, discord.Member) or not _may_write(member, channel):
            raise InvalidInputError("board_channel_yours")
        if not await bot.watching.checks(guild_id):
            await bot.poller.check_guild(guild_id)
        board = await bot.boards.place(channel.guild, channel.id, member_id=member.id)
    texts = bot.catalog[interaction.locale.value]
    if board.message_id is None:
        return _card(Tone.WARNING, "late", texts, channel=channel.mention)
    link = channel.get_partial_message(board.message_id).jump_url
    return _card(Tone.GOOD, "up", texts, channel=channel.mention, link=link)


async def take_down(interaction: Interaction, bot: PatchbayBot) -> discord.Embed:
    """Delete the board, and say so."""
    guild_id = guild_of(interaction)
    texts = bot.catalog[interaction.locale.value]
    async with bot.audit.change(guild_id, interaction.user.id, _ACTION, "off") as change:
        board = await bot.boards.take_down(guild_id)
        change.idle = board is None
    if board is None:
        return _card(Tone.QUIET, "none", texts)
    return _card(Tone.QUIET, "down", texts, channel=f"<#{board.channel_id}>")


def _card(tone: Tone, kind: str, texts: Texts, **values: str) -> discord.Embed:
    return card(
        tone,
        texts(f"integrations.board.{kind}"),
        texts(f"integrations.board.{kind}_how", **values),
        fields=[Field(texts("next_step"), texts(f"integrations.board.{kind}_next"))],
    )


def _may_post(channel: discord.TextChannel) -> bool:
    permissions = channel.permissions_for(channel.guild.me)
    return permissions.view_channel and permissions.send_messages and permissions.embed_links


def _may_write(member: discord.Member, channel: discord.TextChannel) -> bool:
    permissions = channel.permissions_for(member)
    return permissions.view_channel and permissions.send_messages
