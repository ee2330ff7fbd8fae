"""The outbox, the route and the board: what came meanwhile is not lost, and what was erased stays so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.features.alerts.incident_store import Incident
from bot.features.alerts.store import AlertStore, BoardRow, MessageKind, OutboxRow, RouteRow
from bot.features.monitoring.store import MonitoringStore, UnitOfWork
from bot.features.privacy.store import PrivacyStore
from bot.store.database import Database
from tests.support.ids import GUILD
from tests.support.ids import OTHER_GUILD as OTHER

ROUTE = RouteRow(GUILD, 7, 8, "error", checks=2, remind=60, set_by=5, set_at=100, partial=True)
INCIDENT = Incident(GUILD, 0, "integration", "toolzz", "a", "default", "Nora", "error", "", opened_at=100)
NEW = OutboxRow(
    GUILD, "alert", 1, None, None, None, None, 0, 1, 0, None, 0, posted_at=None, next_at=100, content=""
)
BOARD = BoardRow(GUILD, 7, set_by=5)
NEW_BOARD = replace(NEW, kind="board", number=0, desired_version=2, posted_at=100)
"""The message of a board that was just set."""


@pytest.fixture
def store(database: Database) -> AlertStore:
    """The store with no rows."""
    return AlertStore(database)


@pytest.fixture
def watched(database: Database) -> MonitoringStore:
    """The store of the incidents that alerts are about."""
    return MonitoringStore(database)


async def opened(watched: MonitoringStore, *incidents: Incident, told: bool = True) -> None:
    """Store incidents, with an alert each or without."""

    async def work(unit: UnitOfWork) -> None:
        for incident in incidents:
            await unit.open(incident, announce_at=incident.opened_at if told else None)

    await watched.transact(work)


async def stored_alert(store: AlertStore, number: int = 1) -> OutboxRow:
    """Return an alert that exists."""
    row = await store.message(GUILD, MessageKind.ALERT, number)
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
    assert await store.message(GUILD, MessageKind.ALERT, 1) is None


async def test_a_note_concerns_one_alert(store: AlertStore, watched: MonitoringStore) -> None:
    """The next incident's alert and that of another guild do not change."""
    theirs = replace(INCIDENT, guild_id=OTHER)
    await opened(watched, INCIDENT, replace(INCIDENT, id="b"), theirs)
    await store.note(SENT, NEW)
    assert await stored_alert(store, 2) == replace(NEW, number=2)
    assert await store.message(OTHER, MessageKind.ALERT, 1) == replace(NEW, guild_id=OTHER)


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


async def test_a_new_route_tells_of_what_is_open_and_of_what_waited(
    store: AlertStore, watched: MonitoringStore
) -> None:
    """An open incident without alert gets one; what was not sent is due; what is over is not."""
    await opened(watched, INCIDENT, told=False)
    await opened(
        watched,
        replace(INCIDENT, id="b"),
        replace(INCIDENT, id="c", closed_at=150),
        replace(INCIDENT, id="d", closed_at=150),
    )
    await opened(watched, replace(INCIDENT, id="e", closed_at=150), told=False)
    for number in (2, 3, 4):
        row = await stored_alert(store, number)
        await store.note(replace(row, sent_version=int(number != 4), tries=3, next_at=None), row)
    await store.put_route(ROUTE, 500)
    found = [await store.message(GUILD, MessageKind.ALERT, number) for number in range(1, 6)]
    assert [row and (row.next_at, row.tries, row.desired_version > row.sent_version) for row in found] == [
        (500, 0, True),
        (500, 3, True),
        (None, 3, False),
        (500, 3, True),
        None,
    ]


async def test_each_guild_has_one_route(store: AlertStore) -> None:
    """The newer route counts, another guild's stays, and a deletion says whether there was one."""
    theirs = replace(ROUTE, guild_id=OTHER, role_id=None)
    newer = replace(ROUTE, channel_id=2**63 - 1, role_id=None, states="error,unknown", checks=3, remind=0)
    for row in (replace(ROUTE, lost="forbidden"), theirs, newer):
        await store.put_route(row, 500)
    assert (await store.route(GUILD), await store.route(OTHER)) == (newer, theirs)
    assert await store.delete_route(GUILD)
    assert not await store.delete_route(GUILD)
    assert (await store.route(GUILD), await store.route(OTHER)) == (None, theirs)


async def test_a_channel_is_lost_once(store: AlertStore) -> None:
    """Only the present channel is marked, and the first reason stays: managers are told once."""
    await store.put_route(ROUTE, 500)
    assert not await store.mark_route_lost(GUILD, 6, "forbidden")
    assert not await store.mark_route_lost(OTHER, 7, "forbidden")
    assert await store.mark_route_lost(GUILD, 7, "forbidden")
    assert not await store.mark_route_lost(GUILD, 7, "not_found")
    assert await store.route(GUILD) == replace(ROUTE, lost="forbidden")


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
