"""Posts, edits and deletes alerts in Discord, and says what Discord's refusals mean for them."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import aiohttp
import discord

from bot.monitors.messenger import ChannelRefusedError, MessageGoneError, MessageSealedError, NotSentError
from bot.runtime.alert_buttons import buttons_of
from bot.runtime.alert_embeds import alert_embed
from bot.runtime.lost_channel import tell_managers
from bot.ui.components import view_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.monitors.messenger import Notice
    from bot.runtime.client import PatchbayBot
    from bot.services.alerts import Route

_LOOKED_THROUGH: Final = 100
"""Messages that came after an alert was tried."""
_CLOCKS_APART: Final = 60
"""Seconds by which Discord's clock may be behind ours."""
# Unknown message; one that was posted by another application, whose database this was.
_GONE: Final = frozenset({10008, 50005})
# Too many edits of a message that is older than an hour.
_SEALED: Final = 30046
# Of a channel that takes no text; with status 400, unlike the others.
_NO_TEXT: Final = frozenset({50008, 50024})
# What a proxy answers by itself has no code; with the others our request or Discord's network is at fault.
_NOT_THE_CHANNEL: Final = frozenset({0, 40001, 40333})


class AlertMessages:
    """Alerts as messages, each in its server's language."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot

    async def post(self, notice: Notice) -> int:
        """Post a message. The notice's role is the only one that it can mention."""
        channel = self._channel(notice.incident.guild_id, notice.channel_id)
        embed, view = self._shown(notice)
        content, roles = None, []
        if notice.role_id is not None:
            content, roles = f"<@&{notice.role_id}>", [discord.Object(notice.role_id)]
        with _worded():
            message = await channel.send(
                content,
                embed=embed,
                view=view,
                nonce=notice.nonce,
                allowed_mentions=discord.AllowedMentions(
                    everyone=False, users=False, roles=roles, replied_user=False
                ),
            )
        return message.id

    async def edit(self, notice: Notice, message_id: int) -> None:
        """Have a message show something else."""
        channel = self._channel(notice.incident.guild_id, notice.channel_id)
        embed, view = self._shown(notice)
        with _worded():
            await channel.get_partial_message(message_id).edit(
                embed=embed, view=view, allowed_mentions=discord.AllowedMentions.none()
            )

    async def delete(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Delete a message."""
        channel = self._channel(guild_id, channel_id)
        with _worded():
            await channel.get_partial_message(message_id).delete()

    async def find(self, guild_id: int, channel_id: int, reference: str, since: int) -> int | None:
        """Look for our message with this reference. Discord shows none to a bot that may not read back."""
        after = datetime.fromtimestamp(since - _CLOCKS_APART, UTC)
        channel = self._channel(guild_id, channel_id)
        with _worded():
            async for message in channel.history(limit=_LOOKED_THROUGH, after=after):
                footers = [embed.footer.text or "" for embed in message.embeds]
                if message.author == self._bot.user and any(reference in text.split() for text in footers):
                    return message.id
        return None

    async def tell_lost(self, guild_id: int, route: Route) -> None:
        """Tell the managers that alerts reach nobody."""
        await tell_managers(self._bot, guild_id, route)

    def _shown(self, notice: Notice) -> tuple[discord.Embed, discord.ui.View]:
        guild = self._bot.get_guild(notice.incident.guild_id)
        assert guild is not None  # noqa: S101 - asked for its channel before
        texts = self._bot.catalog[guild.preferred_locale.value]
        embed = alert_embed(notice, texts, self._bot.providers, self._bot.tree.command_ids)
        view = view_of(*buttons_of(notice.incident, texts))
        # They outlive the process: discord.py need not keep the view of each message that was ever sent.
        view.stop()
        return embed, view

    def _channel(self, guild_id: int, channel_id: int) -> discord.PartialMessageable:
        """Return the channel, known to the cache or not. Raises NotSentError during an outage."""
        guild = self._bot.get_guild(guild_id)
        # Then Discord may deny things that will be there again.
        if guild is None or guild.unavailable:
            raise NotSentError("unavailable")
        return self._bot.get_partial_messageable(channel_id, guild_id=guild_id)


@contextlib.contextmanager
def _worded() -> Iterator[None]:
    """Turn what discord.py raises into what the outbox understands."""
    try:
        yield
    except discord.HTTPException as failed:
        if failed.code in _GONE:
            raise MessageGoneError from None
        if failed.code == _SEALED:
            raise MessageSealedError from None
        is_refusal = isinstance(failed, (discord.Forbidden, discord.NotFound))
        if failed.code in _NO_TEXT or (is_refusal and failed.code not in _NOT_THE_CHANNEL):
            why = "not_found" if isinstance(failed, discord.NotFound) else "forbidden"
            raise ChannelRefusedError(why) from None
        # Whatever it is: what was to be sent stays as it was, and its text may be hostile.
        raise NotSentError(f"{failed.status} {failed.code}") from None
    except (discord.RateLimited, aiohttp.ClientError, OSError) as failed:
        raise NotSentError(type(failed).__name__) from None
