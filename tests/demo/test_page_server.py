"""The demo's page does what its buttons say for itself, and nothing for the pages of other sites."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from simcord.preview import Preview

from bot.demo.controls import DemoControls
from bot.demo.guide import EMPTY
from bot.demo.page import live_page
from bot.demo.page_server import CONTENT_TYPES
from bot.demo.stage import Stage, open_stage
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.demo_steps import simulator


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls, as in the demo."""


class Client:
    """A browser's tab with the page, without the browser."""

    def __init__(self, http: aiohttp.ClientSession, preview: Preview, stage: Stage) -> None:
        self.http, self.stage = http, stage
        self.origin, self.secret = preview.url.split("/#")
        self.context = ""

    async def open(self) -> None:
        """Open a page as simcord's script does."""
        headers = {"X-Simcord-Capability": self.secret}
        async with self.http.post(f"{self.origin}/api/pages", json={}, headers=headers) as answer:
            self.context = (await answer.json())["context"]["id"]

    async def ask(
        self, body: dict[str, Any] | None = None, **headers: str
    ) -> tuple[int, dict[str, Any], aiohttp.ClientResponse]:
        """Send a request of the page, with some headers replaced; return status, JSON and answer."""
        sent = {"X-Simcord-Capability": self.secret, "X-Simcord-Context": self.context}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        method = "GET" if body is None else "POST"
        async with self.http.request(method, f"{self.origin}/api/demo", json=body, headers=sent) as answer:
            return answer.status, (await answer.json() if answer.status == 200 else {}), answer

    async def do(self, what: str, **values: str) -> tuple[int, dict[str, Any]]:
        """Press a button."""
        status, state, _ = await self.ask({"do": what, **values})
        return status, state


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A page of an empty server, whose bot does not run."""
    async with opened() as client:
        yield client


@asynccontextmanager
async def opened() -> AsyncIterator[Client]:
    """Open a page."""
    async with open_stage("en-US") as stage, aiohttp.ClientSession() as http:
        controls, env = DemoControls(stage, EMPTY), stage.discord.env
        async with live_page(
            env, stage.world.operations, controls.viewers, locale="en-US", controls=controls
        ) as preview:
            client = Client(http, preview, stage)
            await client.open()
            yield client


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Simcord_Capability": "guessed"},
        {"X_Simcord_Capability": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1"},
    ],
    ids=lambda headers: " ".join(*headers.items()),
)
async def test_other_sites_are_refused(client: Client, headers: dict[str, str]) -> None:
    """Without the address's secret, or from another origin or host name, nothing is told and nothing done."""
    for body in (None, {"do": "break_all"}):
        status, _, answer = await client.ask(body, **headers)
        assert status == 401
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    toolzz = simulator(client.stage, ToolzzSimulator)
    assert toolzz.integrations[toolzz.CONNECTED]["connectionStatus"] == "connected"


async def test_files_are_served_to_this_host_only(client: Client) -> None:
    """The page names the script and the style, which are served under their types, to no other host name."""
    async with client.http.get(client.origin) as answer:
        page = await answer.text()
        assert "Patchbay" in page
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert all(f'"/{name}"' in page for name in ("patchbay.js", "patchbay.css", "patchbay.png"))
    for name, content_type in CONTENT_TYPES.items():
        async with client.http.get(f"{client.origin}/{name}") as answer:
            assert (answer.status, answer.content_type) == (200, content_type)
        async with client.http.get(f"{client.origin}/{name}", headers={"Host": "evil.example"}) as answer:
            assert answer.status == 403


@pytest.mark.parametrize(
    "body",
    [
        {"do": "shut down"},
        {},
        {"do": "break", "agent": "Nobody"},
        {"do": "break"},
        {"do": "locale", "locale": "xx"},
        {"do": "locale", "locale": ["en-US"]},
        {"do": "channel", "id": "1"},
        {"do": "channel", "id": "x"},
        {"do": "join", "id": "1", "permissions": "0"},
        {"do": "bot", "id": "1"},
    ],
    ids=str,
)
async def test_what_makes_no_sense_changes_nothing(client: Client, body: dict[str, Any]) -> None:
    """An unknown button, agent, language, channel or bot is answered with 400."""
    _, before, _ = await client.ask()
    assert (await client.ask(body))[0] == 400
    assert (await client.ask())[1] == before


async def test_buttons_break_and_heal(client: Client) -> None:
    """One agent, all agents or a whole provider are broken; Heal ends all of it."""
    sensay, toolzz = simulator(client.stage, SensaySimulator), simulator(client.stage, ToolzzSimulator)
    one = toolzz.integrations[toolzz.CONNECTED]
    status, state = await client.do("break", agent=one["title"])
    assert (status, state["said"], one["connectionStatus"]) == (200, "broken", "disconnected")
    await client.do("heal")
    assert one["connectionStatus"] == "connected"
    await client.do("break_all")
    assert {toolzz.integrations[each]["connectionStatus"] for each in toolzz.discord_integrations()} == {
        "disconnected"
    }
    await client.do("heal")
    name = next(iter(sensay.discord_integrations().values()))
    for _ in range(3):  # however often
        await client.do("down", agent=name)
    assert await status_of(client, sensay) == 503
    await client.do("heal")
    assert await status_of(client, sensay) != 503
    assert one["connectionStatus"] == "connected"


async def status_of(client: Client, sensay: SensaySimulator) -> int:
    """Ask a provider as anybody may."""
    async with client.http.get(f"{sensay.url}/v1/replicas") as answer:
        return answer.status


async def test_a_channel_that_a_member_may_not_read_stays_closed(client: Client) -> None:
    """It is neither listed nor opened."""
    world, backend = client.stage.world, client.stage.discord.env.backend
    status, state = await client.do("channel", id=str(world.support.id))
    assert (status, state["channelId"]) == (200, str(world.support.id))
    hidden = world.guild.create_text_channel("hidden")
    assert str(hidden.id) not in {each["id"] for each in state["channels"]}
    backend.remove_member(world.guild.id, world.mira.id)
    assert (await client.do("channel", id=str(world.agents.id)))[0] == 400


async def test_a_language_is_that_of_everything(client: Client) -> None:
    """The page's texts, the server, its channels and each member's client change it."""
    _, state = await client.do("locale", locale="pt-BR")
    world, discord = client.stage.world, client.stage.discord
    assert state["locale"] == discord.locale == "pt-BR"
    assert discord.env.backend.guilds[world.guild.id].preferred_locale == "pt-BR"
    assert [each["name"] for each in state["channels"]] == [channel.name for channel in world.channels]
    assert world.operations.name == "operações"
    messages = discord.env.backend.messages[world.operations.id].values()
    assert next(message.content for message in messages).startswith("Bom dia")
    assert [viewer["label"] for viewer in state["viewers"]] == ["Gestão", "Leitura", "Membro"]
