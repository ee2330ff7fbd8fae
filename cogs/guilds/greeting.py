"""Greets servers, where everybody may read and answer it; a greeting that fails is tried again."""

import asyncio
from collections.abc import Iterator
from typing import Final

import aiohttp
import discord
import structlog

from bot.backoff import Backoff
from bot.discord.client import PatchbayBot
from bot.discord.connection.held_shards import holds
from bot.discord.replies import view_of
from bot.i18n.catalog import Texts
from bot.network_faults import word_of

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 300.0
"""The time between two looks at the greetings that are owed."""
_MAX_PAUSE_SECONDS: Final = 3600.0
"""The same where the looks fail."""
_SEND_SECONDS: Final = 60.0
"""Shorter than the first pause: no greeting is sent again while one is on its way."""
START_ROUTE: Final = "setup:start"
START_SYMBOL: Final = "🧭"
"""The custom id and the symbol of the button under the greeting."""
_NEEDED: Final = discord.Permissions(view_channel=True, send_messages=True)


async def greet_when_due(bot: PatchbayBot) -> None:
    """Try the greetings again that could not be sent, also those of an earlier run."""
    backoff = Backoff(_LOOK_SECONDS, _MAX_PAUSE_SECONDS)
    while True:
        pause = _LOOK_SECONDS
        try:
            for guild_id in await bot.services.guilds.to_greet():
                if holds(bot.held, guild_id):
                    await _greet_owed(bot, guild_id)
        except Exception as error:  # noqa: BLE001 - one failed round must not end the rounds
            pause = backoff.fail_with(_log, "greetings_failed", error)
        else:
            backoff.succeed()
        await asyncio.sleep(pause)


async def _greet_owed(bot: PatchbayBot, guild_id: int) -> None:
    guild = bot.get_guild(guild_id)
    if guild_id not in bot.services.served:
        await bot.services.guilds.greeted(guild_id)
    elif guild is None or guild.unavailable:
        await bot.services.guilds.greeting_failed(guild_id)
    else:
        await greet(bot, guild)


async def greet(bot: PatchbayBot, guild: discord.Guild) -> None:
    """Send the greeting, or note that it is to be tried again; without a fitting channel, greet nobody.

    Whatever is wrong with one server, the next one is greeted: only what the database raises is raised.
    """
    try:
        channel = next(_greeting_channels(guild), None)
        if channel is not None:
            texts = bot.services.texts_of(guild)
            async with asyncio.timeout(_SEND_SECONDS):
                await channel.send(bot.services.links.link(texts("guild.hello")), view=_start_view(texts))
    except (discord.HTTPException, aiohttp.ClientError, OSError) as failed:
        _log.info("greeting_failed", guild=guild.id, error=word_of(failed))
    except Exception:  # noqa: BLE001 - such as of a server of which our own member is not known
        _log.exception("greeting_failed", guild=guild.id)
    else:
        await bot.services.guilds.greeted(guild.id)
        return
    await bot.services.guilds.greeting_failed(guild.id)


def _start_view(texts: Texts) -> discord.ui.View:
    """Return the button that does what `/setup` does.

    The cog that handles it is above this one: it is found by its custom id.
    """
    button: discord.ui.Button[discord.ui.View] = discord.ui.Button(
        label=texts("setup.start_button"),
        emoji=START_SYMBOL,
        style=discord.ButtonStyle.primary,
        custom_id=START_ROUTE,
    )
    view = view_of(button)
    view.stop()  # discord.py would keep it to listen to the button as well
    return view


def _greeting_channels(guild: discord.Guild) -> Iterator[discord.TextChannel]:
    """Yield the channels where a greeting may go, the best first: for new members, then for everybody.

    Nobody answers in an announcement channel or under the rules.
    """
    first = [] if guild.system_channel is None else [guild.system_channel]
    for channel in (*first, *guild.text_channels):
        everybody, bot = (channel.permissions_for(who) for who in (guild.default_role, guild.me))
        # False in a channel that one cannot see: discord.py takes that into account.
        if not channel.is_news() and channel != guild.rules_channel and (everybody & bot) >= _NEEDED:
            yield channel
