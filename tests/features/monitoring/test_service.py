"""Proves how states are sorted, when they are out of date, which one a member means, and how it is muted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.errors import InvalidInputError, NoIncidentError, NotWatchedError
from bot.features.alerts.group_store import GroupStore
from bot.features.alerts.holds import HoldReader
from bot.features.alerts.incident_store import Incident, IncidentStore, Kind
from bot.features.alerts.service import AlertService
from bot.features.alerts.store import AlertStore
from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.features.guilds.changes import GuildChanges
from bot.features.history.service import DAY
from bot.features.history.store import HistoryStore
from bot.features.integrations.service import IntegrationService
from bot.features.integrations.store import IntegrationStore
from bot.features.maintenance.store import MaintenanceStore
from bot.features.maintenance.windows import MaintenanceWindow
from bot.features.monitoring.service import MAX_MUTE_SECONDS, MonitoringService, Watched
from bot.features.monitoring.store import CheckRow, MonitoringStore, UnitOfWork, WatchedRow
from bot.providers.base.integration import State
from bot.store.database import Database
from tests.support.clock import Clock
from tests.support.ids import GUILD, MEMBER, OTHER_GUILD

NOW = 1_700_000_000
INTERVAL = 60
ROW = WatchedRow(
    GUILD, Kind.INTEGRATION, "toolzz", "a", "default", "Nora", State.CONNECTED, "", changed_at=NOW
)


@pytest.fixture
def store(database: Database) -> MonitoringStore:
    """The store below the service."""
    return MonitoringStore(database)


@pytest.fixture
def integrations(database: Database, clock: Clock) -> IntegrationService:
    """The service that knows what is linked."""
    return IntegrationService(IntegrationStore(database), clock)


@pytest.fixture
def changed_guilds() -> list[int]:
    """The guilds whose changes were announced."""
    return []


@pytest.fixture
def monitoring(
    database: Database,
    store: MonitoringStore,
    integrations: IntegrationService,
    clock: Clock,
    changed_guilds: list[int],
) -> MonitoringService:
    """The service, with a check each minute."""
    changes = GuildChanges()
    changes.subscribe(changed_guilds.append)
    return MonitoringService(
        store,
        HistoryStore(database),
        changes,
        clock,
        interval=INTERVAL,
        history_days=90,
    )


async def put(store: MonitoringStore, *rows: WatchedRow | CheckRow | Incident) -> None:
    """Store rows in one transaction."""

    async def work(unit: UnitOfWork) -> None:
        for row in rows:
            if isinstance(row, WatchedRow):
                await unit.put(row)
            elif isinstance(row, CheckRow):
                assert await unit.check(row)
            else:
                await unit.open(row)

    await store.transact(work)


async def connect(database: Database, store: MonitoringStore, ago: int, name: str = "default") -> None:
    """Add a connection whose provider last answered so many seconds ago."""
    row = ConnectionRow(GUILD, "toolzz", name, b"sealed", set_by=1, set_at=1, verified_at=1)
    assert await ConnectionStore(database).insert(row)
    await put(store, CheckRow(GUILD, "toolzz", name, NOW - ago, NOW - ago, ""))
    await put(store, CheckRow(GUILD, "toolzz", name, NOW, None, "timeout"))


async def test_the_worst_state_comes_first(
    database: Database, store: MonitoringStore, monitoring: MonitoringService
) -> None:
    """They are sorted by state, a state that is out of date after unknown, and then by name."""
    await connect(database, store, 0)
    await connect(database, store, 9999, "old")
    rows = [
        *(replace(ROW, id=state, label=state, state=state) for state in State),
        replace(ROW, id="old", label="old", connection="old", state=State.ERROR),
        replace(ROW, id="Z", label="a Zebra", state=State.ERROR),
        replace(ROW, kind=Kind.CONNECTION, id="default", label="default", state=State.ERROR),
    ]
    await put(store, *rows, replace(ROW, guild_id=OTHER_GUILD, id="theirs", state=State.ERROR))
    found = await monitoring.integrations(GUILD)
    assert [each.id for each in found] == [
        "Z", "error", "disconnected", "blocked", "unknown", "old", "inactive", "connected",
    ]  # fmt: skip
    assert [each.id for each in found if each.is_stale] == ["old"]


@pytest.mark.parametrize(
    ("ago", "state", "stale"),
    [
        (5 * INTERVAL, State.CONNECTED, False),
        (5 * INTERVAL + 1, State.CONNECTED, True),
        (5 * INTERVAL + 1, State.DISCONNECTED, True),
        (5 * INTERVAL + 1, State.UNKNOWN, False),
    ],
)
async def test_a_state_is_believed_for_five_intervals(
    database: Database,
    store: MonitoringStore,
    monitoring: MonitoringService,
    ago: int,
    state: State,
    stale: bool,
) -> None:
    """The last answer counts, not the last attempt. An unknown state is never out of date."""
    await connect(database, store, ago)
    await put(store, replace(ROW, state=state))
    (found,) = await monitoring.integrations(GUILD)
    assert (found.is_stale, found.answered_at) == (stale, NOW - ago)


async def test_a_state_without_an_answer_is_out_of_date(
    store: MonitoringStore, monitoring: MonitoringService
) -> None:
    """It is from before the connection's checks were deleted."""
    await put(store, ROW)
    (found,) = await monitoring.integrations(GUILD)
    assert (found.is_stale, found.answered_at) == (True, None)


async def test_troubles_are_connections_and_providers_that_are_not_connected(
    database: Database, store: MonitoringStore, monitoring: MonitoringService
) -> None:
    """A provider answered when it answered any of its connections. An old trouble is not out of date."""
    await connect(database, store, 400)
    await connect(database, store, 500, "second")
    await put(
        store,
        replace(ROW, state=State.ERROR),
        replace(ROW, kind=Kind.CONNECTION, id="default", label="default", state=State.ERROR),
        replace(ROW, kind=Kind.CONNECTION, id="second", connection="second"),
        replace(ROW, kind=Kind.PROVIDER, id="toolzz", connection="", state=State.DISCONNECTED),
    )
    found, _ = await monitoring.troubles_and_integrations(GUILD)
    assert [(each.kind, each.answered_at, each.is_stale) for each in found] == [
        (Kind.CONNECTION, NOW - 400, False),
        (Kind.PROVIDER, NOW - 400, False),
    ]
    assert await monitoring.troubles_and_integrations(OTHER_GUILD) == ([], [])


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("toolzz:a", "a"),
        (" toolzz:a ", "a"),
        ("a", "a"),
        ("nora", "a"),
        ("  NORA\n", "a"),
        ("sensay:b", "b"),
        ("b", "b"),
        ("STRASSE", "c"),
        ("Nor", None),
        ("toolzz:b", None),
        ("toolzz:default", None),
        ("default", None),
        ("theirs", None),
        ("toolzz:theirs", None),
        ("", None),
    ],
)
async def test_a_member_names_an_integration(
    store: MonitoringStore, monitoring: MonitoringService, typed: str, found: str | None
) -> None:
    """A key, an id or a name finds it; a part or another guild's does not."""
    await put(
        store,
        replace(ROW, label=" Nora "),
        replace(ROW, provider="sensay", id="b", label="Iris"),
        replace(ROW, id="c", label="Straße"),
        replace(ROW, id="d", label="iris"),
        replace(ROW, kind=Kind.CONNECTION, id="default", label="default"),
        replace(ROW, guild_id=OTHER_GUILD, id="theirs", label="theirs"),
    )
    if found is None:
        with pytest.raises(NotWatchedError):
            await monitoring.find(GUILD, typed)
    else:
        assert (await monitoring.find(GUILD, typed)).id == found


@pytest.mark.parametrize("typed", ["Iris", " IRIS ", "Ｉｒｉｓ", "I\u200bris"])
async def test_a_name_of_several_is_not_guessed_at(
    store: MonitoringStore, monitoring: MonitoringService, typed: str
) -> None:
    """The error says that several have the name that people see, and their keys and ids still find them."""
    await put(
        store,
        replace(ROW, label="Iris"),
        replace(ROW, id="b", label="iris "),
        replace(ROW, provider="sensay", id="c", label="Iris"),
    )
    with pytest.raises(InvalidInputError) as caught:
        await monitoring.find(GUILD, typed)
    assert caught.value.values == {"field": "same_name", "name": typed.strip()}
    for each in await monitoring.integrations(GUILD):
        assert await monitoring.find(GUILD, each.key) == await monitoring.find(GUILD, each.id) == each


async def test_a_key_comes_before_a_name(store: MonitoringStore, monitoring: MonitoringService) -> None:
    """An agent whose name is another one's key is not found by it."""
    await put(store, ROW, replace(ROW, id="b", label="toolzz:a"))
    found = await monitoring.find(GUILD, "toolzz:a")
    assert (found.id, found.key) == ("a", "toolzz:a")


async def test_a_mute_ends_by_itself(
    store: MonitoringStore, monitoring: MonitoringService, clock: Clock
) -> None:
    """When its time has come, the integration is shown as not muted."""
    await put(store, ROW)
    await store.mute(GUILD, "toolzz", "a", until=NOW + 60, member_id=MEMBER, now=NOW)
    (muted,) = await monitoring.integrations(GUILD)
    assert (muted.muted_until, muted.muted_by) == (NOW + 60, MEMBER)
    clock.now = NOW + 60
    (over,) = await monitoring.integrations(GUILD)
    assert (over.muted_until, over.muted_by) == (None, None)


async def test_an_integration_comes_with_its_open_incident(
    store: MonitoringStore, monitoring: MonitoringService
) -> None:
    """It has the same kind, provider and id. A closed incident is not shown, even if it closed just now."""
    of_a = Incident(GUILD, 0, Kind.INTEGRATION, "toolzz", "a", "default", "Nora", State.ERROR, "", NOW)
    await put(store, ROW, replace(ROW, id="b"))
    await put(store, of_a, replace(of_a, id="b", closed_at=NOW), replace(of_a, kind=Kind.CONNECTION, id="b"))
    found = {each.id: each.incident for each in await monitoring.integrations(GUILD)}
    assert found == {"a": replace(of_a, number=1), "b": None}


async def test_incidents_and_history_are_the_guilds_own(
    database: Database, store: MonitoringStore, monitoring: MonitoringService, clock: Clock
) -> None:
    """Neither incidents by number or time, nor history, nor checks are those of another guild."""
    of_a = Incident(GUILD, 0, Kind.INTEGRATION, "toolzz", "a", "default", "Nora", State.ERROR, "", NOW)
    await put(store, ROW, replace(ROW, guild_id=OTHER_GUILD), replace(of_a, closed_at=NOW), of_a)
    await store.transact(lambda unit: unit.transitions([(ROW, NOW)]))
    alerts = AlertService(
        AlertStore(database),
        GroupStore(database),
        IncidentStore(database),
        HoldReader(database, MaintenanceStore(database)),
        GuildChanges(),
        clock,
    )
    assert (await alerts.incident(GUILD, 2)).closed_at is None
    assert [each.number for each in await alerts.incidents(GUILD, NOW + 1)] == [2]
    for guild_id, number in ((GUILD, 3), (OTHER_GUILD, 1)):
        with pytest.raises(NoIncidentError):
            await alerts.incident(guild_id, number)
    assert await alerts.incidents(OTHER_GUILD, 0) == []
    (found,) = await monitoring.integrations(GUILD)
    assert [line.at for line in await monitoring.history(GUILD, found, NOW + 5)] == [NOW]
    assert list(await monitoring.history(OTHER_GUILD, found, 0)) == []
    assert list(await monitoring.checks(GUILD)) == []


async def test_the_status_of_a_guild_has_the_last_day_of_each_of_its_integrations(
    database: Database, store: MonitoringStore, monitoring: MonitoringService, clock: Clock
) -> None:
    """It is what each one's own history says, also where nothing is known since the last answer."""
    await connect(database, store, 9999, "old")
    await connect(database, store, 50)
    rows = [ROW, replace(ROW, id="b", provider="sensay"), replace(ROW, id="old", connection="old")]
    await put(
        store, *rows, replace(ROW, id="new"), replace(ROW, kind=Kind.PROVIDER, state=State.DISCONNECTED)
    )
    theirs, dropped = replace(ROW, guild_id=OTHER_GUILD), replace(ROW, id="dropped")
    await put(store, theirs)

    async def happen(unit: UnitOfWork) -> None:
        for ago in (3 * DAY, 2 * DAY, DAY + 1, DAY - 1, 60):
            for row in (*rows, theirs, dropped):
                await unit.transitions([(row, NOW - ago)])

    await store.transact(happen)
    status = await monitoring.status(GUILD)
    assert (status.now, status.answered_at) == (NOW, NOW - 50)
    assert [each.kind for each in status.troubles] == [Kind.PROVIDER]
    assert list(status.integrations) == await monitoring.integrations(GUILD)
    for each in status.integrations:
        own = await monitoring.history(GUILD, each, NOW - DAY)
        found = status.last_day[each.key]
        assert [(one.at, one.state) for one in found] == [(one.at, one.state) for one in own]
    assert [NOW - each.at for each in status.last_day["toolzz:a"]] == [DAY + 1, DAY - 1, 60]
    assert [NOW - each.at for each in status.last_day["toolzz:old"]][-1] == 9999 - INTERVAL
    assert status.last_day["toolzz:new"] == []
    assert (await monitoring.status(OTHER_GUILD)).answered_at is None


@pytest.fixture
async def integration(store: MonitoringStore, monitoring: MonitoringService) -> Watched:
    """An integration that is watched."""
    await put(store, ROW)
    (found,) = await monitoring.integrations(GUILD)
    return found


async def test_an_integration_is_muted_for_so_long(
    monitoring: MonitoringService, store: MonitoringStore, integration: Watched, changed_guilds: list[int]
) -> None:
    """The end and the member are stored. Zero seconds unmute it."""
    until = await monitoring.mute(GUILD, integration, MAX_MUTE_SECONDS, member_id=MEMBER)
    assert until == NOW + MAX_MUTE_SECONDS
    (row,) = await store.watched(GUILD)
    assert (row.muted_until, row.muted_by) == (NOW + MAX_MUTE_SECONDS, MEMBER)
    assert await monitoring.mute(GUILD, integration, 0, member_id=MEMBER) is None
    (row,) = await store.watched(GUILD)
    assert (row.muted_until, row.muted_by) == (None, None)
    assert changed_guilds == [GUILD, GUILD]


@pytest.mark.parametrize("seconds", [-1, MAX_MUTE_SECONDS + 1])
async def test_the_time_of_a_mute_is_limited(
    monitoring: MonitoringService, integration: Watched, seconds: int
) -> None:
    """It is thirty days at most, and not negative."""
    with pytest.raises(InvalidInputError) as caught:
        await monitoring.mute(GUILD, integration, seconds, member_id=MEMBER)
    assert caught.value.values == {"field": "mute"}


async def test_another_guilds_integration_is_not_muted(
    monitoring: MonitoringService, store: MonitoringStore, integration: Watched, changed_guilds: list[int]
) -> None:
    """The error says that it is not watched, and nothing changes."""
    with pytest.raises(NotWatchedError):
        await monitoring.mute(OTHER_GUILD, integration, 60, member_id=MEMBER)
    (row,) = await store.watched(GUILD)
    assert row.muted_by is None
    assert changed_guilds == []


async def test_maintenance_is_known_of_what_it_covers(
    monitoring: MonitoringService, store: MonitoringStore, database: Database, clock: Clock
) -> None:
    """An agent's own window covers that agent, and one for the whole server everything; later it is over."""
    await connect(database, store, ago=0)
    other = replace(ROW, id="b", label="Otto")
    trouble = replace(ROW, kind=Kind.CONNECTION, id="default", label="default", state=State.ERROR)
    await put(store, ROW, other, trouble)
    windows = MaintenanceStore(database)

    async def until() -> dict[str, int | None]:
        troubles, integrations = await monitoring.troubles_and_integrations(GUILD)
        return {each.id: each.maintenance_until for each in (*troubles, *integrations)}

    assert set((await until()).values()) == {None}
    own = MaintenanceWindow(GUILD, 0, "toolzz", "a", NOW, NOW + 600, MEMBER, NOW)
    await windows.add(own, most=9)
    assert await until() == {"a": NOW + 600, "b": None, "default": None}
    await windows.add(replace(own, provider="", id="", starts_at=NOW + 300, ends_at=NOW + 900), most=9)
    assert await until() == {"a": NOW + 900, "b": None, "default": None}
    clock.now += 300
    assert set((await until()).values()) == {NOW + 900}
    clock.now += 600
    assert set((await until()).values()) == {None}
