"""Where alerts go and who looks after an incident, as members decide."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.errors import InvalidInputError, NoIncidentError, NoRouteError
from bot.features.alerts.group_store import GroupStore
from bot.features.alerts.holds import HoldReader
from bot.features.alerts.incident_store import Incident, IncidentStore, Kind
from bot.features.alerts.routes import Recovery, Route
from bot.features.alerts.service import (
    MAX_CHECKS,
    MAX_ESCALATE_SECONDS,
    MAX_REMIND_SECONDS,
    MAX_ROUTES,
    AlertService,
    RouteSettings,
)
from bot.features.alerts.store import AlertStore
from bot.features.guilds.changes import GuildChanges
from bot.features.maintenance.store import MaintenanceStore
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
    return AlertService(
        AlertStore(database),
        GroupStore(database),
        IncidentStore(database),
        HoldReader(database, MaintenanceStore(database)),
        changes,
        clock,
    )


@pytest.fixture
async def open_incident(monitoring_store: MonitoringStore) -> Incident:
    """An open incident without an alert."""
    incident = Incident(
        GUILD, 1, Kind.INTEGRATION, "toolzz", "a", "default", "Nora", State.ERROR, "", opened_at=NOW
    )

    async def work(unit: UnitOfWork) -> None:
        await unit.open(incident)

    await monitoring_store.transact(work)
    return incident


async def test_a_route_is_what_was_asked_for(alerts: AlertService, changed_guilds: list[int]) -> None:
    """A route keeps who set it and when; a newer one replaces it; another guild has none."""
    states = (State.ERROR, State.UNKNOWN)
    settings = RouteSettings(
        provider="toolzz",
        integration="a",
        role_id=ROLE,
        states=states,
        partial=True,
        checks=MAX_CHECKS,
        remind=MAX_REMIND_SECONDS,
        second_role_id=ROLE + 1,
        escalate=MAX_ESCALATE_SECONDS,
        recovery=Recovery.MENTION,
    )
    route = await alerts.set_route(GUILD, CHANNEL, settings, member_id=MEMBER)
    assert route == Route(
        1,
        CHANNEL,
        ROLE,
        states,
        MAX_CHECKS,
        MAX_REMIND_SECONDS,
        MEMBER,
        NOW,
        provider="toolzz",
        integration="a",
        partial=True,
        second_role_id=ROLE + 1,
        escalate=MAX_ESCALATE_SECONDS,
        recovery=Recovery.MENTION,
    )
    assert await alerts.routes(GUILD) == [route]
    assert await alerts.routes(OTHER) == []
    plain = await alerts.set_route(GUILD, CHANNEL + 1, RouteSettings(), member_id=MEMBER, number=1)
    assert await alerts.route(GUILD, 1) == plain
    assert (plain.role_id, plain.checks, plain.remind, plain.partial) == (None, 2, 0, False)
    assert (plain.second_role_id, plain.escalate, plain.recovery) == (None, 0, Recovery.QUIET)
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
        ({"escalate": -1, "second_role_id": ROLE}, "escalate"),
        ({"escalate": MAX_ESCALATE_SECONDS + 1, "second_role_id": ROLE}, "escalate"),
        ({"escalate": 60}, "escalate"),
        ({"second_role_id": ROLE}, "escalate"),
    ],
)
async def test_a_route_that_makes_no_sense_is_refused(
    alerts: AlertService, changed_guilds: list[int], wrong: dict[str, Any], field: str
) -> None:
    """The error names the field; the previous route stays."""
    before = await alerts.set_route(GUILD, CHANNEL, RouteSettings(), member_id=MEMBER)
    with pytest.raises(InvalidInputError) as caught:
        await alerts.set_route(GUILD, CHANNEL + 1, RouteSettings(**wrong), member_id=MEMBER, number=1)
    assert caught.value.values == {"field": field}
    assert await alerts.routes(GUILD) == [before]
    assert changed_guilds == [GUILD]


async def test_two_members_at_once_make_no_route_twice(alerts: AlertService) -> None:
    """Each alert would come twice; the order of the states makes no other route."""
    same = RouteSettings(states=tuple(reversed(RouteSettings().states)))
    made = await asyncio.gather(
        *(alerts.set_route(GUILD, CHANNEL, each, member_id=MEMBER) for each in (RouteSettings(), same)),
        return_exceptions=True,
    )
    (refused,) = (each for each in made if isinstance(each, InvalidInputError))
    assert refused.values == {"field": "same_rule", "number": 1}
    assert [route.number for route in await alerts.routes(GUILD)] == [1]


async def test_a_guild_has_so_many_routes_at_most(alerts: AlertService) -> None:
    """Each has a number of its own; one that is replaced takes no place; an unknown one is refused."""
    for number in range(MAX_ROUTES):
        await alerts.set_route(GUILD, CHANNEL + number, RouteSettings(), member_id=MEMBER)
    with pytest.raises(InvalidInputError) as caught:
        await alerts.set_route(GUILD, CHANNEL + MAX_ROUTES, RouteSettings(), member_id=MEMBER)
    assert caught.value.values == {"field": "routes"}
    await alerts.set_route(GUILD, CHANNEL + MAX_ROUTES, RouteSettings(), member_id=MEMBER, number=3)
    assert [route.number for route in await alerts.routes(GUILD)] == list(range(1, MAX_ROUTES + 1))
    with pytest.raises(NoRouteError):
        await alerts.set_route(GUILD, CHANNEL, RouteSettings(), member_id=MEMBER, number=MAX_ROUTES + 1)
    await alerts.set_route(OTHER, CHANNEL, RouteSettings(), member_id=MEMBER)


async def test_a_route_is_removed_once(alerts: AlertService) -> None:
    """The second removal says that there is no route; the others stay."""
    for channel in (CHANNEL, CHANNEL + 1):
        await alerts.set_route(GUILD, channel, RouteSettings(), member_id=MEMBER)
    await alerts.remove_route(GUILD, 1)
    assert [route.number for route in await alerts.routes(GUILD)] == [2]
    for call in (alerts.remove_route, alerts.route):
        with pytest.raises(NoRouteError):
            await call(GUILD, 1)


@pytest.mark.usefixtures("open_incident")
async def test_a_new_route_tells_of_what_is_open(database: Database, alerts: AlertService) -> None:
    """An incident of which nobody was told is to be reported now, if the route is about it."""
    groups = GroupStore(database)
    await alerts.set_route(GUILD, CHANNEL, RouteSettings(integration="b"), member_id=MEMBER)
    assert await groups.pending(GUILD, NOW) == []
    await alerts.set_route(GUILD, CHANNEL, RouteSettings(), member_id=MEMBER)
    (pending,) = await groups.pending(GUILD, NOW)
    assert (pending.route, pending.incident, bool(pending.silent)) == (2, 1, True)


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
