"""Which tiers a guild gave to its roles and members, beyond what goes with Discord's permissions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast

from bot.errors import GrantLimitError, InvalidInputError, NotAllowedError
from bot.kit.tier import Tier
from bot.store.access import GrantRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bot.store.access import AccessStore

Kind = Literal["role", "member"]

MOST_GRANTS: Final = 50
"""Of one guild: all of them are read for every command and press."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A tier of a role or of a member. subject: its id. granted_at: seconds since 1970."""

    kind: Kind
    subject: int
    tier: Tier
    granted_by: int
    granted_at: int


class AccessService:
    """Every call names the guild; no grant of another guild counts."""

    def __init__(self, store: AccessStore, clock: Callable[[], float]) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._clock = clock

    async def tier_of(self, guild_id: int, member_id: int, role_ids: Iterable[int]) -> Tier:
        """Return the highest tier that was granted to a member or to one of the member's roles."""
        # Everybody has the role @everyone, whose id is the guild's.
        subjects = {("member", member_id), ("role", guild_id), *(("role", role_id) for role_id in role_ids)}
        return max(
            (
                grant.tier
                for grant in await self.of_guild(guild_id)
                if (grant.kind, grant.subject) in subjects
            ),
            default=Tier.NONE,
        )

    async def grant(
        self,
        guild_id: int,
        kind: Kind,
        subject: int,
        tier: Tier,
        *,
        member_id: int,
        up_to: Tier = Tier.MANAGER,
    ) -> Tier:
        """Give a tier, in the place of what was given before, which is returned.

        up_to: the highest tier that the member may give or change. Raises InvalidInputError
        ("everyone_manager"), NotAllowedError("hand_on") and GrantLimitError.
        """
        if (kind, subject, tier) == ("role", guild_id, Tier.MANAGER):
            raise InvalidInputError("everyone_manager")

        def check(rows: Sequence[GrantRow]) -> Tier:
            before = _held(rows, kind, subject)
            if max(tier, before) > up_to:
                raise NotAllowedError("hand_on")
            if before is Tier.NONE and len(rows) >= MOST_GRANTS:
                raise GrantLimitError(limit=MOST_GRANTS)
            return before

        row = GrantRow(guild_id, kind, subject, tier, member_id, int(self._clock()))
        return await self._store.put(row, check)

    async def revoke(self, guild_id: int, kind: Kind, subject: int, *, up_to: Tier = Tier.MANAGER) -> Tier:
        """Take a tier back and return it, NONE if there was none.

        up_to: the highest tier that may be taken. Raises NotAllowedError("hand_on").
        """

        def check(rows: Sequence[GrantRow]) -> Tier:
            before = _held(rows, kind, subject)
            if before > up_to:
                raise NotAllowedError("hand_on")
            return before

        return await self._store.delete(guild_id, kind, subject, check)

    async def of_guild(self, guild_id: int) -> list[Grant]:
        """Return a guild's grants: managers first, roles before members, then by age."""
        return [
            Grant(cast("Kind", row.kind), row.subject, Tier(row.tier), row.granted_by, row.granted_at)
            for row in await self._store.of_guild(guild_id)
        ]


def _held(rows: Sequence[GrantRow], kind: Kind, subject: int) -> Tier:
    tiers = (Tier(row.tier) for row in rows if (row.kind, row.subject) == (kind, subject))
    return next(tiers, Tier.NONE)
