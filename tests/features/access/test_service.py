"""Proves which grants count, and that nobody grants more than they may."""

import asyncio
import itertools
import random
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import GrantLimitError, InvalidInputError, NotAllowedError
from bot.features.access.service import MAX_GRANTS, AccessService, has_ended
from bot.features.access.store import AccessStore, Grant, GrantKind
from bot.features.access.tier import Tier
from bot.store.database import Database
from tests.support.clock import Clock
from tests.support.ids import GUILD, MEMBER, OTHER_GUILD

QUESTIONS = 300
EARLY = datetime(2020, 1, 1, tzinfo=UTC)
"""Before every grant of these tests."""


@pytest.fixture
def access(database: Database, clock: Clock) -> AccessService:
    """The service, without any grant yet."""
    return AccessService(AccessStore(database), clock)


async def test_the_highest_grant_of_a_member_counts(access: AccessService) -> None:
    """For any member and roles, the tier is the highest grant of the member and the roles in this guild."""
    draw = random.Random(20261124)  # noqa: S311 - the same questions each time
    ids = range(1, 7)
    given: dict[tuple[int, GrantKind, int], Tier] = {}
    for guild_id in (GUILD, OTHER_GUILD):
        for kind in get_args(GrantKind):
            for subject in draw.sample([*ids, guild_id], 4):
                tiers = (
                    [Tier.VIEWER] if subject == guild_id and kind == "role" else [Tier.VIEWER, Tier.MANAGER]
                )
                given[guild_id, kind, subject] = draw.choice(tiers)
    for (guild_id, kind, subject), tier in given.items():
        await access.grant(guild_id, kind, subject, tier, member_id=MEMBER)
    seen = set()
    for _ in range(QUESTIONS):
        guild_id, member = draw.choice((GUILD, OTHER_GUILD, 3)), draw.choice(ids)
        roles = draw.sample(ids, draw.randint(0, 3))
        subjects = [("member", member), ("role", guild_id), *(("role", role) for role in roles)]
        held = [given.get((guild_id, kind, subject), Tier.NONE) for kind, subject in subjects]  # type: ignore[arg-type] # literals
        assert await access.tier_of(guild_id, member, iter(roles), EARLY) is max(held)
        seen.add(max(held))
    assert seen == set(Tier)


async def test_a_grant_tells_who_gave_what_and_when(access: AccessService, clock: Clock) -> None:
    """The last grant counts, with the member who granted it and the time. The tier before it is returned."""
    assert await access.grant(GUILD, "role", 5, Tier.VIEWER, member_id=1) is Tier.NONE
    clock.now += 60
    assert await access.grant(GUILD, "role", 5, Tier.MANAGER, member_id=2) is Tier.VIEWER
    assert await access.of_guild(GUILD) == [Grant("role", 5, Tier.MANAGER, 2, int(clock.now))]
    assert await access.of_guild(OTHER_GUILD) == []


async def test_a_grant_can_be_revoked_once(access: AccessService) -> None:
    """The first time returns the tier, the second time NONE. Another guild or kind revokes nothing."""
    await access.grant(GUILD, "member", 5, Tier.MANAGER, member_id=1)
    assert await access.revoke(OTHER_GUILD, "member", 5) is Tier.NONE
    assert await access.revoke(GUILD, "role", 5) is Tier.NONE
    assert await access.revoke(GUILD, "member", 5) is Tier.MANAGER
    assert await access.revoke(GUILD, "member", 5) is Tier.NONE
    assert await access.tier_of(GUILD, 5, [], EARLY) is Tier.NONE


async def test_a_member_who_may_grant_viewer_cannot_change_a_manager(access: AccessService) -> None:
    """With ``up_to`` viewer, no manager is granted, turned into a viewer or revoked."""
    await access.grant(GUILD, "role", 5, Tier.MANAGER, member_id=1)
    before = await access.of_guild(GUILD)
    for subject, tier in ((6, Tier.MANAGER), (5, Tier.MANAGER), (5, Tier.VIEWER)):
        with pytest.raises(NotAllowedError) as refused:
            await access.grant(GUILD, "role", subject, tier, member_id=2, up_to=Tier.VIEWER)
        assert refused.value.needed == "hand_on"
    with pytest.raises(NotAllowedError):
        await access.revoke(GUILD, "role", 5, up_to=Tier.VIEWER)
    assert await access.of_guild(GUILD) == before


async def test_a_member_who_may_grant_viewer_may_revoke_it(access: AccessService) -> None:
    """``up_to`` includes the tier itself."""
    assert await access.grant(GUILD, "role", 6, Tier.VIEWER, member_id=2, up_to=Tier.VIEWER) is Tier.NONE
    assert await access.revoke(GUILD, "role", 6, up_to=Tier.VIEWER) is Tier.VIEWER


async def test_everyone_can_be_viewer_but_not_manager(access: AccessService) -> None:
    """This concerns the role whose id is the guild's id, not a member with that id."""
    with pytest.raises(InvalidInputError) as refused:
        await access.grant(GUILD, "role", GUILD, Tier.MANAGER, member_id=1)
    assert refused.value.field == "everyone_manager"
    await access.grant(GUILD, "role", GUILD, Tier.VIEWER, member_id=1)
    await access.grant(GUILD, "member", GUILD, Tier.MANAGER, member_id=1)
    assert await access.tier_of(GUILD, MEMBER, [], EARLY) is Tier.VIEWER


async def test_the_number_of_grants_is_limited(access: AccessService) -> None:
    """Of ten grants at the same time, only as many as fit are stored. Existing ones can be changed."""
    for subject in range(MAX_GRANTS - 5):
        await access.grant(GUILD, "role", subject, Tier.VIEWER, member_id=1)
    done = await asyncio.gather(
        *(access.grant(GUILD, "member", subject, Tier.VIEWER, member_id=1) for subject in range(10)),
        return_exceptions=True,
    )
    assert [type(each) for each in done] == [Tier] * 5 + [GrantLimitError] * 5
    assert await access.grant(GUILD, "role", 0, Tier.MANAGER, member_id=1) is Tier.VIEWER
    assert await access.grant(OTHER_GUILD, "role", 0, Tier.VIEWER, member_id=1) is Tier.NONE
    assert len(await access.of_guild(GUILD)) == MAX_GRANTS


@given(st.integers(0, 2**40), st.integers(-(10**6), 10**6), st.integers(0, 999_999))
@example(1_800_000_000, 0, 999_999)
@example(1_800_000_000, 1, 0)
@example(1_800_000_000, -1, 999_999)
def test_a_members_grant_ends_with_the_membership(granted_at: int, seconds: int, micros: int) -> None:
    """It counts if the member joined in the second of the grant or earlier; a role's grant always counts."""
    granted_at %= 2**32
    joined_at = datetime.fromtimestamp(max(0, granted_at + seconds), UTC).replace(microsecond=micros)
    grant = Grant("member", 5, Tier.MANAGER, 1, granted_at)
    assert has_ended(grant, joined_at) is (max(0, granted_at + seconds) > granted_at)
    assert has_ended(grant, None)
    for joined in (joined_at, None):
        assert not has_ended(Grant("role", 5, Tier.MANAGER, 1, granted_at), joined)


async def test_who_returns_has_what_their_roles_have(access: AccessService, clock: Clock) -> None:
    """After a kick only the grants of roles count, until the member is let in anew."""
    await access.grant(GUILD, "member", MEMBER, Tier.MANAGER, member_id=1)
    await access.grant(GUILD, "role", GUILD, Tier.VIEWER, member_id=1)
    clock.now += 60
    returned = datetime.fromtimestamp(clock.now, UTC)
    assert await access.tier_of(GUILD, MEMBER, [], EARLY) is Tier.MANAGER
    for joined_at in (returned, None):
        assert await access.tier_of(GUILD, MEMBER, [], joined_at) is Tier.VIEWER
    await access.grant(GUILD, "member", MEMBER, Tier.MANAGER, member_id=1)
    assert await access.tier_of(GUILD, MEMBER, [], returned) is Tier.MANAGER


async def test_only_the_grant_that_has_ended_is_deleted(access: AccessService, clock: Clock) -> None:
    """One that was given anew meanwhile stays, and so do other guilds' and roles' grants."""
    for guild_id, kind in itertools.product((GUILD, OTHER_GUILD), get_args(GrantKind)):
        await access.grant(guild_id, kind, MEMBER, Tier.VIEWER, member_id=1)
    old = [grant for guild_id, grant in await access.of_members() if guild_id == GUILD]
    clock.now += 1
    await access.grant(GUILD, "member", MEMBER, Tier.MANAGER, member_id=1)
    assert not await access.forget_ended(GUILD, old[0])
    (new,) = (grant for guild_id, grant in await access.of_members() if guild_id == GUILD)
    assert await access.forget_ended(GUILD, new)
    assert [grant.kind for grant in await access.of_guild(GUILD)] == ["role"]
    assert len(await access.of_guild(OTHER_GUILD)) == 2
