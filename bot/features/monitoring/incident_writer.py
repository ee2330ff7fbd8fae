"""Stores what one check changes about incidents, and which routes have to tell of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.features.alerts.incident_store import RECOVERED, Incident, Kind
from bot.features.alerts.routes import DEFAULT_CHECKS, DEFAULT_STATES, Route
from bot.features.monitoring.incidents import Alarming, Health, IncidentStep, next_step
from bot.features.monitoring.store import UnitOfWork, WatchedRow

_DEFAULT: Alarming = Alarming(DEFAULT_STATES)


class IncidentWriter:
    """Works on the incidents of one guild with one provider, inside a transaction."""

    def __init__(
        self, unit: UnitOfWork, routes: Sequence[Route], incidents: Sequence[Incident], at: int
    ) -> None:
        """incidents: those that are open. at: the time of the check, in seconds since 1970."""
        self._unit = unit
        self._routes = routes
        self._open: Mapping[tuple[str, str], Incident] = {(each.kind, each.id): each for each in incidents}
        self._at = at

    def is_open(self, kind: Kind, subject: str) -> bool:
        """Tell whether an incident of this subject was open before the check."""
        return (kind, subject) in self._open

    def alarming(self, row: WatchedRow) -> Alarming:
        """Return which states of a subject open an incident: those of which any route tells."""
        routes = [route for route in self._routes if route.is_about(row.kind, row.provider, row.id)]
        if not routes:
            return _DEFAULT
        states = {state for route in routes for state in route.states}
        return Alarming(states, any(route.partial for route in routes))

    async def update(self, row: WatchedRow, before: WatchedRow | None, health: Health) -> bool:
        """Open, change or close a subject's incident; return whether anything changed.

        row: with this check counted. before: the row before the check.
        """
        unit, at = self._unit, self._at
        latest = self._open.get((row.kind, row.id))
        telling = [route for route in self._routes if health is Health.BAD and route.tells_of(row)]
        needed = min((route.checks for route in telling), default=DEFAULT_CHECKS)
        if latest is None and row.bad >= needed:
            latest = await unit.latest_incident(row)
        match next_step(row, health, latest, needed):
            case IncidentStep.NOTHING:
                is_counted = before is None or before.bad != row.bad
                if latest is not None and latest.closed_at is None and is_counted:
                    # A route that waits for more checks may have to tell of it by now.
                    await self._report(latest, row, telling)
                return False
            case IncidentStep.OPEN:
                await self._report(await unit.open(_new_incident(row)), row, telling)
            case IncidentStep.CLOSE if latest is not None:
                await unit.change(replace(latest, closed_at=at, ended=RECOVERED), at)
            case IncidentStep.REOPEN if latest is not None:
                again = replace(_updated(latest, row), closed_at=None, ended="", reopened=latest.reopened + 1)
                await self._report(again, row, telling)
                await unit.change(again, at)
            case IncidentStep.CHANGE if latest is not None:
                await self._report(latest, row, telling)
                await unit.change(_updated(latest, row), at)
        return True

    async def _report(self, incident: Incident, row: WatchedRow, telling: Sequence[Route]) -> None:
        """Have the routes tell of an incident that have seen enough bad checks."""
        for route in telling:
            if row.bad >= route.checks:
                await self._unit.report(incident, route.number, self._at)


def _new_incident(row: WatchedRow) -> Incident:
    assert row.bad_at is not None  # noqa: S101 - only bad checks open an incident
    return Incident(
        guild_id=row.guild_id,
        number=0,
        kind=row.kind,
        provider=row.provider,
        id=row.id,
        connection=row.connection,
        label=row.label,
        state=row.state,
        detail=row.detail,
        opened_at=row.bad_at,
    )


def _updated(incident: Incident, row: WatchedRow) -> Incident:
    return replace(incident, label=row.label, state=row.state, detail=row.detail, connection=row.connection)
