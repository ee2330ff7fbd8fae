"""A server that the bot joins is greeted once, where everybody may write."""

import io
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import Any

import discord
import pytest
import simcord
from simcord.enums import ChannelType

from bot.discord.guard import ServedGuilds
from bot.i18n.catalog import LOCALES
from tests.support.guild_rows import counts
from tests.support.harness import BotHarness
from tests.support.log_capture import log_lines
from tests.support.new_guild import NewGuild, posted

HOUR = 3600

HIDDEN = discord.PermissionOverwrite(view_channel=False)
VISIBLE = discord.PermissionOverwrite(view_channel=True)
SILENT = discord.PermissionOverwrite(send_messages=False)
LOUD = discord.PermissionOverwrite(send_messages=True)


@pytest.mark.parametrize("locale", LOCALES)
async def test_it_says_hello_once_with_a_link_to_setup_and_nothing_else(
    harness: BotHarness, locale: str
) -> None:
    """The greeting is one line in the server's language, where new members are welcomed, without pings."""
    newcomer = NewGuild(harness, preferred_locale=locale)
    newcomer.guild.create_text_channel("first")
    welcome = newcomer.guild.create_text_channel("welcome")
    harness.env.backend.get_guild(newcomer.guild.id).system_channel_id = welcome.id
    harness.locale = locale
    for _ in range(2):
        await newcomer.invite(harness)
    (message,) = welcome.history()
    assert message.content == harness.linked(harness.texts("guild.hello"))
    assert re.findall("<[^>]*>", message.content) == [f"</setup:{harness.bot.services.links.ids['setup']}>"]
    assert (message.embeds, message.mentions) == ([], [])
    assert not message.mention_everyone
    assert posted(newcomer.guild.channels["first"]) == []


@pytest.mark.parametrize(
    ("system", "greeted"),
    [
        (None, "open"),
        ({"bot": HIDDEN}, "open"),
        ({"bot": SILENT}, "open"),
        ({"everyone": HIDDEN, "bot": VISIBLE}, "open"),
        ({"everyone": SILENT, "bot": LOUD}, "open"),
        ({}, "system"),
    ],
)
async def test_it_speaks_only_where_it_and_everybody_may_write(
    harness: BotHarness, system: dict[str, discord.PermissionOverwrite] | None, greeted: str
) -> None:
    """It uses the system channel, else the first one, if everybody and the bot see it and may write there.

    Nobody answers in an announcement channel, or where the rules are.
    """
    newcomer = NewGuild(harness)
    guild = newcomer.guild
    bot = harness.env.backend.get_guild(guild.id)
    (role,) = (role for role in guild.roles.values() if role.id != guild.id)
    targets: dict[str, simcord.RoleHandle] = {"everyone": guild.default_role, "bot": role}
    guild.create_text_channel("staff", overwrites={guild.default_role: HIDDEN, role: VISIBLE})
    guild.create_text_channel("silent", overwrites={role: SILENT})
    guild.create_text_channel("unseen", overwrites={role: HIDDEN})
    guild.create_text_channel("read-only", overwrites={guild.default_role: SILENT, role: LOUD})
    news = guild.create_text_channel("news")
    harness.env.backend.channels[news.id].type = ChannelType.NEWS
    bot.rules_channel_id = guild.create_text_channel("rules").id
    if system is not None:
        overwrites: dict[Any, discord.PermissionOverwrite] = {
            targets[name]: overwrite for name, overwrite in system.items()
        }
        bot.system_channel_id = guild.create_text_channel("system", overwrites=overwrites).id
    guild.create_text_channel("open")
    await newcomer.invite(harness)
    assert [name for name, channel in guild.channels.items() if posted(channel)] == [greeted]


async def test_where_it_may_speak_nowhere_it_says_nothing(harness: BotHarness) -> None:
    """A server with only hidden channels is not greeted, and nothing fails."""
    newcomer = NewGuild(harness)
    guild = newcomer.guild
    channel = guild.create_text_channel("hidden", overwrites={guild.default_role: HIDDEN})
    await newcomer.invite(harness)
    assert posted(channel) == []


async def test_a_server_that_is_not_served_is_not_greeted(harness: BotHarness) -> None:
    """A server that the operator does not serve is not greeted, and nothing is stored of it."""
    newcomer = NewGuild(harness)
    channel = newcomer.guild.create_text_channel("open")
    not_served = ServedGuilds(denied=[newcomer.guild.id])
    harness.bot.services = replace(harness.bot.services, served=not_served)
    await newcomer.invite(harness)
    assert posted(channel) == []
    assert set(counts(harness.database, newcomer.guild.id).values()) == {0}


async def owed(harness: BotHarness) -> list[int]:
    """Return how often each greeting that is owed was tried."""
    with closing(sqlite3.connect(harness.database)) as database:
        return [tries for (tries,) in database.execute("SELECT tries FROM greeting")]


@pytest.mark.parametrize(("status", "code"), [(403, 50013), (500, 0), (404, 10003)])
async def test_a_greeting_that_fails_is_tried_again(harness: BotHarness, status: int, code: int) -> None:
    """After a restart as well, some minutes later; once it was sent, it is owed no more."""
    newcomer = NewGuild(harness)
    channel = newcomer.guild.create_text_channel("open")
    path = "/channels/*/messages"
    harness.env.inject_error("POST", path, status=status, code=code, times=None)
    await newcomer.invite(harness)
    assert (posted(channel), await owed(harness)) == ([], [1])
    harness.env.backend.faults.clear()
    await harness.restart()
    await harness.env.advance_time(610)
    assert len(posted(channel)) == 1
    assert await owed(harness) == []
    await harness.env.advance_time(2 * HOUR)
    assert len(posted(channel)) == 1


async def test_one_server_holds_up_no_greeting_of_others(harness: BotHarness, log: io.StringIO) -> None:
    """Whatever is wrong with one server, the next one is greeted, and the first one is tried again later."""
    harness.env.inject_error("POST", "/channels/*/messages", status=403, code=50013, times=2)
    channels, guild_ids = [], []
    for _ in range(2):
        newcomer = NewGuild(harness)
        guild_ids.append(newcomer.guild.id)
        channels.append(newcomer.guild.create_text_channel("open"))
        await newcomer.invite(harness)
    assert await owed(harness) == [1, 1]
    first = harness.bot.get_guild(guild_ids[0])
    assert first is not None
    first._members.clear()  # as of a server that discord.py knows by an interaction alone
    await harness.env.advance_time(610)
    assert [len(posted(channel)) for channel in channels] == [0, 1]
    assert await owed(harness) == [2]
    lines = log_lines(log, "greeting_failed")
    assert [line["guild"] for line in lines if "exception" in line] == [guild_ids[0]]


async def test_a_greeting_is_given_up_after_some_hours(harness: BotHarness) -> None:
    """The pauses grow; half a day later Discord was asked six times, and nobody is greeted any more."""
    newcomer = NewGuild(harness)
    channel = newcomer.guild.create_text_channel("open")
    harness.env.inject_error("POST", "/channels/*/messages", status=403, code=50013, times=None)
    await newcomer.invite(harness)
    await harness.env.advance_time(14 * HOUR)
    asked = [each for each in harness.env.http_requests if each.path.endswith(f"/{channel.id}/messages")]
    assert len(asked) == 6
    assert await owed(harness) == []


async def test_a_removal_ends_the_greeting(harness: BotHarness) -> None:
    """A server that removed the bot before it was greeted owes nothing, and is greeted when it returns."""
    newcomer = NewGuild(harness)
    newcomer.guild.create_text_channel("open")
    harness.env.inject_error("POST", "/channels/*/messages", status=403, code=50013, times=None)
    await newcomer.invite(harness)
    harness.env.backend.remove_guild(newcomer.guild.id)
    await harness.env.settle()
    assert await owed(harness) == []


async def test_servers_joined_while_it_was_away_are_greeted_if_that_was_lately(harness: BotHarness) -> None:
    """A server is greeted once within a day of joining; older and known ones are not."""
    await harness.connect("sensay")
    old = NewGuild(harness)
    old_channel = old.guild.create_text_channel("old")
    old.stay_unseen()
    await harness.env.advance_time(HOUR / 2)
    for member in harness.env.backend.get_guild(old.guild.id).members.values():
        member.joined_at = "2025-12-31T00:00:00+00:00"
    new = NewGuild(harness)
    new_channel = new.guild.create_text_channel("new")
    new.stay_unseen()
    for _ in range(2):
        await harness.restart()
    assert [len(posted(channel)) for channel in (new_channel, old_channel, harness.channel)] == [1, 0, 0]
