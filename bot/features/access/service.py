"""Grants tiers to a guild's roles and members, beyond what Discord's permissions give."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from bot.errors import GrantLimitError, InvalidInputError, NotAllowedError
from bot.features.access.store import AccessStore, Grant, GrantKind
from bot.features.access.tier import Tier

MAX_GRANTS: Final = 50
"""A guild has so many grants at most: all of them are read for each command and press."""


class AccessService:
    """Works on one guild at a time; grants of other guilds do not count."""

    def __init__(self, store: AccessStore, clock: Callable[[], float]) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._clock = clock

    async def tier_of(self, guild_id: int, member_id: int, role_ids: Iterable[int]) -> Tier:
        """Return the highest tier that was granted to a member or to one of the member's roles."""
        # Everybody has the role @everyone, whose id is the guild's id.
        subjects = {("member", member_id), ("role", guild_id), *(("role", role_id) for role_id in role_ids)}
        grants = await self.of_guild(guild_id)
        tiers = (grant.tier for grant in grants if (grant.kind, grant.subject) in subjects)
        return max(tiers, default=Tier.NONE)

    async def grant(
        self,
        guild_id: int,
        kind: GrantKind,
        subject: int,
        tier: Tier,
        *,
        member_id: int,
        up_to: Tier = Tier.MANAGER,
    ) -> Tier:
        """Grant a tier in place of the previous one, which is returned.

        up_to: the highest tier that the member may grant or change. Raises InvalidInputError
        ("everyone_manager"), NotAllowedError("hand_on") and GrantLimitError.
        """
        if (kind, subject, tier) == ("role", guild_id, Tier.MANAGER):
            raise InvalidInputError("everyone_manager")

        def check(grants: Sequence[Grant]) -> Tier:
            before = _tier_before(grants, kind, subject, tier, up_to)
            if before is Tier.NONE and len(grants) >= MAX_GRANTS:
                raise GrantLimitError(limit=MAX_GRANTS)
            return before

        return await self._store.put(
            guild_id, Grant(kind, subject, tier, member_id, int(self._clock())), check
        )

    async def revoke(
        self, guild_id: int, kind: GrantKind, subject: int, *, up_to: Tier = Tier.MANAGER
    ) -> Tier:
        """Take a tier back and return it, NONE if there was none.

        up_to: the highest tier that may be taken. Raises NotAllowedError("hand_on").
        """
        return await self._store.delete(
            guild_id, kind, subject, lambda grants: _tier_before(grants, kind, subject, Tier.NONE, up_to)
        )

    async def of_guild(self, guild_id: int) -> list[Grant]:
        """Return a guild's grants: managers first, roles before members, then by age."""
        return await self._store.of_guild(guild_id)


def _tier_before(grants: Sequence[Grant], kind: GrantKind, subject: int, tier: Tier, up_to: Tier) -> Tier:
    """Return a subject's tier. Raises NotAllowedError("hand_on") if it or the new tier is above ``up_to``."""
    tiers = (grant.tier for grant in grants if (grant.kind, grant.subject) == (kind, subject))
    before = next(tiers, Tier.NONE)
    if max(tier, before) > up_to:
        raise NotAllowedError("hand_on")
    return before
