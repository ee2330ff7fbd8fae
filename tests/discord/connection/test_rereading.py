"""Servers in doubt are read again at a pace, however many there are and however often that happens."""

import asyncio
from collections import defaultdict
from itertools import pairwise
from typing import Any

import discord
import pytest

from bot.discord.background import BackgroundTasks
from bot.discord.connection.rereading import Rereading
from tests.support.cached_discord import NEW_ID, CachedDiscord, DiscordAnswers, refusal, role
from tests.support.virtual_time import run_in_virtual_time


class Servers(DiscordAnswers):
    """Discord's side of a reading. begun: when each server's was, by the event loop's clock."""

    def __init__(self) -> None:
        super().__init__(seconds=0.05)
        self.begun: dict[int, list[float]] = defaultdict(list)
        self.error: discord.HTTPException | None = None
        self.parts: dict[str, Any] = {}
        self.channels_of_all: list[Any] = []
        self.threads: list[Any] = []

    async def get_guild(self, guild_id: int, *, with_counts: bool) -> dict[str, Any]:
        """Answer as discord.py's HTTP client does."""
        assert not with_counts
        self.begun[guild_id].append(asyncio.get_running_loop().time())
        if self.error is not None:
            raise self.error
        return await self._answer(
            (guild_id,), {"id": str(guild_id), "name": "n", "roles": [role(guild_id, 0)], **self.parts}
        )

    async def get_all_guild_channels(self, guild_id: int) -> Any:  # noqa: ANN401 - a list
        """Answer as discord.py's HTTP client does."""
        return await self._answer((guild_id,), self.channels_of_all)  # type: ignore[arg-type]

    async def get_active_threads(self, guild_id: int) -> dict[str, Any]:
        """Answer as discord.py's HTTP client does."""
        return await self._answer((guild_id,), {"threads": self.threads})

    async def get_member(self, guild_id: int, member_id: int) -> dict[str, Any]:
        """Answer as discord.py's HTTP client does."""
        user = {"id": str(member_id), "username": "n", "discriminator": "0", "avatar": None}
        found: dict[str, Any] = {
            "user": user,
            "roles": [],
            "joined_at": None,
            "flags": 0,
            "deaf": False,
            "mute": False,
        }
        return await self._answer((guild_id, member_id), found)


def reread(servers: Servers) -> tuple[Rereading, CachedDiscord]:
    """Return what reads servers again, and a Discord without any server in its cache."""
    cached = CachedDiscord()
    cached.client.http = servers  # type: ignore[assignment]
    return Rereading(cached.client, BackgroundTasks(), lambda _: None), cached


def test_many_servers_are_read_one_a_second() -> None:
    """400 servers in doubt at once: one reading a second, and each server is whole afterwards."""

    async def doubt_all() -> None:
        servers = Servers()
        rereading, cached = reread(servers)
        ids = range(NEW_ID, NEW_ID + 400)
        for guild_id in ids:
            rereading.doubt(guild_id)
        await asyncio.sleep(410)
        begun = sorted(times[0] for times in servers.begun.values())
        assert len(begun) == len(servers.requests) / 4 == 400
        assert all(after - before > 0.99 for before, after in pairwise(begun))
        assert all(not guild.unavailable for guild in cached.client.guilds)

    run_in_virtual_time(doubt_all())


@pytest.mark.parametrize("seconds", [0.02, 0.9, 6.0])
def test_a_server_in_doubt_again_and_again_is_read_ever_more_rarely(seconds: float) -> None:
    """An odd event every so often costs a reading a minute, and another server does not wait for that."""

    async def doubt_always() -> None:
        servers = Servers()
        rereading, cached = reread(servers)
        for _ in range(int(600 / seconds)):
            rereading.doubt(NEW_ID)
            await asyncio.sleep(seconds)
        assert len(servers.begun[NEW_ID]) <= 16
        rereading.doubt(NEW_ID + 1)
        await asyncio.sleep(3)
        assert len(servers.begun[NEW_ID + 1]) == 1
        await asyncio.sleep(700)
        before = asyncio.get_running_loop().time()
        rereading.doubt(NEW_ID)
        await asyncio.sleep(2)
        assert servers.begun[NEW_ID][-1] - before < 1.5  # it was whole for long
        guild = cached.client.get_guild(NEW_ID)
        assert guild is not None
        assert not guild.unavailable

    run_in_virtual_time(doubt_always())


def test_servers_that_cannot_be_read_keep_the_pace() -> None:
    """While Discord refuses every reading, 100 servers begin one a second together, and then fewer."""

    async def refuse_all() -> None:
        servers = Servers()
        servers.error = refusal(503, 0)
        rereading, _ = reread(servers)
        for guild_id in range(NEW_ID, NEW_ID + 100):
            rereading.doubt(guild_id)
        await asyncio.sleep(3600)
        begun = sorted(time for times in servers.begun.values() for time in times)
        assert all(after - before > 0.99 for before, after in pairwise(begun))
        assert sum(time > 3000 for time in begun) <= 150

    run_in_virtual_time(refuse_all())


ODD_ROLES: list[Any] = [
    {**role(NEW_ID + 2, 0), "permissions": "all of them"},
    {**role(NEW_ID + 2, 0), "tags": None},
    {**role(NEW_ID + 2, 0), "colors": None},
    {**role(NEW_ID + 2, 0), "id": None},
    {"id": str(NEW_ID + 2)},
    {},
    None,
]


@pytest.mark.parametrize("odd", ODD_ROLES)
def test_a_role_that_is_odd_for_good_costs_no_server(odd: object) -> None:
    """The server is served without that role; its other roles are known."""

    async def doubt() -> None:
        servers = Servers()
        rereading, cached = reread(servers)
        servers.parts = {
            "roles": [role(NEW_ID, 8), odd, role(NEW_ID + 3, 0)],
            "emojis": [{"id": "x"}, None],
            "stickers": [{}],
        }
        rereading.doubt(NEW_ID)
        await asyncio.sleep(10)
        guild = cached.client.get_guild(NEW_ID)
        assert guild is not None
        assert not guild.unavailable
        assert {each.id for each in guild.roles} == {NEW_ID, NEW_ID + 3}
        assert guild.default_role.permissions.administrator

    run_in_virtual_time(doubt())


CHANNEL: dict[str, Any] = {
    "id": str(NEW_ID + 5),
    "type": 0,
    "name": "n",
    "position": 0,
    "permission_overwrites": [],
}
UNKNOWN_TYPE = {**CHANNEL, "id": str(NEW_ID + 6), "type": 99}
ODD_CHANNELS: list[Any] = [
    None,
    "text",
    7,
    [],
    {},
    {**CHANNEL, "id": None},
    {key: value for key, value in CHANNEL.items() if key != "type"},
    {**CHANNEL, "type": None},
    {**CHANNEL, "type": []},
    {**CHANNEL, "type": {}},
]


@pytest.mark.parametrize("odd", ODD_CHANNELS)
def test_a_channel_or_thread_that_is_odd_for_good_costs_no_server(odd: object) -> None:
    """The server is served without it, at the first reading; its other channels are known."""

    async def doubt() -> None:
        servers = Servers()
        rereading, cached = reread(servers)
        servers.channels_of_all = [odd, UNKNOWN_TYPE, CHANNEL]
        servers.threads = [odd]
        rereading.doubt(NEW_ID)
        await asyncio.sleep(600)
        guild = cached.client.get_guild(NEW_ID)
        assert guild is not None
        assert not guild.unavailable
        assert len(servers.begun[NEW_ID]) == 1
        assert NEW_ID + 5 in {each.id for each in guild.channels}
        assert list(guild.threads) == []

    run_in_virtual_time(doubt())
