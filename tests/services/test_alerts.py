"""Where alerts go, what is muted and who looks after what, as members say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.errors import InvalidInputError, NoIncidentError, NoRouteError, NotWatchedError
from bot.kit.integration import State
from bot.services.alerts import MOST_CHECKS, MOST_SECONDS, AlertService, Route
from bot.services.watching import Kind, WatchService
from bot.store.alerts import AlertStore
from bot.store.watching import IncidentRow, WatchedRow, WatchStore

if TYPE_CHECKING:
    from bot.services.watching import Watched
    from bot.store.database import Database
    from bot.store.watching import Ledger
    from tests.services.pace import Clock

GUILD, OTHER, MEMBER = 1102345678901234567, 1102345678999999999, 298765432109870001
NOW = 1_700_000_000
CHANNEL, ROLE = 11, 12


@pytest.fixture
def watched(database: Database) -> WatchStore:
    """The rows of what can be muted and looked after."""
    return WatchStore(database)


@pytest.fixture
def told() -> list[int]:
    """The guilds that the outbox was told of."""
    return []


@pytest.fixture
def alerts(database: Database, watched: WatchStore, clock: Clock, told: list[int]) -> AlertService:
    """The service, with somebody who listens."""
    service = AlertService(AlertStore(database), watched, clock)
    service.subscribe(told.append)
    return service


@pytest.fixture
async def broken(watched: WatchStore, clock: Clock) -> Watched:
    """An integration with an open incident."""
    row = WatchedRow(
        GUILD, Kind.INTEGRATION, "toolzz", "a", "default", "Nora", State.ERROR, "", changed_at=NOW
    )
    incident = IncidentRow(GUILD, 0, row.kind, row.provider, row.id, "default", "Nora", row.state, "", NOW)

    async def work(ledger: Ledger) -> None:
        await ledger.put(row)
        await ledger.open(incident, announce_at=None)

    await watched.transact(work)
    (found,) = await WatchService(watched, clock, 60, 90).integrations(GUILD)
    return found


async def test_a_route_is_what_was_asked_for(alerts: AlertService, told: list[int]) -> None:
    """With who set it and when; a newer one takes its place; another guild has none by it."""
    states = (State.ERROR, State.UNKNOWN)
    route = await alerts.set_route(
        GUILD, CHANNEL, member_id=MEMBER, role_id=ROLE, states=states, checks=MOST_CHECKS, remind=MOST_SECONDS
    )
    assert route == Route(CHANNEL, ROLE, states, MOST_CHECKS, MOST_SECONDS, MEMBER, NOW)
    assert await alerts.route(GUILD) == route
    assert await alerts.route(OTHER) is None
    plain = await alerts.set_route(GUILD, CHANNEL + 1, member_id=MEMBER)
    assert await alerts.route(GUILD) == plain
    assert (plain.role_id, plain.checks, plain.remind) == (None, 2, 0)
    assert set(plain.states) == {State.DISCONNECTED, State.ERROR, State.INACTIVE}
    assert told == [GUILD, GUILD]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"states": ()}, "states"),
        ({"states": (State.ERROR, State.CONNECTED)}, "states"),
        ({"checks": 0}, "checks"),
        ({"checks": MOST_CHECKS + 1}, "checks"),
        ({"remind": -1}, "remind"),
        ({"remind": MOST_SECONDS + 1}, "remind"),
    ],
)
async def test_a_route_that_makes_no_sense_is_refused(
    alerts: AlertService, told: list[int], wrong: dict[str, Any], field: str
) -> None:
    """The field is named; the route that there was stays."""
    before = await alerts.set_route(GUILD, CHANNEL, member_id=MEMBER)
    with pytest.raises(InvalidInputError) as caught:
        await alerts.set_route(GUILD, CHANNEL + 1, member_id=MEMBER, **wrong)
    assert caught.value.values == {"field": field}
    assert await alerts.route(GUILD) == before
    assert told == [GUILD]


async def test_a_route_is_removed_once(alerts: AlertService) -> None:
    """The second time says that there is none."""
    await alerts.set_route(GUILD, CHANNEL, member_id=MEMBER)
    await alerts.remove_route(GUILD)
    assert await alerts.route(GUILD) is None
    with pytest.raises(NoRouteError):
        await alerts.remove_route(GUILD)


async def test_a_new_route_tells_of_what_is_open(
    database: Database, alerts: AlertService, broken: Watched
) -> None:
    """What nobody could be told of before is due now."""
    store = AlertStore(database)
    assert await store.alert(GUILD, 1) is None
    await alerts.set_route(GUILD, CHANNEL, member_id=MEMBER)
    (due,) = await store.due(GUILD, NOW)
    assert due.number == 1


async def test_what_is_muted_is_so_for_as_long_as_asked(
    alerts: AlertService, watched: WatchStore, broken: Watched, told: list[int]
) -> None:
    """Until then, by whom; nought ends it, and then nobody has muted it."""
    assert await alerts.mute(GUILD, broken, MOST_SECONDS, member_id=MEMBER) == NOW + MOST_SECONDS
    (row,) = await watched.watched(GUILD)
    assert (row.muted_until_at, row.muted_by) == (NOW + MOST_SECONDS, MEMBER)
    assert await alerts.mute(GUILD, broken, 0, member_id=MEMBER) is None
    (row,) = await watched.watched(GUILD)
    assert (row.muted_until_at, row.muted_by) == (None, None)
    assert told == [GUILD, GUILD]


@pytest.mark.parametrize("seconds", [-1, MOST_SECONDS + 1])
async def test_nothing_is_muted_for_ever(alerts: AlertService, broken: Watched, seconds: int) -> None:
    """Thirty days at most, and no time that is over."""
    with pytest.raises(InvalidInputError) as caught:
        await alerts.mute(GUILD, broken, seconds, member_id=MEMBER)
    assert caught.value.values == {"field": "mute"}


async def test_what_another_guild_watches_is_not_muted(
    alerts: AlertService, watched: WatchStore, broken: Watched, told: list[int]
) -> None:
    """Whatever is handed over, the guild is the one that asks."""
    with pytest.raises(NotWatchedError):
        await alerts.mute(OTHER, broken, 60, member_id=MEMBER)
    (row,) = await watched.watched(GUILD)
    assert row.muted_by is None
    assert told == []


@pytest.mark.usefixtures("broken")
async def test_whoever_says_so_first_looks_after_it(alerts: AlertService, watched: WatchStore) -> None:
    """The second is told that somebody does; another guild, or another number, knows no such incident."""
    assert await alerts.acknowledge(GUILD, 1, member_id=MEMBER)
    assert not await alerts.acknowledge(GUILD, 1, member_id=MEMBER + 1)
    found = await watched.incident(GUILD, 1)
    assert found is not None
    assert (found.acknowledged_by, found.acknowledged_at) == (MEMBER, NOW)
    for guild_id, number in ((OTHER, 1), (GUILD, 2)):
        with pytest.raises(NoIncidentError):
            await alerts.acknowledge(guild_id, number, member_id=MEMBER)
