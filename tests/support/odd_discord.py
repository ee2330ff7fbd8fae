"""A simulated Discord over sockets that refuses, loses replies, and sends what nobody can parse."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from aiohttp import web

from bot.demo.bot_process import BotProcess
from bot.demo.discord_server import SimulatedDiscord
from bot.demo.gateway import GatewayConnection
from bot.demo.stage import Stage, open_stage


@dataclass
class Oddities:
    """What is odd about a Discord, and what it has counted.

    lose: whether the reply to a request that was taken is lost; takes its method and path. refuse: the status
    and the body for a request, None to take it. ready: the payload of READY as it is sent. remaining: how
    many identifies are left today.
    """

    lose: Callable[[str, str], bool] = lambda _method, _path: False
    refuse: Callable[[str, str], tuple[int, Mapping[str, Any]] | None] = lambda _method, _path: None
    ready: Callable[[dict[str, Any]], dict[str, Any]] = lambda payload: payload
    remaining: int = 1000
    identifies: int = 0
    lost: list[str] = field(default_factory=list)


@asynccontextmanager
async def odd_stage(oddities: Oddities) -> AsyncIterator[Stage]:
    """Set up what the demo sets up, with an odd Discord."""
    answer_call = SimulatedDiscord._answer_call
    identify, dispatch = GatewayConnection._identify, GatewayConnection._dispatch

    async def answer(self: SimulatedDiscord, request: web.Request) -> web.Response:
        path = f"/{request.match_info['path']}"
        if (refusal := oddities.refuse(request.method, path)) is not None:
            return web.Response(
                status=refusal[0],
                body=json.dumps(refusal[1]).encode(),
                headers={"Content-Type": "application/json"},
            )
        answered = await answer_call(self, request)
        if path == "/gateway/bot":
            told = json.loads(answered.body or b"")  # type: ignore[arg-type]
            told["session_start_limit"] |= {"remaining": oddities.remaining, "reset_after": 3_600_000}
            answered.body = json.dumps(told).encode()
        elif answered.status < 300 and oddities.lose(request.method, path):
            oddities.lost.append(path)
            return web.Response(status=502, text="<html>bad gateway</html>", content_type="text/html")
        return answered

    def count(self: GatewayConnection, data: Mapping[str, Any]) -> None:
        oddities.identifies += 1
        identify(self, data)

    def send(self: GatewayConnection, event: str, data: Any) -> None:  # noqa: ANN401 - any event's payload
        dispatch(self, event, oddities.ready(data) if event == "READY" else data)

    with (
        mock.patch.object(SimulatedDiscord, "_answer_call", answer),
        mock.patch.object(GatewayConnection, "_identify", count),
        mock.patch.object(GatewayConnection, "_dispatch", send),
    ):
        async with open_stage("en-US") as stage:
            yield stage


def send_event(stage: Stage, event: str, payload: object) -> None:
    """Send an event exactly as it is to the bot."""
    for connection in stage.discord._connections:
        connection._dispatch(event, payload)


def logged(process: BotProcess, event: str) -> list[dict[str, Any]]:
    """Return the bot's lines for an event, where it logs JSON."""
    lines = [json.loads(line) for line in process.lines if line.startswith("{")]
    return [line for line in lines if line["event"] == event]


def json_logs(stage: Stage, **settings: str) -> dict[str, str]:
    """Return the bot's environment, with logs that a test can read."""
    return stage.environment() | {"PATCHBAY_LOG_FORMAT": "json"} | settings
