"""What ``/integrations board`` does with a server's board, and what ``/privacy delete`` does."""

import discord

from bot.discord.access.posting import PickedChannel, check_posting
from bot.discord.context import Context
from bot.discord.theme import Field, Tone, card
from bot.features.alerts.store import BoardRow
from bot.i18n.catalog import Texts
from cogs.alerts.messenger import DiscordMessenger

_ACTION = "integrations.board"


async def put_up_board(ctx: Context, channel: PickedChannel) -> discord.Embed:
    """Post the board in a channel, and return an embed that says where it is.

    Raises InvalidInputError("board_channel"), and what ``check_posting`` raises.
    """
    services = ctx.services
    async with ctx.change(_ACTION, f"channel · {channel.id}"):
        await check_posting(channel, ctx.member, ctx.texts)
        if not await services.monitoring.checks(ctx.guild_id):
            await services.poller.check_guild(ctx.guild_id)
        message_id = await services.outbox.put_up_board(
            _BoardMessenger(ctx.client), ctx.guild_id, channel.id, member_id=ctx.member.id
        )
    if message_id is None:
        return _card(Tone.WARNING, "late", ctx.texts, channel=channel.mention)
    link = f"{channel.jump_url}/{message_id}"
    return _card(Tone.GOOD, "up", ctx.texts, channel=channel.mention, link=link)


async def take_down_board(ctx: Context) -> discord.Embed:
    """Delete the board, and return an embed that says so. Raises UnreachableError; the board stays then."""
    async with ctx.change(_ACTION, "off") as change:
        board = await ctx.services.outbox.take_down_board(DiscordMessenger(ctx.client), ctx.guild_id)
        change.idle = board is None
    if board is None:
        return _card(Tone.QUIET, "none", ctx.texts)
    return _card(Tone.QUIET, "down", ctx.texts, channel=f"<#{board.channel_id}>")


async def clear_board(ctx: Context) -> None:
    """Delete the board, if Discord lets us, before the server's data is erased."""
    await ctx.services.outbox.clear_board(DiscordMessenger(ctx.client), ctx.guild_id)


class _BoardMessenger(DiscordMessenger):
    """Reports no board that a channel refuses: the answer tells the member who wants it there."""

    async def report_lost_board(self, guild_id: int, board: BoardRow) -> bool:  # noqa: ARG002 - see Messenger
        """Report nothing."""
        return False


def _card(tone: Tone, kind: str, texts: Texts, **values: str) -> discord.Embed:
    return card(
        tone,
        texts(f"integrations.board.{kind}"),
        texts(f"integrations.board.{kind}_how", **values),
        fields=[Field(texts("next_step"), texts(f"integrations.board.{kind}_next"))],
    )
