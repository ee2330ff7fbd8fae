"""How integrations are and were doing: what is kept, for how long, and of which guild."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.store.alerts import AlertStore
from bot.store.connections import ConnectionRow, ConnectionStore
from bot.store.watching import CheckRow, IncidentRow, Ledger, TransitionRow, WatchedRow, WatchStore

if TYPE_CHECKING:
    from bot.store.database import Database

GUILD, OTHER = 1102345678901234567, 1102345678901234568
ROW = WatchedRow(GUILD, "integration", "toolzz", "a", "default", "Nora", "connected", "", changed_at=100)
INCIDENT = IncidentRow(
    GUILD, 0, "integration", "toolzz", "a", "default", "Nora", "error", "4004", opened_at=100
)
CHECK = CheckRow(GUILD, "toolzz", "default", checked_at=100, answered_at=100, error="")


@pytest.fixture
async def store(database: Database) -> WatchStore:
    """The store with no rows, beside a connection in each of two guilds."""
    for guild_id in (GUILD, OTHER):
        row = ConnectionRow(guild_id, "toolzz", "default", b"sealed", set_by=1, set_at=1, verified_at=1)
        assert await ConnectionStore(database).insert(row)
    return WatchStore(database)


async def put(store: WatchStore, *rows: WatchedRow) -> None:
    """Store what was found."""

    async def work(ledger: Ledger) -> None:
        for row in rows:
            await ledger.put(row)

    await store.transact(work)


async def happened(store: WatchStore, *times: int, row: WatchedRow = ROW) -> list[TransitionRow]:
    """Store transitions, each with its time as its reason; return them."""

    async def work(ledger: Ledger) -> None:
        for at in times:
            await ledger.transition(replace(row, detail=str(at)), at)

    await store.transact(work)
    return [TransitionRow(at, row.state, str(at)) for at in times]


async def opened(store: WatchStore, *incidents: IncidentRow, told: bool = True) -> None:
    """Store incidents, each with an alert."""

    async def work(ledger: Ledger) -> None:
        for incident in incidents:
            await ledger.open(incident, announce_at=incident.opened_at if told else None)

    await store.transact(work)


async def checked(store: WatchStore, row: CheckRow) -> bool:
    """Store a check."""
    return await store.transact(lambda ledger: ledger.check(row))


async def test_rows_come_back_as_they_were_stored(store: WatchStore) -> None:
    """Every column survives, with text of any characters and numbers beyond 53 bits."""
    odd = replace(ROW, id="", label="\u202e'; DROP\n\0", changed_at=2**60, bad=3, good=4, bad_at=5, found="x")
    incident = replace(INCIDENT, label="\u202e\0", detail="'", closed_at=7, ended="recovered", reopened=2)
    await put(store, ROW, odd)
    await opened(store, INCIDENT, incident)
    assert await store.watched(GUILD) == [odd, ROW]
    assert await store.incidents(GUILD, 0) == [replace(incident, number=2), replace(INCIDENT, number=1)]
    assert await checked(store, CHECK)
    assert await store.checks(GUILD) == [CHECK]


async def test_what_is_found_replaces_what_was_and_leaves_it_muted(store: WatchStore) -> None:
    """There is one row for each, and whoever muted it is not overruled by a check."""
    await put(store, ROW)
    assert await store.mute(GUILD, "toolzz", "a", until=900, member_id=5, now=1)
    newer = replace(
        ROW, connection="second", label="N", state="error", detail="x", changed_at=1, bad=1, bad_at=1
    )
    await put(store, newer)
    assert await store.watched(GUILD) == [replace(newer, muted_until_at=900, muted_by=5)]
    assert await store.muted_until(GUILD, "integration", "toolzz", "a") == 900
    assert await store.mute(GUILD, "toolzz", "a", until=None, member_id=None, now=1)
    assert await store.watched(GUILD) == [newer]


@pytest.mark.parametrize("change", [{"id": "b"}, {"kind": "connection"}, {"guild_id": OTHER}])
async def test_only_a_watched_integration_is_muted(store: WatchStore, change: dict[str, object]) -> None:
    """No connection, no provider, none of another guild, none that is not there."""
    await put(store, replace(ROW, **change))  # type: ignore[arg-type] # one field of its own type
    assert not await store.mute(GUILD, "toolzz", "a", until=900, member_id=5, now=1)
    assert [row.muted_by for guild in (GUILD, OTHER) for row in await store.watched(guild)] == [None]


async def test_muting_and_looking_after_are_told_in_the_alert(database: Database, store: WatchStore) -> None:
    """The alert of what is open is due again; that of a closed one, and another's, is not."""
    closed, other = replace(INCIDENT, closed_at=200), replace(INCIDENT, id="b")
    await put(store, ROW)
    await opened(store, closed, INCIDENT, other)
    assert await store.mute(GUILD, "toolzz", "a", until=900, member_id=5, now=300)
    assert await store.acknowledge(GUILD, 3, 5, now=400)
    assert not await store.acknowledge(GUILD, 3, 6, now=500)
    alerts = [await AlertStore(database).alert(GUILD, number) for number in (1, 2, 3)]
    assert [(alert.wanted, alert.next_at) for alert in alerts if alert] == [(1, 100), (2, 300), (2, 400)]


async def test_one_member_looks_after_an_incident(store: WatchStore) -> None:
    """The first who says so, while it is open, in its own guild; how it goes on does not change that."""
    await opened(store, INCIDENT)
    assert not await store.acknowledge(OTHER, 1, 5, now=150)
    assert await store.acknowledge(GUILD, 1, 5, now=150)
    assert not await store.acknowledge(GUILD, 1, 6, now=160)
    later = replace(INCIDENT, number=1, state="disconnected", closed_at=200, ended="recovered", reopened=1)
    await store.transact(lambda ledger: ledger.change(later, 200))
    known = replace(later, acknowledged_by=5, acknowledged_at=150)
    assert await store.incident(GUILD, 1) == known
    assert await store.incident(OTHER, 1) is None
    await opened(store, replace(INCIDENT, closed_at=200))
    assert not await store.acknowledge(GUILD, 2, 6, now=210)


async def test_the_last_answer_outlives_a_check_without_one(store: WatchStore) -> None:
    """Of a connection one check is kept, and when it was answered last; other guilds' are apart."""
    failed = replace(CHECK, checked_at=200, answered_at=None, error="timeout")
    assert await checked(store, replace(failed, checked_at=50))
    assert await checked(store, CHECK)
    assert await checked(store, failed)
    assert await store.checks(GUILD) == [replace(failed, answered_at=100)]
    assert await store.checks(OTHER) == []


@pytest.mark.parametrize("gone", [{"guild_id": 1}, {"provider": "sensay"}, {"connection": "third"}])
async def test_no_check_is_kept_of_a_connection_that_is_gone(
    store: WatchStore, gone: dict[str, object]
) -> None:
    """It says so, and stores nothing."""
    row = replace(CHECK, **gone)  # type: ignore[arg-type] # one field of its own type
    assert not await checked(store, row)
    assert await store.checks(row.guild_id) == []


async def test_orphans_are_what_no_connection_reads_any_more(database: Database, store: WatchStore) -> None:
    """A provider stays as long as any connection of its is there, in its own guild."""
    mine = [
        ROW,
        replace(ROW, id="b", connection="gone"),
        replace(ROW, kind="connection", id="gone", connection="gone"),
        replace(ROW, kind="provider", id="toolzz", connection=""),
        replace(ROW, kind="provider", provider="sensay", id="sensay", connection=""),
    ]
    await put(store, *mine, replace(ROW, guild_id=OTHER))
    await checked(store, CHECK)
    await checked(store, replace(CHECK, guild_id=OTHER))

    async def orphans() -> list[tuple[str, str]]:
        found = await store.transact(lambda ledger: ledger.orphans())
        return sorted((row.kind, row.id) for row in found)

    left = [("connection", "gone"), ("integration", "b"), ("provider", "sensay")]
    assert await orphans() == left
    await ConnectionStore(database).delete(GUILD, "toolzz", "default")
    assert await orphans() == sorted([*left, ("integration", "a"), ("provider", "toolzz")])
    await store.transact(lambda ledger: ledger.forget_checks())
    assert await store.checks(GUILD) == []
    assert len(await store.checks(OTHER)) == 1


@pytest.mark.parametrize(
    ("since", "first"), [(0, 0), (99, 0), (100, 0), (101, 0), (199, 0), (200, 1), (300, 2), (999, 2)]
)
async def test_history_begins_with_what_was_in_force(store: WatchStore, since: int, first: int) -> None:
    """The first line is the one that held at that moment, itself included; before all of them, the first."""
    lines = await happened(store, 100, 200, 300)
    for other in ({"guild_id": OTHER}, {"provider": "sensay"}, {"id": "b"}):
        await happened(store, 150, 250, row=replace(ROW, **other))
    assert await store.history(GUILD, "toolzz", "a", since) == lines[first:]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times=st.sets(st.integers(0, 30)), horizon=st.integers(0, 31))
async def test_what_is_forgotten_changes_nothing_after_the_horizon(
    store: WatchStore, times: set[int], horizon: int
) -> None:
    """What is kept begins with the line that held at the horizon, and no earlier."""
    await put(store, ROW)
    await store.transact(lambda ledger: ledger.drop(ROW))
    await store.compact(99)
    await put(store, ROW)
    lines = await happened(store, *sorted(times))
    await store.compact(horizon)
    kept = await store.history(GUILD, "toolzz", "a", 0)
    held = max((at for at in times if at <= horizon), default=0)
    assert kept == [line for line in lines if line.at >= held]


async def test_of_what_is_no_longer_watched_nothing_old_is_kept(store: WatchStore) -> None:
    """Nobody asks in which state it began; a connection of the same id does not keep it."""
    await put(store, replace(ROW, kind="connection"), replace(ROW, guild_id=OTHER))
    lines = await happened(store, 100, 200)
    theirs = await happened(store, 100, 200, row=replace(ROW, guild_id=OTHER))
    await store.compact(150)
    assert await store.history(GUILD, "toolzz", "a", 0) == lines[1:]
    assert await store.history(OTHER, "toolzz", "a", 0) == theirs
    await store.compact(201)
    assert await store.history(GUILD, "toolzz", "a", 0) == []


async def test_an_open_incident_is_never_forgotten(database: Database, store: WatchStore) -> None:
    """However old; closed ones go with their alerts, but for those that ended at the horizon or later."""
    await opened(
        store,
        replace(INCIDENT, closed_at=199),
        replace(INCIDENT, closed_at=200),
        replace(INCIDENT, opened_at=1),
        replace(INCIDENT, guild_id=OTHER, closed_at=199),
    )
    await store.compact(200)
    assert [incident.number for incident in await store.incidents(GUILD, 0)] == [3, 2]
    assert await store.incidents(OTHER, 0) == []
    alerts = AlertStore(database)
    assert [await alerts.alert(GUILD, number) is None for number in (1, 2, 3)] == [True, False, False]


async def test_incidents_are_those_that_were_open_then(store: WatchStore) -> None:
    """What ended at that moment counts as open then; numbers are each guild's own, the newest comes first."""
    ended = [replace(INCIDENT, closed_at=at) for at in (99, 100, 101)]
    await opened(store, *ended, INCIDENT, replace(INCIDENT, guild_id=OTHER))
    assert [incident.number for incident in await store.incidents(GUILD, 100)] == [4, 3, 2]
    assert [incident.number for incident in await store.incidents(OTHER, 100)] == [1]


async def test_a_second_open_incident_of_the_same_is_refused(store: WatchStore) -> None:
    """The database itself holds to it, and nothing of the transaction is kept."""
    with pytest.raises(Exception, match="UNIQUE"):
        await opened(store, replace(INCIDENT, id="b"), INCIDENT, INCIDENT)
    assert await store.incidents(GUILD, 0) == []


async def test_a_ledger_sees_one_guild_and_provider(store: WatchStore) -> None:
    """Whatever else is there is not what a reading is about."""
    others = [replace(ROW, guild_id=OTHER), replace(ROW, provider="sensay")]
    await put(store, ROW, *others)
    await opened(
        store,
        INCIDENT,
        replace(INCIDENT, id="b", closed_at=1),
        replace(INCIDENT, guild_id=OTHER),
        replace(INCIDENT, provider="sensay"),
    )
    await checked(store, CHECK)
    await checked(store, replace(CHECK, guild_id=OTHER))

    async def look(ledger: Ledger) -> list[object]:
        latest = await ledger.latest_incident(ROW)
        assert latest is not None
        return [
            [asdict(row) for row in await ledger.subjects(GUILD, "toolzz")],
            [incident.id for incident in await ledger.open_incidents(GUILD, "toolzz")],
            latest.number,
            await ledger.checks(GUILD, "toolzz"),
            await ledger.checks(GUILD, "sensay"),
        ]

    assert await store.transact(look) == [[asdict(ROW)], ["a"], 1, {"default": CHECK}, {}]
