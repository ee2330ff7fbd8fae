"""What a server itself connected, and whether those bots are its members now."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from bot.discord.agent_bots import invite_link, is_member
from bot.discord.context import Context
from bot.discord.text import code
from bot.discord.theme import when
from bot.i18n.catalog import Texts
from bot.providers.sensay.models import Replica

MEMBERSHIP: Final = {True: "member", False: "absent", None: "untold"}
"""The last part of a text's key: whether a bot is in this server."""


@dataclass(frozen=True, slots=True)
class Placement:
    """What this server knows of a replica that was connected from here.

    bot_id: None where the token named no bot. by: a member's id. at: seconds since 1970. member: whether that
    bot is in the server, None where Discord does not say.
    """

    guild_id: int
    bot_id: int | None
    by: int
    at: int
    member: bool | None

    @property
    def invite(self) -> str | None:
        """The link that brings the bot into the server; None if it is there, or if its id is unknown."""
        return None if self.member or self.bot_id is None else invite_link(self.bot_id, self.guild_id)


async def placements_of(ctx: Context, uuids: Iterable[str | None]) -> dict[str, Placement]:
    """Return by UUID those of the replicas that the guild itself connected."""
    records = await ctx.services.integrations.of_guild(ctx.guild_id, "sensay")

    async def placement(uuid: str) -> Placement:
        bot_id = records[uuid].bot_id
        member = await is_member(ctx.client, ctx.guild_id, bot_id)
        return Placement(ctx.guild_id, bot_id, records[uuid].placed_by, records[uuid].placed_at, member)

    placed = [uuid for uuid in uuids if uuid is not None and uuid in records]
    return dict(zip(placed, await asyncio.gather(*map(placement, placed)), strict=True))


def run_and_seen(replica: Replica, placement: Placement | None, texts: Texts) -> Iterator[str]:
    """Say in a few words which service runs a replica's bot, whether it is here, and who connected it."""
    if replica.discord_integration is not None:
        if replica.discord_integration.service_name:
            yield code(replica.discord_integration.service_name, 30)
        yield texts(f"sensay.overview.{MEMBERSHIP[placement.member if placement else None]}")
    if placement is not None:
        yield texts("sensay.overview.by", member=f"<@{placement.by}>", time=when(placement.at))
