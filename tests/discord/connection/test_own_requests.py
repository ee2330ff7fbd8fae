"""The invalid answers that the bot's own requests get count in the budget that members' tokens have."""

import aiohttp
import pytest
from aiohttp import test_utils, web

from bot.discord.connection.own_requests import count_into
from bot.errors import PreflightBudgetError
from bot.features.handover import budget as limits
from bot.features.handover.budget import InvalidRequestBudget
from bot.providers.base.redaction import Redactor
from tests.support.harness import BotHarness

SHARED = {"X-RateLimit-Scope": "shared"}


@pytest.mark.parametrize(
    ("status", "headers", "counts"),
    [
        (401, {}, True),
        (403, {}, True),
        (429, {}, True),
        (429, {"X-RateLimit-Scope": "user"}, True),
        (429, SHARED, False),
        (404, {}, False),
        (200, {}, False),
        (502, {}, False),
    ],
)
async def test_what_counts(
    monkeypatch: pytest.MonkeyPatch, status: int, headers: dict[str, str], counts: bool
) -> None:
    """Discord's own list of what it counts, asked over a socket; the tokens stop where it is full."""
    monkeypatch.setattr(limits, "IN_ALL", 1)
    budget = InvalidRequestBudget(lambda: 1000.0)

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers)

    app = web.Application()
    app.router.add_get("/", answer)
    async with (
        test_utils.TestServer(app) as server,
        aiohttp.ClientSession(trace_configs=[count_into(budget, aiohttp.TraceConfig())]) as http,
        http.get(server.make_url("/")),
    ):
        pass
    if counts:
        with pytest.raises(PreflightBudgetError):
            budget.reserve(1, 1)
    else:
        budget.reserve(1, 1)


async def test_the_bots_client_tells_of_its_requests(harness: BotHarness) -> None:
    """discord.py was given the trace."""
    # The bot of the harness has another way to Discord.
    built = await harness.start_bot(Redactor())
    assert built.http.http_trace is not None
