"""The gateway's events after which Discord is asked again to take what it has refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final
from unittest import mock

import discord
import pytest
from simcord.backend import serializers
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType

from cogs.alerts.delivery_signals import DeliverySignals
from tests.support.alert_steps import DOWN, connect_toolzz, embed_messages, record_checks, run_alerts
from tests.support.harness import BotHarness, shown

SEND: Final = discord.Permissions(send_messages=True).value
SOON: Final = 70
"""Seconds after which a channel that refused an alert just now is asked again, at the latest."""


class Tries:
    """When a server's outbox was told to try again, in seconds since the beginning."""

    def __init__(self, harness: BotHarness) -> None:
        self.harness = harness
        self._began_at = harness.env.now().timestamp()
        self.times: list[int] = []

    async def retry(self, guild_id: int) -> None:
        """Take note of a try."""
        assert guild_id == self.harness.guild.id
        self.times.append(round(self.harness.env.now().timestamp() - self._began_at))

    async def after(self, change: Callable[[], object], seconds: float = SOON) -> int:
        """Return how many tries follow from a change."""
        before = len(self.times)
        change()
        await self.harness.env.settle()
        await self.harness.env.advance_time(seconds)
        return len(self.times) - before


@pytest.fixture
async def tries(harness: BotHarness) -> Tries:
    """A server whose outbox only notes that it has to try again."""
    found = Tries(harness)
    cog = harness.bot.get_cog("DeliverySignals")
    assert isinstance(cog, DeliverySignals)
    mock.patch.object(cog, "_retry", found.retry).start()
    return found


def bot_overwrite(harness: BotHarness, *, allow: int = 0, deny: int = 0) -> Overwrite:
    """Return what a channel allows and denies the bot."""
    assert harness.bot.user is not None
    return Overwrite(harness.bot.user.id, OverwriteType.MEMBER, allow, deny)


async def test_a_rule_works_again_once_the_permission_is_back(harness: BotHarness) -> None:
    """No command is needed: what was kept is posted soon after somebody gives the permission back."""
    await connect_toolzz(harness)
    await run_alerts(harness, "set", channel=harness.channel)
    backend, channel = harness.env.backend, harness.channel
    backend.set_overwrite(channel.id, bot_overwrite(harness, deny=SEND))
    await harness.env.settle()
    await record_checks(harness, DOWN)
    (route,) = await harness.bot.services.alerts.routes(harness.guild.id)
    assert route.suspended == "forbidden"
    assert embed_messages(channel) == []
    listed = shown(await run_alerts(harness, "list"))
    assert harness.texts("alerts.undelivered.fix.lacking", permissions="Send Messages") in listed
    backend.set_overwrite(channel.id, bot_overwrite(harness, allow=SEND))
    await harness.env.settle()
    await harness.env.advance_time(SOON)
    assert len(embed_messages(channel)) == 1
    (route,) = await harness.bot.services.alerts.routes(harness.guild.id)
    assert not route.suspended


async def test_only_what_can_help_is_a_reason_to_try(tries: Tries) -> None:
    """Permissions of channels and roles, and threads count; names do not."""
    harness = tries.harness
    guild, backend, channel = harness.guild, harness.env.backend, harness.channel
    role = guild.create_role("Crew")
    thread = backend.create_thread(channel.id, "desk", harness.manager.id)
    await harness.env.settle()
    await harness.env.advance_time(SOON)
    deny = bot_overwrite(harness, deny=SEND)
    for change, expected in (
        (lambda: backend.edit_channel(channel.id, {"topic": "Tides"}), 0),
        (lambda: backend.edit_role(guild.id, role.id, {"name": "Staff"}), 0),
        (lambda: backend.set_overwrite(channel.id, deny), 1),
        (lambda: backend.edit_role(guild.id, role.id, {"permissions": str(SEND)}), 1),
        (lambda: backend.edit_channel(thread.id, {}, thread_metadata={"archived": True}), 1),
        (lambda: backend.delete_role(guild.id, role.id), 1),
    ):
        assert await tries.after(change) == expected


async def test_what_happens_to_the_bot_itself_is_a_reason_to_try(tries: Tries) -> None:
    """Its roles and its timeout count, its nickname does not. Discord tells a bot of these in any case."""
    harness = tries.harness
    guild, backend = harness.guild, harness.env.backend
    role = guild.create_role("Crew")
    bot = harness.bot.user
    assert bot is not None
    await harness.env.settle()
    state = harness.bot._connection

    def update(**changes: object) -> Callable[[], object]:
        member = dict(
            serializers.member_payload(
                backend, backend.get_guild(guild.id), backend.get_member(guild.id, bot.id)
            )
        )
        data: Any = {"guild_id": str(guild.id), **member, **changes}

        def receive() -> None:
            # simcord does not send what Discord does, and has to know that the bot is doing it.
            with harness.env._bot_scope():
                state.parse_guild_member_update(data)

        return receive

    assert await tries.after(update(nick="Watch")) == 0
    assert await tries.after(update(roles=[str(role.id)])) == 1
    assert await tries.after(update(roles=[str(role.id)])) == 0
    until = harness.env.now() + timedelta(hours=1)
    timed_out = update(roles=[str(role.id)], communication_disabled_until=until.isoformat())
    assert await tries.after(timed_out) == 1


async def test_changes_without_an_end_do_not_lead_to_tries_without_an_end(tries: Tries) -> None:
    """Somebody who edits a role every few seconds causes one try a minute, and the last edit counts."""
    harness = tries.harness
    role = harness.guild.create_role("Crew")
    for number in range(40):
        permissions = {"permissions": str(SEND if number % 2 else 0)}
        harness.env.backend.edit_role(harness.guild.id, role.id, permissions)
        await harness.env.settle()
        await harness.env.advance_time(5)
    await harness.env.advance_time(SOON)
    pauses = [later - sooner for sooner, later in zip(tries.times, tries.times[1:], strict=False)]
    assert 3 <= len(tries.times) <= 5
    assert min(pauses) >= 60
    assert tries.times[-1] >= 200


async def test_a_server_that_was_left_is_forgotten(tries: Tries) -> None:
    """Nothing is kept about a server once the bot is gone."""
    harness = tries.harness
    await tries.after(
        lambda: harness.env.backend.set_overwrite(harness.channel.id, bot_overwrite(harness, deny=SEND))
    )
    cog = harness.bot.get_cog("DeliverySignals")
    assert isinstance(cog, DeliverySignals)
    assert list(cog._tried_at) == [harness.guild.id]
    harness.env.backend.remove_guild(harness.guild.id)
    await harness.env.settle()
    assert cog._tried_at == {}
