"""The composition root: builds every part, and closes them in the opposite order."""

import asyncio
import contextlib
import functools
import os
import pkgutil
import random
import signal
import sys
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import import_module
from typing import Final

import httpx
import structlog

import cogs
from bot.discord.access.agent_access import GuildAccess
from bot.discord.access.request_queue import Timing
from bot.discord.background import BackgroundTasks
from bot.discord.client import PatchbayBot, Reach, point_to
from bot.discord.connection.held_shards import may_act, may_act_for, part_of_all
from bot.discord.connection.interaction_tally import InteractionTally
from bot.discord.context import Figures, Services
from bot.discord.due_work import do_due_work
from bot.discord.guard import Guard, ServedGuilds
from bot.discord.overrides import Overrides
from bot.discord.sync import CommandLinks
from bot.features.access.service import AccessService
from bot.features.access.store import AccessStore
from bot.features.alerts.alert_mover import AlertMover
from bot.features.alerts.group_store import GroupStore
from bot.features.alerts.holds import HoldReader
from bot.features.alerts.incident_store import IncidentStore
from bot.features.alerts.outbox import Outbox
from bot.features.alerts.quiet_hours_service import QuietHoursService
from bot.features.alerts.quiet_hours_store import QuietHoursStore
from bot.features.alerts.service import AlertService
from bot.features.alerts.store import AlertStore
from bot.features.audit.former_store import FormerLogs
from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.features.commands.store import CommandStore
from bot.features.complaints.service import ComplaintService
from bot.features.complaints.store import ComplaintStore
from bot.features.connections.choices import ChoiceService
from bot.features.connections.service import ConnectionService
from bot.features.connections.store import ConnectionStore
from bot.features.guilds.changes import GuildChanges
from bot.features.guilds.service import GuildService
from bot.features.handover.budget import InvalidRequestBudget
from bot.features.handover.service import DISCORD_ERRORS, PreflightService
from bot.features.history.store import HistoryStore
from bot.features.integrations.service import IntegrationService
from bot.features.integrations.store import IntegrationStore
from bot.features.lookups.service import LookupService
from bot.features.lookups.store import LookupStore
from bot.features.maintenance.service import MaintenanceService
from bot.features.maintenance.store import MaintenanceStore
from bot.features.monitoring.poller import Poller
from bot.features.monitoring.recorder import Recorder
from bot.features.monitoring.result_builder import ResultBuilder
from bot.features.monitoring.schedule import ConnectionSchedule
from bot.features.monitoring.service import MonitoringService
from bot.features.monitoring.store import MonitoringStore
from bot.features.monitoring.totals import Totals
from bot.features.privacy.service import PrivacyService
from bot.features.privacy.store import PrivacyStore
from bot.features.provider_clocks.service import ProviderClockService
from bot.features.provider_clocks.store import ProviderClockStore
from bot.heap import freeze_heap, without_collections
from bot.i18n.catalog import load_catalog
from bot.operating.backups.damage import damage_reported, refuse_damage
from bot.operating.backups.schedule import scheduled_backups
from bot.operating.discord_start import worded
from bot.operating.health.heartbeat import heartbeats
from bot.operating.health.readiness import Readiness
from bot.operating.keys.rotation import bring_up_to_date
from bot.operating.opening import discord_state, opened
from bot.operating.operator_channel import tell_operator
from bot.providers import providers
from bot.providers.base.api_client import ApiClient, Request, deadline_of, open_http
from bot.providers.base.provider import Provider
from bot.providers.base.redaction import Redactor
from bot.recent import Recent
from bot.settings import Settings
from bot.setup_errors import InvalidSettingError
from bot.store.key_marks import KeyMarks
from bot.store.vault import Vault, read_keys
from bot.store.write_probe import WriteProbe

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_STOPPED_WITHIN: Final = 9.5
"""Seconds from the signal to the end, the last answers included."""
_SWITCH_INTERVAL: Final = 0.0005
"""Seconds after which a thread that computes lets the event loop go on. By default it is ten times as long,
and the loop waits for that several times in each answer while somebody's export is written or picture drawn.
"""


@contextlib.asynccontextmanager
async def build_bot(
    settings: Settings,
    redactor: Redactor,
    *,
    clock: Callable[[], float] = time.time,
    schedule: ConnectionSchedule | None = None,
    deadline_of: Callable[[Request], float] = deadline_of,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    is_running: bool = False,
) -> AsyncIterator[PatchbayBot]:
    """Build the bot and everything under it, not yet connected to Discord.

    Keys and database come first: a bot that cannot start must not use up Discord's daily logins. clock:
    seconds since 1970. schedule: when connections are checked, by default as the settings say. deadline_of:
    seconds that a request to a provider may take. sleep: paces the questions to Discord about agents' bots.
    is_running: whether the bot is to run, and so needs shards of its own. Raises SetupError.
    """
    schedule = schedule or ConnectionSchedule(settings.check_interval, time.monotonic, random.random)
    keys = read_keys(settings.encryption_keys.get_secret_value())
    redactor.keep([*(b64encode(key).decode() for key in keys.values()), *settings.secrets_in_urls])
    vault = Vault(keys)
    async with contextlib.AsyncExitStack() as stack:
        database, held = await stack.enter_async_context(
            opened(settings, clock, vault.current if is_running else None)
        )
        await stack.enter_async_context(damage_reported(settings, database.write_state))
        await bring_up_to_date(database, vault)
        http_of = functools.partial(
            open_http,
            httpx.create_ssl_context(),
            deadline_of,
            clock,
            settings.proxy,
            functools.partial(may_act, held),
        )
        found: dict[str, Provider] = {}
        for provider in providers():
            http = await stack.enter_async_context(http_of())
            found[provider.slug] = provider(http, settings.endpoints, settings.switches, redactor)
        discord_http = await stack.enter_async_context(http_of())
        discord_urls = [settings.discord_api_url]
        discord_api = ApiClient(discord_http, "discord", discord_urls, redactor, DISCORD_ERRORS)
        changes = GuildChanges()
        alert_store, incident_store = AlertStore(database), IncidentStore(database)
        groups, monitoring_store = GroupStore(database), MonitoringStore(database)
        audit = AuditService(AuditStore(database), vault, clock, settings.audit_days)
        await FormerLogs(database, vault).rewrite(int(clock()))
        stack.push_async_callback(audit.flush)
        access = AccessService(AccessStore(database), clock)
        connections = ConnectionService(
            ConnectionStore(database), vault, found, redactor, clock, KeyMarks(database, vault)
        )
        integrations = IntegrationService(IntegrationStore(database), clock)
        provider_clocks = ProviderClockService(ProviderClockStore(database), found, clock)
        await provider_clocks.load()
        maintenance_store, quiet_hours_store = MaintenanceStore(database), QuietHoursStore(database)
        holds = HoldReader(database, maintenance_store)
        alert_mover = AlertMover(
            alert_store,
            groups,
            incident_store,
            holds,
            quiet_hours_store,
            audit,
            clock,
            interval=settings.check_interval,
        )
        outbox = Outbox(alert_store, alert_mover, audit, clock, functools.partial(part_of_all, held))
        changes.subscribe(outbox.wake)
        suggestions: Recent[object] = Recent()
        changes.subscribe(suggestions.forget)
        integrations.subscribe(suggestions.forget)
        audit.subscribe(lambda entry: suggestions.forget(entry.guild_id))  # a member has changed something
        recorder = Recorder(
            monitoring_store, changes, settings.check_interval, functools.partial(may_act_for, held)
        )
        background = BackgroundTasks()
        timing = Timing(schedule.clock, schedule.random, sleep)
        served = ServedGuilds(settings.allowed_guilds, settings.denied_guilds)
        guild_access = GuildAccess(background, clock, timing)
        builder = ResultBuilder(monitoring_store, guild_access, clock)
        poller = Poller(
            connections, audit, builder, recorder, monitoring_store, schedule, clock, settings.history_days
        )
        integrations.subscribe(poller.check_soon)
        guild_access.on_change(poller.judge_soon)
        monitoring = MonitoringService(
            monitoring_store,
            HistoryStore(database),
            changes,
            clock,
            interval=settings.check_interval,
            history_days=settings.history_days,
        )
        services = Services(
            clock=clock,
            catalog=load_catalog(),
            providers=found,
            views={name.removeprefix("cogs."): import_module(name).VIEW for name in _packages_with("VIEW")},
            redactor=redactor,
            served=served,
            guard=Guard(access, Overrides(), served),
            background=background,
            links=CommandLinks(),
            access=access,
            alerts=AlertService(alert_store, groups, incident_store, holds, changes, clock),
            audit=audit,
            choices=ChoiceService(found),
            complaints=ComplaintService(ComplaintStore(database), clock),
            connections=connections,
            figures=Figures(
                InteractionTally(),
                database.load,
                recorder,
                Totals(monitoring_store, incident_store, alert_store, changes, clock),
            ),
            guild_access=guild_access,
            guilds=GuildService(database, clock),
            integrations=integrations,
            lookups=LookupService(LookupStore(database), monitoring, connections, clock),
            maintenance=MaintenanceService(maintenance_store, changes, clock),
            monitoring=monitoring,
            outbox=outbox,
            poller=poller,
            preflight=PreflightService(
                discord_api,
                settings.discord_api_url,
                InvalidRequestBudget(clock, functools.partial(part_of_all, held)),
            ),
            privacy=PrivacyService(PrivacyStore(database), connections, audit, clock, settings.erase_after),
            provider_clocks=provider_clocks,
            quiet_hours=QuietHoursService(quiet_hours_store, changes, clock),
            suggestions=suggestions,
            write_probe=WriteProbe(database),
            write_state=database.write_state,
        )
        bot = PatchbayBot(
            services,
            CommandStore(database),
            held,
            discord_state(settings, database),
            Reach(settings.discord_gateway_url, settings.shard_count, settings.proxy),
            _packages_with("setup"),
        )
        await stack.enter_async_context(bot)
        yield bot


@functools.cache
def _packages_with(name: str) -> tuple[str, ...]:
    """Return the dotted names of the packages in ``cogs`` that define this name: being there is enough."""
    packages = (f"cogs.{module.name}" for module in pkgutil.iter_modules(cogs.__path__))
    with without_collections():
        return tuple(package for package in packages if hasattr(import_module(package), name))


async def run(settings: Settings, redactor: Redactor) -> None:
    """Run the bot until SIGTERM or SIGINT, then let running commands answer and close. Raises SetupError."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    point_to(settings.discord_api_url, settings.discord_gateway_url)
    sys.setswitchinterval(_SWITCH_INTERVAL)
    await asyncio.to_thread(refuse_damage, settings)
    building = build_bot(settings, redactor, is_running=True)
    async with building as bot, contextlib.AsyncExitStack() as stack:
        token = _token(settings, redactor)
        await stack.enter_async_context(scheduled_backups(settings, bot.services.write_state))
        bot.workers.start_when_ready(freeze_heap)
        bot.services.background.start(bot.services.write_probe.run())
        readiness = Readiness(bot, bot.services.write_state, bot.services.poller)
        await stack.enter_async_context(heartbeats(settings, readiness.reasons))
        operator = tell_operator(bot, readiness, settings)
        await stack.enter_async_context(_health_served(bot, readiness, settings))
        running = asyncio.create_task(_start(bot, token))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if running.done():
            if running.exception() is not None:
                # While Discord takes no login, a bot that is started again and again runs for no hour.
                await do_due_work(bot)
            await running
            return
        _log.info("stopping")
        if operator is not None:
            operator.is_told_to_stop = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOPPED_WITHIN):
                await bot.close()
        # A gateway that cannot be reached is retried for ever, closed or not.
        running.cancel()
        await asyncio.wait((running,))


@contextlib.asynccontextmanager
async def _health_served(bot: PatchbayBot, readiness: Readiness, settings: Settings) -> AsyncIterator[None]:
    """Serve the health endpoint while the block runs, if it has a port. Raises InvalidSettingError."""
    if settings.http_port is None:
        yield
        return
    # A web server and the format of the figures are imported only where there is a port for them.
    from bot.operating.health.loop_lag import loop_lag  # noqa: PLC0415
    from bot.operating.health.server import serve_health  # noqa: PLC0415
    from bot.operating.metrics import metrics_page  # noqa: PLC0415

    async with contextlib.AsyncExitStack() as stack:
        lag = await stack.enter_async_context(loop_lag())
        pages = {"/metrics": metrics_page(bot, readiness, lag, settings)}
        try:
            health = serve_health(readiness, lag, settings.http_host, settings.http_port, pages)
            port = await stack.enter_async_context(health)
        except OSError as error:
            # What asyncio says names the address twice.
            why = os.strerror(error.errno) if error.errno else str(error)
            reason = f"cannot be used ({why}); stop what uses it, or choose another one"
            raise InvalidSettingError(name="PATCHBAY_HTTP_PORT", reason=reason) from None
        _log.info("health_served", host=settings.http_host, port=port)
        yield


async def sync(settings: Settings, redactor: Redactor) -> int:
    """Send the commands to Discord, changed or not; return how many there are. Raises SetupError."""
    point_to(settings.discord_api_url, settings.discord_gateway_url)
    async with build_bot(settings, redactor) as bot:
        token = _token(settings, redactor)
        bot.always_sync = True
        with worded():
            await bot.login(token)
        return len(bot.tree.get_commands())


async def _start(bot: PatchbayBot, token: str) -> None:
    with worded(bot.is_ready):
        await bot.login(token)
        await bot.connect()


def _token(settings: Settings, redactor: Redactor) -> str:
    if settings.discord_token is None:
        reason = "is not set; copy it from the Developer Portal (Bot > Reset Token)"
        raise InvalidSettingError(name="PATCHBAY_DISCORD_TOKEN", reason=reason)
    token = settings.discord_token.get_secret_value()
    redactor.keep([token])
    return token
