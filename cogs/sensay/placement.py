"""What a server itself connected, and whether those bots are its members now."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.runtime.membership import is_member
from bot.ui.discord_token import invite_link
from bot.ui.text import code
from bot.ui.theme import when

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.i18n.catalog import Texts
    from bot.providers.sensay.models import Replica
    from bot.runtime.client import PatchbayBot

MEMBERSHIP: Final = {True: "member", False: "absent", None: "untold"}
"""Whether a bot is in this server, as the last part of a key."""


@dataclass(frozen=True, slots=True)
class Placement:
    """What this server knows of a replica that was connected from here.

    bot_id: None where the token named no bot. at: seconds since 1970. member: whether that bot is here, None
    where Discord does not say.
    """

    guild_id: int
    bot_id: int | None
    by: int
    at: int
    member: bool | None

    @property
    def invite(self) -> str | None:
        """The link that brings the bot into the server; None where it is there, or where nobody knows it."""
        return None if self.member or self.bot_id is None else invite_link(self.bot_id, self.guild_id)


async def placements_of(bot: PatchbayBot, guild_id: int, uuids: Iterable[str | None]) -> dict[str, Placement]:
    """Return what the guild itself connected of these, and whether those bots are its members now."""
    records = await bot.integrations.of_guild(guild_id, "sensay")
    placed = [records[uuid] for uuid in uuids if uuid is not None and uuid in records]
    members = await asyncio.gather(*(_is_member(bot, guild_id, record.bot_id) for record in placed))
    return {
        record.id: Placement(guild_id, record.bot_id, record.placed_by, record.placed_at, member)
        for record, member in zip(placed, members, strict=True)
    }


async def _is_member(bot: PatchbayBot, guild_id: int, bot_id: int | None) -> bool | None:
    return None if bot_id is None else await is_member(bot, guild_id, bot_id)


def run_and_seen(replica: Replica, placement: Placement | None, texts: Texts) -> Iterator[str]:
    """Say in a few words which service runs a replica's bot, whether it is here, and who connected it."""
    if replica.discord_integration is not None:
        if replica.discord_integration.service_name:
            yield code(replica.discord_integration.service_name, 30)
        yield texts(f"sensay.overview.{MEMBERSHIP[placement.member if placement else None]}")
    if placement is not None:
        yield texts("sensay.overview.by", member=f"<@{placement.by}>", time=when(placement.at))
