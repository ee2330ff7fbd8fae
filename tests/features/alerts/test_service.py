"""Where alerts go and who looks after an incident, as members decide."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.errors import InvalidInputError, NoIncidentError, NoRouteError
from bot.features.alerts.incident_store import Incident, IncidentStore, Kind
from bot.features.alerts.service import MAX_CHECKS, MAX_REMIND_SECONDS, AlertService, Route
from bot.features.alerts.store import AlertStore, MessageKind
from bot.features.guilds.changes import GuildChanges
from bot.features.monitoring.store import MonitoringStore, UnitOfWork
from bot.providers.base.integration import State
from bot.store.database import Database
from tests.support.clock import Clock
from tests.support.ids import GUILD, MEMBER
from tests.support.ids import OTHER_GUILD as OTHER

NOW = 1_700_000_000
CHANNEL, ROLE = 11, 12


@pytest.fixture
def monitoring_store(database: Database) -> MonitoringStore:
    """The store in which incidents are opened."""
    return MonitoringStore(database)


@pytest.fixture
def changed_guilds() -> list[int]:
    """The guilds whose changes were announced."""
    return []


@pytest.fixture
def alerts(database: Database, clock: Clock, changed_guilds: list[int]) -> AlertService:
    """The service, with a listener to its changes."""
    changes = GuildChanges()
    changes.subscribe(changed_guilds.append)
    return AlertService(AlertStore(database), IncidentStore(database), changes, clock)


@pytest.fixture
async def open_incident(monitoring_store: MonitoringStore) -> Incident:
    """An open incident without an alert."""
    incident = Incident(
        GUILD, 1, Kind.INTEGRATION, "toolzz", "a", "default", "Nora", State.ERROR, "", opened_at=NOW
    )

    async def work(unit: UnitOfWork) -> None:
        await unit.open(incident, announce_at=None)

    await monitoring_store.transact(work)
    return incident


async def test_a_route_is_what_was_asked_for(alerts: AlertService, changed_guilds: list[int]) -> None:
    """A route keeps who set it and when; a newer one replaces it; another guild has none."""
    states = (State.ERROR, State.UNKNOWN)
    route = await alerts.set_route(
        GUILD,
        CHANNEL,
        member_id=MEMBER,
        role_id=ROLE,
        states=states,
        checks=MAX_CHECKS,
        remind=MAX_REMIND_SECONDS,
        partial=True,
    )
    assert route == Route(CHANNEL, ROLE, states, MAX_CHECKS, MAX_REMIND_SECONDS, MEMBER, NOW, partial=True)
    assert await alerts.route(GUILD) == route
    assert await alerts.route(OTHER) is None
    plain = await alerts.set_route(GUILD, CHANNEL + 1, member_id=MEMBER)
    assert await alerts.route(GUILD) == plain
    assert (plain.role_id, plain.checks, plain.remind, plain.partial) == (None, 2, 0, False)
    assert set(plain.states) == {State.DISCONNECTED, State.ERROR, State.BLOCKED, State.INACTIVE}
    assert changed_guilds == [GUILD, GUILD]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"states": ()}, "states"),
        ({"states": (State.ERROR, State.CONNECTED)}, "states"),
        ({"checks": 0}, "checks"),
        ({"checks": MAX_CHECKS + 1}, "checks"),
        ({"remind": -1}, "remind"),
        ({"remind": MAX_REMIND_SECONDS + 1}, "remind"),
    ],
)
async def test_a_route_that_makes_no_sense_is_refused(
    alerts: AlertService, changed_guilds: list[int], wrong: dict[str, Any], field: str
) -> None:
    """The error names the field; the previous route stays."""
    before = await alerts.set_route(GUILD, CHANNEL, member_id=MEMBER)
    with pytest.raises(InvalidInputError) as caught:
        await alerts.set_route(GUILD, CHANNEL + 1, member_id=MEMBER, **wrong)
    assert caught.value.values == {"field": field}
    assert await alerts.route(GUILD) == before
    assert changed_guilds == [GUILD]


async def test_a_route_is_removed_once(alerts: AlertService) -> None:
    """The second removal says that there is no route."""
    await alerts.set_route(GUILD, CHANNEL, member_id=MEMBER)
    await alerts.remove_route(GUILD)
    assert await alerts.route(GUILD) is None
    with pytest.raises(NoRouteError):
        await alerts.remove_route(GUILD)


@pytest.mark.usefixtures("open_incident")
async def test_a_new_route_tells_of_what_is_open(database: Database, alerts: AlertService) -> None:
    """An incident that had no alert because there was no route gets one that is due now."""
    store = AlertStore(database)
    assert await store.message(GUILD, MessageKind.ALERT, 1) is None
    await alerts.set_route(GUILD, CHANNEL, member_id=MEMBER)
    (due,) = await store.due(GUILD, MessageKind.ALERT, NOW)
    assert due.number == 1


async def test_whoever_says_so_first_looks_after_it(alerts: AlertService, open_incident: Incident) -> None:
    """The second member is told that somebody does; another guild or number has no such incident."""
    assert await alerts.acknowledge(GUILD, 1, member_id=MEMBER)
    assert not await alerts.acknowledge(GUILD, 1, member_id=MEMBER + 1)
    assert await alerts.incident(GUILD, 1) == replace(
        open_incident, acknowledged_by=MEMBER, acknowledged_at=NOW
    )
    for guild_id, number in ((OTHER, 1), (GUILD, 2)):
        with pytest.raises(NoIncidentError):
            await alerts.acknowledge(guild_id, number, member_id=MEMBER)
