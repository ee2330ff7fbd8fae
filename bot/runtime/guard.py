"""Decides who may do what: one guard for commands, suggestions, buttons, menus and forms."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import discord
from cachetools import TTLCache
from discord import app_commands
from discord.ext import commands

from bot.errors import CooldownError, NotAllowedError, NotInServerError, NotServedError
from bot.kit.tier import Tier
from bot.runtime.overrides import roles_of
from bot.ui.components import guild_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from bot.runtime.overrides import Overrides
    from bot.services.access import AccessService
    from bot.ui.components import Interaction

TopCommand = app_commands.Command[Any, ..., Any] | app_commands.Group
TargetT = TypeVar("TargetT")

MEMBER_PACE: Final = (60, 60.0)
"""How many commands, presses and forms of one member are taken in how many seconds."""
GUILD_PACE: Final = (300, 60.0)
"""The same for all members of a server together, of what is not for everybody."""
_PERMISSIONS: Final[Mapping[Tier, Mapping[str, bool]]] = {
    Tier.MANAGER: {"manage_guild": True},
    Tier.VIEWER: {"moderate_members": True},
}
_TIER: Final = "tier"
_PACE: Final = "pace"
_KEPT_PACES: Final = 100_000
_Kind = discord.InteractionType


def needs(tier: Tier) -> Callable[[TargetT], TargetT]:
    """Declare what a top-level command asks of members, and with it all that it opens.

    Put over a group cog or over an ``app_commands.command``. Discord shows the command to those who have the
    tier's permission; the guard reads the tier itself.
    """

    def declare(target: TargetT) -> TargetT:
        command: Any = app_commands.guild_only(target)
        if tier in _PERMISSIONS:
            command = app_commands.default_permissions(**_PERMISSIONS[tier])(command)
        if isinstance(command, commands.CogMeta):
            command.__cog_group_extras__ = {**command.__cog_group_extras__, _TIER: tier}
        else:
            command.extras[_TIER] = tier
        declared: TargetT = command
        return declared

    return declare


def paced(times: int, seconds: float) -> Callable[[TargetT], TargetT]:
    """Declare how often a member may run a command in a server, for one that costs a provider something.

    Put over the ``app_commands.command``.
    """

    def declare(target: TargetT) -> TargetT:
        command: Any = target
        command.extras[_PACE] = (times, seconds)
        return target

    return declare


def needed_tier(command: TopCommand) -> Tier:
    """Return what ``needs`` declared. Raises KeyError where nothing was."""
    tier: Tier = command.extras[_TIER]
    return tier


@dataclass(frozen=True, slots=True)
class Served:
    """Which guilds the operator serves. allowed: only these, all where it is empty. denied: not these."""

    allowed: Collection[int] = ()
    denied: Collection[int] = ()

    def __contains__(self, guild_id: int) -> bool:
        return guild_id not in self.denied and (not self.allowed or guild_id in self.allowed)


class Guard:
    """Asked for every interaction, with the top-level command that it belongs to."""

    def __init__(self, access: AccessService, overrides: Overrides, served: Served) -> None:
        self._access = access
        self._overrides = overrides
        self._served = served
        self._members = _Paces(*MEMBER_PACE)
        self._guilds = _Paces(*GUILD_PACE)
        self._commands: dict[str, _Paces] = {}
        """By qualified name, for those with a pace of their own."""

    async def check(self, interaction: Interaction, command: TopCommand, command_id: int | None) -> None:
        """Raise RequestError unless the member may do here, now, what the command is for.

        command_id: Discord's, None where Discord does not know the command.
        """
        guild_id = guild_of(interaction)
        if guild_id not in self._served:
            raise NotServedError
        if interaction.client.get_guild(guild_id) is None:
            raise NotInServerError
        if interaction.type is not _Kind.autocomplete:
            self._members.count((guild_id, interaction.user.id), interaction.created_at.timestamp())
        if not await self.lets(interaction, command, command_id):
            needed = needed_tier(command)
            # Who has the tier and is refused was shut out in Server Settings: no grant helps.
            enough = await self.tier(interaction) >= needed
            raise NotAllowedError((Tier.NONE if enough else needed).name.lower())
        # Only now: whom the command is not for must not use up what those have for whom it is.
        if interaction.type is _Kind.autocomplete:
            return
        if needed_tier(command) is not Tier.NONE:
            self._guilds.count(guild_id, interaction.created_at.timestamp())
        if _was_run(interaction, command):
            self._count_run(interaction)

    def _count_run(self, interaction: Interaction) -> None:
        """Raise CooldownError if the member runs a command more often than ``paced`` declared."""
        run = interaction.command
        if run is None or _PACE not in run.extras:
            return
        paces = self._commands.setdefault(run.qualified_name, _Paces(*run.extras[_PACE]))
        paces.count((interaction.guild_id, interaction.user.id), interaction.created_at.timestamp())

    async def lets(self, interaction: Interaction, command: TopCommand, command_id: int | None) -> bool:
        """Tell whether the member may use the command here.

        What the server's admins set for it in Server Settings goes before the tier. Discord has held it
        against a command that was run, but against no button and no form; and whom they let in without the
        tier is let in here too. Administrators pass in any case, as with Discord.
        """
        if interaction.permissions.administrator:
            return True
        enough = await self.tier(interaction) >= needed_tier(command)
        if enough and _was_run(interaction, command):
            return True
        return await self._overridden(interaction, command_id, otherwise=enough)

    async def shows(self, interaction: Interaction, command: TopCommand, command_id: int | None) -> bool:
        """Tell whether Discord shows the command to the member here: it knows nothing of granted tiers."""
        if interaction.permissions.administrator:
            return True
        # A manager who may not moderate members is not shown what is for those who may.
        asked = discord.Permissions(**_PERMISSIONS.get(needed_tier(command), {}))
        permitted = interaction.permissions.is_superset(asked)
        return await self._overridden(interaction, command_id, otherwise=permitted)

    async def _overridden(self, interaction: Interaction, command_id: int | None, *, otherwise: bool) -> bool:
        """Return what was set for the member in Server Settings, else how it is without."""
        said = None if command_id is None else await self._overrides.say(interaction, command_id)
        return otherwise if said is None else said

    async def tier(self, interaction: Interaction) -> Tier:
        """Return the highest tier that the member has here, by permission or granted."""
        permitted = permitted_tier(interaction)
        if permitted is Tier.MANAGER:
            return permitted
        granted = self._access.tier_of(guild_of(interaction), interaction.user.id, roles_of(interaction))
        return max(permitted, await granted)


def permitted_tier(interaction: Interaction) -> Tier:
    """Return the tier that goes with the member's permissions."""
    permissions = interaction.permissions
    if permissions.manage_guild or permissions.administrator:
        return Tier.MANAGER
    return Tier.VIEWER if permissions.moderate_members else Tier.NONE


def _was_run(interaction: Interaction, command: TopCommand) -> bool:
    """Tell whether the interaction is the command itself or asks for suggestions, not what it has opened."""
    if interaction.type not in {_Kind.application_command, _Kind.autocomplete}:
        return False
    run = interaction.command
    return isinstance(run, app_commands.Command) and (run.root_parent or run) == command


class _Paces:
    """Counts uses, each key for itself, and stops those that come too fast."""

    def __init__(self, rate: int, seconds: float) -> None:
        self._rate = rate
        self._seconds = seconds
        self._kept: TTLCache[object, app_commands.Cooldown] = TTLCache(_KEPT_PACES, seconds)

    def count(self, key: object, now: float) -> None:
        """Count one use at a time in seconds since 1970. Raises CooldownError."""
        # Put anew each time: what is in use must not fall out of the cache.
        pace = self._kept.pop(key, None) or app_commands.Cooldown(self._rate, self._seconds)
        self._kept[key] = pace
        wait = pace.update_rate_limit(now)
        if wait is not None:
            raise CooldownError(until=math.ceil(now + wait))
