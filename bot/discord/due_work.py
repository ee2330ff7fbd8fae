"""Does what is due by a promise and not by a member's wish, whether or not Discord can be reached."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from typing import Final

import structlog

from bot.discord.connection.held_shards import holds
from bot.discord.context import ServicesBot
from bot.errors import UnavailableError

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_HOUR: Final = 3600


async def do_due_work_hourly(bot: ServicesBot) -> None:
    """Do what is due an hour after the start, and once an hour from then on; delete old history at once too.

    A bot that is started again and again must not keep it for ever.
    """
    await _do([bot.services.poller.compact] if bot.held.leads else [])
    while True:
        await asyncio.sleep(_HOUR)
        await do_due_work(bot)


async def do_due_work(bot: ServicesBot) -> None:
    """Erase what is due for an hour, and delete entries and history that are too old; raise nothing.

    One of several processes does so for its own servers; the one with the first shard deletes for all.

    While Discord answers, everything that is due is erased on time, after Discord was asked once more: see
    ``cogs.guilds``. This is for when it does not answer. Each removal was Discord's own statement, and the
    gateway tells of a return at once; so the only server that can be erased although it is there has come
    back while the bot was cut off, and its time was over for an hour before the bot was connected again. A
    server that the gateway shows is kept until Discord says that it is gone.
    """
    services = bot.services
    await _do([partial(sweep, bot, {guild.id for guild in bot.guilds}, late=_HOUR)])
    if bot.held.leads:
        await _do([services.audit.prune, services.poller.compact])


async def sweep(bot: ServicesBot, kept: Collection[int] = (), *, late: int = 0) -> None:
    """Erase what is due of the servers of this process's shards. kept, late: see ``PrivacyService.sweep``."""
    privacy = bot.services.privacy
    elsewhere = {guild_id for guild_id in await privacy.guilds() if not holds(bot.held, guild_id)}
    await privacy.sweep({*kept, *elsewhere}, late=late)


async def _do(steps: Sequence[Callable[[], Awaitable[None]]]) -> None:
    for step in steps:
        try:
            await step()
        except UnavailableError:
            pass  # the log says so already
        except Exception:  # noqa: BLE001 - a failed step must not end the rounds, or nobody erases data any more
            _log.exception("due_work_failed")
