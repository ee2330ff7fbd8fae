"""Posts, edits and deletes alerts and boards in Discord, and says what Discord's refusals mean for them."""

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

import aiohttp
import discord

from bot.discord.access.posting import UNKNOWN_CHANNEL, bot_lacks
from bot.discord.context import ServicesBot
from bot.discord.replies import view_of
from bot.features.alerts.messenger import (
    AnyNotice,
    BoardNotice,
    ChannelRefusedError,
    MessageGoneError,
    MessageNotEditableError,
    Notice,
    NotSentError,
    RecoveryNotice,
    RenderedBoard,
    SummaryNotice,
)
from bot.features.alerts.routes import Route
from bot.features.alerts.store import BoardRow
from bot.i18n.catalog import LOCALES
from bot.network_faults import word_of
from cogs.alerts.board_embed import render_board
from cogs.alerts.buttons import buttons_of
from cogs.alerts.group_buttons import group_components
from cogs.alerts.lost_route import report_lost_board, report_lost_route
from cogs.alerts.messages.alert_embed import alert_embed
from cogs.alerts.messages.group_embed import group_embed
from cogs.alerts.messages.mentions import NO_MENTIONS, Mentions, mentions_of
from cogs.alerts.messages.recovery_embed import recovery_embed
from cogs.alerts.messages.rendering import IncidentNotice, Rendering, read_bots, with_names
from cogs.alerts.messages.summary_embed import summary_embed
from cogs.monitoring.formatting import told_apart

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
_AUTO_MODERATION: Final = 200000
# Of a bot that may not read the channel's history.
_NO_REPLY: Final = 160002
_FORMER_BOARD_FOOTERS: Final = frozenset(
    {
        "Patchbay keeps this message live; the times run on by themselves.",
        "O Patchbay mantém esta mensagem atualizada; os tempos correm sozinhos.",
    }
)
"""The footers of boards that an earlier version posted."""


class DiscordMessenger:
    """Alerts and boards as messages, each in its server's language."""

    def __init__(self, bot: ServicesBot) -> None:
        self._bot = bot

    async def post(self, notice: AnyNotice) -> int:
        """Post a message. Only the roles that the notice names can be mentioned; a board notifies nobody."""
        channel = self._channel(notice.guild_id, notice.channel_id)
        if isinstance(notice, BoardNotice):
            options = _board_options(notice) | {"silent": True}
            mentions = NO_MENTIONS
        else:
            mentions = mentions_of(self._guild(notice.guild_id), notice.channel_id, notice.role_ids)
            options = await self._rendered(notice, mentions) | {"content": mentions.content}
        with self._translated_errors(notice.guild_id):
            message = await _send(channel, notice, options | {"allowed_mentions": mentions.allowed})
        return message.id

    async def edit(self, notice: AnyNotice, message_id: int) -> None:
        """Have a message show something else."""
        channel = self._channel(notice.guild_id, notice.channel_id)
        if isinstance(notice, BoardNotice):
            options = _board_options(notice)
        else:
            role_ids = await self._roles_for(notice)
            mentions = mentions_of(self._guild(notice.guild_id), notice.channel_id, role_ids)
            options = await self._rendered(notice, mentions)
        with self._translated_errors(notice.guild_id, edits=True):
            await channel.get_partial_message(message_id).edit(
                **options, allowed_mentions=discord.AllowedMentions.none()
            )

    async def delete(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Delete a message."""
        channel = self._channel(guild_id, channel_id)
        with self._translated_errors(guild_id):
            await channel.get_partial_message(message_id).delete()

    async def find(self, notice: AnyNotice, since: int) -> int | None:
        """Look for our message. Discord shows none to a bot that may not read the channel's history."""
        after = datetime.fromtimestamp(since - _MAX_CLOCK_DIFFERENCE, UTC)
        channel = self._channel(notice.guild_id, notice.channel_id)
        with self._translated_errors(notice.guild_id):
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
        unreported = [
            route.channel_id
            for route in await services.alerts.routes(guild_id)
            # A timeout of the bot passes by itself.
            if route.suspended and not route.is_reported and route.suspended != "timed_out"
        ]
        return render_board(
            status,
            dict.fromkeys(unreported),
            services.texts_of(guild),
            services.providers,
            services.links,
        )

    def can_post(self, guild_id: int, channel_id: int) -> bool:
        """Look at the permissions that are known; those of an archived thread are not."""
        guild = self._bot.get_guild(guild_id)
        if guild is None or guild.unavailable or guild.me.is_timed_out():
            return False
        channel = guild.get_channel_or_thread(channel_id)
        return isinstance(channel, (discord.TextChannel, discord.Thread)) and not bot_lacks(channel)

    async def report_lost_route(self, guild_id: int, route: Route) -> bool:
        """Tell the managers that alerts reach nobody, and return whether somebody was told."""
        return await report_lost_route(self._bot, guild_id, route)

    async def report_lost_board(self, guild_id: int, board: BoardRow) -> bool:
        """Tell the managers that the board is out of date, and return whether somebody was told."""
        return await report_lost_board(self._bot, guild_id, board)

    async def _rendered(self, notice: IncidentNotice, mentions: Mentions) -> dict[str, Any]:
        """Return what discord.py takes to post or edit a message."""
        guild, services = self._guild(notice.guild_id), self._bot.services
        agents = await services.monitoring.integrations(guild.id)
        bots = await read_bots(services, guild.id, agents)
        rendering = Rendering(services.texts_of(guild), services, guild.id, bots, mentions)
        if isinstance(notice, RecoveryNotice):
            return {"embed": recovery_embed(with_names(notice, services, agents), rendering)}
        if isinstance(notice, SummaryNotice):
            return {"embed": summary_embed(with_names(notice, services, agents), rendering)}
        shown = with_names(notice, services, agents)
        if len(shown.incidents) == 1:
            embed, items = alert_embed(shown, rendering), buttons_of(shown.incidents[0], rendering.texts)
        else:
            embed, items = group_embed(shown, rendering), group_components(shown, rendering)
        view = view_of(*items)
        # The buttons survive the process: discord.py need not keep the view of each message that was ever
        # sent.
        view.stop()
        return {"embed": embed, "view": view}

    async def _roles_for(self, notice: IncidentNotice) -> Sequence[int]:
        """Return the roles that a message which is edited should have mentioned when it was posted."""
        if not isinstance(notice, Notice) or all(each.closed_at is not None for each in notice.incidents):
            return notice.role_ids
        routes = await self._bot.services.alerts.routes(notice.guild_id)
        first = next((route.role_id for route in routes if route.number == notice.route), None)
        second = None if notice.escalated_at is None else notice.second_role_id
        return [role_id for role_id in (first, second) if role_id is not None]

    def _is_shown(self, notice: AnyNotice, footers: set[str]) -> bool:
        """Tell whether a message with these footers is what the notice is about."""
        if isinstance(notice, BoardNotice):
            catalog = self._bot.services.catalog
            known = {catalog[locale]("board.footer") for locale in LOCALES} | _FORMER_BOARD_FOOTERS
            return not footers.isdisjoint(known)
        references = {notice.reference}
        if isinstance(notice, Notice):
            # As alerts were marked before there were several routes.
            references.add(f"#{notice.reference.replace('-', '.')}")
        return any(not references.isdisjoint(text.split()) for text in footers)

    def _guild(self, guild_id: int) -> discord.Guild:
        """Return the guild. Raises NotSentError during an outage."""
        guild = self._bot.get_guild(guild_id)
        # Then Discord may deny things that will be there again.
        if guild is None or guild.unavailable:
            raise NotSentError("unavailable")
        return guild

    def _channel(self, guild_id: int, channel_id: int) -> discord.PartialMessageable:
        """Return the channel, known to the cache or not. Raises NotSentError during an outage."""
        return self._bot.get_partial_messageable(channel_id, guild_id=self._guild(guild_id).id)

    @contextlib.contextmanager
    def _translated_errors(self, guild_id: int, *, edits: bool = False) -> Iterator[None]:
        """Turn what discord.py raises into what the outbox understands.

        edits: whether a message is edited.
        """
        try:
            yield
        except discord.HTTPException as failed:
            raise self._meaning(failed, guild_id, edits=edits) from None
        except discord.RateLimited as failed:
            raise NotSentError(word_of(failed), "rate_limited") from None
        except (aiohttp.ClientError, OSError) as failed:
            raise NotSentError(word_of(failed)) from None

    def _meaning(self, failed: discord.HTTPException, guild_id: int, *, edits: bool) -> Exception:
        """Return what a failure means for a message."""
        if failed.code in _GONE:
            return MessageGoneError()
        if edits and failed.code in _NOT_EDITABLE:
            return MessageNotEditableError()
        is_refusal = isinstance(failed, discord.Forbidden) and failed.code not in _NOT_THE_CHANNEL
        if failed.code in _NO_TEXT or failed.code == UNKNOWN_CHANNEL or is_refusal:
            return self._refusal(failed, guild_id)
        # Whatever it is: what was to be sent stays as it was, and its text may be hostile.
        return NotSentError(f"{failed.status} {failed.code}", _why_not_sent(failed))

    def _refusal(self, failed: discord.HTTPException, guild_id: int) -> ChannelRefusedError:
        """Return what it means that a channel takes nothing."""
        if failed.code == UNKNOWN_CHANNEL:
            return ChannelRefusedError("not_found")
        until = self._timed_out_until(guild_id) if isinstance(failed, discord.Forbidden) else None
        return ChannelRefusedError("forbidden" if until is None else "timed_out", until)

    def _timed_out_until(self, guild_id: int) -> int | None:
        """Return until when the bot itself is timed out, in seconds since 1970; None if it is not."""
        guild = self._bot.get_guild(guild_id)
        until = None if guild is None else guild.me.timed_out_until
        seconds = 0 if until is None else math.ceil(until.timestamp())
        return seconds if seconds > self._bot.services.clock() else None


def _why_not_sent(failed: discord.HTTPException) -> str:
    if failed.status == HTTPStatus.TOO_MANY_REQUESTS:
        return "rate_limited"
    if failed.code == _AUTO_MODERATION:
        return "auto_moderation"
    is_rejected = failed.status == HTTPStatus.BAD_REQUEST and failed.code not in _NOT_THE_CHANNEL
    return "rejected" if is_rejected else "unavailable"


def _board_options(notice: BoardNotice) -> dict[str, Any]:
    return {"embed": discord.Embed.from_dict(notice.embed)}


async def _send(
    channel: discord.PartialMessageable, notice: AnyNotice, options: Mapping[str, Any]
) -> discord.Message:
    """Send a message; the one about a recovery as a reply, where Discord lets the bot reply."""
    if isinstance(notice, RecoveryNotice) and notice.reply_to is not None:
        replied = discord.MessageReference(
            message_id=notice.reply_to,
            channel_id=notice.channel_id,
            guild_id=notice.guild_id,
            fail_if_not_exists=False,
        )
        try:
            return await channel.send(**options, nonce=notice.nonce, reference=replied)
        except discord.HTTPException as failed:
            if failed.code != _NO_REPLY:
                raise
    return await channel.send(**options, nonce=notice.nonce)
