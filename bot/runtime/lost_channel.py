"""Tells a server's managers that its alerts reach nobody, where they may read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import discord
import structlog

from bot.ui.replies import link_commands
from bot.ui.text import quoted
from bot.ui.theme import Field, Tone, card

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.runtime.client import PatchbayBot
    from bot.services.alerts import Route

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_NEEDED = discord.Permissions(view_channel=True, send_messages=True, embed_links=True)


async def tell_managers(bot: PatchbayBot, guild_id: int, route: Route) -> None:
    """Write it into the system channel, else to whoever set the channel that is lost; raises nothing."""
    guild = bot.get_guild(guild_id)
    if guild is None:
        return
    embed = _embed(bot, guild, route)
    for place in _places(guild, route):
        try:
            channel = place if isinstance(place, discord.TextChannel) else await bot.create_dm(place)
            await channel.send(embed=embed, allowed_mentions=discord.AllowedMentions.none())
        except (discord.HTTPException, aiohttp.ClientError, OSError) as failed:
            _log.info("managers_not_told", guild=guild_id, error=type(failed).__name__)
        else:
            return


def _places(guild: discord.Guild, route: Route) -> Iterator[discord.TextChannel | discord.Object]:
    system = guild.system_channel
    if system is not None and system.id != route.channel_id and system.permissions_for(guild.me) >= _NEEDED:
        yield system
    yield discord.Object(route.set_by)


def _embed(bot: PatchbayBot, guild: discord.Guild, route: Route) -> discord.Embed:
    texts = bot.catalog[guild.preferred_locale.value]
    why = texts(f"alerts.lost.{route.lost}", channel=f"<#{route.channel_id}>", server=quoted(guild.name))
    step = link_commands(texts("alerts.lost.next"), bot.tree.command_ids)
    return card(
        Tone.WARNING,
        texts("alerts.lost.title"),
        f"{why}\n{texts('alerts.lost.kept')}",
        fields=[Field(texts("next_step"), step)],
    )
