"""What a manager does with the audit log, and how it is filled."""

import asyncio
import sqlite3
from contextlib import closing
from types import MethodType
from typing import Any

import discord
import simcord

from tests.support.harness import BotHarness, embed_of


async def fill(harness: BotHarness, entries: int) -> None:
    """Record so many changes by two members."""
    for number in range(1, entries + 1):
        member = harness.member if number % 5 == 0 else harness.manager
        action = "toolzz.edit" if number % 2 else "sensay.connect"
        await harness.bot.services.audit.note(
            harness.guild.id, action, f"toolzz · n{number}", member_id=member.id
        )


async def listed(harness: BotHarness, **options: Any) -> simcord.InteractionResult:  # noqa: ANN401 - as in a command
    """Have the manager list the log."""
    return await harness.manager.slash(harness.channel, "audit list", **options)


def numbers(result: simcord.InteractionResult) -> list[int]:
    """Return the numbers of the entries that are shown."""
    lines = (embed_of(result).description or "").splitlines()
    return [int(line[1:].partition(" ")[0]) for line in lines if line.startswith("#")]


def tamper(harness: BotHarness, statement: str) -> None:
    """Write into the database without the bot."""
    with closing(sqlite3.connect(harness.database)) as database, database:
        database.execute(statement)


async def wait_until_sent(harness: BotHarness) -> None:
    """Wait until everything for the channel was sent."""
    listeners = harness.bot.services.audit._listeners
    mirror: Any
    (mirror,) = (each.__self__ for each in listeners if isinstance(each, MethodType))
    while mirror._waiting:  # noqa: ASYNC110 - only this test waits for it
        await asyncio.sleep(0)


def posted(channel: simcord.ChannelHandle) -> list[discord.Embed]:
    """Return what the bot has posted in a channel, oldest first."""
    return [embed for message in channel.history() for embed in message.embeds]


async def mirror(
    harness: BotHarness, channel: simcord.ChannelHandle | None = None
) -> simcord.InteractionResult:
    """Have the manager choose a channel, or none."""
    options = {} if channel is None else {"channel": channel}
    return await harness.manager.slash(harness.channel, "audit mirror", **options)
