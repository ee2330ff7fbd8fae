"""A process that has lost its lease sends nothing any more, to Discord or to a provider."""

import asyncio
from typing import Any

import pytest

from bot.discord.client import PatchbayBot
from bot.discord.connection.own_requests import RequestsStoppedError
from bot.errors import ProviderError, UnreachableError
from bot.features.monitoring.breaker import MAX_FAILURES
from bot.features.monitoring.check_result import CheckOutcome
from bot.providers.base.current_guild import working_for
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.changing_shards import (
    ChangingShards,
    ShardGateway,
    command_payload,
    connecting,
    guild_on,
)
from tests.support.discord_api import SimulatedDiscordApi
from tests.support.order_api import Order, OrderApi, failure, get, open_api, post
from tests.support.waiting import until


@pytest.fixture
def held() -> ChangingShards:
    """The first of three shards."""
    return ChangingShards(0)


async def test_no_request_to_discord_leaves(
    bot: PatchbayBot,
    held: ChangingShards,
    gateway: ShardGateway,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither the bot's own nor answers to interactions; before, both did."""
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: bot.serves(guild_on(0)))
        await bot.http.get_user(5)
        await gateway.tell(0, "INTERACTION_CREATE", command_payload(guild_on(0), 5))
        await until(lambda: any(path.startswith("/interactions/5/") for _, path in gateway.seen))
        held.is_over = True
        await asyncio.sleep(0.1)
        gateway.seen.clear()
        with pytest.raises(RequestsStoppedError):
            await bot.http.get_user(5)
        await gateway.tell(0, "INTERACTION_CREATE", command_payload(guild_on(0), 6))
        await asyncio.sleep(0.2)
        assert gateway.seen == []


async def test_nothing_is_sent_for_a_server_of_another_process(
    bot: PatchbayBot, gateway: ShardGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is for no server is sent all the same."""
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: bot.serves(guild_on(0)))
        for shard in (1, 2):
            with working_for(guild_on(shard)), pytest.raises(RequestsStoppedError):
                await bot.http.get_user(5)
        with working_for(guild_on(0)):
            await bot.http.get_user(5)
        await bot.http.get_user(5)


async def test_no_token_is_asked_about(
    bot: PatchbayBot, held: ChangingShards, discord_api: SimulatedDiscordApi, sensay: SensaySimulator
) -> None:
    """A member's token does not leave; the answer is the one of a Discord that cannot be reached."""
    token = sensay.discord_token
    discord_api.introduce(token, "Helper")
    await held.begin(3)
    preflight = bot.services.preflight
    assert not isinstance(await preflight.ask(token, guild_on(0), 1), ProviderError)
    held.is_over = True
    with working_for(guild_on(0)):
        assert isinstance(await preflight.ask(token, guild_on(0), 1), UnreachableError)


async def test_no_check_reaches_a_provider(
    bot: PatchbayBot, held: ChangingShards, toolzz: ToolzzSimulator
) -> None:
    """Nor does any for a server whose shard was given back."""
    await held.begin(3)
    guild_id = guild_on(0)
    await bot.services.connections.add(guild_id, "toolzz", "a", toolzz.further_credentials("a"), member_id=1)
    await bot.services.poller.check_guild(guild_id)
    assert toolzz.requests
    toolzz.requests.clear()
    await held.left(0)
    await bot.services.poller.check_guild(guild_id)
    held.change(0)
    held.is_over = True
    await bot.services.poller.check_guild(guild_id)
    assert not toolzz.requests


async def test_a_check_that_was_cut_off_says_nothing_of_the_host(
    bot: PatchbayBot, held: ChangingShards, toolzz: ToolzzSimulator
) -> None:
    """One that goes on after its shard was given back: it is not stored, and no check of others is held."""
    await held.begin(3)
    guild_id, figures = guild_on(0), bot.services.figures
    await bot.services.connections.add(guild_id, "toolzz", "a", toolzz.further_credentials("a"), member_id=1)
    toolzz.requests.clear()
    await held.left(0)
    for _ in range(MAX_FAILURES):
        await bot.services.poller.check_guild(guild_id)
    assert figures.recorder.outcomes == {}
    slots = [each for _, found in bot.services.providers["toolzz"].slots for each in found]
    assert not any(each.answers["failed"] for each in slots)
    held.change(0)
    await bot.services.poller.check_guild(guild_id)
    assert toolzz.requests
    assert list(figures.recorder.outcomes) == [("toolzz", CheckOutcome.ANSWERED)]


@pytest.mark.parametrize("warm", [False, True], ids=["new-connection", "kept-connection"])
async def test_a_write_that_was_not_sent_is_known_not_to_be_done(*, warm: bool) -> None:
    """The member is told so, and not that it may have been carried out."""
    may_send: list[Any] = [True]
    async with OrderApi() as api, open_api(api.url, may_send=lambda: may_send[0]) as client:
        if warm:
            await client.send(get(api.url), Order)
            api.requests.clear()
        may_send[0] = False
        for request in (post(api.url), get(api.url)):
            error = await failure(client, request)
            assert isinstance(error, UnreachableError)
            assert not error.outcome_unknown
        assert (len(api.requests), api.created) == (0, 0)
