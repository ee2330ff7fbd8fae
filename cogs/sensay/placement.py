"""What a server itself connected, and whether those bots are its members now."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.discord.access.agent_bots import application_of, invite_link
from bot.discord.context import Context
from bot.discord.names import mention_member
from bot.discord.text import code
from bot.discord.theme import when
from bot.features.integrations.store import Placed
from bot.features.monitoring.access import UNKNOWN, Access, AccessKind, effective_state
from bot.i18n.catalog import Texts
from bot.providers.base.integration import State
from bot.providers.sensay.models import Replica


@dataclass(frozen=True, slots=True)
class Placement:
    """What is known of a replica's bot in this server.

    bot_id: None where nobody knows it. placed: this server's own record, None if the replica was not
    connected or linked here. member: whether the bot is in the server, None where Discord does not say.
    access: what it can do there.
    """

    guild_id: int
    bot_id: int | None
    placed: Placed | None
    member: bool | None
    access: Access = UNKNOWN

    @property
    def invite(self) -> str | None:
        """The link that brings the bot into the server; None if it is there, or nobody knows it."""
        placed = self.placed
        is_recorded = placed is not None and placed.bot_id == self.bot_id
        application = application_of(self.bot_id, placed.application_id if placed and is_recorded else None)
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


async def placements_of(ctx: Context, replicas: Iterable[Replica]) -> dict[str, Placement]:
    """Return by UUID what is known of the replicas' bots, and of what this server connected itself."""
    records = await ctx.services.integrations.of_guild(ctx.guild_id, "sensay")

    async def placement(uuid: str, listed: int | None) -> Placement:
        placed = records.get(uuid)
        # Sensay may have got another token since it was recorded.
        bot_id = listed or (None if placed is None else placed.bot_id)
        found = await ctx.services.guild_access.find(ctx.guild_id, bot_id)
        return Placement(ctx.guild_id, bot_id, placed, found.is_member, found.access)

    listed = {
        each.uuid: None if each.discord_integration is None else each.discord_integration.bot_id
        for each in replicas
        if each.uuid is not None
    }
    known = {uuid: bot_id for uuid, bot_id in listed.items() if bot_id is not None or uuid in records}
    found = await asyncio.gather(*(placement(uuid, bot_id) for uuid, bot_id in known.items()))
    return dict(zip(known, found, strict=True))


def state_here(replica: Replica, placement: Placement | None) -> State | None:
    """Return the state that counts here: what Sensay lists, and whether Discord lets the bot answer.

    None stands for a replica without a Discord bot.
    """
    if replica.state is None or placement is None:
        return replica.state
    state, _ = effective_state(replica.state, "", placement.access)
    return state


def run_and_seen(replica: Replica, placement: Placement | None, texts: Texts) -> Iterator[str]:
    """Say in a few words which service runs a replica's bot, whether it is here, and who connected it."""
    if replica.discord_integration is not None:
        if replica.discord_integration.service_name:
            yield code(replica.discord_integration.service_name, 30)
        standing, until = (placement.standing, placement.until) if placement else ("untold", "")
        yield texts(f"sensay.overview.{standing}", time=until)
    if placement is not None and placement.placed is not None:
        placed = placement.placed
        member = mention_member(placed.placed_by, texts)
        yield texts("sensay.overview.by", member=member, time=when(placed.placed_at))
