"""Copies each new entry of a guild's audit log to the channel that its managers have chosen."""

import asyncio
from collections import Counter, deque
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import aiohttp
import discord
import structlog

from bot.backoff import Backoff
from bot.discord.access.manager_notices import notify_managers
from bot.discord.client import PatchbayBot
from bot.discord.text import quoted
from bot.discord.theme import Tone, notice
from bot.features.audit.entry import Entry
from bot.features.audit.service import BEGUN, DONE
from bot.network_faults import word_of
from bot.providers.base.current_guild import working_for
from cogs.audit.embeds import entry_embed
from cogs.audit.words import known_names

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_ACTION: Final = "audit.mirror"
_MAX_SEARCHED: Final = 20
"""The number of entries among which the one about the channel's choice is looked for."""
_MAX_WAITING: Final = 50
"""Entries of a guild that wait to be sent; what comes after them is only counted."""
_MAX_PAUSE_SECONDS: Final = 600
_FIRST_PAUSE: Final = 1.0
_MAX_PAUSE: Final = 60.0
_RATE_LIMITED: Final = 429
# Discord's own codes; a refusal by a proxy says nothing about the channel.
_CLOSED: Final[Mapping[object, str]] = {10003: "not_found", 50001: "forbidden", 50013: "forbidden"}


class _Place(NamedTuple):
    """A guild, and the channel that its entries are repeated in."""

    guild: discord.Guild
    channel_id: int


class AuditMirror:
    """Sends in the background, each guild's entries in their order; no command waits for it."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot
        self._waiting: dict[int, deque[Entry]] = {}
        """The entries to be sent, by guild, while a guild's entries are being sent."""
        self._left_out: Counter[int] = Counter()
        """How many entries of a guild there was no room for, while the guild's entries are being sent."""

    def take(self, entry: Entry) -> None:
        """Send an entry after those that came before it; one that waits for its result is not sent."""
        if entry.result == BEGUN:
            return
        waiting = self._waiting.get(entry.guild_id)
        if waiting is not None:
            if len(waiting) < _MAX_WAITING:
                waiting.append(entry)
            else:
                self._left_out[entry.guild_id] += 1
            return
        self._waiting[entry.guild_id] = deque([entry])
        with working_for(entry.guild_id):
            self._bot.services.background.start(self._send_all(entry.guild_id))

    async def _send_all(self, guild_id: int) -> None:
        waiting, backoff = self._waiting[guild_id], Backoff(_FIRST_PAUSE, _MAX_PAUSE)
        try:
            while waiting or self._left_out[guild_id]:
                try:
                    if waiting:
                        await self._send(waiting.popleft())
                    else:
                        await self._say_left_out(guild_id, self._left_out.pop(guild_id))
                    backoff.succeed()
                except Exception as error:  # noqa: BLE001 - the entries after a failed one are sent all the same
                    await asyncio.sleep(backoff.fail_with(_log, "audit_not_mirrored", error, guild=guild_id))
        finally:
            del self._waiting[guild_id]
            del self._left_out[guild_id]

    async def _send(self, entry: Entry) -> None:
        place = await self._place(entry.guild_id)
        if place is not None:
            services = self._bot.services
            labels = await services.audit.labels(entry.guild_id)
            names = known_names(labels, services, entry.guild_id)
            embed = entry_embed(entry, names, services.texts_of(place.guild))
            await self._post(place, number=entry.number, embed=embed)

    async def _say_left_out(self, guild_id: int, count: int) -> None:
        place = await self._place(guild_id)
        if place is not None:
            text = self._bot.services.texts_of(place.guild).plural("audit.mirror.left_out", count)
            await self._post(place, number=None, content=self._bot.services.links.link(text))

    async def _place(self, guild_id: int) -> _Place | None:
        channel_id = await self._bot.services.guilds.audit_channel(guild_id)
        guild = self._bot.get_guild(guild_id)
        # Where the bot was removed, the channel is kept in case the bot comes back.
        return None if channel_id is None or guild is None else _Place(guild, channel_id)

    async def _post(self, place: _Place, *, number: int | None, **message: Any) -> None:  # noqa: ANN401 - as discord.py's send
        """Send a message. number: of the entry that it is about."""
        guild, channel_id = place
        channel = self._bot.get_partial_messageable(channel_id, guild_id=guild.id)
        try:
            await _send_paced(channel, **message)
        except (discord.HTTPException, aiohttp.ClientError, OSError) as failed:
            # The log has the entry, and none is sent late: entries out of order would look like tampering.
            error, code = word_of(failed), getattr(failed, "code", None)
            _log.warning("audit_not_mirrored", guild=guild.id, number=number, error=error, code=code)
            if code in _CLOSED:
                await self._stop_mirroring(guild, channel_id, _CLOSED[code])

    async def _stop_mirroring(self, guild: discord.Guild, channel_id: int, reason: str) -> None:
        """Copy nothing more to a channel, and tell the managers.

        After too many refusals Discord blocks our address.
        """
        services = self._bot.services
        if not await services.guilds.drop_audit_channel(guild.id, channel_id):
            return
        target = f"channel · {channel_id}"
        entries = (await services.audit.page(guild.id, _MAX_SEARCHED, action=_ACTION)).entries
        chosen_by = next(
            (each.member for each in entries if (each.target, each.result) == (target, DONE)), None
        )
        await services.audit.note(guild.id, _ACTION, target, f"refused:{reason}")
        texts = services.texts_of(guild)
        why = texts(f"audit.mirror.lost.{reason}", channel=f"<#{channel_id}>", server=quoted(guild.name))
        step = services.links.link(texts("audit.mirror.lost_next"))
        embed = notice(texts, Tone.WARNING, "audit.mirror.lost", how=why, next_step=step)
        await notify_managers(self._bot, guild, embed, lost_channel_id=channel_id, member_id=chosen_by)


async def _send_paced(channel: discord.PartialMessageable, **message: Any) -> None:  # noqa: ANN401 - as discord.py's send
    """Send a message, once more after a pause if Discord says that there were too many."""
    try:
        await channel.send(**message, allowed_mentions=discord.AllowedMentions.none())
    except discord.HTTPException as refused:
        if refused.status != _RATE_LIMITED:
            raise
        await asyncio.sleep(_pause(refused))
        await channel.send(**message, allowed_mentions=discord.AllowedMentions.none())


def _pause(refused: discord.HTTPException) -> float:
    """Return the seconds that Discord asks to wait."""
    try:
        seconds = float(refused.response.headers.get("Retry-After", ""))
    except ValueError:
        return _MAX_PAUSE_SECONDS
    return min(max(seconds, 0), _MAX_PAUSE_SECONDS)
