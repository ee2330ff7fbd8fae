"""The ways in which members choose a channel for the bot's messages, and the channels that they choose."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import discord
import simcord
from simcord.backend import serializers
from simcord.enums import ChannelType

from bot.features.access.tier import Tier
from bot.features.alerts.service import RouteSettings
from tests.support.command_payloads import run, walk
from tests.support.harness import BotHarness, final
from tests.support.sensay_steps import component_of

CHANNEL: Final = 7
ROLE: Final = 8
CHANNEL_MENU: Final = 8

Choose = Callable[[BotHarness, simcord.ChannelHandle], Awaitable[simcord.InteractionResult]]
"""Has the manager choose a channel."""


async def choose_for_alerts(
    harness: BotHarness, channel: simcord.ChannelHandle, role: simcord.RoleHandle | None = None
) -> simcord.InteractionResult:
    """Run `/alerts set`."""
    return await _run(harness, "alerts set", channel, role)


async def choose_for_board(harness: BotHarness, channel: simcord.ChannelHandle) -> simcord.InteractionResult:
    """Run `/integrations board`."""
    return await _run(harness, "integrations board", channel)


async def choose_for_mirror(harness: BotHarness, channel: simcord.ChannelHandle) -> simcord.InteractionResult:
    """Run `/audit mirror`."""
    return await _run(harness, "audit mirror", channel)


async def choose_for_test(harness: BotHarness, channel: simcord.ChannelHandle) -> simcord.InteractionResult:
    """Run `/alerts test` for a rule that somebody else has set."""
    alerts, guild_id = harness.bot.services.alerts, harness.guild.id
    number = len(await alerts.routes(guild_id))
    await alerts.set_route(guild_id, channel.id, RouteSettings(), member_id=harness.member.id, number=number)
    return await harness.manager.slash(harness.channel, "alerts test")


async def choose_in_setup(harness: BotHarness, channel: simcord.ChannelHandle) -> simcord.InteractionResult:
    """Pick the channel in the menu of `/setup`."""
    if not await harness.bot.services.connections.names(harness.guild.id):
        await harness.connect("sensay")
    steps = await harness.manager.slash(harness.channel, "setup")
    await harness.manager.click(final(steps).message, label="Sensay")
    custom_id = component_of(steps, "setup:alerts:")["custom_id"]
    data = {
        "custom_id": custom_id,
        "component_type": CHANNEL_MENU,
        "values": [str(channel.id)],
        "resolved": _resolved(harness, channel),
    }
    return await harness.interact(
        discord.InteractionType.component, harness.manager, data, message=final(steps)
    )


WAYS: Final[Mapping[str, Choose]] = {
    "alerts": choose_for_alerts,
    "setup": choose_in_setup,
    "board": choose_for_board,
    "mirror": choose_for_mirror,
    "test": choose_for_test,
}
"""All of them, by name."""


async def chosen(harness: BotHarness, way: str) -> int | None:
    """Return the id of the channel that was chosen."""
    services, guild_id = harness.bot.services, harness.guild.id
    match way:
        case "test":
            # The rule is there already; what counts is where the test was posted.
            entries, _ = await services.audit.export(guild_id)
            if (entries[-1].action, entries[-1].result) != ("alerts.test", "done"):
                return None
        case "board":
            board = await services.outbox._store.board(guild_id)
            return None if board is None else board.channel_id
        case "mirror":
            return await services.guilds.audit_channel(guild_id)
    return next((route.channel_id for route in await services.alerts.routes(guild_id)), None)


async def grant_only(harness: BotHarness) -> None:
    """Make the manager one by a grant, without any permission in the server."""
    await harness.bot.services.access.grant(
        harness.guild.id, "member", harness.manager.id, Tier.MANAGER, member_id=harness.manager.id
    )
    # Without Manage Server, Discord shows such a member the commands that an admin allows to the member.
    for command in ("alerts", "setup", "integrations", "audit", "connections"):
        command_id = harness.bot.services.links.ids[command]
        harness.guild.set_command_permissions(command_id, {harness.manager: True})
    harness.bot.services.guard.change_overrides(harness.guild.id, {})
    member = harness.env.backend.get_guild(harness.guild.id).members[harness.manager.id]
    member.role_ids.clear()


def closed_channel(harness: BotHarness, *, to_bot: bool = False, **denied: bool) -> simcord.ChannelHandle:
    """Create a channel in which members lack permissions, such as ``send_messages=False``.

    to_bot: whether the bot lacks them, and the manager has them, instead of the other way round.
    """
    allowed = dict.fromkeys(denied, True)
    overwrites: Any = {
        harness.guild.default_role: discord.PermissionOverwrite(**denied),
        (harness.manager if to_bot else harness.bot.user): discord.PermissionOverwrite(**allowed),
    }
    return harness.guild.create_text_channel("announcements", overwrites=overwrites)


def open_thread(
    harness: BotHarness,
    parent: simcord.ChannelHandle,
    *,
    kind: ChannelType = ChannelType.PUBLIC_THREAD,
    owner_id: int = 0,
    **metadata: bool,
) -> simcord.ChannelHandle:
    """Create a thread or a forum's post. metadata: ``archived`` and ``locked``."""
    backend = harness.env.backend
    thread = backend.create_thread(parent.id, "night shift", owner_id or harness.manager.id, type=kind)
    if metadata:
        backend.edit_channel(thread.id, {}, thread_metadata=metadata)
    return simcord.ChannelHandle(harness.env, harness.guild, thread)


def managers_channel(harness: BotHarness, name: str = "office", **bots: bool) -> simcord.ChannelHandle:
    """Create a channel that only administrators and the bot see. bots: what the bot lacks or has there."""
    overwrites: Any = {
        harness.guild.default_role: discord.PermissionOverwrite(view_channel=False),
        harness.bot.user: discord.PermissionOverwrite(**{"view_channel": True, **bots}),
    }
    return harness.guild.create_text_channel(name, overwrites=overwrites)


async def _run(
    harness: BotHarness,
    name: str,
    channel: simcord.ChannelHandle,
    role: simcord.RoleHandle | None = None,
) -> simcord.InteractionResult:
    """Run a command with a channel that the simulated Discord would not offer to the manager."""
    (command,) = [each for each in walk(harness.bot) if each.qualified_name == name]
    options = [{"name": "channel", "type": CHANNEL, "value": str(channel.id)}]
    resolved = _resolved(harness, channel)
    if role is not None:
        options.append({"name": "role", "type": ROLE, "value": str(role.id)})
        resolved["roles"] = {str(role.id): dict(serializers.role_payload(role._role))}
    data = run(harness.bot, command, options, resolved)
    return await harness.interact(discord.InteractionType.application_command, harness.manager, data)


def _resolved(harness: BotHarness, channel: simcord.ChannelHandle) -> dict[str, Any]:
    backend = harness.env.backend
    permissions = backend.compute_permissions(harness.guild.id, harness.manager.id, channel.id)
    payload = {**serializers.channel_payload(backend, channel._channel), "permissions": str(permissions)}
    return {"channels": {str(channel.id): payload}}
