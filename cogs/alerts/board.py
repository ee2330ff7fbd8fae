"""What ``/integrations board`` does with a server's board, and what ``/privacy delete`` does."""

import discord

from bot.discord.context import Context
from bot.discord.theme import Field, Tone, card
from bot.errors import InvalidInputError
from bot.i18n.catalog import Texts
from cogs.alerts.messenger import DiscordMessenger

_ACTION = "integrations.board"


async def put_up_board(ctx: Context, channel: discord.TextChannel) -> discord.Embed:
    """Post the board in a channel, and return an embed that says where it is.

    Raises InvalidInputError("board_channel", "board_channel_yours").
    """
    member, services = ctx.member, ctx.services
    async with ctx.change(_ACTION, f"channel · {channel.id}"):
        if not _can_post(channel):
            raise InvalidInputError("board_channel")
        if not isinstance(member, discord.Member) or not _can_write(member, channel):
            raise InvalidInputError("board_channel_yours")
        if not await services.monitoring.checks(ctx.guild_id):
            await services.poller.check_guild(ctx.guild_id)
        message_id = await services.outbox.put_up_board(
            DiscordMessenger(ctx.client), ctx.guild_id, channel.id, member_id=member.id
        )
    if message_id is None:
        return _card(Tone.WARNING, "late", ctx.texts, channel=channel.mention)
    link = channel.get_partial_message(message_id).jump_url
    return _card(Tone.GOOD, "up", ctx.texts, channel=channel.mention, link=link)


async def take_down_board(ctx: Context) -> discord.Embed:
    """Delete the board, and return an embed that says so. Raises NotSentError; the board stays then."""
    async with ctx.change(_ACTION, "off") as change:
        board = await ctx.services.outbox.take_down_board(DiscordMessenger(ctx.client), ctx.guild_id)
        change.idle = board is None
    if board is None:
        return _card(Tone.QUIET, "none", ctx.texts)
    return _card(Tone.QUIET, "down", ctx.texts, channel=f"<#{board.channel_id}>")


async def clear_board(ctx: Context) -> None:
    """Delete the board, if Discord lets us, before the server's data is erased."""
    await ctx.services.outbox.clear_board(DiscordMessenger(ctx.client), ctx.guild_id)


def _card(tone: Tone, kind: str, texts: Texts, **values: str) -> discord.Embed:
    return card(
        tone,
        texts(f"integrations.board.{kind}"),
        texts(f"integrations.board.{kind}_how", **values),
        fields=[Field(texts("next_step"), texts(f"integrations.board.{kind}_next"))],
    )


def _can_post(channel: discord.TextChannel) -> bool:
    permissions = channel.permissions_for(channel.guild.me)
    return permissions.view_channel and permissions.send_messages and permissions.embed_links


def _can_write(member: discord.Member, channel: discord.TextChannel) -> bool:
    permissions = channel.permissions_for(member)
    return permissions.view_channel and permissions.send_messages
