"""Readings as a test wants them, written into a real database, and what stands there afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.kit.integration import State
from bot.kit.report import Report, Reports
from bot.monitors.reading import Outcome, Reading
from bot.monitors.recorder import Recorder
from bot.services.watching import Kind
from bot.store.alerts import AlertStore, RouteRow
from bot.store.connections import ConnectionRow, ConnectionStore
from bot.store.watching import WatchStore

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.store.alerts import AlertRow
    from bot.store.database import Database
    from bot.store.watching import IncidentRow, WatchedRow

GUILD, OTHER = 1102345678901234567, 1102345678999999999
INTERVAL = 60
START = 1_700_000_000
WELL, LOST, FAULTY, OFF = State.CONNECTED, State.DISCONNECTED, State.ERROR, State.INACTIVE


class Watch:
    """One provider, watched: each reading comes an interval after the one before, unless told otherwise."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.store = WatchStore(database)
        self.alerts = AlertStore(database)
        self.recorder = Recorder(self.store, INTERVAL)
        self.now = START

    async def connect(self, *names: str, guild: int = GUILD) -> None:
        """Give a guild connections."""
        for name in names:
            row = ConnectionRow(guild, "toolzz", name, b"sealed", set_by=1, set_at=1, verified_at=1)
            assert await ConnectionStore(self.database).insert(row)

    async def disconnect(self, name: str = "default") -> None:
        """Take a connection away."""
        assert await ConnectionStore(self.database).delete(GUILD, "toolzz", name)

    async def route(self, *states: State, checks: int = 2, guild: int = GUILD) -> None:
        """Have a guild's alerts go somewhere."""
        row = RouteRow(guild, 7, None, ",".join(states or (LOST, FAULTY)), checks, 0, set_by=1, set_at=1)
        await self.alerts.put_route(row, self.now)

    def reading(
        self,
        *reports: Report,
        connection: str = "default",
        guild: int = GUILD,
        own: Collection[str] = (),
        complete: bool = True,
    ) -> Reading:
        """Return what was answered just now."""
        found = Reports(reports, complete)
        return Reading(guild, "toolzz", connection, self.now, Outcome.ANSWERED, found, own)

    async def read(
        self,
        *reports: Report,
        connection: str = "default",
        guild: int = GUILD,
        own: Collection[str] = (),
        complete: bool = True,
        after: int = INTERVAL,
    ) -> None:
        """Take an answer. after: seconds."""
        self.now += after
        await self.recorder.take(
            self.reading(*reports, connection=connection, guild=guild, own=own, complete=complete)
        )

    async def fail(
        self, outcome: Outcome, *, connection: str = "default", guild: int = GUILD, after: int = INTERVAL
    ) -> None:
        """Take a reading that came to nothing; its error is called as its outcome. after: seconds."""
        self.now += after
        error = outcome.name.lower()
        await self.recorder.take(Reading(guild, "toolzz", connection, self.now, outcome, error=error))

    async def rows(self, kind: Kind = Kind.INTEGRATION, guild: int = GUILD) -> dict[str, WatchedRow]:
        """Return what is watched, by id."""
        return {row.id: row for row in await self.store.watched(guild) if row.kind == kind}

    async def states(self, kind: Kind = Kind.INTEGRATION) -> dict[str, tuple[str, str]]:
        """Return state and detail of what is watched, by id."""
        return {each.id: (each.state, each.detail) for each in (await self.rows(kind)).values()}

    async def incidents(self, guild: int = GUILD) -> list[IncidentRow]:
        """Return all incidents, oldest first."""
        return (await self.store.incidents(guild, 0))[::-1]

    async def briefly(self) -> list[tuple[str, str, str]]:
        """Return of what and of whom incidents are, oldest first, and how they ended."""
        return [(each.kind, each.id, each.ended) for each in await self.incidents()]

    async def history(self, integration: str = "a", guild: int = GUILD) -> list[tuple[int, str, str]]:
        """Return an integration's transitions; times in seconds since the start."""
        rows = await self.store.history(guild, "toolzz", integration, 0)
        return [(row.at - START, row.state, row.detail) for row in rows]

    async def alert(self, number: int = 1) -> AlertRow | None:
        """Return an incident's alert."""
        return await self.alerts.alert(GUILD, number)


def report(state: State = WELL, integration: str = "a", detail: str = "", guild: int | None = None) -> Report:
    """Return how an integration is doing."""
    named = None if guild is None else str(guild)
    return Report(integration, f"Agent {integration}", state, detail, named)
