"""Servers of which the parts are packed are the same servers as ever."""

import random
from collections.abc import Mapping
from typing import Any

import discord
import pytest
from structlog.testing import capture_logs

from bot.discord.connection.packed_guild import PackedGuild
from tests.support.harness import BotHarness
from tests.support.odd_events import events_about, made_odd


def packed(harness: BotHarness) -> PackedGuild:
    """Return the test's server, with its parts packed."""
    guild = harness.bot.get_guild(harness.guild.id)
    assert isinstance(guild, PackedGuild)
    guild.pack_unless_used()  # it was used until now
    guild.pack_unless_used()
    assert guild.is_packed
    return guild


def parts(guild: discord.Guild) -> Mapping[str, Any]:
    """Return what is known of a server's roles, channels and threads."""
    return {
        "roles": {each.id: (each.name, each.permissions.value, each.position) for each in guild.roles},
        "channels": {
            each.id: (each.name, each.position, {of.id: rule.pair() for of, rule in each.overwrites.items()})
            for each in guild.channels
        },
        "threads": {each.id: (each.name, each.parent_id, each.archived) for each in guild.threads},
    }


def ids(guild: PackedGuild) -> list[set[int]]:
    """Return the ids of a server's roles, channels and threads, which may be odd ones."""
    return [set(guild._roles), set(guild._channels), set(guild._threads)]


async def test_what_nobody_asks_for_is_packed_and_made_again(harness: BotHarness) -> None:
    """A server begins packed. Who asks finds each role and channel, and it stays until it is not used."""
    fresh = harness.other_guild()
    await harness.env.settle()
    guild = harness.bot.get_guild(fresh.guild.id)
    assert isinstance(guild, PackedGuild)
    guild = packed(harness)
    channel = guild.get_channel(harness.channel.id)
    assert isinstance(channel, discord.TextChannel)
    assert channel.guild is guild
    assert not guild.is_packed
    assert channel.permissions_for(guild.me) == channel.permissions_for(guild.me)
    assert guild.default_role in guild.roles
    before = parts(guild)
    guild.pack_unless_used()
    assert not guild.is_packed, "it was used a moment ago"
    guild.pack_unless_used()
    assert guild.is_packed
    assert parts(guild) == before


async def test_what_changes_while_it_is_packed_is_known(harness: BotHarness) -> None:
    """Roles, channels, permissions and the server's own name; new, changed and deleted ones."""
    parsers, about = harness.bot._connection.parsers, of_server(harness)
    thread, channel = about["THREAD_CREATE"], {**about["CHANNEL_CREATE"], "id": "78"}
    for name, data in (
        ("THREAD_CREATE", thread),
        ("THREAD_UPDATE", {**thread, "name": "renamed"}),
        ("GUILD_ROLE_CREATE", {**about["GUILD_ROLE_CREATE"], "role": {**role_of(about), "id": "77"}}),
        ("GUILD_ROLE_UPDATE", {**about["GUILD_ROLE_CREATE"], "role": {**role_of(about), "name": "Mods"}}),
        ("CHANNEL_CREATE", channel),
        ("CHANNEL_UPDATE", {**channel, "name": "second", "permission_overwrites": [
            {"id": role_of(about)["id"], "type": 0, "allow": "0", "deny": "1024"}]}),
        ("GUILD_UPDATE", without_channels(about, name="Renamed")),
        ("THREAD_LIST_SYNC", {**about["THREAD_LIST_SYNC"], "threads": [{**thread, "id": "79"}]}),
        ("GUILD_ROLE_DELETE", {"guild_id": str(harness.guild.id), "role_id": "77"}),
        ("CHANNEL_DELETE", channel),
        ("THREAD_DELETE", {**thread, "id": "79"}),
    ):  # fmt: skip
        guild = packed(harness)
        parsers[name](data)
        changed = parts(guild)
        assert parts(packed(harness)) == changed, name
    assert packed(harness).name == "Renamed"


async def test_any_row_of_events_leaves_the_same_server(harness: BotHarness) -> None:
    """Whenever it is packed in between, whether the events are whole or odd; what is odd stops nothing."""
    parsers, about = harness.bot._connection.parsers, of_server(harness)
    draw = random.Random(20261130)  # noqa: S311 - the same events each time
    names = [
        each for each in about if each.startswith(("CHANNEL_", "THREAD_", "GUILD_ROLE_", "GUILD_UPDATE"))
    ]
    for _ in range(300):
        name = draw.choice(names)
        parsers[name](made_odd(about[name], draw) if draw.random() < 0.5 else about[name])
        guild = harness.bot.get_guild(harness.guild.id)
        assert isinstance(guild, PackedGuild)
        known = ids(guild)
        for _ in range(draw.randrange(3)):
            guild.pack_unless_used()
        assert ids(guild) == known
        if guild.unavailable:  # the event was odd, and the server is read again
            parsers["GUILD_CREATE"]({**about["GUILD_CREATE"], "unavailable": False})
    await harness.env.settle()
    assert not harness.bot.is_closed()


@pytest.mark.parametrize("part", ["type", "id"])
async def test_a_part_that_could_not_be_made_again_stays(harness: BotHarness, part: str) -> None:
    """discord.py takes a changed channel without a type, and could not make one of it: it is not packed."""
    guild, about = packed(harness), of_server(harness)["CHANNEL_CREATE"]
    before = parts(guild)
    with capture_logs() as logs:
        guild.note("CHANNEL_UPDATE", {key: value for key, value in about.items() if key != part})
        for _ in range(3):
            guild.pack_unless_used()
        assert parts(guild) == before
    assert [each["event"] for each in logs] == ["guild_not_packed"]
    assert not guild.is_packed
    harness.bot._connection.parsers["GUILD_CREATE"](
        {**of_server(harness)["GUILD_CREATE"], "unavailable": False}
    )
    assert parts(packed(harness)).keys() == before.keys()


def of_server(harness: BotHarness) -> dict[str, dict[str, Any]]:
    """Return an event of each kind about the test's server."""
    return events_about(harness.env.backend, harness.guild.id, harness.manager.id)


def role_of(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return a role of the server."""
    role: dict[str, Any] = about["GUILD_ROLE_CREATE"]["role"]
    return role


def without_channels(about: Mapping[str, Any], **changed: str) -> dict[str, Any]:
    """Return a server as Discord sends a change of it."""
    kept = {key: value for key, value in about["GUILD_UPDATE"].items() if key not in {"channels", "threads"}}
    return {**kept, **changed}
