"""What a manager does about a server's board, and what checks report meanwhile."""

from collections.abc import Mapping
from typing import Any

import discord
import simcord
from simcord.types import HttpLogEntry

from bot.discord.client import PatchbayBot
from bot.errors import ProviderError
from bot.providers.base.integration import State
from bot.providers.base.redaction import Redactor
from tests.support.fake_provider import FakeProvider, connect_fake_provider
from tests.support.harness import BotHarness

SOON = 8.0
"""Seconds after which a change shows."""
GOOD = {"Front desk": State.CONNECTED, "Night desk": State.CONNECTED}
BAD = {"Front desk": State.CONNECTED, "Night desk": State.DISCONNECTED}
REFUSALS = [(403, 50001, "forbidden"), (404, 10003, "not_found")]


async def check(
    harness: BotHarness, states: Mapping[str, State], failure: ProviderError | None = None
) -> None:
    """Check a provider that lists these integrations, by name, or that fails."""
    provider = harness.bot.services.provider(FakeProvider)
    provider.listed.clear()
    for number, (label, state) in enumerate(states.items()):
        provider.list_integration(f"agent-{number}", label, state)
    provider.failure = failure
    await harness.bot.services.poller.check_guild(harness.guild.id)


async def put_up_board(
    harness: BotHarness, channel: simcord.ChannelHandle | None = None
) -> simcord.InteractionResult:
    """Have the member put the board up."""
    return await harness.member.slash(
        harness.channel, "integrations board", channel=channel or harness.channel
    )


async def put_up_board_of(harness: BotHarness, states: Mapping[str, State] = GOOD) -> discord.Message:
    """Put a board up that shows these states, and return it."""
    await check(harness, states)
    await put_up_board(harness)
    return only_board(harness)


def boards_in(channel: simcord.ChannelHandle) -> list[discord.Message]:
    """Return the boards in a channel."""
    return [
        message
        for message in channel.history()
        if any((embed.title or "").startswith("📡") for embed in message.embeds)
    ]


def only_board(harness: BotHarness) -> discord.Message:
    """Return the only board in the channel."""
    (only,) = boards_in(harness.channel)
    return only


def board_text(harness: BotHarness) -> str:
    """Return the board's text."""
    return only_board(harness).embeds[0].description or ""


def sent_body(entry: HttpLogEntry) -> Any:  # noqa: ANN401 - JSON
    """Return the body of a request."""
    return entry.json


def message_requests(harness: BotHarness, *methods: str) -> list[HttpLogEntry]:
    """Return the requests about messages in channels, with these methods."""
    return [
        entry
        for entry in harness.env.http_requests
        if entry.method in methods and entry.path.startswith("/channels/") and "/messages" in entry.path
    ]


async def is_given_up(harness: BotHarness) -> bool:
    """Tell whether the bot keeps no board any more, and sends Discord nothing about it."""
    before = len(harness.env.http_requests)
    await check(harness, GOOD)
    await harness.env.advance_time(120)
    silent = len(harness.env.http_requests) == before
    return silent and await harness.bot.services.outbox._store.board(harness.guild.id) is None


async def audited_changes(harness: BotHarness) -> list[tuple[int | None, str, str]]:
    """Return who changed the board, where, and how it ended, as the audit log has it."""
    rows, _ = await harness.bot.services.audit.export(harness.guild.id)
    return [(row.member, row.target, row.result) for row in rows if row.action == "integrations.board"]


async def with_fake_provider(harness: BotHarness) -> BotHarness:
    """Connect a provider that reports what a test says, also to bots that start later; add a viewer."""
    harness.member = harness.moderator()
    provider = await connect_fake_provider(harness)
    start_bot = harness.start_bot

    async def start_with_provider(redactor: Redactor) -> PatchbayBot:
        bot = await start_bot(redactor)
        bot.services.providers[provider.slug] = provider  # type: ignore[index] # a dict, in truth
        return bot

    harness.start_bot = start_with_provider
    return harness
