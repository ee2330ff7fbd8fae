"""Proves that the list of connections to check is read once, and follows every change."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from bot.errors import UnavailableError
from bot.features.connections.store import ConnectionRow, ConnectionStore, WatchableRow
from bot.features.privacy.store import PrivacyStore
from bot.store.connection import WritingConnection
from bot.store.database import Database
from tests.support.ids import GUILD, OTHER_GUILD

Change = Callable[[ConnectionStore, PrivacyStore], Awaitable[object]]

ROW: Final = ConnectionRow(GUILD, "toolzz", "default", b"sealed", set_by=1, set_at=1, verified_at=1)


class Follower:
    """Keeps the list up to date by what it is told of changes."""

    def __init__(self, store: ConnectionStore) -> None:
        self._store = store
        self.rows: set[WatchableRow] = set()
        self.was_whole = False
        self.changed: set[int] = set()
        """The guilds that it was told of, the whole list aside."""

    async def follow(self) -> None:
        """Ask what has changed."""
        change = await self._store.watch_list_change()
        self.was_whole = change.guilds is None
        self.changed |= set(change.guilds or ())
        gone = {each for each in self.rows if change.guilds is None or each.guild_id in change.guilds}
        self.rows = (self.rows - gone) | set(change.rows)


async def followed(store: ConnectionStore) -> Follower:
    """Store two connections of each of two guilds; return who knows them."""
    for guild in (GUILD, OTHER_GUILD):
        for name in ("default", "second"):
            await store.insert(replace(ROW, guild_id=guild, name=name))
    follower = Follower(store)
    await follower.follow()
    assert follower.was_whole
    return follower


@pytest.fixture
async def follower(store: ConnectionStore) -> Follower:
    """Two guilds with two connections each, and who knows them."""
    return await followed(store)


async def begin_and_erase(privacy: PrivacyStore) -> None:
    """Erase a guild in the two steps of one with a long log."""
    await privacy.begin_erasure(GUILD, None)
    await privacy.erase(GUILD)


CHANGES: Final[dict[str, Change]] = {
    "insert": lambda store, _: store.insert(replace(ROW, name="third")),
    "replace_secret": lambda store, _: store.replace_secret(replace(ROW, set_at=2)),
    "delete": lambda store, _: store.delete(GUILD, "toolzz", "default"),
    "remove": lambda _, privacy: privacy.remove(GUILD, 5),
    "begin_erasure": lambda _, privacy: privacy.begin_erasure(GUILD, None),
    "erase": lambda _, privacy: privacy.erase(GUILD),
    "begin_and_erase": lambda _, privacy: begin_and_erase(privacy),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_each_change_of_this_process_is_followed(
    follower: Follower, store: ConnectionStore, database: Database, change: Change
) -> None:
    """Only the guild's own connections are read again."""
    before = follower.rows
    await change(store, PrivacyStore(database))
    await follower.follow()
    assert not follower.was_whole
    assert follower.rows == set(await store.watchable(None)) != before


async def test_a_guild_that_comes_back_is_followed(
    follower: Follower, store: ConnectionStore, database: Database
) -> None:
    """From its removal to its return, and to the end of the time for which its data is kept."""
    privacy = PrivacyStore(database)
    for step in (privacy.remove(GUILD, 5), privacy.restore(GUILD), privacy.remove(GUILD, 5)):
        await step
        await follower.follow()
        assert follower.rows == set(await store.watchable(None))
    await privacy.erase_overdue(GUILD)
    await privacy.restore(GUILD)
    await follower.follow()
    assert follower.rows == set(await store.watchable(None))


async def test_what_changes_nothing_reads_nothing(follower: Follower, store: ConnectionStore) -> None:
    """Writes of this process to other rows are no reason to read the list."""
    await store.mark_verified(ROW, 5)
    await store.mark_refused(ROW, 6)
    change = await store.watch_list_change()
    assert (change.rows, change.guilds) == ([], set())


async def test_another_process_is_noticed(follower: Follower, store: ConnectionStore, path: Path) -> None:
    """Whatever it writes, all is read again, once."""
    with closing(sqlite3.connect(path)) as other:
        other.execute("DELETE FROM connection WHERE guild_id = ?", [GUILD])
        other.commit()
    await follower.follow()
    assert follower.was_whole
    assert {each.guild_id for each in follower.rows} == {OTHER_GUILD}
    await follower.follow()
    assert not follower.was_whole


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_only_what_another_process_has_changed_is_read_again(postgres_url: str, change: Change) -> None:
    """With several processes, others change something all the time, and the list is long."""
    async with Database.open(postgres_url) as own, Database.open(postgres_url) as others:
        follower, store = await followed(ConnectionStore(own)), ConnectionStore(others)
        before = follower.rows
        for _ in range(2):
            await store.mark_verified(ROW, 5)
            await store.mark_refused(ROW, 6)
        await change(store, PrivacyStore(others))
        expected = set(await store.watchable(None))
        async with asyncio.timeout(20):
            while follower.rows != expected:  # the server tells it soon after it was stored
                await follower.follow()
                assert not follower.was_whole
        assert follower.changed == {GUILD}
        assert expected != before


async def test_a_guild_that_comes_back_to_another_process_is_followed(postgres_url: str) -> None:
    """Its credentials are gone, but its connections are listed again."""
    async with Database.open(postgres_url) as own, Database.open(postgres_url) as others:
        follower, privacy = await followed(ConnectionStore(own)), PrivacyStore(others)
        for step in (privacy.remove(GUILD, 5), privacy.restore(GUILD)):
            before = follower.rows
            await step
            async with asyncio.timeout(20):
                while follower.rows == before:
                    await follower.follow()
        assert follower.rows == set(await ConnectionStore(others).watchable(None))


async def test_a_change_under_way_is_not_missed(follower: Follower, database: Database) -> None:
    """Who asks before a transaction ends gets what it has stored, then or at the next question."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work(connection: WritingConnection) -> None:
        database.changed_connections.add(GUILD)
        await connection.change("DELETE FROM connection WHERE guild_id = :guild", {"guild": GUILD})
        begun.set()
        await go_on.wait()

    changing = asyncio.create_task(database.transact(work))
    await begun.wait()
    asking = asyncio.create_task(follower.follow())
    await asyncio.sleep(0.05)
    go_on.set()
    await asyncio.gather(changing, asking)
    await follower.follow()
    assert {each.guild_id for each in follower.rows} == {OTHER_GUILD}


async def test_a_question_that_fails_forgets_no_change(
    follower: Follower, store: ConnectionStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one returns the change."""

    async def fails(_: Database) -> None:
        raise UnavailableError(reason="FAKE")

    await store.delete(GUILD, "toolzz", "default")
    with monkeypatch.context() as patch:
        patch.setattr(Database, "foreign_changes", fails)
        with pytest.raises(UnavailableError):
            await follower.follow()
    await follower.follow()
    assert follower.rows == set(await store.watchable(None))
