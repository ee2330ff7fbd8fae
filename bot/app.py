"""The composition root: builds every part, and closes them in the opposite order."""

from __future__ import annotations

import asyncio
import contextlib
import pkgutil
import random
import signal
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Final

import aiohttp
import discord
import httpx
import structlog

import cogs
from bot.errors import DatabaseUnusableError, DiscordLoginError, DiscordUnreachableError, InvalidSettingError
from bot.i18n.catalog import load_catalog
from bot.kit.api_client import ApiClient, open_http
from bot.monitors.outbox import Outbox
from bot.monitors.pace import Pace
from bot.monitors.poller import Poller
from bot.monitors.recorder import Recorder
from bot.providers import providers
from bot.runtime.client import Gateway, PatchbayBot, point_to
from bot.runtime.guard import Served
from bot.runtime.health import serve_health
from bot.services.access import AccessService
from bot.services.alerts import AlertService
from bot.services.audit import AuditService
from bot.services.boards import BoardService
from bot.services.choices import ChoiceService
from bot.services.connections import ConnectionService
from bot.services.guilds import GuildService
from bot.services.integrations import IntegrationService
from bot.services.preflight import PreflightService
from bot.services.privacy import PrivacyService
from bot.services.watching import WatchService
from bot.store.access import AccessStore
from bot.store.alerts import AlertStore
from bot.store.audit import AuditStore
from bot.store.commands import CommandStore
from bot.store.connections import ConnectionStore
from bot.store.database import Database, UnavailableError
from bot.store.guilds import GuildStore
from bot.store.integrations import IntegrationStore
from bot.store.vault import Vault, read_keys
from bot.store.watching import WatchStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from bot.kit.provider import Provider
    from bot.kit.redaction import Redactor
    from bot.settings import Settings
    from bot.store.guilds import Stored

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


_TOKEN_REFUSED: Final = 4004
"""The gateway's close code."""
_STOPPED_WITHIN: Final = 9.5
"""Seconds from the signal to the end, the last answers included."""


@contextlib.asynccontextmanager
async def build_bot(settings: Settings, redactor: Redactor) -> AsyncIterator[PatchbayBot]:
    """Build the bot and everything under it, not yet connected to Discord.

    Keys and database come first: a bot that cannot start must not use up Discord's daily logins.
    Raises SetupError.
    """
    keys = read_keys(settings.encryption_keys.get_secret_value())
    redactor.keep(b64encode(key).decode() for key in keys.values())
    vault = Vault(keys)
    async with contextlib.AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database.open(settings.database_path))
        tls = httpx.create_ssl_context()
        found: dict[str, Provider] = {}
        for provider in providers():
            http = await stack.enter_async_context(open_http(tls))
            found[provider.slug] = provider(http, settings.endpoints, settings.switches, redactor)
        discord_http = await stack.enter_async_context(open_http(tls))
        connections = ConnectionService(ConnectionStore(database), vault, found, redactor, time.time)
        audit = AuditService(AuditStore(database), vault, time.time)
        guilds = GuildStore(database)
        watched, told = WatchStore(database), AlertStore(database)
        integrations = IntegrationService(IntegrationStore(database), time.time)
        recorder = Recorder(watched, settings.check_interval)
        bot = PatchbayBot(
            # Being there is all that a command group needs.
            extensions=[f"cogs.{module.name}" for module in pkgutil.iter_modules(cogs.__path__)],
            catalog=load_catalog(),
            providers=found,
            connections=connections,
            choices=ChoiceService(found),
            integrations=integrations,
            audit=audit,
            guild_records=GuildService(guilds, time.time),
            privacy=PrivacyService(guilds, connections, audit, time.time, settings.erase_after),
            preflight=PreflightService(
                ApiClient(discord_http, "discord", [settings.discord_api_url], redactor),
                settings.discord_api_url,
            ),
            access=AccessService(AccessStore(database), time.time),
            watching=WatchService(watched, time.time, settings.check_interval, settings.history_days),
            alerts=AlertService(told, watched, time.time),
            board_records=BoardService(told, time.time),
            recorder=recorder,
            poller=Poller(
                connections,
                integrations,
                audit,
                recorder,
                watched,
                Pace(settings.check_interval, time.monotonic, random.random),
                time.time,
                settings.history_days,
            ),
            outbox=Outbox(told, watched, audit, time.time),
            redactor=redactor,
            served=Served(settings.allowed_guilds, settings.denied_guilds),
            command_store=CommandStore(database),
            gateway=Gateway(settings.discord_gateway_url, settings.shard_ids, settings.shard_count),
        )
        await stack.enter_async_context(bot)
        yield bot


async def run(settings: Settings, redactor: Redactor) -> None:
    """Run the bot until SIGTERM or SIGINT, then let running commands answer and close. Raises SetupError."""
    point_to(settings.discord_api_url, settings.discord_gateway_url)
    async with build_bot(settings, redactor) as bot, contextlib.AsyncExitStack() as stack:
        token = _token(settings, redactor)
        if settings.http_port is not None:
            port = await stack.enter_async_context(_serve_health(bot, settings.http_host, settings.http_port))
            _log.info("health_served", host=settings.http_host, port=port)
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        running = asyncio.create_task(_start(bot, token))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if running.done():
            await running
            return
        _log.info("stopping")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOPPED_WITHIN):
                await bot.close()
        # A gateway that cannot be reached is retried for ever, closed or not.
        running.cancel()
        await asyncio.wait((running,))


async def sync(settings: Settings, redactor: Redactor) -> int:
    """Send the commands to Discord, changed or not; return how many there are. Raises SetupError."""
    point_to(settings.discord_api_url, settings.discord_gateway_url)
    async with build_bot(settings, redactor) as bot:
        token = _token(settings, redactor)
        bot.always_sync = True
        with _worded():
            await bot.login(token)
        return len(bot.tree.get_commands())


async def stored(settings: Settings, guild_id: int) -> Stored:
    """Count what is stored of a guild. Raises SetupError."""
    async with _existing(settings) as database:
        return await GuildStore(database).stored(guild_id)


async def purge(settings: Settings, guild_id: int) -> bool:
    """Erase all that is stored of a guild; return False if traces of it may be left in the file.

    A bot may be running on the same database. Raises SetupError.
    """
    async with _existing(settings) as database:
        return await GuildStore(database).erase(guild_id)


@contextlib.asynccontextmanager
async def _existing(settings: Settings) -> AsyncIterator[Database]:
    # Opening would make one, and a mistyped path would look like a guild of which nothing is stored.
    if not await asyncio.to_thread(settings.database_path.exists):
        raise DatabaseUnusableError(path=str(settings.database_path), reason="there is no such file")
    async with Database.open(settings.database_path) as database:
        try:
            yield database
        except UnavailableError as error:  # another process has it locked
            raise DatabaseUnusableError(path=str(settings.database_path), reason=str(error)) from None


@contextlib.asynccontextmanager
async def _serve_health(bot: PatchbayBot, host: str, port: int) -> AsyncIterator[int]:
    async with contextlib.AsyncExitStack() as stack:
        try:
            served = await stack.enter_async_context(serve_health(bot, host, port))
        except OSError as error:
            raise InvalidSettingError(
                name="PATCHBAY_HTTP_PORT", reason=f"cannot be used ({error.strerror})"
            ) from None
        yield served


async def _start(bot: PatchbayBot, token: str) -> None:
    with _worded():
        await bot.login(token)
        await bot.connect()


@contextlib.contextmanager
def _worded() -> Iterator[None]:
    try:
        yield
    except discord.LoginFailure:
        raise DiscordLoginError from None
    except discord.ConnectionClosed as closed:
        if closed.code == _TOKEN_REFUSED:
            raise DiscordLoginError from None
        raise DiscordUnreachableError(reason=f"the gateway closed with {closed.code}") from None
    except discord.HTTPException as refused:
        raise DiscordUnreachableError(reason=f"it answered {refused.status}") from None
    except (OSError, aiohttp.ClientError) as error:
        raise DiscordUnreachableError(reason=type(error).__name__) from None


def _token(settings: Settings, redactor: Redactor) -> str:
    if settings.discord_token is None:
        raise InvalidSettingError(
            name="PATCHBAY_DISCORD_TOKEN",
            reason="is not set; copy it from the Developer Portal (Bot > Reset Token)",
        )
    token = settings.discord_token.get_secret_value()
    redactor.keep([token])
    return token
