"""Writes what a server has lived through with Patchbay, so that the demo does not open on an empty one.

Everything is stored by the bot's own services, whose clock is set back; the providers are the simulated ones.
"""

import ssl
import time
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from bot.demo.stage import RunsInGuild, Stage
from bot.features.alerts.group_store import GroupStore
from bot.features.alerts.holds import HoldReader
from bot.features.alerts.incident_store import IncidentStore
from bot.features.alerts.service import AlertService, RouteSettings
from bot.features.alerts.store import AlertStore, BoardRow
from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.features.connections.service import DEFAULT_NAME, ConnectionService
from bot.features.connections.store import ConnectionStore
from bot.features.guilds.changes import GuildChanges
from bot.features.guilds.service import GuildService
from bot.features.integrations.service import IntegrationService
from bot.features.integrations.store import IntegrationStore
from bot.features.maintenance.store import MaintenanceStore
from bot.features.monitoring.check_result import CheckOutcome, CheckResult
from bot.features.monitoring.recorder import Recorder
from bot.features.monitoring.store import MonitoringStore
from bot.providers import providers
from bot.providers.base.api_client import open_http
from bot.providers.base.credentials import Credentials
from bot.providers.base.integration import State
from bot.providers.base.provider import Provider
from bot.providers.base.redaction import Redactor
from bot.providers.base.report import Report, Reports, Wanted
from bot.providers.base.response_cache import ResponseCache
from bot.providers.base.simulator import RunsIntegrations, Simulator
from bot.store.database import Database
from bot.store.key_marks import KeyMarks
from bot.store.vault import Vault, read_keys

DAY: Final = 86_400
MINUTE: Final = 60
WEEK: Final = 7 * DAY
BETWEEN_CHECKS: Final = 5 * MINUTE
"""Seconds between the two checks that open an incident, and between the two that close it."""
OPEN_FOR: Final = 40 * MINUTE
"""Seconds since the incident began that is still open."""
OUTAGES: Final = (
    ((6.2, 26), (2.6, 8)),
    ((4.4, 95),),
    ((5.1, 14), (3.3, 41), (1.2, 19)),
    ((3.7, 12),),
    (),
)
"""The outages of one agent after the other: how many days ago each began, and how many minutes it took."""


@dataclass(frozen=True)
class Outage:
    """When an agent was down. Times are seconds since 1970; ``until`` is excluded."""

    integration: str
    since: int
    until: int


@dataclass(frozen=True)
class Seen:
    """What a provider reports now, and of broken agents by their ids."""

    reports: Sequence[Report]
    when_down: Mapping[str, Report]


@dataclass
class _Clock:
    """Seconds since 1970, as the past sets them."""

    now: float

    def __call__(self) -> float:
        return self.now


class PastWriter:
    """Makes one server's past in an empty database."""

    def __init__(self, stage: Stage, database: Database, known: dict[str, Provider], now: int) -> None:
        """known: the providers by their slugs. now: seconds since 1970."""
        self._stage, self._now = stage, now
        self._guild, self._member = stage.world.guild.id, stage.world.mira.id
        self.clock = clock = _Clock(now - WEEK)
        vault, redactor, changes = Vault(read_keys(stage.keys)), Redactor(), GuildChanges()
        self._providers = known
        self._audit = AuditService(AuditStore(database), vault, clock)
        self._connections = ConnectionService(
            ConnectionStore(database), vault, known, redactor, clock, KeyMarks(database, vault)
        )
        self._integrations = IntegrationService(IntegrationStore(database), clock)
        holds = HoldReader(database, MaintenanceStore(database))
        self._alert_store = AlertStore(database)
        self._alerts = AlertService(
            self._alert_store, GroupStore(database), IncidentStore(database), holds, changes, clock
        )
        self._guilds = GuildService(database, clock)
        # No gap between two checks counts as one in which nobody looked.
        self._recorder = Recorder(MonitoringStore(database), changes, WEEK)

    async def write(self) -> None:
        """Store a week: connections, agents, closed incidents, and one incident that is still open."""
        await self._guilds.arrived(self._guild)
        await self._guilds.greeted(self._guild)
        broken = self._break_one()
        seen = {simulator.slug: await self._connect(simulator) for simulator in self._stage.simulators}
        outages = list(_outages(self._stage.simulators, broken, self._now))
        for at in _moments(outages, self._now):
            if at == self._now - OPEN_FOR:
                await self._set_alerts()
            self.clock.now = at
            down = {each.integration for each in outages if each.since <= at < each.until}
            for slug, reports in seen.items():
                await self._check(slug, [*_as_it_was(reports, down, broken)])

    def _break_one(self) -> str:
        """Let an agent lose its connection; return its id."""
        first = next(
            each
            for each in self._stage.simulators
            if isinstance(each, RunsInGuild) and isinstance(each, RunsIntegrations)
        )
        _, integration, *_ = first.discord_integrations()
        first.break_integration(integration)
        return integration

    async def _connect(self, simulator: Simulator) -> Seen:
        """Add credentials and link the provider's agents; return what the provider reports of them."""
        guild, slug = self._guild, simulator.slug
        self.clock.now += MINUTE
        await self._connections.add(guild, slug, DEFAULT_NAME, simulator.credentials, member_id=self._member)
        await self._audit.note(guild, "connection.add", f"{slug} · {DEFAULT_NAME}", member_id=self._member)
        reports = await self._reports(self._providers[slug], simulator)
        # A provider that names the server says by itself which agents run here.
        linked = {} if isinstance(simulator, RunsInGuild) else _agents(simulator)
        for report in reports:
            if report.id in linked:
                self.clock.now += MINUTE
                await self._integrations.link(
                    guild, slug, DEFAULT_NAME, report.id, report.label, bot_id=None, member_id=self._member
                )
                target = f"{slug} · {report.id}"
                await self._audit.note(guild, "integrations.link", target, member_id=self._member)
        return Seen(reports, await self._when_down(simulator))

    async def _reports(self, provider: Provider, simulator: Simulator) -> tuple[Report, ...]:
        wanted = Wanted(ids=_agents(simulator).keys(), guild_id=self._guild)
        found = await provider.reports(Credentials(simulator.credentials), wanted, ResponseCache())
        return found.items

    async def _when_down(self, simulator: Simulator) -> dict[str, Report]:
        """Return what the provider reports of its agents once they have broken, from another simulator."""
        async with type(simulator)() as twin, open_providers(twin.environment(), twin.slug) as known:
            if isinstance(twin, RunsIntegrations):
                for integration in twin.discord_integrations():
                    twin.break_integration(integration)
            return {each.id: each for each in await self._reports(known[twin.slug], twin)}

    async def _set_alerts(self) -> None:
        """Have alerts and a board posted: what was over before is told to nobody."""
        self.clock.now = self._now - OPEN_FOR - MINUTE
        channel = self._stage.world.alerts.id
        route = await self._alerts.set_route(self._guild, channel, RouteSettings(), member_id=self._member)
        await self._alert_store.put_board(
            BoardRow(self._guild, self._stage.world.board.id, self._member), int(self.clock.now)
        )
        board = f"channel · {self._stage.world.board.id}"
        await self._audit.note(self._guild, "integrations.board", board, member_id=self._member)
        await self._audit.note(
            self._guild, "alerts.set", f"channel · {channel} · rule {route.number}", member_id=self._member
        )

    async def _check(self, slug: str, reports: Sequence[Report]) -> None:
        own = await self._integrations.of_guild(self._guild, slug)
        found, at = Reports(tuple(reports)), int(self.clock.now)
        await self._recorder.record(
            CheckResult(self._guild, slug, DEFAULT_NAME, at, CheckOutcome.ANSWERED, found, own=own.keys())
        )


def _outages(simulators: Sequence[Simulator], broken: str, now: int) -> Iterator[Outage]:
    """Yield the outages of the agents that can break, and the one that is not over."""
    agents = [integration for each in simulators for integration in _agents(each) if integration != broken]
    for integration, outages in zip(agents, OUTAGES, strict=False):
        for days, minutes in outages:
            since = now - int(days * DAY)
            yield Outage(integration, since, since + minutes * MINUTE)
    yield Outage(broken, now - OPEN_FOR, now + 1)


def _moments(outages: Sequence[Outage], now: int) -> list[int]:
    """Return when something was checked, the earliest first."""
    found = {now - WEEK + DAY // 24, now}
    for each in outages:
        found |= {each.since, each.since + BETWEEN_CHECKS, each.until, each.until + BETWEEN_CHECKS}
    return sorted(at for at in found if at <= now)


def _as_it_was(seen: Seen, down: Collection[str], broken: str) -> Iterator[Report]:
    """Yield the reports of a time at which these agents were down. broken: the agent that is down now."""
    for report in seen.reports:
        if report.id in down:
            then = seen.when_down[report.id]
            yield replace(report, state=then.state, detail=then.detail)
        elif report.id == broken:
            yield replace(report, state=State.CONNECTED, detail="")
        else:
            yield report


def _agents(simulator: Simulator) -> Mapping[str, str]:
    return simulator.discord_integrations() if isinstance(simulator, RunsIntegrations) else {}


async def write_past(stage: Stage) -> None:
    """Store the past of the stage's server. Call it before the bot runs for the first time."""
    slugs = [each.slug for each in stage.simulators]
    async with (
        open_providers(stage.environment(), *slugs) as known,
        Database.open(stage.database) as database,
    ):
        await PastWriter(stage, database, known, int(time.time())).write()


@asynccontextmanager
async def open_providers(environment: Mapping[str, str], *slugs: str) -> AsyncIterator[dict[str, Provider]]:
    """Open these providers, by slug, with the addresses that the environment gives."""
    async with open_http(ssl.create_default_context()) as http:
        yield {
            each.slug: each(
                http,
                {endpoint.setting: environment[endpoint.setting] for endpoint in each.endpoints},
                {switch.setting: False for switch in each.switches},
                Redactor(),
            )
            for each in providers()
            if each.slug in slugs
        }
