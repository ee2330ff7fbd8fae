"""Every command's reply that is no list fits a phone's screen, whatever comes of the command."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import discord
import pytest
import simcord
from discord import AppCommandOptionType as Kind
from discord import app_commands

from bot.i18n.catalog import LOCALES
from bot.providers.base.simulator import Answer
from tests.support.command_payloads import given, run, walk
from tests.support.harness import BotHarness, embed_of
from tests.support.lines import MAX_LINES, lines_of
from tests.support.reply_lines import LISTS, too_long
from tests.support.sensay_steps import add_bot_member, place
from tests.support.sent_replies import SentReply
from tests.support.toolzz_agent import add_agent_bot
from tests.support.toolzz_steps import move_here

FAILURES = {"down": Answer(503, {}), "refused": Answer(401, {"message": "x" * 300}), "odd": Answer.html(200)}
Command = app_commands.Command[Any, ..., Any]


@pytest.fixture
async def busy(harness: BotHarness) -> BotHarness:
    """A server with agents of both providers in several states, and without cooldowns."""
    harness.remove_cooldowns()
    for provider in ("toolzz", "sensay"):
        await harness.connect(provider)
    add_agent_bot(harness)
    move_here(harness)
    await place(harness, harness.sensay.ACTIVE, add_bot_member(harness))
    harness.toolzz.break_integration(harness.toolzz.CONNECTED)
    await harness.bot.services.poller.check_guild(harness.guild.id)
    return harness


async def values_of(harness: BotHarness, command: Command) -> dict[str, Any]:
    """Return a value for each required option: the first suggestion, else one of its type."""
    of_type: dict[Kind, Any] = {
        Kind.string: "weekdays",
        Kind.integer: 1,
        Kind.boolean: True,
        Kind.channel: str(harness.channel.id),
        Kind.role: str(harness.guild.create_role("Anyone").id),
        Kind.user: str(harness.member.id),
    }
    values: dict[str, Any] = {}
    for option in command.parameters:
        if not option.required:
            continue
        values[option.name] = of_type[option.type]
        if option.autocomplete:
            found = await harness.manager.autocomplete(
                harness.channel, command.qualified_name, option.display_name, ""
            )
            values[option.name] = found[0]["value"] if found else harness.toolzz.CONNECTED
    return values


async def use_all(harness: BotHarness, actor: simcord.MemberActor) -> AsyncIterator[SentReply]:
    """Have somebody run every command once; yield the replies."""
    commands = [(command, await values_of(harness, command)) for command in walk(harness.bot)]
    known = {
        "channels": {str(harness.channel.id): {"id": str(harness.channel.id), "type": 0, "name": "bridge"}},
    }
    for command, values in commands:
        options = [given(option, values) for option in command.parameters if option.required]
        data = run(harness.bot, command, options, known if Kind.channel in kinds(command) else None)
        result = await harness.interact(discord.InteractionType.application_command, actor, data)
        if result.modal is None:
            yield SentReply(command.qualified_name, embed_of(result))


def kinds(command: Command) -> Iterator[Kind]:
    """Yield the types of a command's required options."""
    yield from (option.type for option in command.parameters if option.required)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("case", ["done", "not_allowed", *FAILURES])
async def test_a_reply_fits_the_screen(busy: BotHarness, case: str, locale: str) -> None:
    """Done, refused to a member, or refused by a provider: 12 lines at most, in both languages."""
    busy.locale = locale
    if case in FAILURES:
        for provider in ("toolzz", "sensay"):
            busy.simulator(provider).fail(FAILURES[case], times=None)
    actor = busy.member if case == "not_allowed" else busy.manager
    replies = [reply async for reply in use_all(busy, actor)]
    assert len(replies) > 25
    assert too_long(replies) == {}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    "report",
    [
        {"connectionStatus": "error", "lastConnectionErrorCode": "CODE_" * 20},
        {"connectionStatus": "connected", "channelIds": [str(10**18 + each) for each in range(30)]},
        {"connectionStatus": "connected", "lastDisconnectedAt": "2999-01-01T00:00:00Z"},
        {"connectionStatus": "hibernating" * 9, "lastConnectionErrorCode": None},
        {"deletedAt": "2026-01-01T00:00:00Z"},
    ],
    ids=["error", "channels", "later", "odd", "deleted"],
)
async def test_a_card_fits_whatever_is_reported(
    busy: BotHarness, report: Mapping[str, object], locale: str
) -> None:
    """Names and errors of any length, and any number of bad channels, leave a card of 12 lines."""
    busy.locale = locale
    name, said = "Atendimento da loja de departamentos " * 5, "The agent's session was closed. " * 9
    busy.toolzz.touch(
        busy.toolzz.CONNECTED, title=name, lastConnectionErrorMessage=said, channelsDetail=[], **report
    )
    busy.sensay.replicas[busy.sensay.ACTIVE]["name"] = name
    asked = [
        await busy.manager.slash(busy.channel, "toolzz status", integration=busy.toolzz.CONNECTED),
        await busy.manager.slash(busy.channel, "sensay status", replica=busy.sensay.ACTIVE),
    ]
    assert [lines_of(embed_of(each)) for each in asked if lines_of(embed_of(each)) > MAX_LINES] == []


def test_a_longer_reply_is_found() -> None:
    """Thirteen lines are too many, a line that is wider than a phone counts as two, and lists may be long."""
    embed = discord.Embed(title="Title", description="\n".join(["word"] * (MAX_LINES - 1)))
    assert lines_of(embed) == MAX_LINES
    assert too_long([SentReply("toolzz status", embed)]) == {}
    embed.description = f"{embed.description} {'word ' * 10}"
    assert lines_of(embed) == MAX_LINES + 1
    assert too_long([SentReply("toolzz status", embed)]) == {"toolzz status: Title": MAX_LINES + 1}
    assert too_long([SentReply("toolzz list", embed)]) == {}


def test_no_exception_is_stale(harness: BotHarness) -> None:
    """What a pattern allows to be long is a command of the bot or begins with the name of one."""
    names = {command.qualified_name for command in walk(harness.bot)}
    tops = {name.partition(" ")[0] for name in names}
    for pattern in LISTS:
        assert any(top in pattern for top in tops), pattern


def test_markdown_counts_as_it_is_shown() -> None:
    """Links, mentions, times and code take the room of what Discord shows, not of their source."""
    plain = discord.Embed(description="See the page in the portal now")
    linked = discord.Embed(description=f"See [the page in the portal](https://x.invalid/{'x' * 200}) now")
    assert lines_of(plain) == lines_of(linked) == 1
    assert lines_of(discord.Embed(description=f"**Active** · `{'a' * 20}`")) == 1
    assert lines_of(discord.Embed(description="Checked <t:1767225600:R>")) == 1
