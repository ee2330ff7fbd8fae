"""A real discord.py client with servers in its cache, and the two questions about agents' bots.

There is no gateway and no network: a test says what the cache holds, and what Discord answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final

import discord
from aiohttp import ClientResponse

OWN_ID: Final = 1_300_000_000_000_000_001
OWNER_ID: Final = 1_300_000_000_000_000_002
NEW_ID: Final = 1_300_000_000_000_000_100
"""Ids from here on are free for tests."""


@dataclass
class DiscordAnswers:
    """Discord's side of ``GET /guilds/{}/members/{}`` and ``GET /channels/{}``.

    members: by guild and user. channels: by id; both hold a payload, or an error to raise. requests: when
    each was asked, by the event loop's clock, and what for. seconds: how long an answer takes.
    """

    members: dict[tuple[int, int], dict[str, Any] | Exception] = field(default_factory=dict)
    channels: dict[int, dict[str, Any] | Exception] = field(default_factory=dict)
    requests: list[tuple[float, tuple[int, ...]]] = field(default_factory=list)
    seconds: float = 0.0

    async def get_member(self, guild_id: int, member_id: int) -> dict[str, Any]:
        """Answer as discord.py's HTTP client does."""
        return await self._answer(
            (guild_id, member_id), self.members.get((guild_id, member_id), refusal(404, 10007))
        )

    async def get_channel(self, channel_id: int) -> dict[str, Any]:
        """Answer as discord.py's HTTP client does."""
        return await self._answer((channel_id,), self.channels.get(channel_id, refusal(404, 10003)))

    async def _answer(self, asked: tuple[int, ...], answer: dict[str, Any] | Exception) -> dict[str, Any]:
        self.requests.append((asyncio.get_running_loop().time(), asked))
        if self.seconds:
            await asyncio.sleep(self.seconds)
        if isinstance(answer, Exception):
            raise answer
        return answer


def refusal(status: int, code: int) -> discord.HTTPException:
    """Return what discord.py raises for one of Discord's error codes."""
    kind = {403: discord.Forbidden, 404: discord.NotFound}.get(status, discord.HTTPException)
    response: ClientResponse = SimpleNamespace(status=status, reason="")  # type: ignore[assignment]
    return kind(response, {"code": code, "message": "made for the tests"})


class CachedDiscord:
    """A client that is connected as far as our code can tell."""

    def __init__(self) -> None:
        """Know no server."""
        self.client = discord.AutoShardedClient(
            intents=discord.Intents(guilds=True),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            shard_count=1,
        )
        self.answers = DiscordAnswers()
        self.websocket = SimpleNamespace(open=True)
        self._state: Any = self.client._connection
        self._state.http = self.client.http = self.answers  # type: ignore[assignment]
        user = {"id": str(OWN_ID), "username": "patchbay", "discriminator": "0", "avatar": None, "bot": True}
        self._state.user = discord.ClientUser(state=self._state, data=user)  # type: ignore[arg-type]
        shard = SimpleNamespace(id=0, ws=self.websocket)
        self.client.__dict__["_AutoShardedClient__shards"][0] = shard

    def add_guild(
        self,
        guild_id: int,
        *,
        everybody: int = discord.Permissions.all().value & ~discord.Permissions(administrator=True).value,
        roles: Iterable[dict[str, Any]] = (),
        channels: Iterable[dict[str, Any]] = (),
        threads: Iterable[dict[str, Any]] = (),
        owner_id: int = OWNER_ID,
    ) -> discord.Guild:
        """Put a server into the cache. everybody: what members may do without any role."""
        payload = {
            "id": str(guild_id),
            "name": "Harbour Ops",
            "owner_id": str(owner_id),
            "roles": [role(guild_id, everybody), *roles],
            "channels": list(channels),
            "threads": list(threads),
            "members": [member(OWN_ID)],
            "member_count": 2,
        }
        guild: discord.Guild = self._state._add_guild_from_data(payload)
        return guild


def role(role_id: int, permissions: int) -> dict[str, Any]:
    """Return a role as Discord describes it."""
    return {
        "id": str(role_id),
        "name": "role",
        "permissions": str(permissions),
        "position": 1,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": False,
    }


def overwrite(target: int, kind: int, allow: int, deny: int) -> dict[str, Any]:
    """Return a permission overwrite. kind: 0 of a role, 1 of a member."""
    return {"id": str(target), "type": kind, "allow": str(allow), "deny": str(deny)}


def channel(channel_id: int, kind: int = 0, overwrites: Iterable[dict[str, Any]] = ()) -> dict[str, Any]:
    """Return a channel as Discord describes it. kind: Discord's number for it."""
    return {
        "id": str(channel_id),
        "type": kind,
        "name": "bridge",
        "position": 0,
        "parent_id": None,
        "bitrate": 64000,
        "user_limit": 0,
        "permission_overwrites": list(overwrites),
    }


def thread(
    thread_id: int,
    guild_id: int,
    parent_id: int,
    kind: int = 11,
    *,
    archived: bool = False,
    locked: bool = False,
) -> dict[str, Any]:
    """Return a thread as Discord describes it. kind: 11 for a public one, 12 for a private one."""
    return {
        "id": str(thread_id),
        "guild_id": str(guild_id),
        "parent_id": str(parent_id),
        "owner_id": str(OWNER_ID),
        "name": "thread",
        "type": kind,
        "message_count": 0,
        "member_count": 1,
        "rate_limit_per_user": 0,
        "thread_metadata": {
            "archived": archived,
            "locked": locked,
            "auto_archive_duration": 1440,
            "archive_timestamp": "2026-01-01T00:00:00+00:00",
        },
    }


def member(user_id: int, roles: Iterable[int] = (), timed_out_until: str | None = None) -> dict[str, Any]:
    """Return a member as Discord describes it."""
    return {
        "user": {"id": str(user_id), "username": "bot", "discriminator": "0", "avatar": None, "bot": True},
        "roles": [str(each) for each in roles],
        "joined_at": "2026-01-01T00:00:00+00:00",
        "deaf": False,
        "mute": False,
        "flags": 0,
        "communication_disabled_until": timed_out_until,
    }
