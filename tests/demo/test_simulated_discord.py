"""The simulated Discord does what bots and members rely on, shown with a small bot on real sockets."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import aiohttp
import pytest
from blockbuster import BlockBuster
from simcord import ChannelHandle, MemberActor

from bot.demo.discord_server import SimulatedDiscord
from bot.demo.page import live_page

COMMANDS = [
    {
        "name": "status",
        "description": "How is it?",
        "description_localizations": {"pt-BR": "Como vai?"},
        "options": [{"type": 3, "name": "agent", "description": "Which one?", "autocomplete": True}],
    }
]
HELLO, DISPATCH, INVALID_SESSION, HEARTBEAT_ACK = 10, 0, 9, 11
DEFERRED, MODAL, CHOICES, EPHEMERAL = 5, 9, 8, 64
OTHER_TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.FAKE-TOKEN.not-a-real-value-000000000000"


class Bot:
    """A bot on real sockets: what it receives, and what it sends."""

    def __init__(self, http: aiohttp.ClientSession, discord: SimulatedDiscord) -> None:
        self.http = http
        self.settings = discord.environment()
        self.application_id = discord.env.backend.application_id
        self.inflate = zlib.decompressobj()

    async def connect(self) -> Self:
        """Open the gateway and read its HELLO."""
        url = f"{self.settings['PATCHBAY_DISCORD_GATEWAY_URL']}/?v=10&encoding=json&compress=zlib-stream"
        self.socket = await self.http.ws_connect(url)
        assert (await self.frame())["op"] == HELLO
        return self

    async def identify(self, **differences: object) -> list[dict[str, Any]]:
        """Start a session; return the data of READY and of one GUILD_CREATE for each guild."""
        token = self.settings["PATCHBAY_DISCORD_TOKEN"]
        await self.send(2, {"token": token, "intents": 1, "properties": {}, **differences})
        ready = await self.event("READY")
        return [ready, *[await self.event("GUILD_CREATE") for _ in ready["guilds"]]]

    async def send(self, op: int, data: object) -> None:
        """Send one frame."""
        await self.socket.send_json({"op": op, "d": data})

    async def frame(self) -> dict[str, Any]:
        """Return the next frame."""
        frame: dict[str, Any] = json.loads(
            self.inflate.decompress(await self.socket.receive_bytes(timeout=5))
        )
        return frame

    async def event(self, name: str) -> dict[str, Any]:
        """Return the data of the next event of this name; other events are ignored."""
        while (frame := await self.frame())["t"] != name:
            pass
        data: dict[str, Any] = frame["d"]
        return data

    async def rest(
        self, method: str, path: str, *, token: str | None = None, json: object = None, data: object = None
    ) -> tuple[int, Any]:
        """Send a REST request and return status and body."""
        headers = {"Authorization": f"Bot {token or self.settings['PATCHBAY_DISCORD_TOKEN']}"}
        url = self.settings["PATCHBAY_DISCORD_API_URL"] + path
        async with self.http.request(method, url, headers=headers, json=json, data=data) as answer:
            if answer.status == 204:
                return 204, None
            assert answer.headers["Content-Type"] == "application/json"
            return answer.status, await answer.json()

    async def respond(self, interaction: dict[str, Any], kind: int, **data: object) -> None:
        """Give an interaction its first answer."""
        path = f"/interactions/{interaction['id']}/{interaction['token']}/callback"
        assert (await self.rest("POST", path, json={"type": kind, "data": data}))[0] == 200

    async def follow_up(self, interaction: dict[str, Any], content: str) -> None:
        """Complete a deferred answer."""
        path = f"/webhooks/{self.application_id}/{interaction['token']}/messages/@original"
        assert (await self.rest("PATCH", path, json={"content": content}))[0] == 200


class Scene:
    """A Discord with two guilds, a member and a connected bot that has one command."""

    discord: SimulatedDiscord
    channel: ChannelHandle
    alice: MemberActor
    bot: Bot


@asynccontextmanager
async def opened(locale: str = "en-US") -> AsyncIterator[Scene]:
    """Start the simulated Discord and the bot."""
    async with aiohttp.ClientSession() as http, SimulatedDiscord.serve(locale=locale) as discord:
        scene = Scene()
        scene.discord = discord
        guild = discord.env.create_guild("Harbour", id=4 << 22)
        discord.env.create_guild("Lighthouse", id=5 << 22)
        scene.channel = guild.create_text_channel("general")
        scene.alice = guild.add_member(discord.env.create_user("alice"))
        scene.bot = await Bot(http, discord).connect()
        yield scene


@asynccontextmanager
async def connected(locale: str = "en-US") -> AsyncIterator[Scene]:
    """Start both, with the bot identified and its command registered."""
    async with opened(locale) as scene:
        await scene.bot.identify()
        path = f"/applications/{scene.bot.application_id}/commands"
        assert (await scene.bot.rest("PUT", path, json=COMMANDS))[0] == 200
        yield scene


async def test_a_wrong_token_is_refused() -> None:
    """The gateway (close code 4004) and the REST API (401) refuse an unknown token."""
    async with opened() as scene:
        await scene.bot.send(2, {"token": "FAKE-TOKEN-wrong", "intents": 1})
        assert (await scene.bot.socket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert scene.bot.socket.close_code == 4004
        assert (await scene.bot.rest("GET", "/users/@me", token="FAKE-TOKEN-wrong"))[0] == 401


async def test_a_bot_is_told_of_its_guilds() -> None:
    """READY is followed by one GUILD_CREATE for every guild, and from then on the bot counts as ready."""
    async with opened() as scene:
        with pytest.raises(TimeoutError):
            await scene.discord.bot_ready(0)
        _, *guilds = await scene.bot.identify()
        assert {guild["name"] for guild in guilds} == {"Harbour", "Lighthouse"}
        await scene.discord.bot_ready(0)


async def test_a_shard_is_told_of_its_own_guilds_only() -> None:
    """Guilds belong to shards by their ids, as in Discord."""
    async with opened() as scene:
        _, *guilds = await scene.bot.identify(shard=[1, 2])
        assert [guild["name"] for guild in guilds] == ["Lighthouse"]


async def test_resuming_begins_a_new_session() -> None:
    """A resume is answered with "invalid session, not resumable", after which the bot may identify."""
    async with opened() as scene:
        await scene.bot.send(6, {"token": scene.discord.token, "session_id": "old", "seq": 7})
        frame = await scene.bot.frame()
        assert (frame["op"], frame["d"]) == (INVALID_SESSION, False)
        assert await scene.bot.identify()


async def test_json_may_come_in_binary_frames() -> None:
    """Other libraries than discord.py send it so, and Discord takes it."""
    async with opened() as scene:
        frame = {"op": 1, "d": None}
        await scene.bot.socket.send_bytes(json.dumps(frame).encode())
        assert (await scene.bot.frame())["op"] == HEARTBEAT_ACK


async def test_interactions_speak_the_members_language() -> None:
    """Every interaction has the server's locale, unless its member has another one."""
    async with connected("pt-BR") as scene:
        for member_locale in ("pt-BR", "en-US"):
            scene.discord.locales[scene.alice.id] = member_locale
            asking = asyncio.create_task(scene.alice.slash(scene.channel, "status"))
            interaction = await scene.bot.event("INTERACTION_CREATE")
            assert (interaction["locale"], interaction["guild_locale"]) == (member_locale, "pt-BR")
            await scene.bot.respond(interaction, 4, content="ok")
            await asking


async def test_a_verb_returns_when_the_bot_acknowledged() -> None:
    """A member's command ends with the first answer; `answer` waits for the final message."""
    async with connected() as scene:
        asking = asyncio.create_task(scene.alice.slash(scene.channel, "status"))
        interaction = await scene.bot.event("INTERACTION_CREATE")
        await asyncio.sleep(0.1)
        assert not asking.done()
        await scene.bot.respond(interaction, DEFERRED, flags=EPHEMERAL)
        result = await asking
        assert result.deferred
        with pytest.raises(TimeoutError):
            await scene.discord.answer(result, 0)
        await scene.bot.follow_up(interaction, "all well")
        answer = await scene.discord.answer(result)
        assert (answer.content, answer.ephemeral) == ("all well", True)


async def test_autocompletion_and_modals_come_back() -> None:
    """A member gets the bot's suggestions and its form, and the form is sent back filled in."""
    async with connected() as scene:
        typing = asyncio.create_task(scene.alice.autocomplete(scene.channel, "status", "agent", "ha"))
        interaction = await scene.bot.event("INTERACTION_CREATE")
        await scene.bot.respond(interaction, CHOICES, choices=[{"name": "Harbour Desk", "value": "1"}])
        assert await typing == [{"name": "Harbour Desk", "value": "1"}]

        asking = asyncio.create_task(scene.alice.slash(scene.channel, "status"))
        interaction = await scene.bot.event("INTERACTION_CREATE")
        field = {"type": 18, "label": "Secret", "component": {"type": 4, "style": 1, "custom_id": "secret"}}
        await scene.bot.respond(interaction, MODAL, title="Connect", custom_id="form", components=[field])
        submitting = asyncio.create_task(scene.alice.submit_modal(await asking, {"secret": "FAKE-TOKEN-1"}))
        interaction = await scene.bot.event("INTERACTION_CREATE")
        assert interaction["data"]["components"][0]["component"]["value"] == "FAKE-TOKEN-1"
        await scene.bot.respond(interaction, 4, content="thanks")
        await submitting


async def test_files_arrive() -> None:
    """An upload is read from the multipart form with its name and its bytes."""
    async with connected() as scene:
        form = aiohttp.FormData()
        form.add_field("payload_json", json.dumps({"content": "see file"}))
        form.add_field("files[0]", b"a;b\n", filename="history.csv")
        status, message = await scene.bot.rest("POST", f"/channels/{scene.channel.id}/messages", data=form)
        assert (status, message["attachments"][0]["filename"], message["attachments"][0]["size"]) == (
            200, "history.csv", 4,
        )  # fmt: skip


async def test_another_bots_token_says_whose_it_is_and_no_more() -> None:
    """A token for providers belongs to another application, which is a member of no guild."""
    async with opened() as scene:
        scene.discord.add_application(OTHER_TOKEN, "harbour-desk")
        status, application = await scene.bot.rest("GET", "/applications/@me", token=OTHER_TOKEN)
        assert (status, application["name"], application["id"]) == (200, "harbour-desk", "123456789012345678")
        assert (application["bot"]["id"], application["flags"]) == (application["id"], 1 << 19)
        assert (await scene.bot.rest("GET", f"/guilds/{4 << 22}", token=OTHER_TOKEN))[0] == 403
        assert (await scene.bot.rest("GET", f"/guilds/{4 << 22}/members/{application['id']}"))[0] == 404


async def test_our_own_bot_may_ask_who_somebody_is() -> None:
    """By an id the bot can tell a person from a bot, and a member from a user who is none."""
    async with opened() as scene:
        scene.discord.add_application(OTHER_TOKEN, "harbour-desk", reads_messages=False)
        assert (await scene.bot.rest("GET", "/applications/@me", token=OTHER_TOKEN))[1]["flags"] == 0
        agent, member = "/users/123456789012345678", f"/guilds/{4 << 22}/members/{scene.alice.id}"
        assert (await scene.bot.rest("GET", agent))[1]["bot"] is True
        assert not (await scene.bot.rest("GET", f"/users/{scene.alice.id}"))[1].get("bot")
        assert (await scene.bot.rest("GET", "/users/123456789012345679"))[0] == 404
        assert (await scene.bot.rest("GET", member))[1]["user"]["id"] == str(scene.alice.id)


async def test_what_discord_could_not_do_is_not_tried_again() -> None:
    """If the simulation itself fails, it answers 501, which discord.py does not repeat."""
    async with opened() as scene:
        assert (await scene.bot.rest("GET", "/guilds/not-a-number"))[0] == 501


async def test_the_page_follows_a_late_answer(blockbuster: BlockBuster) -> None:
    """What the bot writes seconds after a command appears on an open page, in the page's language."""
    for function in blockbuster.functions.values():  # simcord reads its fonts and a time zone, once
        function.can_block_in("simcord/env.py", {"preview"})
        function.can_block_in("simcord/preview/__init__.py", {"__aenter__"})
    async with (
        connected("pt-BR") as scene,
        live_page(scene.discord.env, scene.channel, [scene.alice], locale="pt-BR") as page,
    ):
        address, capability = page.url.split("#")
        headers = {"X-Simcord-Capability": capability}
        async with scene.bot.http.post(f"{address}api/pages", json={}, headers=headers) as answer:
            headers["X-Simcord-Context"] = (await answer.json())["context"]["id"]

        async def shown(part: str) -> str:
            async with scene.bot.http.get(address + part, headers=headers) as answer:
                return await answer.text()

        assert "Como vai?" in await shown("api/commands")
        asking = asyncio.create_task(scene.alice.slash(scene.channel, "status"))
        interaction = await scene.bot.event("INTERACTION_CREATE")
        await scene.bot.respond(interaction, DEFERRED)
        await asking
        await scene.bot.follow_up(interaction, "better late than never")
        while "better late than never" not in await shown("api/state"):
            pass


async def test_nothing_stays_open() -> None:
    """When the server stops, its bots are disconnected (1001, so that they reconnect) and the port is
    free.
    """
    async with opened() as scene:
        await scene.bot.identify()
        port = int(scene.discord.environment()["PATCHBAY_DISCORD_API_URL"].split(":")[2].partition("/")[0])
        reading = asyncio.create_task(scene.bot.socket.receive())
        await asyncio.sleep(0)
    await reading
    assert scene.bot.socket.close_code == 1001
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
