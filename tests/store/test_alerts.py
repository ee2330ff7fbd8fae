"""The outbox, where it goes, and the board: what came meanwhile is not lost, what was erased stays so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.store.alerts import AlertRow, AlertStore, BoardRow, RouteRow
from bot.store.guilds import GuildStore
from bot.store.watching import IncidentRow, Ledger, WatchStore

if TYPE_CHECKING:
    from bot.store.database import Database

GUILD, OTHER = 1102345678901234567, 1102345678901234568
ROUTE = RouteRow(GUILD, 7, 8, "error", checks=2, remind=60, set_by=5, set_at=100)
INCIDENT = IncidentRow(GUILD, 0, "integration", "toolzz", "a", "default", "Nora", "error", "", opened_at=100)
NEW = AlertRow(
    GUILD, 1, None, None, None, 0, wanted=1, shown=0, tried_at=None, tries=0, told_at=None, next_at=100
)
BOARD = BoardRow(GUILD, 7, None, posted_at=100, content="", set_by=5)


@pytest.fixture
def store(database: Database) -> AlertStore:
    """The store with no rows."""
    return AlertStore(database)


@pytest.fixture
def watched(database: Database) -> WatchStore:
    """The incidents that alerts tell of."""
    return WatchStore(database)


async def opened(watched: WatchStore, *incidents: IncidentRow, told: bool = True) -> None:
    """Store incidents, with an alert each or none."""

    async def work(ledger: Ledger) -> None:
        for incident in incidents:
            await ledger.open(incident, announce_at=incident.opened_at if told else None)

    await watched.transact(work)


async def seen(store: AlertStore, number: int = 1) -> AlertRow:
    """Return an alert that is there."""
    row = await store.alert(GUILD, number)
    assert row is not None
    return row


SENT = replace(
    NEW,
    channel_id=7,
    message_id=9,
    old_message_id=3,
    posts=1,
    shown=1,
    tried_at=4,
    tries=2,
    told_at=100,
    next_at=900,
)


async def test_what_was_sent_is_noted_in_every_column(store: AlertStore, watched: WatchStore) -> None:
    """Who looks next finds what the last one left, and nothing due before its time."""
    await opened(watched, INCIDENT)
    assert await seen(store) == NEW
    await store.note(SENT, NEW)
    assert await seen(store) == SENT
    assert (await store.due(GUILD, 899), await store.due(GUILD, 900)) == ([], [SENT])


async def test_what_came_while_it_was_sent_stays_due(store: AlertStore, watched: WatchStore) -> None:
    """The message is noted, but neither that all is shown nor that there is time."""
    await opened(watched, INCIDENT)
    before = await seen(store)
    await watched.transact(lambda ledger: ledger.change(replace(INCIDENT, number=1, detail="x"), 150))
    await store.note(replace(before, message_id=9, shown=before.wanted, next_at=None), before)
    after = await seen(store)
    assert (after.message_id, after.shown, after.wanted, after.next_at) == (9, 1, 2, 150)


async def test_what_was_erased_while_it_was_sent_stays_erased(
    database: Database, store: AlertStore, watched: WatchStore
) -> None:
    """To note it makes no row."""
    await opened(watched, INCIDENT)
    await GuildStore(database).erase(GUILD)
    await store.note(SENT, NEW)
    assert await store.alert(GUILD, 1) is None


async def test_a_note_concerns_one_alert(store: AlertStore, watched: WatchStore) -> None:
    """Neither the next incident's nor that of the same number in another guild."""
    theirs = replace(INCIDENT, guild_id=OTHER)
    await opened(watched, INCIDENT, replace(INCIDENT, id="b"), theirs)
    await store.note(SENT, NEW)
    assert await seen(store, 2) == replace(NEW, number=2)
    assert await store.alert(OTHER, 1) == replace(NEW, guild_id=OTHER)


async def test_due_is_whatever_has_a_time_that_has_come(store: AlertStore, watched: WatchStore) -> None:
    """Each guild's own, in the order of its incidents; and the next time after now is known."""
    await opened(
        watched,
        replace(INCIDENT, opened_at=200),
        replace(INCIDENT, opened_at=100, id="b"),
        replace(INCIDENT, opened_at=300, guild_id=OTHER),
    )
    times = (99, 100, 200, 300)
    assert [[row.number for row in await store.due(GUILD, now)] for now in times] == [[], [2], [1, 2], [1, 2]]
    assert [sorted(await store.due_guilds(now)) for now in times] == [[], [GUILD], [GUILD], [GUILD, OTHER]]
    assert [await store.next_due(now) for now in times] == [100, 200, 300, None]
    await store.note(replace(await seen(store, 2), next_at=None), await seen(store, 2))
    assert [row.number for row in await store.due(GUILD, 300)] == [1]


async def test_a_new_route_tells_of_what_is_open_and_of_what_waited(
    store: AlertStore, watched: WatchStore
) -> None:
    """An open one without alert gets one, what could not be sent is tried anew, what is over rests."""
    await opened(watched, INCIDENT, told=False)
    await opened(
        watched,
        replace(INCIDENT, id="b"),
        replace(INCIDENT, id="c", closed_at=150),
        replace(INCIDENT, id="d", closed_at=150),
    )
    await opened(watched, replace(INCIDENT, id="e", closed_at=150), told=False)
    for number in (2, 3, 4):
        row = await seen(store, number)
        await store.note(replace(row, shown=number != 4, tries=3, next_at=None), row)
    await store.put_route(ROUTE, 500)
    found = [await store.alert(GUILD, number) for number in range(1, 6)]
    assert [row and (row.next_at, row.tries, row.wanted > row.shown) for row in found] == [
        (500, 0, True),
        (500, 3, True),
        (None, 3, False),
        (500, 3, True),
        None,
    ]


async def test_each_guild_has_one_route(store: AlertStore) -> None:
    """The newer one counts; another guild's is not touched, and to delete says whether there was any."""
    theirs = replace(ROUTE, guild_id=OTHER, role_id=None)
    newer = replace(ROUTE, channel_id=2**63 - 1, role_id=None, states="error,unknown", checks=3, remind=0)
    for row in (replace(ROUTE, lost="forbidden"), theirs, newer):
        await store.put_route(row, 500)
    assert (await store.route(GUILD), await store.route(OTHER)) == (newer, theirs)
    assert await store.delete_route(GUILD)
    assert not await store.delete_route(GUILD)
    assert (await store.route(GUILD), await store.route(OTHER)) == (None, theirs)


async def test_a_channel_is_lost_once(store: AlertStore) -> None:
    """Only the route's present channel, and the first reason stays, so that managers are told once."""
    await store.put_route(ROUTE, 500)
    assert not await store.lose_route(GUILD, 6, "forbidden")
    assert not await store.lose_route(OTHER, 7, "forbidden")
    assert await store.lose_route(GUILD, 7, "forbidden")
    assert not await store.lose_route(GUILD, 7, "not_found")
    assert await store.route(GUILD) == replace(ROUTE, lost="forbidden")


async def test_each_guild_has_one_board(store: AlertStore) -> None:
    """The newer one counts, with all of its columns; it is deleted in its own channel alone."""
    theirs = replace(BOARD, guild_id=OTHER)
    newer = BoardRow(GUILD, 8, 9, 200, "hash", 6, old_channel_id=7, old_message_id=4)
    for row in (BOARD, theirs, newer):
        await store.put_board(row)
    assert await store.board(GUILD) == newer
    assert await store.boards() == [newer, theirs]
    assert not await store.delete_board(GUILD, 7)
    assert await store.delete_board(GUILD, 8)
    assert await store.boards() == [theirs]


async def test_what_became_of_a_board_is_noted_where_it_still_is(store: AlertStore) -> None:
    """One that was taken down, or moved, meanwhile is left as it is."""
    posted = replace(BOARD, message_id=9, posted_at=150, content="hash", old_message_id=4, old_channel_id=7)
    await store.note_board(posted)
    assert await store.board(GUILD) is None
    await store.put_board(replace(BOARD, channel_id=8))
    await store.note_board(posted)
    assert await store.board(GUILD) == replace(BOARD, channel_id=8)
    await store.put_board(BOARD)
    await store.note_board(posted)
    assert await store.board(GUILD) == posted
