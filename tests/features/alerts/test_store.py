"""The outbox, the route and the board: what came meanwhile is not lost, and what was erased stays so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.features.alerts.group_store import GroupStore, GroupUnit
from bot.features.alerts.incident_store import Incident, IncidentStore
from bot.features.alerts.store import (
    QUERIES,
    RETRY_SECONDS,
    AlertStore,
    BoardRow,
    MessageKind,
    OutboxRow,
    PendingRow,
    RouteRow,
)
from bot.features.monitoring.store import MonitoringStore, UnitOfWork
from bot.features.privacy.store import PrivacyStore
from bot.store.database import Database
from bot.store.rows import fetch
from tests.support.ids import GUILD
from tests.support.ids import OTHER_GUILD as OTHER

ROUTE = RouteRow(
    GUILD,
    1,
    7,
    8,
    "error",
    checks=2,
    remind=60,
    set_by=5,
    set_at=100,
    provider="toolzz",
    integration="a",
    partial=True,
    second_role_id=9,
    escalate=900,
    recovery="mention",
)
INCIDENT = Incident(GUILD, 0, "integration", "toolzz", "a", "default", "Nora", "error", "", opened_at=100)
NEW = OutboxRow(
    GUILD,
    "alert",
    1,
    1,
    None,
    None,
    None,
    None,
    0,
    1,
    0,
    None,
    0,
    None,
    next_at=100,
    content="",
    began_at=100,
)
BOARD = BoardRow(GUILD, 7, set_by=5)
NEW_BOARD = replace(NEW, kind="board", route=0, number=0, desired_version=2, posted_at=100)
"""The message of a board that was just set."""


@pytest.fixture
def store(database: Database) -> AlertStore:
    """The store with no rows."""
    return AlertStore(database)


@pytest.fixture
def groups(database: Database) -> GroupStore:
    """The store of what alerts tell of."""
    return GroupStore(database)


@pytest.fixture
def watched(database: Database) -> MonitoringStore:
    """The store of the incidents that alerts are about."""
    return MonitoringStore(database)


async def opened(watched: MonitoringStore, *incidents: Incident, told: bool = True) -> None:
    """Store incidents, with an alert of route 1 each or without."""

    async def work(unit: UnitOfWork) -> None:
        for incident in incidents:
            stored = await unit.open(incident)
            if told:
                await unit.report(stored, 1, incident.opened_at)
                (pending,) = await fetch(
                    unit._connection, PendingRow, QUERIES.list_pending, guild_id=incident.guild_id, now=10**9
                )
                await GroupUnit(unit._connection).begin(pending, incident.opened_at)

    await watched.transact(work)


async def stored_alert(store: AlertStore, number: int = 1) -> OutboxRow:
    """Return an alert that exists."""
    row = await store.message(GUILD, MessageKind.ALERT, 1, number)
    assert row is not None
    return row


SENT = replace(
    NEW,
    channel_id=7,
    message_id=9,
    old_channel_id=6,
    old_message_id=3,
    posts=1,
    sent_version=1,
    tried_at=4,
    tries=2,
    posted_at=100,
    next_at=900,
    content="hash",
    began_at=90,
    edited_at=95,
    told_at=96,
    mentioned_at=97,
    escalated_at=98,
    error="rejected",
)


async def test_what_was_sent_is_noted_in_every_column(store: AlertStore, watched: MonitoringStore) -> None:
    """Every column is stored, and nothing is due before its time."""
    await opened(watched, INCIDENT)
    assert await stored_alert(store) == NEW
    await store.note(SENT, NEW)
    assert await stored_alert(store) == SENT
    assert [await store.due(GUILD, MessageKind.ALERT, now) for now in (899, 900)] == [[], [SENT]]


async def test_what_came_while_it_was_sent_stays_due(store: AlertStore, watched: MonitoringStore) -> None:
    """The message is noted, but the row stays behind and due."""
    await opened(watched, INCIDENT)
    before = await stored_alert(store)
    await watched.transact(lambda work: work.change(replace(INCIDENT, number=1, detail="x"), 150))
    await store.note(replace(before, message_id=9, sent_version=before.desired_version, next_at=None), before)
    after = await stored_alert(store)
    assert (after.message_id, after.sent_version, after.desired_version, after.next_at) == (9, 1, 2, 150)


async def test_what_was_erased_while_it_was_sent_stays_erased(
    database: Database, store: AlertStore, watched: MonitoringStore
) -> None:
    """Noting what was sent adds no row."""
    await opened(watched, INCIDENT)
    await PrivacyStore(database).erase(GUILD)
    await store.note(SENT, NEW)
    assert await store.message(GUILD, MessageKind.ALERT, 1, 1) is None


async def test_a_note_concerns_one_alert(store: AlertStore, watched: MonitoringStore) -> None:
    """The next incident's alert and that of another guild do not change."""
    theirs = replace(INCIDENT, guild_id=OTHER)
    await opened(watched, INCIDENT, replace(INCIDENT, id="b"), theirs)
    await store.note(SENT, NEW)
    assert await stored_alert(store, 2) == replace(NEW, number=2)
    assert await store.message(OTHER, MessageKind.ALERT, 1, 1) == replace(NEW, guild_id=OTHER)


async def test_due_is_whatever_has_a_time_that_has_come(store: AlertStore, watched: MonitoringStore) -> None:
    """Each guild has its own due alerts, in the order of its incidents; the next time is known."""
    await opened(
        watched,
        replace(INCIDENT, opened_at=200),
        replace(INCIDENT, opened_at=100, id="b"),
        replace(INCIDENT, opened_at=300, guild_id=OTHER),
    )
    times = (99, 100, 200, 300)
    assert [[row.number for row in await store.due(GUILD, "alert", now)] for now in times] == [
        [],
        [2],
        [1, 2],
        [1, 2],
    ]
    ours, theirs = (GUILD, "alert"), (OTHER, "alert")
    assert [await store.due_lanes(now) for now in times] == [[], [ours], [ours], [ours, theirs]]
    assert [await store.next_due(now) for now in times] == [100, 200, 300, None]
    await store.note(replace(await stored_alert(store, 2), next_at=None), await stored_alert(store, 2))
    assert [row.number for row in await store.due(GUILD, "alert", 300)] == [1]


async def test_each_guild_has_its_routes(store: AlertStore, groups: GroupStore) -> None:
    """Numbers count up in each guild and are not given again; a deletion says whether there was one."""
    theirs = replace(ROUTE, guild_id=OTHER, role_id=None)
    second = replace(ROUTE, number=2, channel_id=2**63 - 1, role_id=None, states="error,unknown")
    for row in (ROUTE, theirs, second):
        assert await groups.put_route(replace(row, number=0), 500, {}, most=10) == row
    newer = replace(second, checks=3, remind=0, suspended="forbidden", retry_at=9, is_reported=True)
    await groups.put_route(newer, 600, {}, most=10)
    assert (await store.routes(GUILD), await store.routes(OTHER)) == ([ROUTE, newer], [theirs])
    assert await store.route(GUILD, 2) == newer
    assert await groups.delete_route(GUILD, 1)
    assert not await groups.delete_route(GUILD, 1)
    assert (await store.routes(GUILD), await store.routes(OTHER)) == ([newer], [theirs])
    assert await store.route(GUILD, 1) is None


async def test_a_route_that_replaces_gathers_what_is_open(
    store: AlertStore, groups: GroupStore, watched: MonitoringStore
) -> None:
    """In another channel one message tells of all that is open; what it replaces is to be deleted."""
    await groups.put_route(replace(ROUTE, number=0), 100, {}, most=10)
    over = replace(INCIDENT, id="c", closed_at=150)
    await opened(watched, INCIDENT, replace(INCIDENT, id="b"), over)
    for number in (1, 2, 3):
        row = await stored_alert(store, number)
        sent = replace(
            row, channel_id=7, message_id=number, posts=1, sent_version=1, told_at=200, next_at=None
        )
        await store.note(sent, row)
    await groups.put_route(replace(ROUTE, remind=0), 300, {1: True, 2: True}, most=10)
    assert [len(await groups.members(GUILD, 1, number)) for number in (1, 2, 3)] == [1, 1, 1]
    await groups.put_route(replace(ROUTE, channel_id=8), 400, {1: True, 2: True}, most=10)
    assert [len(await groups.members(GUILD, 1, number)) for number in (1, 2, 3)] == [2, 0, 1]
    assert await groups.is_silent(GUILD, 1, 1)
    first, second, third = [await stored_alert(store, number) for number in (1, 2, 3)]
    assert (first.channel_id, first.next_at, first.began_at) == (7, 400, 400)
    assert (second.channel_id, second.message_id, second.next_at) == (7, 2, 400)
    assert (third.channel_id, third.message_id, third.next_at) == (7, 3, None)


async def test_a_suspended_route_is_one_in_its_present_channel(store: AlertStore, groups: GroupStore) -> None:
    """A refusal of another channel changes nothing; all routes to a channel are suspended and resumed."""
    second = replace(ROUTE, number=2, partial=False)
    for row in (ROUTE, second):
        await groups.put_route(replace(row, number=0), 100, {}, most=10)

    async def refuse(guild: int, channel: int) -> None:
        await store.suspend_routes(guild, channel, why="forbidden", now=600, retry_at=700, is_reported=True)

    await refuse(GUILD, 6)
    await refuse(OTHER, 7)
    assert await store.route(GUILD, 1) == ROUTE
    await refuse(GUILD, 7)
    suspended = replace(ROUTE, suspended="forbidden", refused_at=600, retry_at=700, is_reported=True)
    assert await store.route(GUILD, 1) == suspended
    assert not await store.resume(GUILD, 6, 200)
    assert await store.resume(GUILD, 7, 200)
    assert await store.routes(GUILD) == [ROUTE, second]
    assert not await store.resume(GUILD, 7, 200)


async def test_what_was_refused_is_not_tried_too_often(store: AlertStore, groups: GroupStore) -> None:
    """An hour later, or soon after something has changed, but once a minute at most."""
    await groups.put_route(replace(ROUTE, number=0), 100, {}, most=10)
    await store.suspend_routes(
        GUILD, 7, why="forbidden", now=100, retry_at=100 + RETRY_SECONDS, is_reported=True
    )
    for now, retry_at in ((110, 160), (150, 160), (200, 160)):
        await store.retry(GUILD, now)
        route = await store.route(GUILD, 1)
        assert route is not None
        assert route.retry_at == retry_at


async def test_a_number_is_never_given_again(watched: MonitoringStore, database: Database) -> None:
    """Not even after the incident with the highest number was deleted."""
    await opened(
        watched, replace(INCIDENT, closed_at=150), replace(INCIDENT, id="b", closed_at=150), told=False
    )
    await watched.compact(10**9)
    assert await IncidentStore(database).since(GUILD, 0) == []
    await opened(watched, INCIDENT, told=False)
    assert [each.number for each in await IncidentStore(database).since(GUILD, 0)] == [3]


async def test_each_guild_has_one_board(store: AlertStore) -> None:
    """The newer board counts, with all of its columns; it is deleted only with its own channel."""
    theirs = replace(BOARD, guild_id=OTHER)
    newer = BoardRow(GUILD, 8, set_by=6)
    for row in (BOARD, theirs, newer):
        await store.put_board(row, 100)
    assert await store.board(GUILD) == newer
    assert await store.boards() == [newer, theirs]
    assert not await store.delete_board(GUILD, 7)
    assert await store.message(GUILD, MessageKind.BOARD) is not None
    assert await store.delete_board(GUILD, 8)
    assert await store.boards() == [theirs]
    assert await store.message(GUILD, MessageKind.BOARD) is None
    assert await store.message(OTHER, MessageKind.BOARD) is not None


async def test_what_became_of_a_board_is_noted_where_it_still_is(store: AlertStore) -> None:
    """A board that was taken down, or moved, meanwhile stays as it is."""
    posted = replace(
        NEW_BOARD, channel_id=7, message_id=9, posts=1, sent_version=2, next_at=None, content="x"
    )
    await store.note(posted, NEW_BOARD)
    assert (await store.board(GUILD), await store.message(GUILD, MessageKind.BOARD)) == (None, None)
    await store.put_board(BOARD, 100)
    assert await store.message(GUILD, MessageKind.BOARD) == NEW_BOARD
    await store.put_board(replace(BOARD, channel_id=8), 200)
    await store.note(posted, NEW_BOARD)
    assert await store.board(GUILD) == replace(BOARD, channel_id=8)
    row = await store.message(GUILD, MessageKind.BOARD)
    assert row is not None
    assert (row.desired_version, row.next_at) == (3, 200)
    await store.note(posted, row)
    assert await store.message(GUILD, MessageKind.BOARD) == replace(posted, desired_version=3)


async def test_a_new_board_replaces_the_message_of_the_old_one(store: AlertStore) -> None:
    """The old message is to be deleted; what may have been posted is still to be looked for."""
    await store.put_board(BOARD, 100)
    await store.note(replace(NEW_BOARD, channel_id=7, message_id=9, tries=4, content="x"), NEW_BOARD)
    await store.put_board(replace(BOARD, channel_id=8), 200)
    replaced = replace(
        NEW_BOARD, desired_version=3, old_channel_id=7, old_message_id=9, posted_at=200, next_at=200
    )
    assert await store.message(GUILD, MessageKind.BOARD) == replaced
    tried = replace(replaced, channel_id=8, tried_at=210)
    await store.note(tried, replaced)
    await store.put_board(BOARD, 300)
    assert await store.message(GUILD, MessageKind.BOARD) == replace(
        tried, desired_version=4, posted_at=300, next_at=300
    )
