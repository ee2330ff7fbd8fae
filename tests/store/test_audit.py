"""The log's rows: added whole and one after the other, read as they stand at one moment."""

import asyncio
from collections.abc import Sequence
from functools import partial

import pytest

from bot.store.audit import AuditHead, AuditRow, AuditStore
from bot.store.database import Database

GUILD, OTHER = 1, 2


def follow(guild_id: int, head: AuditHead | None, _: int) -> tuple[Sequence[AuditRow], AuditHead]:
    """Return the next entry of a chain whose hashes are its numbers."""
    number = 1 if head is None else head.number + 1
    row = AuditRow(guild_id, number, 100, 7, "connection.add", "sensay · default", "done", bytes([number]))
    return [row], AuditHead(guild_id, number, row.hash, b"signed")


@pytest.fixture
def store(database: Database) -> AuditStore:
    """No entries yet."""
    return AuditStore(database)


async def test_entries_at_once_follow_one_another(store: AuditStore) -> None:
    """Of 60 entries of two guilds that come in together each has its number; the heads are the last ones."""
    await asyncio.gather(*(store.append(guild, partial(follow, guild)) for guild in (GUILD, OTHER) * 30))
    for guild in (GUILD, OTHER):
        rows, head = await store.whole(guild)
        assert [row.number for row in rows] == list(range(1, 31))
        assert head == AuditHead(guild, 30, bytes([30]), b"signed")
        assert {row.guild_id for row in rows} == {guild}


async def test_an_entry_that_fails_leaves_nothing(store: AuditStore) -> None:
    """Where the second of two entries cannot be stored, the first and the head are not either."""

    def twice(head: AuditHead | None, last: int) -> tuple[Sequence[AuditRow], AuditHead]:
        rows, head = follow(GUILD, head, last)
        return [*rows, *rows], head

    with pytest.raises(Exception, match="UNIQUE"):
        await store.append(GUILD, twice)
    assert await store.whole(GUILD) == ([], None)
    await store.append(GUILD, partial(follow, GUILD))
    assert len((await store.whole(GUILD))[0]) == 1


async def test_the_highest_number_of_any_row_is_told(store: AuditStore, database: Database) -> None:
    """A row that somebody put after the head is seen by whoever adds the next one."""
    seen = []

    def look(head: AuditHead | None, last: int) -> tuple[Sequence[AuditRow], AuditHead]:
        seen.append(last)
        return follow(GUILD, head, last)

    await store.append(GUILD, look)
    await database._writer.execute("INSERT INTO audit VALUES (1, 9, 1, NULL, 'a', 't', 'r', x'00')")
    await store.append(GUILD, look)
    assert seen == [0, 9]
