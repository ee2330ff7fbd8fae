"""Repeats each new entry of a guild's audit log in the channel that its managers have chosen."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import aiohttp
import discord
import structlog

from bot.runtime.audit_words import entry_embed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.runtime.client import PatchbayBot
    from bot.services.audit import Entry

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# Discord's own codes; a proxy's refusal says nothing about the channel.
_CLOSED: Final[Mapping[object, str]] = {10003: "not_found", 50001: "forbidden", 50013: "forbidden"}


class AuditMirror:
    """Sends in the background, each guild's entries in their order; no command waits for it."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot
        self._waiting: dict[int, deque[Entry]] = {}
        """By guild, for those that something is being sent for."""

    def take(self, entry: Entry) -> None:
        """Have an entry sent after those that came before it."""
        waiting = self._waiting.get(entry.guild_id)
        if waiting is not None:
            waiting.append(entry)
            return
        self._waiting[entry.guild_id] = deque([entry])
        self._bot.in_background(self._send_all(entry.guild_id))

    async def _send_all(self, guild_id: int) -> None:
        waiting = self._waiting[guild_id]
        try:
            while waiting:
                try:
                    await self._send(waiting.popleft())
                except Exception:  # noqa: BLE001 - one that fails is no reason to keep back those after it
                    _log.exception("audit_not_mirrored", guild=guild_id)
        finally:
            del self._waiting[guild_id]

    async def _send(self, entry: Entry) -> None:
        channel_id = await self._bot.guild_records.audit_channel(entry.guild_id)
        guild = self._bot.get_guild(entry.guild_id)
        # Where the bot has been removed the channel is kept, in case that it comes back.
        if channel_id is None or guild is None:
            return
        texts = self._bot.catalog[guild.preferred_locale.value]
        channel = self._bot.get_partial_messageable(channel_id, guild_id=entry.guild_id)
        try:
            await channel.send(
                embed=entry_embed(entry, texts), allowed_mentions=discord.AllowedMentions.none()
            )
        except (discord.HTTPException, aiohttp.ClientError, OSError) as failed:
            # The log has it, and nothing is sent late: what comes out of order would look like tampering.
            error, code = type(failed).__name__, getattr(failed, "code", None)
            _log.warning(
                "audit_not_mirrored", guild=entry.guild_id, number=entry.number, error=error, code=code
            )
            if code in _CLOSED:
                await self._give_up(entry.guild_id, channel_id, _CLOSED[code])

    async def _give_up(self, guild_id: int, channel_id: int, reason: str) -> None:
        """Stop with a channel: for each further refusal Discord comes nearer to blocking our address."""
        if await self._bot.guild_records.drop_audit_channel(guild_id, channel_id):
            await self._bot.audit.note(
                guild_id, "audit.mirror", f"channel · {channel_id}", f"refused:{reason}"
            )
