"""Reports to a server's managers that its alerts reach nobody."""

from collections.abc import Iterator

import aiohttp
import discord
import structlog

from bot.discord.access.posting import bot_lacks
from bot.discord.context import ServicesBot
from bot.discord.text import quoted
from bot.discord.theme import Field, Tone, card
from bot.features.alerts.service import Route

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def report_lost_route(bot: ServicesBot, guild_id: int, route: Route) -> None:
    """Write to the system channel, or else to the member who set the lost channel; raise nothing."""
    guild = bot.get_guild(guild_id)
    if guild is None:
        return
    embed = _embed(bot, guild, route)
    for recipient in _recipients(guild, route):
        try:
            if isinstance(recipient, discord.TextChannel):
                channel: discord.abc.Messageable = recipient
            else:
                channel = await bot.create_dm(recipient)
            await channel.send(embed=embed, allowed_mentions=discord.AllowedMentions.none())
        except (discord.HTTPException, aiohttp.ClientError, OSError) as failed:
            _log.info("managers_not_told", guild=guild_id, error=type(failed).__name__)
        else:
            return


def _recipients(guild: discord.Guild, route: Route) -> Iterator[discord.TextChannel | discord.Object]:
    system = guild.system_channel
    if system is not None and system.id != route.channel_id and not bot_lacks(system):
        yield system
    yield discord.Object(route.set_by)


def _embed(bot: ServicesBot, guild: discord.Guild, route: Route) -> discord.Embed:
    texts = bot.services.texts_of(guild)
    why = texts(f"alerts.lost.{route.lost}", channel=f"<#{route.channel_id}>", server=quoted(guild.name))
    step = bot.services.links.link(texts("alerts.lost.next"))
    return card(
        Tone.WARNING,
        texts("alerts.lost.title"),
        f"{why}\n{texts('alerts.lost.kept')}",
        fields=[Field(texts("next_step"), step)],
    )
