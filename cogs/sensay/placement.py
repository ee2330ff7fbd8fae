"""What a server itself connected, and whether those bots are its members now."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.discord.agent_bots import application_of, invite_link
from bot.discord.context import Context
from bot.discord.text import code
from bot.discord.theme import when
from bot.features.monitoring.access import UNKNOWN, Access, AccessKind
from bot.i18n.catalog import Texts
from bot.providers.sensay.models import Replica


@dataclass(frozen=True, slots=True)
class Placement:
    """What this server knows of a replica that was connected from here.

    bot_id: None where the token named no bot. by: a member's id. at: seconds since 1970. member: whether that
    bot is in the server, None where Discord does not say. access: what it can do there.
    """

    guild_id: int
    bot_id: int | None
    by: int
    at: int
    member: bool | None
    access: Access = UNKNOWN

    @property
    def invite(self) -> str | None:
        """The link that brings the bot into the server; None if it is there, or nobody knows it."""
        application = application_of(self.bot_id)
        return None if self.member or application is None else invite_link(application, self.guild_id)

    @property
    def standing(self) -> str:
        """The last part of a text's key: whether the bot is in this server, and can answer here."""
        if self.access.kind in {AccessKind.TIMED_OUT, AccessKind.NO_CHANNEL}:
            return self.access.kind
        return {True: "member", False: "absent", None: "untold"}[self.member]

    @property
    def until(self) -> str:
        """When the bot's timeout ends, empty where there is none."""
        return when(self.access.until, exact=True) if self.access.until else ""


async def placements_of(ctx: Context, uuids: Iterable[str | None]) -> dict[str, Placement]:
    """Return by UUID those of the replicas that the guild itself connected."""
    records = await ctx.services.integrations.of_guild(ctx.guild_id, "sensay")

    async def placement(uuid: str) -> Placement:
        bot_id = records[uuid].bot_id
        found = await ctx.services.guild_access.find(ctx.guild_id, bot_id)
        by, at = records[uuid].placed_by, records[uuid].placed_at
        return Placement(ctx.guild_id, bot_id, by, at, found.is_member, found.access)

    placed = [uuid for uuid in uuids if uuid is not None and uuid in records]
    return dict(zip(placed, await asyncio.gather(*map(placement, placed)), strict=True))


def run_and_seen(replica: Replica, placement: Placement | None, texts: Texts) -> Iterator[str]:
    """Say in a few words which service runs a replica's bot, whether it is here, and who connected it."""
    if replica.discord_integration is not None:
        if replica.discord_integration.service_name:
            yield code(replica.discord_integration.service_name, 30)
        standing, until = (placement.standing, placement.until) if placement else ("untold", "")
        yield texts(f"sensay.overview.{standing}", time=until)
    if placement is not None:
        yield texts("sensay.overview.by", member=f"<@{placement.by}>", time=when(placement.at))
