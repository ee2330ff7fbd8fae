"""Rows of grants: one for each role or member of a guild, checked in the same transaction that writes."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.store.access import AccessStore, GrantRow
from bot.store.database import Database

GUILD, OTHER_GUILD = 1102345678901234567, 1102345678901234568


@pytest.fixture
def store(database: Database) -> AccessStore:
    """The rows, none yet."""
    return AccessStore(database)


def row(subject: int, *, guild_id: int = GUILD, kind: str = "role", tier: int = 1, at: int = 100) -> GrantRow:
    """Return a grant."""
    return GrantRow(guild_id, kind, subject, tier, granted_by=7, granted_at=at)


def count(rows: Sequence[GrantRow]) -> int:
    """Check nothing, and tell how many were there."""
    return len(rows)


def refuse(rows: Sequence[GrantRow]) -> None:
    """Let nothing be written."""
    raise LookupError(len(rows))


async def test_the_highest_come_first(store: AccessStore) -> None:
    """Grants are in the order in which they are read: by tier, roles before members, then by age."""
    wanted = [row(1, tier=2), row(2, tier=2, kind="member"), row(3), row(5, at=101), row(4, kind="member")]
    for each in reversed(wanted):
        await store.put(each, count)
    assert await store.of_guild(GUILD) == wanted


async def test_a_second_grant_takes_the_place_of_the_first(store: AccessStore) -> None:
    """A role has one grant, the newest; a member with the same id has another, as has another guild."""
    others = [row(1, kind="member"), row(1, guild_id=OTHER_GUILD)]
    for each in (row(1), *others, row(1, tier=2, at=200)):
        await store.put(each, count)
    assert await store.of_guild(GUILD) == [row(1, tier=2, at=200), others[0]]
    assert await store.of_guild(OTHER_GUILD) == [others[1]]


async def test_only_what_is_named_is_deleted(store: AccessStore) -> None:
    """Neither the member with the role's id nor another guild's role of that id loses its grant."""
    kept = [row(1, kind="member"), row(1, guild_id=OTHER_GUILD)]
    for each in (row(1), *kept):
        await store.put(each, count)
    assert await store.delete(GUILD, "role", 1, count) == 2
    assert await store.of_guild(GUILD) + await store.of_guild(OTHER_GUILD) == kept


async def test_what_the_check_refuses_is_not_written(store: AccessStore) -> None:
    """An error of the check comes out, and leaves the grants as they were."""
    await store.put(row(1), count)
    with pytest.raises(LookupError):
        await store.put(row(1, tier=2), refuse)
    with pytest.raises(LookupError):
        await store.delete(GUILD, "role", 1, refuse)
    assert await store.of_guild(GUILD) == [row(1)]


async def test_each_check_sees_what_was_written_before(store: AccessStore) -> None:
    """Of ten grants at the same time, each is checked against those that are there when it is written."""
    seen = await asyncio.gather(*(store.put(row(subject), count) for subject in range(10)))
    assert sorted(seen) == list(range(10))
