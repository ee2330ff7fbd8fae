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
    texts, where = bot.services.texts_of(guild), _where(guild, route.channel_id)
    embed = card(
        Tone.WARNING,
        texts("alerts.lost.title"),
        f"{texts(f'alerts.lost.{route.suspended}', **where)}\n{texts('alerts.lost.kept')}",
        fields=[Field(texts("next_step"), bot.services.links.link(texts("alerts.lost.next")))],
    )
    return await notify_managers(bot, guild, embed, lost_channel_id=route.channel_id, member_id=route.set_by)


async def report_lost_board(bot: ServicesBot, guild_id: int, board: BoardRow) -> bool:
    """Tell the managers, and return whether somebody was told; raise nothing."""
    guild = bot.get_guild(guild_id)
    if guild is None:
        return False
    texts, where = bot.services.texts_of(guild), _where(guild, board.channel_id)
    embed = card(
        Tone.WARNING,
        texts("alerts.lost_board.title"),
        f"{texts(f'alerts.lost_board.{board.suspended}', **where)}\n{texts('alerts.lost_board.kept')}",
        fields=[Field(texts("next_step"), bot.services.links.link(texts("alerts.lost_board.next")))],
    )
    return await notify_managers(bot, guild, embed, lost_channel_id=board.channel_id, member_id=board.set_by)


def _where(guild: discord.Guild, channel_id: int) -> dict[str, str]:
    return {"channel": f"<#{channel_id}>", "server": quoted(guild.name)}
