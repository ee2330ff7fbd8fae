"""Proves that a role or member has one grant, and that the check runs in the transaction that writes."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.features.access.store import AccessStore, Grant
from bot.features.access.tier import Tier
from bot.store.database import Database
from tests.support.ids import GUILD, OTHER_GUILD

ROLE = Grant("role", 1, Tier.VIEWER, granted_by=7, granted_at=100)
MEMBER = replace(ROLE, kind="member")


@pytest.fixture
def store(database: Database) -> AccessStore:
    """The store without grants."""
    return AccessStore(database)


def count(grants: Sequence[Grant]) -> int:
    """Allow the change, and return the number of grants before it."""
    return len(grants)


def refuse(grants: Sequence[Grant]) -> None:
    """Refuse the change."""
    raise LookupError(len(grants))


async def test_the_highest_tier_comes_first(store: AccessStore) -> None:
    """Grants are sorted by tier, then roles before members, then by age."""
    wanted = [
        replace(ROLE, tier=Tier.MANAGER),
        replace(MEMBER, subject=2, tier=Tier.MANAGER),
        replace(ROLE, subject=3),
        replace(ROLE, subject=5, granted_at=101),
        replace(MEMBER, subject=4),
    ]
    for each in reversed(wanted):
        await store.put(GUILD, each, count)
    assert await store.of_guild(GUILD) == wanted


async def test_a_second_grant_replaces_the_first(store: AccessStore) -> None:
    """This concerns the same role, not a member with the same id and not another guild."""
    second = replace(ROLE, tier=Tier.MANAGER, granted_at=200)
    for guild_id, grant in ((GUILD, ROLE), (GUILD, MEMBER), (OTHER_GUILD, ROLE), (GUILD, second)):
        await store.put(guild_id, grant, count)
    assert await store.of_guild(GUILD) == [second, MEMBER]
    assert await store.of_guild(OTHER_GUILD) == [ROLE]


async def test_only_one_grant_is_deleted(store: AccessStore) -> None:
    """A member with the role's id and another guild's role of that id keep their grants."""
    for guild_id, grant in ((GUILD, ROLE), (GUILD, MEMBER), (OTHER_GUILD, ROLE)):
        await store.put(guild_id, grant, count)
    assert await store.delete(GUILD, "role", 1, count) == 2
    assert await store.of_guild(GUILD) == [MEMBER]
    assert await store.of_guild(OTHER_GUILD) == [ROLE]


async def test_a_refused_change_is_not_stored(store: AccessStore) -> None:
    """The error of the check is raised, and the grants stay as they were."""
    await store.put(GUILD, ROLE, count)
    with pytest.raises(LookupError):
        await store.put(GUILD, replace(ROLE, tier=Tier.MANAGER), refuse)
    with pytest.raises(LookupError):
        await store.delete(GUILD, "role", 1, refuse)
    assert await store.of_guild(GUILD) == [ROLE]


async def test_each_check_sees_the_earlier_changes(store: AccessStore) -> None:
    """Ten grants at the same time are checked one after the other."""
    grants = [replace(ROLE, subject=subject) for subject in range(10)]
    seen = await asyncio.gather(*(store.put(GUILD, grant, count) for grant in grants))
    assert sorted(seen) == list(range(10))
