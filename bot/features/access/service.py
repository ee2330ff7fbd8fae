"""Grants tiers to a guild's roles and members, beyond what Discord's permissions give."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
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

    async def tier_of(
        self, guild_id: int, member_id: int, role_ids: Iterable[int], joined_at: datetime | None
    ) -> Tier:
        """Return the highest tier that was granted to a member or to one of the member's roles.

        joined_at: since when the member is in the guild this time; see ``has_ended``.
        """
        # Everybody has the role @everyone, whose id is the guild's id.
        subjects = {("member", member_id), ("role", guild_id), *(("role", role_id) for role_id in role_ids)}
        grants = await self.of_guild(guild_id)
        tiers = (
            grant.tier
            for grant in grants
            if (grant.kind, grant.subject) in subjects and not has_ended(grant, joined_at)
        )
        return max(tiers, default=Tier.NONE)

    async def grant(
        self,
        guild_id: int,
        kind: GrantKind,
        subject: int,
        tier: Tier,
        *,
        member_id: int,
        at: int | None = None,
        up_to: Tier = Tier.MANAGER,
    ) -> Tier:
        """Grant a tier in place of the previous one, which is returned.

        at: when that is, in seconds since 1970, by Discord's clock where it can be had: it is compared with
        the time at which a member joined. up_to: the highest tier that the member may grant or change.
        Raises InvalidInputError("everyone_manager"), NotAllowedError("hand_on") and GrantLimitError.
        """
        if (kind, subject, tier) == ("role", guild_id, Tier.MANAGER):
            raise InvalidInputError("everyone_manager")

        def check(grants: Sequence[Grant]) -> Tier:
            before = _tier_before(grants, kind, subject, tier, up_to)
            if before is Tier.NONE and len(grants) >= MAX_GRANTS:
                raise GrantLimitError(limit=MAX_GRANTS)
            return before

        given_at = int(self._clock()) if at is None else at
        return await self._store.put(guild_id, Grant(kind, subject, tier, member_id, given_at), check)

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

    async def of_members(self) -> list[tuple[int, Grant]]:
        """Return the grants of members in all guilds, each with its guild's id."""
        return await self._store.of_members()

    async def forget_ended(self, guild_id: int, grant: Grant) -> bool:
        """Delete a member's grant that has ended; return False if it was granted anew meanwhile."""
        return await self._store.delete_ended(guild_id, grant)


def has_ended(grant: Grant, joined_at: datetime | None) -> bool:
    """Return whether a grant is void because its member joined the guild after it was given.

    Whoever is kicked and returns begins without rights. joined_at: None where Discord names no time, as for
    guests and for users who are no members: no grant of theirs counts, because nobody can tell that it was
    given during this membership. Grants are stored in whole seconds; one that was given in the second of the
    join counts, because nobody is let in before they have joined.
    """
    if grant.kind == "role":
        return False
    return joined_at is None or int(joined_at.timestamp()) > grant.granted_at


def _tier_before(grants: Sequence[Grant], kind: GrantKind, subject: int, tier: Tier, up_to: Tier) -> Tier:
    """Return a subject's tier. Raises NotAllowedError("hand_on") if it or the new tier is above ``up_to``."""
    tiers = (grant.tier for grant in grants if (grant.kind, grant.subject) == (kind, subject))
    before = next(tiers, Tier.NONE)
    if max(tier, before) > up_to:
        raise NotAllowedError("hand_on")
    return before
