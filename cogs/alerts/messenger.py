"""Posts, edits and deletes alerts and boards in Discord, and says what Discord's refusals mean for them."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp
import discord

from bot.discord.context import ServicesBot
from bot.discord.replies import view_of
from bot.features.alerts.messenger import (
    AnyNotice,
    BoardNotice,
    ChannelRefusedError,
    MessageGoneError,
    MessageNotEditableError,
    NotSentError,
    RenderedBoard,
)
from bot.features.alerts.routes import Route
from bot.features.alerts.store import BoardRow
from bot.i18n.catalog import LOCALES, Texts
from cogs.alerts.alert_embed import alert_embed
from cogs.alerts.board_embed import render_board
from cogs.alerts.buttons import buttons_of
from cogs.alerts.lost_route import report_lost_board, report_lost_route
from cogs.monitoring.formatting import told_apart, with_labels

_MAX_SEARCHED: Final = 100
"""The number of later messages in which a message is looked for."""
_MAX_CLOCK_DIFFERENCE: Final = 60
"""Seconds by which Discord's clock may be behind ours."""
# Unknown message; one that was posted by another application, whose database this was.
_GONE: Final = frozenset({10008, 50005})
# A thread is archived: it takes no edits, and a new message opens it unless it is locked.
_ARCHIVED: Final = 50083
# Too many edits of a message that is older than an hour.
_NOT_EDITABLE: Final = frozenset({30046, _ARCHIVED})
# Of a channel that takes no text; with status 400, unlike the others.
_NO_TEXT: Final = frozenset({50008, 50024, _ARCHIVED})
# What a proxy answers by itself has no code; with the others our request or Discord's network is at fault.
_NOT_THE_CHANNEL: Final = frozenset({0, 40001, 40333})


class DiscordMessenger:
    """Alerts and boards as messages, each in its server's language."""

    def __init__(self, bot: ServicesBot) -> None:
        self._bot = bot

    async def post(self, notice: AnyNotice) -> int:
        """Post a message. An alert's role is the only one that it can mention; a board notifies nobody."""
        channel = self._channel(notice.guild_id, notice.channel_id)
        options = self._rendered(await self._told_apart(notice))
        if isinstance(notice, BoardNotice):
            options |= {"silent": True, "allowed_mentions": discord.AllowedMentions.none()}
        else:
            roles = [discord.Object(role_id) for role_id in notice.role_ids]
            options["content"] = " ".join(f"<@&{role_id}>" for role_id in notice.role_ids) or None
            options["allowed_mentions"] = discord.AllowedMentions(
                everyone=False, users=False, roles=roles, replied_user=False
            )
        with _translated_errors():
            message: discord.Message = await channel.send(**options, nonce=notice.nonce)
        return message.id

    async def edit(self, notice: AnyNotice, message_id: int) -> None:
        """Have a message show something else."""
        channel = self._channel(notice.guild_id, notice.channel_id)
        options = self._rendered(await self._told_apart(notice))
        with _translated_errors(edits=True):
            await channel.get_partial_message(message_id).edit(
                **options, allowed_mentions=discord.AllowedMentions.none()
            )

    async def delete(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Delete a message."""
        channel = self._channel(guild_id, channel_id)
        with _translated_errors():
            await channel.get_partial_message(message_id).delete()

    async def find(self, notice: AnyNotice, since: int) -> int | None:
        """Look for our message. Discord shows none to a bot that may not read the channel's history."""
        after = datetime.fromtimestamp(since - _MAX_CLOCK_DIFFERENCE, UTC)
        channel = self._channel(notice.guild_id, notice.channel_id)
        with _translated_errors():
            async for message in channel.history(limit=_MAX_SEARCHED, after=after):
                footers = {embed.footer.text or "" for embed in message.embeds}
                if message.author == self._bot.user and self._is_shown(notice, footers):
                    return message.id
        return None

    async def render_board(self, guild_id: int) -> RenderedBoard | None:
        """Return a server's board; None while Discord has an outage there."""
        guild, services = self._bot.get_guild(guild_id), self._bot.services
        if guild is None or guild.unavailable:
            return None
        status = await services.monitoring.status(guild_id)
        status = replace(status, integrations=told_apart(status.integrations, services.providers))
        return render_board(status, services.texts_of(guild), services.providers, services.links)

    async def report_lost_route(self, guild_id: int, route: Route) -> bool:
        """Tell the managers that alerts reach nobody, and return whether somebody was told."""
        return await report_lost_route(self._bot, guild_id, route)

    async def report_lost_board(self, guild_id: int, board: BoardRow) -> bool:
        """Tell the managers that the board is out of date, and return whether somebody was told."""
        return await report_lost_board(self._bot, guild_id, board)

    async def _told_apart(self, notice: AnyNotice) -> AnyNotice:
        """Return an alert with the name that its integration has beside the guild's others."""
        if isinstance(notice, BoardNotice):
            return notice
        services = self._bot.services
        integrations = await services.monitoring.integrations(notice.guild_id)
        watched = told_apart(integrations, services.providers)
        return replace(notice, incidents=with_labels(notice.incidents, watched))

    def _rendered(self, notice: AnyNotice) -> dict[str, Any]:
        """Return what discord.py takes to post or edit a message."""
        if isinstance(notice, BoardNotice):
            return {"embed": discord.Embed.from_dict(notice.embed)}
        texts, services = self._texts(notice.guild_id), self._bot.services
        view = view_of(*buttons_of(notice.incidents[0], texts))
        # The buttons survive the process: discord.py need not keep the view of each message that was ever
        # sent.
        view.stop()
        return {"embed": alert_embed(notice, texts, services.providers, services.links), "view": view}

    def _is_shown(self, notice: AnyNotice, footers: set[str]) -> bool:
        """Tell whether a message with these footers is what the notice is about."""
        if isinstance(notice, BoardNotice):
            catalog = self._bot.services.catalog
            return not footers.isdisjoint(catalog[locale]("board.footer") for locale in LOCALES)
        return any(notice.reference in text.split() for text in footers)

    def _texts(self, guild_id: int) -> Texts:
        guild = self._bot.get_guild(guild_id)
        assert guild is not None  # noqa: S101 - asked for its channel before
        return self._bot.services.texts_of(guild)

    def _channel(self, guild_id: int, channel_id: int) -> discord.PartialMessageable:
        """Return the channel, known to the cache or not. Raises NotSentError during an outage."""
        guild = self._bot.get_guild(guild_id)
        # Then Discord may deny things that will be there again.
        if guild is None or guild.unavailable:
            raise NotSentError("unavailable")
        return self._bot.get_partial_messageable(channel_id, guild_id=guild_id)


@contextlib.contextmanager
def _translated_errors(*, edits: bool = False) -> Iterator[None]:
    """Turn what discord.py raises into what the outbox understands. edits: whether a message is edited."""
    try:
        yield
    except discord.HTTPException as failed:
        if failed.code in _GONE:
            raise MessageGoneError from None
        if edits and failed.code in _NOT_EDITABLE:
            raise MessageNotEditableError from None
        is_refusal = isinstance(failed, (discord.Forbidden, discord.NotFound))
        if failed.code in _NO_TEXT or (is_refusal and failed.code not in _NOT_THE_CHANNEL):
            why = "not_found" if isinstance(failed, discord.NotFound) else "forbidden"
            raise ChannelRefusedError(why) from None
        # Whatever it is: what was to be sent stays as it was, and its text may be hostile.
        raise NotSentError(f"{failed.status} {failed.code}") from None
    except (discord.RateLimited, aiohttp.ClientError, OSError) as failed:
        raise NotSentError(type(failed).__name__) from None
