"""The doctor tells Discord's answers apart, up to the gateway's HELLO, and uses no start up."""

import asyncio
import json
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path

import pytest
from aiohttp import WSCloseCode, web
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.discord.connection.starts import COUNTED, IDENTIFIES
from bot.discord.connection.state_file import StateFile, path_beside
from bot.discord.sync import SYNC_REFUSAL
from bot.operating.doctor import network
from bot.operating.doctor.discord import examine_discord
from bot.operating.doctor.network import open_network
from bot.settings import settings_model
from tests.support.doctor import OddDiscord, examine

HTML = b"<!doctype html><title>Sign in to the network</title>CANARY"
ME = "/applications/@me"


async def test_the_application_is_named(environment: dict[str, str]) -> None:
    """Whose token it is stands in the text and in the facts."""
    found = await examine(environment)
    facts = found.findings["discord-application"]["facts"]
    assert facts["name"] == "TestBot"
    assert found.said("discord-application") == ("ok", f"the token is that of TestBot ({facts['id']})")


@pytest.mark.parametrize(
    ("status", "body", "content_type", "outcome", "text"),
    [
        (401, {"message": "401: Unauthorized", "code": 0}, "application/json", "failed", "refuses the token"),
        (
            403,
            {"code": 40002, "message": "CANARY"},
            "application/json",
            "warning",
            "answered 403, code 40002",
        ),
        (429, {"retry_after": 1}, "application/json", "warning", "Discord answered 429"),
        (500, b"", "text/plain", "warning", "Discord answered 500"),
        (502, HTML, "text/html", "warning", "Discord answered 502"),
        (200, HTML, "text/html", "failed", "is not Discord (200, text/html)"),
        (200, {"id": "1", "name": "x"}, "application/json; charset=utf-8", "failed", "is not Discord (200"),
        (200, {"id": "1", "name": "x"}, "text/plain", "failed", "is not Discord (200, text/plain)"),
        (200, b"", "application/json", "failed", "is not Discord (200, empty)"),
        (200, {"name": "x"}, "application/json", "failed", "is not Discord"),
        (200, {"id": "me", "name": "x"}, "application/json", "failed", "is not Discord"),
        (200, ["id"], "application/json", "failed", "is not Discord"),
        (200, b"[" * 100_000, "application/json", "failed", "is not Discord"),
        (204, b"", "application/json", "failed", "is not Discord"),
        (401, HTML, "text/html", "failed", "is not Discord (401, text/html)"),
        (403, HTML, "text/html", "failed", "is not Discord (403, text/html)"),
        (
            404,
            {"code": 0, "message": "404: Not Found"},
            "application/json",
            "failed",
            "not answer at this address",
        ),
        (302, b"", "text/html", "failed", "not answer at this address (302, empty)"),
    ],
)
async def test_discords_answer_is_told_apart(
    environment: dict[str, str],
    discord: OddDiscord,
    status: int,
    body: object,
    content_type: str,
    outcome: str,
    text: str,
) -> None:
    """A fault of Discord's own is a warning; a refusal, and whatever is not Discord, is a failure."""
    discord.answer(ME, body, status, Content_Type=content_type)
    found = await examine(environment)
    assert found.said("discord-application")[0] == outcome
    assert text in found.said("discord-application")[1]
    assert found.findings["discord-application"]["fix"]
    assert found.exit_code == (1 if outcome == "failed" else 0)
    assert "CANARY" not in found.output


async def test_a_name_does_nothing_to_a_terminal(environment: dict[str, str], discord: OddDiscord) -> None:
    """Whoever named the application writes no control characters, and not without end."""
    discord.answer(ME, {"id": "1", "name": "a\x1b[31m\u202eb\n" + "c" * 500})
    text = (await examine(environment)).said("discord-application")[1]
    assert text == f"the token is that of a?[31m?b?{'c' * 55} (1)"


async def test_commands_that_go_elsewhere_are_told(environment: dict[str, str], discord: OddDiscord) -> None:
    """With an endpoint for interactions, no command would ever reach the bot."""
    discord.answer(ME, {"id": "1", "name": "x", "interactions_endpoint_url": "https://example.org/CANARY"})
    found = await examine(environment)
    assert found.said("discord-application")[0] == "warning"
    assert "Interactions Endpoint URL" in found.findings["discord-application"]["fix"]
    assert "CANARY" not in found.output


async def test_a_discord_that_is_not_there(environment: dict[str, str]) -> None:
    """One failure says that it cannot be reached; what was to be asked is skipped, not the gateway."""
    found = await examine(environment | {"PATCHBAY_DISCORD_API_URL": "http://127.0.0.1:1/api/v10"})
    text = "http://127.0.0.1:1/api/v10 cannot be reached: the host refuses the connection"
    assert found.said("discord-application") == ("failed", text)
    assert found.outcomes("failed") == ["discord-application"]
    assert {"discord-starts", "clock"} <= set(found.outcomes("skipped"))
    assert found.said("discord-gateway")[0] == "ok"
    assert found.exit_code == 1


async def test_without_a_token_the_gateway_is_tried(environment: dict[str, str], discord: OddDiscord) -> None:
    """Nothing else is asked of Discord."""
    del environment["PATCHBAY_DISCORD_TOKEN"]
    found = await examine(environment)
    assert found.outcomes("failed") == ["discord-token"]
    assert found.said("discord-gateway")[0] == "ok"
    assert discord.asked == []


def limit(remaining: object = 1000, total: object = 1000, shards: object = 1) -> dict[str, object]:
    """Return what Discord says about a bot's starts."""
    start = {"total": total, "remaining": remaining, "reset_after": 5_400_000, "max_concurrency": 1}
    return {"url": "ws://127.0.0.1:1", "shards": shards, "session_start_limit": start}


@pytest.mark.parametrize(
    ("answer", "change", "outcome", "text"),
    [
        (limit(999), {}, "ok", "999 of 1000, all of them again in 1.5 hours; recommended shards: 1"),
        (limit(501), {}, "ok", "501 of 1000"),
        (limit(500), {}, "warning", "500 of 1000"),
        (limit(0), {}, "warning", "0 of 1000"),
        (limit(shards=3), {"PATCHBAY_SHARD_COUNT": "2"}, "warning", "PATCHBAY_SHARD_COUNT is 2"),
        (limit(shards=3), {"PATCHBAY_SHARD_COUNT": "3"}, "ok", "recommended shards: 3"),
        (limit("many"), {}, "failed", "is not Discord"),
        (limit(None), {}, "failed", "is not Discord"),
        ({"url": "ws://127.0.0.1:1"}, {}, "failed", "is not Discord"),
    ],
)
async def test_the_starts_that_are_left_are_told(
    environment: dict[str, str],
    discord: OddDiscord,
    answer: object,
    change: dict[str, str],
    outcome: str,
    text: str,
) -> None:
    """With half of a day's starts used up, something is wrong, long before the bot begins to wait."""
    discord.answer("/gateway/bot", answer)
    found = await examine(environment | change)
    assert found.said("discord-starts")[0] == outcome
    assert text in found.said("discord-starts")[1]
    if outcome != "failed":
        assert found.findings["discord-starts"]["facts"]["reset_after_seconds"] == 5400


@asynccontextmanager
async def served(greet: Callable[[web.WebSocketResponse], Awaitable[object]]) -> AsyncIterator[str]:
    """Serve a gateway that begins so, and yield its address."""

    async def serve(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(timeout=0.1)
        await socket.prepare(request)
        await greet(socket)
        await socket.receive()
        return socket

    app = web.Application()
    app.router.add_get("/", serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


HELLO = json.dumps({"op": 10, "d": {"heartbeat_interval": 41_250}})


def packed(text: str) -> bytes:
    """Compress as the gateway does where discord.py asks for zlib."""
    stream = zlib.compressobj()
    return stream.compress(text.encode()) + stream.flush(zlib.Z_SYNC_FLUSH)


@pytest.mark.parametrize(
    ("greet", "text"),
    [
        (lambda socket: socket.send_str(HELLO), None),
        (lambda socket: socket.send_bytes(packed(HELLO)), None),
        (lambda socket: socket.close(code=4004), "closed the connection with code 4004 before its HELLO"),
        (lambda socket: socket.close(code=WSCloseCode.GOING_AWAY), "closed the connection with code 1001"),
        (lambda socket: socket.send_str('{"op": 9, "d": false}'), "what cannot be read as HELLO"),
        (lambda socket: socket.send_str('{"op": 11, "d": {"heartbeat_interval": 1}}'), "(op 11)"),
        (lambda socket: socket.send_bytes(b"\x00\xff\x00\x00\xff\xff"), "what cannot be read as HELLO"),
        (lambda socket: socket.send_bytes(packed(HELLO)[:-4]), "what cannot be read as HELLO"),
        (lambda socket: socket.send_str("[" * 100_000), "what cannot be read as HELLO"),
        (lambda _socket: asyncio.sleep(5), "the host doesn't answer in time"),
    ],
    ids=["plain", "packed", "4004", "1001", "op-9", "op-11", "noise", "half", "deep", "silent"],
)
async def test_the_gateway_is_opened_up_to_its_hello(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    greet: Callable[[web.WebSocketResponse], Awaitable[object]],
    text: str | None,
) -> None:
    """Compressed or not, HELLO is read; anything else, and silence, is a failure that is named."""
    monkeypatch.setattr(network, "SECONDS", 1.0)
    async with served(greet) as url:
        found = await examine(environment | {"PATCHBAY_DISCORD_GATEWAY_URL": url})
    outcome, said = found.said("discord-gateway")
    assert outcome == ("ok" if text is None else "failed")
    assert (text or f"{url} greets within") in said
    assert found.exit_code == (0 if text is None else 1)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("ws://127.0.0.1:1", "the host refuses the connection"),
        ("http://127.0.0.1:1", "must start with wss://"),
        ("wss://user:CANARY@gateway.example", "must not hold a user"),
        ("ws://192.0.2.1", "must be wss://"),
        (None, "Discord did not say where it is"),
    ],
)
async def test_the_address_that_discord_names_is_used(
    environment: dict[str, str], discord: OddDiscord, url: str | None, text: str
) -> None:
    """Without a setting, the gateway is where Discord says, unless that is no address of one."""
    del environment["PATCHBAY_DISCORD_GATEWAY_URL"]
    discord.answer("/gateway/bot", limit() | {"url": url})
    found = await examine(environment)
    assert text in found.said("discord-gateway")[1]
    assert "CANARY" not in found.output


async def test_a_page_at_the_gateways_address_is_a_failure(environment: dict[str, str]) -> None:
    """What opens no WebSocket is told by its status."""
    environment["PATCHBAY_DISCORD_GATEWAY_URL"] = environment["PATCHBAY_DISCORD_GATEWAY_URL"] + "/elsewhere"
    found = await examine(environment)
    assert found.said("discord-gateway")[1].endswith("no WebSocket is opened there (status 404)")


@pytest.mark.parametrize(
    ("ahead", "outcome", "text"),
    [
        (0, "ok", "agrees with Discord's"),
        (3, "ok", "agrees with Discord's"),
        (90, "warning", "seconds ahead of Discord's"),
        (-3600, "warning", "seconds behind Discord's"),
        (None, "skipped", "Discord did not say what time it is"),
    ],
)
async def test_the_clock_is_compared(
    environment: dict[str, str], discord: OddDiscord, ahead: int | None, outcome: str, text: str
) -> None:
    """A few seconds are the network's; more is a warning with the direction."""
    date = "yesterday" if ahead is None else formatdate(time.time() - ahead, usegmt=True)
    discord.answer(ME, {"id": "1", "name": "x"}, Date=date)
    found = await examine(environment)
    assert found.said("clock")[0] == outcome
    assert text in found.said("clock")[1]
    if ahead is not None:
        assert found.findings["clock"]["facts"]["seconds_ahead"] == pytest.approx(ahead, abs=2)
    assert found.exit_code == 0


async def test_what_a_run_has_kept_is_told(environment: dict[str, str], tmp_path: Path) -> None:
    """A refused synchronisation and failed starts are warnings, with Discord's code and fields."""
    state = StateFile(path_beside(tmp_path / "patchbay.db"))
    refusal = {
        "route": "PUT /applications/{id}/commands",
        "status": 400,
        "code": 30034,
        "fields": "0.name",
    }
    await state.put(SYNC_REFUSAL, {"error": "HTTPException", **refusal})
    await state.put(IDENTIFIES, {"0": [3, 1.0]})
    found = await examine(environment)
    text = (
        "Discord did not take them (route PUT /applications/{id}/commands, status 400, code 30034,"
        " fields 0.name, error HTTPException)"
    )
    assert found.said("discord-commands") == ("warning", text)
    assert found.said("discord-last-starts") == ("warning", "3 in a row did not get as far as READY")
    await state.put(IDENTIFIES, {})
    await state.put(COUNTED, {str(int(time.time() // 600 * 600)): 2})
    text = "2 in the last 24 hours, the last one reached READY"
    assert (await examine(environment)).said("discord-last-starts") == ("ok", text)
    assert found.exit_code == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "name", "url", "shards", "session_start_limit", "total", "remaining", "code"]
            ),
            inner,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=40)
@given(body=JSON, status=st.sampled_from([200, 400, 401, 403, 404, 429, 503]))
@example(body={"id": float("inf"), "name": ""}, status=200)
@example(
    body={"shards": 1, "session_start_limit": {"total": 1, "remaining": 1, "reset_after": 10**400}},
    status=200,
)
def test_whatever_is_answered_is_a_finding(body: object, status: int) -> None:
    """No JSON in Discord's place ends the doctor, and none but the right one is called fine."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(
            body=json.dumps(body).encode(), status=status, headers={"Content-Type": "application/json"}
        )

    async def ask() -> list[str]:
        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            model = settings_model()(
                discord_token=SecretStr("FAKE-TOKEN-x"),
                discord_api_url=url,
                discord_gateway_url="ws://127.0.0.1:1",
            )
            async with open_network(None) as through:
                return [each.outcome for each in await examine_discord(model, through)]
        finally:
            await runner.cleanup()

    application, starts, gateway, clock = asyncio.run(ask())
    assert (gateway, clock) == ("failed", "ok")
    assert {application, starts} <= {"ok", "warning", "failed", "skipped"}
    if status != 200:
        assert "ok" not in {application, starts}
