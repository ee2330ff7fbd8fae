"""Records checks of one provider in a real database, and reads what is stored afterwards."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypedDict, Unpack

from bot.features.alerts.group_store import GroupStore
from bot.features.alerts.holds import HoldReader
from bot.features.alerts.incident_store import Incident, IncidentStore, Kind
from bot.features.alerts.routes import Route
from bot.features.alerts.store import AlertStore, MessageKind, OutboxRow, RouteRow, Waiting
from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.features.guilds.changes import GuildChanges
from bot.features.history.store import HistoryStore
from bot.features.integrations.store import Ignored, IntegrationStore, Placed
from bot.features.lookups.store import LookupStore
from bot.features.maintenance.store import MaintenanceStore
from bot.features.monitoring.access import Access
from bot.features.monitoring.check_result import CheckOutcome, CheckResult
from bot.features.monitoring.recorder import Recorder
from bot.features.monitoring.store import MonitoringStore, WatchedRow
from bot.providers.base.integration import State
from bot.providers.base.report import Report, Reports
from bot.store.database import Database
from tests.support.alert_parts import INTERVAL, make_mover
from tests.support.ids import GUILD

START = 1_700_000_000
WELL, LOST, FAULTY, OFF = State.CONNECTED, State.DISCONNECTED, State.ERROR, State.INACTIVE
BLOCKED, UNKNOWN = State.BLOCKED, State.UNKNOWN
ALL_BAD = (FAULTY, LOST, BLOCKED, UNKNOWN, OFF)
"""Every state that a route can name."""


class _Told:
    sql = (
        "SELECT incident FROM alert_incident WHERE guild_id = :guild_id AND route = :route AND alert > 0"
        " ORDER BY incident"
    )


class Known(TypedDict, total=False):
    """What a result adds to the reports."""

    own: Collection[str]
    ignored: Collection[str]
    bots: Mapping[str, int]
    access: Mapping[str, Access]
    is_check: bool


class RecordedChecks:
    """Records one check after the other, each an interval after the previous one unless told otherwise."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.store = MonitoringStore(database)
        self.alerts = AlertStore(database)
        self.groups = GroupStore(database)
        self.changes = GuildChanges()
        self.now = START
        self.restart()

    def restart(self) -> None:
        """Continue with a new recorder, as after a restart of the bot."""
        self.recorder = Recorder(self.store, self.changes, INTERVAL)

    async def connect(self, *names: str, guild: int = GUILD) -> None:
        """Add connections to a guild."""
        for name in names:
            row = ConnectionRow(guild, "toolzz", name, b"sealed", set_by=1, set_at=1, verified_at=1)
            assert await ConnectionStore(self.database).insert(row)

    async def disconnect(self, name: str = "default") -> None:
        """Delete a connection."""
        assert await ConnectionStore(self.database).delete(GUILD, "toolzz", name)

    async def link(
        self, integration: str, connection: str = "default", guild: int = GUILD, bot_id: int | None = None
    ) -> None:
        """Link an integration."""
        placed = Placed(
            id=integration,
            connection=connection,
            label="Linked",
            bot_id=bot_id,
            placed_by=1,
            placed_at=self.now,
        )
        assert await IntegrationStore(self.database).put(guild, "toolzz", placed)

    async def unlink(self, integration: str, guild: int = GUILD) -> None:
        """Delete the link of an integration."""
        assert await IntegrationStore(self.database).delete(guild, "toolzz", integration)

    async def ignore(self, integration: str, guild: int = GUILD) -> None:
        """Ignore an integration, and forget its state."""
        row = Ignored(integration, "default", integration, ignored_by=1, ignored_at=self.now)
        assert await IntegrationStore(self.database).ignore(guild, "toolzz", row)
        await self.store.stop_watching(guild, "toolzz", integration, self.now)

    async def waiting(self, guild: int = GUILD) -> Sequence[Waiting]:
        """Return which of a guild's messages could not be sent."""
        return (await LookupStore(self.database).sending(guild)).waiting

    async def route(self, *states: State, guild: int = GUILD, number: int = 1, **fields: Any) -> RouteRow:  # noqa: ANN401 - those of a route
        """Set one of a guild's routes for alerts. fields: of the row."""
        chosen = ",".join(states or (LOST, FAULTY))
        row = RouteRow(
            guild,
            number,
            **{
                "channel_id": 7,
                "role_id": None,
                "states": chosen,
                "checks": 2,
                "remind": 0,
                "set_by": 1,
                "set_at": 1,
                **fields,
            },
        )
        open_ones = [
            each
            for each in await self.incidents(guild)
            if each.closed_at is None and Route.of(row).tells_of(each)
        ]
        holds = HoldReader(self.database, MaintenanceStore(self.database))
        held = (await holds.of(guild, open_ones, self.now)).until
        told = {each.number: each.number not in held for each in open_ones}
        if await self.alerts.route(guild, number) is None:
            row = replace(row, number=0)
        stored = await self.groups.put_route(row, self.now, told, most=10)
        assert stored is not None
        assert stored.number == number
        return stored

    def result(
        self,
        *reports: Report,
        connection: str = "default",
        guild: int = GUILD,
        missing: Collection[str] = (),
        **known: Unpack[Known],
    ) -> CheckResult:
        """Return the result of a check that the provider answers with these reports now.

        missing: ids of which it says that they do not exist. known: other fields of the result.
        """
        found = Reports(reports, frozenset(missing))
        return CheckResult(guild, "toolzz", connection, self.now, CheckOutcome.ANSWERED, found, **known)

    async def answer(
        self,
        *reports: Report,
        connection: str = "default",
        guild: int = GUILD,
        missing: Collection[str] = (),
        after: int = INTERVAL,
        **known: Unpack[Known],
    ) -> None:
        """Record a check that the provider answers with these reports. after: seconds.

        What is ``own`` is linked first.
        """
        self.now += after
        for each in known.get("own", ()):
            await self.link(each, connection=connection, guild=guild)
        result = self.result(*reports, connection=connection, guild=guild, missing=missing, **known)
        await self.recorder.record(result)

    async def fail(
        self,
        outcome: CheckOutcome,
        *,
        connection: str = "default",
        guild: int = GUILD,
        after: int = INTERVAL,
    ) -> None:
        """Record a check without reports, whose error is the outcome's name. after: seconds."""
        self.now += after
        error = outcome.name.lower()
        await self.recorder.record(CheckResult(guild, "toolzz", connection, self.now, outcome, error=error))

    async def rows(self, kind: Kind = Kind.INTEGRATION, guild: int = GUILD) -> dict[str, WatchedRow]:
        """Return the stored rows by id."""
        return {row.id: row for row in await self.store.watched(guild) if row.kind == kind}

    async def states(self, kind: Kind = Kind.INTEGRATION) -> dict[str, tuple[str, str]]:
        """Return the stored states with their details, by id."""
        return {each.id: (each.state, each.detail) for each in (await self.rows(kind)).values()}

    async def incidents(self, guild: int = GUILD) -> list[Incident]:
        """Return all incidents, the oldest first."""
        return (await IncidentStore(self.database).since(guild, 0))[::-1]

    async def endings(self) -> list[tuple[str, str, str]]:
        """Return kind, id and ending of all incidents, the oldest first."""
        return [(each.kind, each.id, each.ended) for each in await self.incidents()]

    async def history(self, integration: str = "a", guild: int = GUILD) -> list[tuple[int, str, str]]:
        """Return an integration's transitions, with their times in seconds since the start."""
        rows = await HistoryStore(self.database).transitions(guild, "toolzz", integration, 0)
        return [(row.at - START, row.state, row.detail) for row in rows]

    async def alert(self, number: int = 1, guild: int = GUILD, route: int = 1) -> OutboxRow | None:
        """Return an alert by the number of its first incident, once it is decided which alerts there are."""
        await make_mover(self.database, lambda: self.now).assign(guild)
        return await self.alerts.message(guild, MessageKind.ALERT, route, number)

    async def reported(self, guild: int = GUILD, route: int = 1) -> list[int]:
        """Return the numbers of the incidents of which a route's alerts tell."""
        await make_mover(self.database, lambda: self.now).assign(guild)
        rows = await self.database.read_all(_Told, guild_id=guild, route=route)
        return [row["incident"] for row in rows]


def report(
    state: State = WELL,
    integration: str = "a",
    detail: str = "",
    guild: int | None = GUILD,
    bot: int | None = None,
) -> Report:
    """Return a report on an integration. guild: where the provider says that it runs. bot: its user id."""
    named = None if guild is None else str(guild)
    return Report(integration, f"Agent {integration}", state, detail, named, bot)
