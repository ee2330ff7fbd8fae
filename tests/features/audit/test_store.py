"""Proves that entries are added one after the other, and whole or not at all."""

import asyncio
from collections.abc import Sequence
from functools import partial

import pytest

from bot.features.audit.store import AuditHead, AuditStore, Entry
from bot.store.database import Database
from tests.support.ids import GUILD, OTHER_GUILD


def follow(guild_id: int, head: AuditHead | None, _: int) -> tuple[Sequence[Entry], AuditHead]:
    """Return the next entry of a chain whose hashes are its numbers."""
    number = 1 if head is None else head.number + 1
    row = Entry(guild_id, number, 100, 7, "connection.add", "sensay · default", "done", bytes([number]))
    return [row], AuditHead(guild_id, number, row.hash, b"signed")


@pytest.fixture
def store(database: Database) -> AuditStore:
    """The store without entries."""
    return AuditStore(database)


async def test_entries_at_once_follow_one_another(store: AuditStore) -> None:
    """Of 60 entries of two guilds at the same time, each has its number; the heads are the last ones."""
    await asyncio.gather(
        *(store.append(guild, partial(follow, guild)) for guild in (GUILD, OTHER_GUILD) * 30)
    )
    for guild in (GUILD, OTHER_GUILD):
        rows, head = await store.whole(guild)
        assert [row.number for row in rows] == list(range(1, 31))
        assert head == AuditHead(guild, 30, bytes([30]), b"signed")
        assert {row.guild_id for row in rows} == {guild}


async def test_an_entry_that_fails_leaves_nothing(store: AuditStore) -> None:
    """If the second of two entries cannot be stored, neither the first nor the head is."""

    def twice(head: AuditHead | None, last: int) -> tuple[Sequence[Entry], AuditHead]:
        rows, head = follow(GUILD, head, last)
        return [*rows, *rows], head

    with pytest.raises(Exception, match="UNIQUE"):
        await store.append(GUILD, twice)
    assert await store.whole(GUILD) == ([], None)
    await store.append(GUILD, partial(follow, GUILD))
    assert len((await store.whole(GUILD))[0]) == 1


async def test_the_highest_number_of_any_row_is_passed(store: AuditStore, database: Database) -> None:
    """This includes a row that somebody added after the head."""
    seen = []

    def look(head: AuditHead | None, last: int) -> tuple[Sequence[Entry], AuditHead]:
        seen.append(last)
        return follow(GUILD, head, last)

    await store.append(GUILD, look)
    await database._writer.execute("INSERT INTO audit VALUES (?, 9, 1, NULL, 'a', 't', 'r', x'00')", (GUILD,))
    await store.append(GUILD, look)
    assert seen == [0, 9]
