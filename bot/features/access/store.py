"""Reads and writes the ``access`` table."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Final, Literal, TypeVar

from bot.features.access.tier import Tier
from bot.store.connection import WritingConnection
from bot.store.database import Database
from bot.store.queries import load_queries
from bot.store.rows import fetch

QUERIES: Final = load_queries("bot.features.access")

GrantKind = Literal["role", "member"]
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Grant:
    """The tier of a role or a member.

    subject: the id of the role or the member. granted_by: the id of a member. granted_at: seconds since 1970.
    """

    kind: GrantKind
    subject: int
    tier: Tier
    granted_by: int
    granted_at: int

    def __post_init__(self) -> None:
        """Make a tier of the number that the database returns."""
        object.__setattr__(self, "tier", Tier(self.tier))


class AccessStore:
    """Reads and writes grants of one guild at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_guild(self, guild_id: int) -> list[Grant]:
        """Return a guild's grants: the highest tier first, roles before members, then by age."""
        return await self._database.fetch_urgently(Grant, QUERIES.list_grants, guild_id=guild_id)

    async def of_members(self) -> list[tuple[int, Grant]]:
        """Return the grants of members in all guilds, each with its guild's id."""
        rows = await self._database.read_all(QUERIES.list_member_grants)
        return [(row["guild_id"], Grant(*tuple(row)[1:])) for row in rows]

    async def delete_ended(self, guild_id: int, grant: Grant) -> bool:
        """Delete a member's grant; return False if there is another one in its place, or none."""
        values = {"guild_id": guild_id, "subject": grant.subject, "granted_at": grant.granted_at}
        return await self._database.write(QUERIES.delete_ended_grant, **values) == 1

    async def put(self, guild_id: int, grant: Grant, check: Callable[[Sequence[Grant]], ResultT]) -> ResultT:
        """Store a grant in place of an older one of the same subject; return what ``check`` returns.

        check: takes the guild's grants in the same transaction. If it raises, nothing is stored.
        """
        return await self._change(guild_id, check, QUERIES.put_grant, **asdict(grant))

    async def delete(
        self, guild_id: int, kind: GrantKind, subject: int, check: Callable[[Sequence[Grant]], ResultT]
    ) -> ResultT:
        """Delete a grant if there is one; return what ``check`` returns. check: as for ``put``."""
        return await self._change(guild_id, check, QUERIES.delete_grant, kind=kind, subject=subject)

    async def _change(
        self,
        guild_id: int,
        check: Callable[[Sequence[Grant]], ResultT],
        query: Callable[..., Awaitable[int]],
        **values: object,
    ) -> ResultT:
        async def work(connection: WritingConnection) -> ResultT:
            checked = check(await fetch(connection, Grant, QUERIES.list_grants, guild_id=guild_id))
            await query(connection, guild_id=guild_id, **values)
            return checked

        return await self._database.transact(work)
