"""The gateway's events after which an agent's bot may be able to do something else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import discord
import pytest
import simcord
from simcord.backend import serializers
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType

from bot.features.monitoring.access import Access, AccessKind, AccessSubject
from tests.support.harness import BotHarness

USABLE: Final = Access(AccessKind.USABLE)
ABSENT: Final = Access(AccessKind.ABSENT)
SEND: Final = discord.Permissions(send_messages=True).value


class Signals:
    """An agent's bot in the server, what was told of it, and what Discord was asked about it."""

    def __init__(self, harness: BotHarness) -> None:
        """Add the bot, which has not been read yet."""
        self.harness = harness
        self.bot = harness.guild.add_member(harness.env.create_user("loja-bot", bot=True))
        self.told: list[int] = []
        harness.bot.services.guild_access.on_change(self.told.append)

    async def read(self, *channels: int, must_read: bool = False) -> Access:
        """Read what the bot can do, as a check does; simcord has to know that the bot is doing it."""
        subject = AccessSubject("agent", self.bot.id, tuple(map(str, channels)), must_read=must_read)
        with self.harness.env._bot_scope():
            found = await self.harness.bot.services.guild_access.read(self.harness.guild.id, [subject])
        return found["agent"]

    async def after(self, change: Callable[[], object]) -> list[int]:
        """Return what is told after a change."""
        self.told.clear()
        change()
        await self.harness.env.settle()
        return list(self.told)

    def emit(self, event: str, **payload: object) -> None:
        """Let the gateway send an event of the server."""
        self.harness.env.backend.emit(event, {"guild_id": str(self.harness.guild.id), **payload})

    @property
    def asked(self) -> int:
        """How often Discord was asked about a member."""
        return sum("/members/" in entry.path for entry in self.harness.env.http_requests)


@pytest.fixture
async def signals(harness: BotHarness) -> Signals:
    """A bot that is known to be able to answer."""
    signals = Signals(harness)
    assert await signals.read() == USABLE
    return signals


def own_role(bot: simcord.MemberActor) -> dict[str, Any]:
    """Return the role that Discord makes for a bot that joins."""
    role = {"id": str(bot.id + 1), "name": "loja-bot", "permissions": "0", "position": 1, "color": 0}
    colors = {"primary_color": 0, "secondary_color": None, "tertiary_color": None}
    more = {"hoist": False, "managed": True, "mentionable": False, "colors": colors}
    return role | more | {"tags": {"bot_id": str(bot.id)}}


async def test_a_bots_own_role_tells_that_it_left(signals: Signals) -> None:
    """The role that a bot brings goes with it: then Discord is asked, although the last answer is new."""
    role = own_role(signals.bot)
    assert await signals.after(lambda: signals.emit("GUILD_ROLE_CREATE", role=role)) == [
        signals.harness.guild.id
    ]
    assert await signals.read() == USABLE
    signals.harness.guild.remove_member(signals.bot)
    assert await signals.after(lambda: signals.emit("GUILD_ROLE_DELETE", role_id=role["id"])) != []
    assert await signals.read() == ABSENT
    assert signals.asked == 3


async def test_an_integration_tells_that_a_bot_left(signals: Signals) -> None:
    """A bot that was invited without permissions has no role; its integration goes with it."""
    signals.harness.guild.remove_member(signals.bot)
    deleted = {"id": "1", "application_id": str(signals.bot.id)}
    assert await signals.after(lambda: signals.emit("INTEGRATION_DELETE", **deleted)) != []
    assert await signals.read() == ABSENT
    other = {"id": "1", "application_id": str(signals.bot.id + 1)}
    assert await signals.after(lambda: signals.emit("INTEGRATION_DELETE", **other)) == []


@pytest.mark.parametrize("event", ["INTEGRATION_CREATE", "INTEGRATION_UPDATE"])
async def test_an_integration_tells_that_a_bot_came(signals: Signals, event: str) -> None:
    """A bot that is invited again is asked about at once."""
    signals.harness.guild.remove_member(signals.bot)
    await signals.after(
        lambda: signals.emit("INTEGRATION_DELETE", id="1", application_id=str(signals.bot.id))
    )
    assert await signals.read() == ABSENT
    signals.harness.env.backend.add_member(signals.harness.guild.id, signals.bot.id)
    user = {"id": str(signals.bot.id), "username": "loja-bot", "discriminator": "0", "avatar": None}
    application = {"id": str(signals.bot.id), "name": "loja", "icon": None, "description": "", "summary": ""}
    about = {
        "id": "1",
        "name": "loja",
        "type": "discord",
        "enabled": True,
        "account": {"id": "1", "name": "loja"},
    }
    assert (
        await signals.after(lambda: signals.emit(event, **about, application={**application, "bot": user}))
        != []
    )
    assert await signals.read() == USABLE


async def test_channels_and_their_permissions_are_followed(signals: Signals) -> None:
    """Permissions, new channels and deleted ones are told; a new topic is not."""
    guild, backend = signals.harness.guild, signals.harness.env.backend
    channel = signals.harness.channel
    deny = Overwrite(guild.id, OverwriteType.ROLE, 0, SEND)
    assert await signals.after(lambda: backend.edit_channel(channel.id, {"topic": "Tides"})) == []
    assert await signals.after(lambda: backend.set_overwrite(channel.id, deny)) == [guild.id]
    assert await signals.read() == Access(AccessKind.NO_CHANNEL)
    assert await signals.after(lambda: guild.create_text_channel("quay")) == [guild.id]
    assert await signals.read() == USABLE
    assert await signals.after(lambda: backend.delete_channel(guild.channels["quay"].id)) == [guild.id]
    assert await signals.read() == Access(AccessKind.NO_CHANNEL)
    assert signals.asked == 1  # all that was in our own cache


async def test_roles_and_the_owner_are_followed(signals: Signals) -> None:
    """What roles allow, and who owns the server, changes what bots can do; a role's name does not."""
    guild, backend = signals.harness.guild, signals.harness.env.backend
    everybody = guild.default_role.id
    role = guild.create_role("Crew")
    await signals.harness.env.settle()
    assert await signals.after(lambda: backend.edit_role(guild.id, role.id, {"name": "Staff"})) == []
    assert await signals.after(lambda: backend.edit_role(guild.id, everybody, {"permissions": 0})) == [
        guild.id
    ]
    assert await signals.read() == Access(AccessKind.NO_CHANNEL)
    assert await signals.after(lambda: backend.edit_guild(guild.id, {"owner_id": signals.bot.id})) == [
        guild.id
    ]
    assert await signals.read() == USABLE


async def test_a_lost_role_is_no_reason_to_guess(signals: Signals) -> None:
    """If a role of the bot is deleted, Discord is asked which ones it still has."""
    guild, backend = signals.harness.guild, signals.harness.env.backend
    backend.edit_role(guild.id, guild.default_role.id, {"permissions": 0})
    role = guild.create_role("Agents", permissions=discord.Permissions(administrator=True))
    backend.add_member_role(guild.id, signals.bot.id, role.id)
    await signals.harness.env.settle()
    assert await signals.read(must_read=True) == USABLE
    assert await signals.after(lambda: backend.delete_role(guild.id, role.id)) == [guild.id]
    assert await signals.read() == Access(AccessKind.NO_CHANNEL)


async def test_a_listed_thread_is_followed(signals: Signals) -> None:
    """An archived thread is asked for once, a locked one is closed to the bot, and a thread's end is told."""
    guild, backend = signals.harness.guild, signals.harness.env.backend
    thread = backend.create_thread(signals.harness.channel.id, "desk", signals.harness.manager.id)
    await signals.harness.env.settle()
    assert await signals.read(thread.id) == Access(AccessKind.USABLE, 1, 1)

    def edit(**changes: bool) -> Callable[[], object]:
        return lambda: backend.edit_channel(thread.id, {}, thread_metadata=changes)

    assert await signals.after(edit(archived=True)) == [guild.id]
    assert await signals.read(thread.id) == Access(AccessKind.USABLE, 1, 1)
    assert await signals.read(thread.id) == Access(AccessKind.USABLE, 1, 1)
    lookups = [entry for entry in signals.harness.env.http_requests if entry.path == f"/channels/{thread.id}"]
    assert len(lookups) == 1
    assert await signals.after(edit(locked=True)) == [guild.id]
    assert await signals.read(thread.id) == Access(AccessKind.NO_CHANNEL, 0, 1)
    assert await signals.after(edit(archived=False, locked=False)) == [guild.id]
    assert await signals.read(thread.id) == Access(AccessKind.USABLE, 1, 1)
    assert await signals.after(lambda: backend.delete_channel(thread.id)) == [guild.id]
    assert await signals.read(thread.id) == Access(AccessKind.NO_CHANNEL, 0, 1)


async def test_an_outage_and_its_end(signals: Signals) -> None:
    """During an outage nothing is known; its end is told."""
    guild, backend = signals.harness.guild, signals.harness.env.backend
    gone = {"id": str(guild.id), "unavailable": True}
    await signals.after(lambda: backend.emit("GUILD_DELETE", gone))
    assert (await signals.read()).kind is AccessKind.UNKNOWN
    back = {**serializers.guild_create_payload(backend, backend.get_guild(guild.id)), "unavailable": False}
    assert await signals.after(lambda: backend.emit("GUILD_CREATE", back)) == [guild.id]
    assert await signals.read() == USABLE


async def test_a_server_that_was_left_is_forgotten(signals: Signals) -> None:
    """Events of a server that the bot is no longer in, or that nobody asked about, are nobody's business."""
    elsewhere = signals.harness.other_guild()
    assert await signals.after(lambda: elsewhere.guild.create_text_channel("pier")) == []
    backend = signals.harness.env.backend
    assert await signals.after(lambda: backend.remove_guild(signals.harness.guild.id)) == []
    assert (await signals.read()).kind is AccessKind.UNKNOWN


async def test_a_kick_without_a_sign_is_found_later(signals: Signals) -> None:
    """A bot without a role of its own that is kicked is found when the answer about it is renewed."""
    signals.harness.guild.remove_member(signals.bot)
    assert await signals.read() == USABLE
    await signals.harness.env.advance_time(17 * 60)
    assert await signals.read() == USABLE
    await signals.harness.env.settle()
    assert signals.told == [signals.harness.guild.id]
    assert await signals.read() == ABSENT


async def test_a_timeout_ends_by_itself(signals: Signals) -> None:
    """A moderator's timeout is found when Discord is asked; its end is told to the second."""
    harness = signals.harness
    until = harness.env.now() + timedelta(hours=1)
    member = harness.env.backend.get_member(harness.guild.id, signals.bot.id)
    member.timed_out_until = until.isoformat()
    found = await signals.read(must_read=True)
    assert found == Access(AccessKind.TIMED_OUT, until=int(until.timestamp()))
    signals.told.clear()
    await harness.env.advance_time(3590)
    assert signals.told == []
    await harness.env.advance_time(15)
    assert signals.told == [harness.guild.id]
    assert await signals.read() == USABLE
