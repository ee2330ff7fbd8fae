"""Compares the memory of a bot, and of each further server, with that of a minimal discord.py bot."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import sys
import tempfile
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from aiohttp import WSMsgType, web

from benchmarks.processes import environment_with, installed_bot, memory_bytes
from benchmarks.table import Row, show

SERVERS: Final = 2_000
"""So many that what a server takes is much more than what differs from start to start."""
CHANNELS: Final = 25
ROLES: Final = 20
EMOJIS: Final = 20
MEMORY_GOAL: Final = 1.5
SERVER_GOAL: Final = 4.0
"""KiB, which do not depend on the machine's speed."""
ROUNDS: Final = 3
SETTLED: Final = 5.0
"""Seconds after the last server: discord.py waits for two that no other one comes."""
APPLICATION: Final = 1_100_000_000_000_000_000
TOKEN: Final = "FAKE-TOKEN-" + base64.urlsafe_b64encode(str(APPLICATION).encode()).decode()
_HELLO, _HEARTBEAT, _IDENTIFY, _ACKNOWLEDGED = 10, 1, 2, 11
_FLUSH: Final = b"\x00\x00\xff\xff"


class ManyServers:
    """A Discord on loopback that lets one bot log in and tells it its servers; simcord's keeps each one."""

    def __init__(self, servers: int) -> None:
        self._servers = servers
        self._port = 0
        self.told = asyncio.Event()
        """Set once a bot was told all servers."""

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[Mapping[str, str]]:
        """Serve until the block ends; yield the settings that point a bot here."""
        app = web.Application()
        app.router.add_get("/gateway{slash:/?}", self._gateway)
        app.router.add_route("*", "/api/v10/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._port = runner.addresses[0][1]
        try:
            yield {
                "PATCHBAY_DISCORD_TOKEN": TOKEN,
                "PATCHBAY_DISCORD_API_URL": f"http://127.0.0.1:{self._port}/api/v10",
                "PATCHBAY_DISCORD_GATEWAY_URL": f"ws://127.0.0.1:{self._port}/gateway",
            }
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        url = f"ws://127.0.0.1:{self._port}/gateway"
        limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        match request.match_info["path"]:
            case "gateway" | "gateway/bot":
                answer: Any = {"url": url, "shards": 1, "session_start_limit": limit}
            case path if path.endswith("/commands"):
                names = json.loads(await request.read() or b"[]")
                answer = [_command(each, number) for number, each in enumerate(names)]
            case "applications/@me" | "oauth2/applications/@me":
                user = _user()
                answer = {**user, "name": "bot", "icon": None, "description": "", "bot_public": True,
                          "bot_require_code_grant": False, "verify_key": "0", "flags": 0, "team": None,
                          "owner": user}  # fmt: skip
            case _:
                answer = _user()
        # discord.py reads JSON only where the content type is exactly this.
        return web.Response(body=json.dumps(answer).encode(), headers={"Content-Type": "application/json"})

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        stream = zlib.compressobj()

        async def send(op: int, data: object, name: str | None = None, number: int | None = None) -> None:
            message = json.dumps({"op": op, "d": data, "s": number, "t": name}).encode()
            await socket.send_bytes(stream.compress(message) + stream.flush(zlib.Z_SYNC_FLUSH))

        await send(_HELLO, {"heartbeat_interval": 41_250})
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            match json.loads(message.data)["op"]:
                case op if op == _HEARTBEAT:
                    await send(_ACKNOWLEDGED, None)
                case op if op == _IDENTIFY:
                    ids = [APPLICATION + (1 << 30) + (number << 22) for number in range(self._servers)]
                    guilds = [{"id": str(each), "unavailable": True} for each in ids]
                    ready = {"v": 10, "user": _user(), "guilds": guilds, "session_id": "s", "shard": [0, 1],
                             "resume_gateway_url": "ws://127.0.0.1", "application": {"id": str(APPLICATION),
                             "flags": 0}}  # fmt: skip
                    await send(0, ready, "READY", 1)
                    for number, each in enumerate(ids):
                        await send(0, server(each, number), "GUILD_CREATE", number + 2)
                    self.told.set()
        return socket


def server(guild_id: int, number: int) -> dict[str, Any]:
    """Return what Discord tells of a server."""
    everybody = str(guild_id)
    return {
        "id": everybody, "name": f"Server number {number}", "owner_id": str(APPLICATION - number - 1),
        "icon": f"{guild_id:032x}", "description": None, "verification_level": 1, "unavailable": False,
        "default_message_notifications": 1, "explicit_content_filter": 2, "member_count": 100 + number,
        "features": ["COMMUNITY", "NEWS", "INVITE_SPLASH", "ANIMATED_ICON", "AUTO_MODERATION", "SOUNDBOARD"],
        "preferred_locale": "en-US", "nsfw_level": 0, "mfa_level": 1, "premium_tier": 1, "large": False,
        "system_channel_id": str(guild_id + 1), "rules_channel_id": str(guild_id + 2), "afk_timeout": 300,
        "members": [{"user": _user(), "roles": [str(guild_id + 201)], "deaf": False, "mute": False,
                     "flags": 0, "joined_at": "2026-01-01T00:00:00+00:00"}],
        "roles": [
            {"id": str(guild_id + 200 + each) if each else everybody, "name": f"Role {each * number}",
             "permissions": str((number * each * 7919) % (1 << 46)), "position": each, "color": each * 1000,
             "colors": {"primary_color": each * 1000, "secondary_color": None, "tertiary_color": None},
             "hoist": each % 2 == 0, "managed": False, "mentionable": False, "flags": 0, "icon": None,
             "unicode_emoji": None, "description": None}
            for each in range(ROLES)
        ],
        "channels": [
            {"id": str(guild_id + each), "type": 0, "name": f"channel-{each * number}", "position": each,
             "topic": f"All about the {number * each}. thing", "nsfw": False, "rate_limit_per_user": 0,
             "parent_id": None, "last_message_id": str(guild_id + (each << 22)), "flags": 0,
             "permission_overwrites": [
                 {"id": everybody, "type": 0, "allow": "0", "deny": "1024"},
                 {"id": str(guild_id + 200 + each % ROLES), "type": 0, "allow": "3072", "deny": "0"},
             ]}
            for each in range(1, 1 + CHANNELS)
        ],
        "emojis": [
            {"id": str(guild_id + 400 + each), "name": f"emoji_{each}", "roles": [], "require_colons": True,
             "managed": False, "animated": False, "available": True}
            for each in range(EMOJIS)
        ],
        "stickers": [], "threads": [], "presences": [], "voice_states": [], "stage_instances": [],
        "guild_scheduled_events": [], "soundboard_sounds": [],
    }  # fmt: skip


def _user() -> dict[str, Any]:
    return {"id": str(APPLICATION), "username": "bot", "discriminator": "0", "avatar": None, "bot": True}


def _command(sent: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {
        "description": "",
        **sent,
        "id": str(APPLICATION + number),
        "application_id": str(APPLICATION),
        "version": "1",
    }


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


async def memory(servers: int, command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Return the bytes that a bot in so many servers has to itself."""
    discord = ManyServers(servers)
    async with discord.serve() as pointing:
        process = await asyncio.create_subprocess_exec(*command, env={**environment, **pointing})
        try:
            async with asyncio.timeout(60):
                await discord.told.wait()
            await asyncio.sleep(SETTLED)
            return memory_bytes(process.pid)
        finally:
            with contextlib.suppress(ProcessLookupError):  # it has ended, and said why
                process.terminate()
            await process.wait()


async def measure(rounds: int = ROUNDS) -> Sequence[Row]:
    """Measure both bots in turn, with one server and with many, and return the rows of the table."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    bare = [str(environment_with("bare", "discord.py")), str(Path(__file__).with_name("bare_bot.py"))]
    ours = installed_bot()
    with tempfile.TemporaryDirectory() as folder:
        key = base64.b64encode(bytes(32)).decode()
        no_commands = _written(Path(folder, "replies.json"), "{}")
        environment = {
            **os.environ, "REPLIES": str(no_commands), "PATCHBAY_ENCRYPTION_KEYS": f"k1:{key}",
            "PATCHBAY_DATABASE_URL": f"sqlite:///{folder}/patchbay.db", "PATCHBAY_LOG_LEVEL": "ERROR",
        }  # fmt: skip
        await memory(1, ours, environment)  # makes the database
        for _ in range(rounds):
            one, many = await memory(1, ours, environment), await memory(1 + SERVERS, ours, environment)
            bare_one, bare_many = (
                await memory(1, bare, environment),
                await memory(1 + SERVERS, bare, environment),
            )
            found["memory with 1 server / bare"].append(one / bare_one)
            found["memory per further server without a connection, KiB"].append((many - one) / SERVERS / 1024)
            print(f"MiB in 1 server: {one / 2**20:.1f}, bare {bare_one / 2**20:.1f}; KiB per further server:"
                  f" {(many - one) / SERVERS / 1024:.1f}, bare {(bare_many - bare_one) / SERVERS / 1024:.1f}",
                  file=sys.stderr)  # fmt: skip
    goals = (MEMORY_GOAL, SERVER_GOAL)
    return [Row(name, ratios, goal) for (name, ratios), goal in zip(found.items(), goals, strict=True)]


if __name__ == "__main__":
    show(asyncio.run(measure(*map(int, sys.argv[1:]))))
