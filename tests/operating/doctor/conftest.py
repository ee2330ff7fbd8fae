"""A healthy bot's settings, and the stand-ins that they point to."""

import base64
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from aiohttp import web

from bot.demo.discord_server import SimulatedDiscord
from bot.demo.gateway import GatewayConnection
from bot.providers.base.simulator import Simulator
from tests.support.doctor import OddDiscord

KEY = base64.b64encode(b"FAKE-KEY-FOR-TESTS-0000000000000").decode()


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls: nothing else runs in the doctor's event loop."""


@pytest.fixture
async def discord() -> AsyncIterator[OddDiscord]:
    """A Discord on loopback."""
    odd = OddDiscord()
    answer_call, identify = SimulatedDiscord._answer_call, GatewayConnection._identify

    async def answer(self: SimulatedDiscord, request: web.Request) -> web.Response:
        path = f"/{request.match_info['path']}"
        odd.asked.append((path, request.headers.get("Authorization")))
        return odd.answers[path]() if path in odd.answers else await answer_call(self, request)

    def count(self: GatewayConnection, data: Mapping[str, Any]) -> None:
        odd.identified += 1
        identify(self, data)

    with (
        mock.patch.object(SimulatedDiscord, "_answer_call", answer),
        mock.patch.object(GatewayConnection, "_identify", count),
    ):
        async with SimulatedDiscord.serve() as simulated:
            odd.environment = simulated.environment()
            yield odd


@pytest.fixture
async def environment(
    discord: OddDiscord, simulators: dict[str, Simulator], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Settings of a healthy bot; a test breaks one of them."""
    for name in os.environ:
        if name.startswith("PATCHBAY_"):
            monkeypatch.delenv(name)
    return {
        "PATCHBAY_SECRETS_DIR": str(tmp_path),
        "PATCHBAY_DATABASE_URL": f"sqlite:///{tmp_path / 'patchbay.db'}",
        "PATCHBAY_ENCRYPTION_KEYS": f"new:{KEY},old:{base64.b64encode(bytes(32)).decode()}",
        **discord.environment,
        **{name: url for each in simulators.values() for name, url in each.environment().items()},
    }
