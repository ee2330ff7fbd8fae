"""Reports to a server's managers that its alerts reach nobody."""

import discord

from bot.discord.access.manager_notices import notify_managers
from bot.discord.context import ServicesBot
from bot.discord.text import quoted
from bot.discord.theme import Field, Tone, card
from bot.features.alerts.service import Route


async def report_lost_route(bot: ServicesBot, guild_id: int, route: Route) -> bool:
    """Tell the managers, and return whether somebody was told; raise nothing."""
    guild = bot.get_guild(guild_id)
    if guild is None:
        return False
    return await notify_managers(
        bot,
        guild,
        _embed(bot, guild, route),
        lost_channel_id=route.channel_id,
        member_id=route.set_by,
    )


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
