"""Proves which rows of states, checks, history and incidents are stored, for how long, and of which guild."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.features.alerts.group_store import GroupUnit
from bot.features.alerts.incident_store import Incident, IncidentStore, Kind
from bot.features.alerts.store import AlertStore, MessageKind, PendingRow
from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.features.history.store import HistoryStore, Transition
from bot.features.monitoring.store import CheckRow, MonitoringStore, UnitOfWork, WatchedRow
from bot.providers.base.integration import State
from bot.store.database import Database
from tests.support.ids import GUILD, OTHER_GUILD

ROW = WatchedRow(
    GUILD, Kind.INTEGRATION, "toolzz", "a", "default", "Nora", State.CONNECTED, "", changed_at=100
)
INCIDENT = Incident(GUILD, 0, "integration", "toolzz", "a", "default", "Nora", "error", "4004", opened_at=100)
CHECK = CheckRow(GUILD, "toolzz", "default", checked_at=100, answered_at=100, error="")


@pytest.fixture
async def store(database: Database) -> MonitoringStore:
    """The store without rows, and a connection in each of two guilds."""
    for guild_id in (GUILD, OTHER_GUILD):
        row = ConnectionRow(guild_id, "toolzz", "default", b"sealed", set_by=1, set_at=1, verified_at=1)
        assert await ConnectionStore(database).insert(row)
    return MonitoringStore(database)


@pytest.fixture
def incidents(database: Database) -> IncidentStore:
    """The store of incidents."""
    return IncidentStore(database)


@pytest.fixture
def history(database: Database) -> HistoryStore:
    """The store of transitions."""
    return HistoryStore(database)


@pytest.fixture
def alerts(database: Database) -> AlertStore:
    """The store of alerts."""
    return AlertStore(database)


async def put(store: MonitoringStore, *rows: WatchedRow) -> None:
    """Store states."""

    async def work(unit: UnitOfWork) -> None:
        for row in rows:
            await unit.put(row)

    await store.transact(work)


async def put_transitions(store: MonitoringStore, *times: int, row: WatchedRow = ROW) -> list[Transition]:
    """Store transitions, each with its time as its detail; return them."""

    async def work(unit: UnitOfWork) -> None:
        for at in times:
            await unit.transitions([(replace(row, detail=str(at)), at)])

    await store.transact(work)
    return [Transition(at, row.state, str(at)) for at in times]


async def put_incidents(store: MonitoringStore, *rows: Incident) -> None:
    """Store incidents, each with an alert of its own."""

    async def work(unit: UnitOfWork) -> None:
        for incident in rows:
            stored = await unit.open(incident)
            await unit.report(stored, 1, incident.opened_at)
            pending = PendingRow(
                stored.guild_id, 1, stored.number, None, stored.opened_at, silent=False, next_at=None
            )
            await GroupUnit(unit._connection).begin(pending, incident.opened_at)

    await store.transact(work)


async def put_check(store: MonitoringStore, row: CheckRow) -> bool:
    """Store a last check; return whether its connection is there."""
    return await store.transact(lambda unit: unit.check(row))


async def test_rows_come_back_as_they_were_stored(store: MonitoringStore, incidents: IncidentStore) -> None:
    """All columns survive, with any text and numbers beyond 53 bits."""
    odd = replace(ROW, id="", label="\u202e'; DROP\n\0", changed_at=2**60, bad=3, good=4, bad_at=5, found="x")
    odd = replace(odd, bot_id=2**62, access="timed_out 9", missing=2, missing_at=8)
    incident = replace(INCIDENT, label="\u202e\0", detail="'", closed_at=7, ended="recovered", reopened=2)
    await put(store, ROW, odd)
    await put_incidents(store, INCIDENT, incident)
    assert await store.watched(GUILD) == [odd, ROW]
    checked = await store.checked_rows(GUILD, "toolzz")
    assert checked is not None
    assert (checked.watched, checked.incidents) == ([odd, ROW], [replace(INCIDENT, number=1)])
    assert await incidents.since(GUILD, 0) == [replace(incident, number=2), replace(INCIDENT, number=1)]
    assert await put_check(store, CHECK)
    assert await store.checks(GUILD) == [CHECK]


async def test_a_new_state_replaces_the_old_one_and_stays_muted(
    store: MonitoringStore, alerts: AlertStore
) -> None:
    """There is one row for each subject, and a check does not unmute it."""
    await put(store, ROW)
    assert await store.mute(GUILD, "toolzz", "a", until=900, member_id=5, now=1)
    newer = replace(
        ROW, connection="second", label="N", state=State.ERROR, detail="x", changed_at=1, bad=1, bad_at=1
    )
    await put(store, newer)
    assert await store.watched(GUILD) == [replace(newer, muted_until=900, muted_by=5)]
    assert await store.mute(GUILD, "toolzz", "a", until=None, member_id=None, now=1)
    assert await store.watched(GUILD) == [newer]


@pytest.mark.parametrize("change", [{"id": "b"}, {"kind": "connection"}, {"guild_id": OTHER_GUILD}])
async def test_only_a_watched_integration_is_muted(store: MonitoringStore, change: dict[str, object]) -> None:
    """A connection, another guild's integration and one that is not watched are not muted."""
    await put(store, replace(ROW, **change))  # type: ignore[arg-type] # one field of its own type
    assert not await store.mute(GUILD, "toolzz", "a", until=900, member_id=5, now=1)
    assert [row.muted_by for guild in (GUILD, OTHER_GUILD) for row in await store.watched(guild)] == [None]


async def test_muting_and_acknowledging_make_the_alert_due(
    store: MonitoringStore, incidents: IncidentStore, alerts: AlertStore
) -> None:
    """This concerns the alert of the open incident, not that of a closed or another one."""
    closed, other = replace(INCIDENT, closed_at=200), replace(INCIDENT, id="b")
    await put(store, ROW)
    await put_incidents(store, closed, INCIDENT, other)
    assert await store.mute(GUILD, "toolzz", "a", until=900, member_id=5, now=300)
    assert await incidents.acknowledge(GUILD, 3, 5, now=400)
    assert not await incidents.acknowledge(GUILD, 3, 6, now=500)
    found = [await alerts.message(GUILD, MessageKind.ALERT, 1, number) for number in (1, 2, 3)]
    assert [(alert.desired_version, alert.next_at) for alert in found if alert] == [
        (1, 100),
        (2, 300),
        (2, 400),
    ]


async def test_one_member_acknowledges_an_incident(store: MonitoringStore, incidents: IncidentStore) -> None:
    """It is the first one, in its own guild, while it is open. Later changes do not undo it."""
    await put_incidents(store, INCIDENT)
    assert not await incidents.acknowledge(OTHER_GUILD, 1, 5, now=150)
    assert await incidents.acknowledge(GUILD, 1, 5, now=150)
    assert not await incidents.acknowledge(GUILD, 1, 6, now=160)
    later = replace(INCIDENT, number=1, state="disconnected", closed_at=200, ended="recovered", reopened=1)
    await store.transact(lambda unit: unit.change(later, 200))
    known = replace(later, acknowledged_by=5, acknowledged_at=150)
    assert await incidents.get(GUILD, 1) == known
    assert await incidents.get(OTHER_GUILD, 1) is None
    await put_incidents(store, replace(INCIDENT, closed_at=200))
    assert not await incidents.acknowledge(GUILD, 2, 6, now=210)


async def test_the_last_answer_outlives_a_check_without_one(store: MonitoringStore) -> None:
    """One check is stored of each connection, with the time of the last answer; other guilds have their
    own.
    """
    failed = replace(CHECK, checked_at=200, answered_at=None, error="timeout")
    assert await put_check(store, replace(failed, checked_at=50))
    assert await put_check(store, CHECK)
    assert await put_check(store, failed)
    assert await store.checks(GUILD) == [replace(failed, answered_at=100)]
    assert await store.checks(OTHER_GUILD) == []


@pytest.mark.parametrize("gone", [{"guild_id": 1}, {"provider": "sensay"}, {"connection": "third"}])
async def test_no_check_is_stored_of_a_connection_that_is_gone(
    store: MonitoringStore, gone: dict[str, object]
) -> None:
    """The result is False, and nothing is stored."""
    row = replace(CHECK, **gone)  # type: ignore[arg-type] # one field of its own type
    assert not await put_check(store, row)
    assert await store.checks(row.guild_id) == []


async def test_orphans_belong_to_no_connection(database: Database, store: MonitoringStore) -> None:
    """A provider is an orphan if the guild has no connection with it."""
    mine = [
        ROW,
        replace(ROW, id="b", connection="gone"),
        replace(ROW, kind=Kind.CONNECTION, id="gone", connection="gone"),
        replace(ROW, kind=Kind.PROVIDER, id="toolzz", connection=""),
        replace(ROW, kind=Kind.PROVIDER, provider="sensay", id="sensay", connection=""),
    ]
    await put(store, *mine, replace(ROW, guild_id=OTHER_GUILD))
    await put_check(store, CHECK)
    await put_check(store, replace(CHECK, guild_id=OTHER_GUILD))

    async def orphans() -> list[tuple[str, str]]:
        found = await store.transact(lambda unit: unit.orphans(GUILD))
        return sorted((row.kind, row.id) for row in found)

    left = [("connection", "gone"), ("integration", "b"), ("provider", "sensay")]
    assert await orphans() == left
    await ConnectionStore(database).delete(GUILD, "toolzz", "default")
    assert await orphans() == sorted([*left, ("integration", "a"), ("provider", "toolzz")])
    await store.transact(lambda unit: unit.forget_checks(GUILD))
    assert await store.checks(GUILD) == []
    assert len(await store.checks(OTHER_GUILD)) == 1


@pytest.mark.parametrize(
    ("since", "first"), [(0, 0), (99, 0), (100, 0), (101, 0), (199, 0), (200, 1), (300, 2), (999, 2)]
)
async def test_history_begins_with_the_state_that_held(
    store: MonitoringStore, history: HistoryStore, since: int, first: int
) -> None:
    """The first transition is the last one until that time, or the first of all."""
    lines = await put_transitions(store, 100, 200, 300)
    for other in ({"guild_id": OTHER_GUILD}, {"provider": "sensay"}, {"id": "b"}):
        await put_transitions(store, 150, 250, row=replace(ROW, **other))
    assert await history.transitions(GUILD, "toolzz", "a", since) == lines[first:]


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(times=st.sets(st.integers(0, 30)), horizon=st.integers(0, 31))
async def test_compacting_changes_nothing_after_the_horizon(
    store: MonitoringStore, history: HistoryStore, times: set[int], horizon: int
) -> None:
    """The history begins with the transition whose state held at the horizon."""
    await put(store, ROW)
    await store.transact(lambda unit: unit.drop(ROW))
    await store.compact(99)
    await put(store, ROW)
    lines = await put_transitions(store, *sorted(times))
    await store.compact(horizon)
    kept = await history.transitions(GUILD, "toolzz", "a", 0)
    held = max((at for at in times if at <= horizon), default=0)
    assert kept == [line for line in lines if line.at >= held]


async def test_no_old_history_is_kept_of_what_is_no_longer_watched(
    store: MonitoringStore, history: HistoryStore
) -> None:
    """The transition before the horizon goes as well, also if a connection has the same id."""
    await put(store, replace(ROW, kind=Kind.CONNECTION), replace(ROW, guild_id=OTHER_GUILD))
    lines = await put_transitions(store, 100, 200)
    theirs = await put_transitions(store, 100, 200, row=replace(ROW, guild_id=OTHER_GUILD))
    await store.compact(150)
    assert await history.transitions(GUILD, "toolzz", "a", 0) == lines[1:]
    assert await history.transitions(OTHER_GUILD, "toolzz", "a", 0) == theirs
    await store.compact(201)
    assert await history.transitions(GUILD, "toolzz", "a", 0) == []


async def test_an_open_incident_is_never_deleted(
    store: MonitoringStore, incidents: IncidentStore, alerts: AlertStore
) -> None:
    """A closed incident goes with its alert if it ended before the horizon."""
    await put_incidents(
        store,
        replace(INCIDENT, closed_at=199),
        replace(INCIDENT, closed_at=200),
        replace(INCIDENT, opened_at=1),
        replace(INCIDENT, guild_id=OTHER_GUILD, closed_at=199),
    )
    await store.compact(200)
    assert [incident.number for incident in await incidents.since(GUILD, 0)] == [3, 2]
    assert await incidents.since(OTHER_GUILD, 0) == []
    found = [await alerts.message(GUILD, MessageKind.ALERT, 1, number) for number in (1, 2, 3)]
    assert [alert is None for alert in found] == [True, False, False]


async def test_incidents_since_a_time_were_open_then(
    store: MonitoringStore, incidents: IncidentStore
) -> None:
    """One that ended at that time is among them. Each guild has its own numbers; the newest comes first."""
    ended = [replace(INCIDENT, closed_at=at) for at in (99, 100, 101)]
    await put_incidents(store, *ended, INCIDENT, replace(INCIDENT, guild_id=OTHER_GUILD))
    assert [incident.number for incident in await incidents.since(GUILD, 100)] == [4, 3, 2]
    assert [incident.number for incident in await incidents.since(OTHER_GUILD, 100)] == [1]


async def test_a_second_open_incident_of_a_subject_is_refused(
    store: MonitoringStore, incidents: IncidentStore
) -> None:
    """The database refuses it, and nothing of the transaction is stored."""
    with pytest.raises(Exception, match=r"(?i)unique"):
        await put_incidents(store, replace(INCIDENT, id="b"), INCIDENT, INCIDENT)
    assert await incidents.since(GUILD, 0) == []


async def test_a_unit_of_work_reads_one_guild_and_provider(store: MonitoringStore) -> None:
    """Rows of other guilds and providers are not among the results."""
    others = [replace(ROW, guild_id=OTHER_GUILD), replace(ROW, provider="sensay")]
    await put(store, ROW, *others)
    await put_incidents(
        store,
        INCIDENT,
        replace(INCIDENT, id="b", closed_at=1),
        replace(INCIDENT, guild_id=OTHER_GUILD),
        replace(INCIDENT, provider="sensay"),
    )
    await put_check(store, CHECK)
    await put_check(store, replace(CHECK, guild_id=OTHER_GUILD))

    async def look(unit: UnitOfWork) -> list[object]:
        latest = await unit.latest_incident(ROW)
        assert latest is not None
        return [
            [asdict(row) for row in await unit.subjects(GUILD, "toolzz")],
            [incident.id for incident in await unit.open_incidents(GUILD, "toolzz")],
            latest.number,
            await unit.checks(GUILD, "toolzz"),
            await unit.checks(GUILD, "sensay"),
        ]

    assert await store.transact(look) == [[asdict(ROW)], ["a"], 1, {"default": CHECK}, {}]
