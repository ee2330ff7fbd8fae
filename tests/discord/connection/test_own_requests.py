"""The invalid answers that the bot's own requests get count in the budget that members' tokens have."""

import aiohttp
import pytest
from aiohttp import test_utils, web

from bot.app import build_bot
from bot.discord.connection.own_requests import RequestsStoppedError, count_into
from bot.errors import PreflightBudgetError, PreflightLimitError
from bot.features.alerts.outbox import MAX_A_SECOND
from bot.features.handover import budget as limits
from bot.features.handover.budget import InvalidRequestBudget
from bot.providers.base.current_guild import working_for
from bot.providers.base.redaction import Redactor
from bot.settings import Settings
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
    monkeypatch.setattr(limits, "PER_GUILD", 1)
    budget = InvalidRequestBudget(lambda: 1000.0)

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers)

    app = web.Application()
    app.router.add_get("/", answer)
    async with (
        test_utils.TestServer(app) as server,
        aiohttp.ClientSession(
            trace_configs=[count_into(budget, aiohttp.TraceConfig(), lambda: True)]
        ) as http,
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


async def test_one_guilds_refused_requests_stop_without_harm_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A guild whose requests are refused again and again sends no more for ten minutes, except answers to
    its members; other guilds and the bot itself do.
    """
    monkeypatch.setattr(limits, "OWN_PER_GUILD", 3)
    now = [1000.0]
    budget = InvalidRequestBudget(lambda: now[0])
    arrived: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        arrived.append(request.path)
        return web.Response(status=403)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with (
        test_utils.TestServer(app) as server,
        aiohttp.ClientSession(
            trace_configs=[count_into(budget, aiohttp.TraceConfig(), lambda: True)]
        ) as http,
    ):

        async def ask(guild_id: int | None, path: str = "/channels/5") -> bool:
            """Send a request for a guild; return whether it was sent."""
            with working_for(guild_id):
                try:
                    async with http.get(server.make_url(path)):
                        return True
                except RequestsStoppedError:
                    return False

        assert [await ask(1) for _ in range(5)] == [True] * 3 + [False] * 2
        assert len(arrived) == 3
        assert await ask(1, "/api/v10/interactions/5/FAKE-TOKEN-answer/callback")
        assert await ask(1, "/api/v10/webhooks/5/FAKE-TOKEN-answer")
        assert await ask(2)
        assert await ask(None)
        now[0] += limits.SECONDS + 1
        assert await ask(1)


async def test_a_process_has_its_part_of_what_discord_takes(settings: Settings) -> None:
    """With a quarter of the shards: a quarter of the alerts in a second, and of the invalid answers."""
    mine = settings.model_copy(update={"shard_ids": (0,), "shard_count": 4})
    async with build_bot(mine, Redactor()) as bot:
        await bot.held.begin(4)
        limiter, budget = bot.services.outbox._rate_limiter, bot.services.preflight.budget
        assert [limiter.pause(1000.0) for _ in range(MAX_A_SECOND // 4 + 1)] == [0] * (MAX_A_SECOND // 4) + [
            1
        ]
        for _ in range(limits.IN_ALL // 4):
            budget.count_own(403)
        with pytest.raises(PreflightLimitError):
            budget.reserve(1, 1)
