"""Reports to a server's managers that its alerts, or its board, reach nobody."""

import discord

from bot.discord.access.manager_notices import notify_managers
from bot.discord.context import ServicesBot
from bot.discord.text import quoted
from bot.discord.theme import Field, Tone, card
from bot.features.alerts.routes import Route
from bot.features.alerts.store import BoardRow


async def report_lost_route(bot: ServicesBot, guild_id: int, route: Route) -> bool:
    """Tell the managers, and return whether somebody was told; raise nothing."""
    guild = bot.get_guild(guild_id)
    if guild is None:
        return False
    embed = _embed(bot, guild, "alerts.lost", route.suspended, route.channel_id)
    return await notify_managers(bot, guild, embed, lost_channel_id=route.channel_id, member_id=route.set_by)


async def report_lost_board(bot: ServicesBot, guild_id: int, board: BoardRow) -> bool:
    """Tell the managers, and return whether somebody was told; raise nothing."""
    guild = bot.get_guild(guild_id)
    if guild is None:
        return False
    embed = _embed(bot, guild, "alerts.lost_board", board.suspended, board.channel_id)
    return await notify_managers(bot, guild, embed, lost_channel_id=board.channel_id, member_id=board.set_by)


def _embed(bot: ServicesBot, guild: discord.Guild, key: str, why: str, channel_id: int) -> discord.Embed:
    """key: of the texts. why: ``forbidden`` or ``not_found``."""
    texts = bot.services.texts_of(guild)
    cause = texts(f"{key}.{why}", channel=f"<#{channel_id}>", server=quoted(guild.name))
    step = bot.services.links.link(texts(f"{key}.next"))
    return card(
        Tone.WARNING,
        texts(f"{key}.title"),
        f"{cause}\n{texts(f'{key}.kept')}",
        fields=[Field(texts("next_step"), step)],
    )
