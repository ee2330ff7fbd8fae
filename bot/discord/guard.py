"""Decides who may do what: one guard for commands, suggestions, buttons, menus and forms."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice
from typing import Any, Final, TypeVar

import discord
from cachetools import TTLCache
from discord import app_commands
from discord.ext import commands

from bot.discord.overrides import AnyInteraction, Override, Overrides, guild_of, roles_of
from bot.errors import CooldownError, DiscordSilentError, NotAllowedError, NotInServerError, NotServedError
from bot.features.access.service import AccessService
from bot.features.access.tier import Tier

TopCommand = app_commands.Command[Any, ..., Any] | app_commands.Group
AnyCommand = TopCommand | app_commands.ContextMenu
"""Whatever Discord lists for us in Server Settings: a slash command, or an entry of the Apps menu."""
Limit = tuple[int, float]
"""How often something may be done in how many seconds."""
TargetT = TypeVar("TargetT")

MEMBER_COOLDOWN: Final = (60, 60.0)
"""How many commands, presses and forms of one member are taken in how many seconds."""
GUILD_COOLDOWN: Final = (300, 60.0)
"""The same for all members of a server together who have the same share: administrators, those with Manage
Server, and all others cannot use up each other's. Commands that are open to everybody do not count.
"""
SUGGESTION_COOLDOWN: Final = (240, 60.0)
"""How often a member is given suggestions in how many seconds: each key that is typed asks for some."""
GUILD_SUGGESTION_COOLDOWN: Final = (600, 60.0)
"""The same for all members of a server together who have the same share: more accounts are no more work."""
READ_COOLDOWN: Final = (30, 60.0)
"""How many commands and presses of one member are taken that only read: each may ask a provider several
things.
"""
GUILD_READ_COOLDOWN: Final = (100, 60.0)
"""The same for all members of a server together who have the same share."""
_PERMISSIONS: Final[Mapping[Tier, Mapping[str, bool]]] = {
    Tier.MANAGER: {"manage_guild": True},
    Tier.VIEWER: {"moderate_members": True},
}
_TIER: Final = "tier"
_COOLDOWN: Final = "cooldown"
_GUILD_COOLDOWN: Final = "guild_cooldown"
_READS: Final = "reads"
_MAX_COOLDOWNS: Final = 100_000
_MAX_ROLES: Final = 3
"""How many roles a refusal names."""
_Kind = discord.InteractionType
_COMMAND_KINDS: Final = (
    discord.AppCommandType.chat_input,
    discord.AppCommandType.user,
    discord.AppCommandType.message,
)


def needs(tier: Tier) -> Callable[[TargetT], TargetT]:
    """Declare which tier a top-level command, and all that it opens, requires.

    Put over a group cog, over a ``command`` or over a ``context_menu``. Discord shows the command to members
    with the tier's permission; the guard reads the tier itself.
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


def cooldown(times: int, seconds: float, *, together: int | None = None) -> Callable[[TargetT], TargetT]:
    """Declare how often a member may run a command in a server, for one that costs a provider something.

    Put over the ``command``. together: how often all members of a server together who have the same share,
    for one that computes for long; any number by default.
    """

    def declare(target: TargetT) -> TargetT:
        command: Any = target
        command.extras[_COOLDOWN] = (times, seconds)
        if together is not None:
            command.extras[_GUILD_COOLDOWN] = (together, seconds)
        return target

    return declare


def reads(target: TargetT) -> TargetT:
    """Declare that a command only reads from a provider, as a component with ``reads_only`` does.

    Put over the ``command``. Commands and components that read are counted together.
    """
    command: Any = target
    command.extras[_READS] = True
    return target


def needed_tier(command: AnyCommand) -> Tier:
    """Return what ``needs`` declared. Raises KeyError where nothing was."""
    tier: Tier = command.extras[_TIER]
    return tier


def declared_limits(command: AnyCommand) -> tuple[Limit | None, Limit | None]:
    """Return what ``cooldown`` declared, for a member and for all of a server together; None for no limit."""
    return command.extras.get(_COOLDOWN), command.extras.get(_GUILD_COOLDOWN)


def find_command(tree: app_commands.CommandTree[Any], name: str) -> AnyCommand | None:
    """Return the top-level command or the entry of the Apps menu with this English name.

    No two of them have the same one: a command's is in lower case, and an entry's is not.
    """
    return next((found for kind in _COMMAND_KINDS if (found := tree.get_command(name, type=kind))), None)


class Step(Enum):
    """The steps of one use of an operation: each has a count of its own."""

    OPENED = auto()
    """A command was run, or a component was used that does the same or opens the form for it."""
    FORM = auto()
    """A form was opened by a button that the operation has shown."""
    SENT = auto()
    """A form was sent."""
    ANSWERED = auto()
    """A question was answered, or another button was pressed that the operation has shown."""


@dataclass(frozen=True, slots=True)
class Use:
    """What an interaction is for, besides its top-level command.

    changes: False for what only reads. operation: the qualified name of the command whose limits count; by
    default that of the command that is run.
    """

    changes: bool = True
    operation: str | None = None
    step: Step = Step.OPENED


ANY_USE: Final = Use()
"""A command that is run, or a component that declares nothing."""


@dataclass(frozen=True, slots=True)
class ServedGuilds:
    """Which guilds the operator serves. allowed: only these, all where it is empty. denied: not these."""

    allowed: Collection[int] = ()
    denied: Collection[int] = ()

    def __contains__(self, guild_id: int) -> bool:
        return guild_id not in self.denied and (not self.allowed or guild_id in self.allowed)


class Guard:
    """Asked for every interaction, with the top-level command that it belongs to."""

    def __init__(
        self,
        access: AccessService,
        overrides: Overrides,
        served: ServedGuilds,
        *,
        member_cooldown: tuple[int, float] = MEMBER_COOLDOWN,
        guild_cooldown: tuple[int, float] = GUILD_COOLDOWN,
        member_reads: tuple[int, float] = READ_COOLDOWN,
        guild_reads: tuple[int, float] = GUILD_READ_COOLDOWN,
    ) -> None:
        """The cooldowns are numbers of uses and seconds."""
        self._access = access
        self._overrides = overrides
        self._served = served
        self._members = _Cooldowns(*member_cooldown)
        self._guilds = _Cooldowns(*guild_cooldown)
        self._suggestions = _Cooldowns(*SUGGESTION_COOLDOWN)
        self._guild_suggestions = _Cooldowns(*GUILD_SUGGESTION_COOLDOWN)
        self._member_reads = _Cooldowns(*member_reads)
        self._guild_reads = _Cooldowns(*guild_reads)
        self._operations: dict[str, _Cooldowns] = {}
        self._guild_operations: dict[str, _Cooldowns] = {}
        """Both by qualified name, for commands with a cooldown of their own."""

    async def check(
        self,
        interaction: AnyInteraction,
        command: AnyCommand,
        command_id: int | None,
        use: Use = ANY_USE,
    ) -> str:
        """Raise RequestError unless the member may now do here what the command is for.

        command_id: Discord's, None where Discord does not know the command. Return the qualified name of the
        command whose limits count, empty where there is none: whatever is opened has the same limits.
        """
        guild_id = guild_of(interaction)
        if guild_id not in self._served:
            raise NotServedError
        if interaction.client.get_guild(guild_id) is None:
            raise NotInServerError
        now, member = interaction.created_at.timestamp(), (guild_id, interaction.user.id)
        suggests = interaction.type is _Kind.autocomplete
        (self._suggestions if suggests else self._members).count(member, now)
        if not await self.lets(interaction, command, command_id, changes=use.changes and not suggests):
            needed = needed_tier(command)
            # A member who has the tier and is refused was denied in Server Settings: no grant helps.
            enough = await self.tier(interaction) >= needed
            if enough:
                raise NotAllowedError(Tier.NONE.name.lower())
            raise NotAllowedError(needed.name.lower(), *await self.roles_with(interaction, needed))
        # Counted only now: members whom the command is not for must not use up the cooldown of those whom it
        # is for.
        run = _operation(interaction, command, use)
        name = "" if run is None else run.qualified_name
        share = (guild_id, _share_of(interaction))
        if suggests:
            self._guild_suggestions.count(share, now)
            return name
        if needed_tier(command) is not Tier.NONE:
            self._guilds.count(share, now)
        extras = {} if run is None else run.extras
        if not use.changes or (_READS in extras and use.step is Step.OPENED):
            self._member_reads.count(member, now)
            self._guild_reads.count(share, now)
        own, together = (None, None) if run is None else declared_limits(run)
        if own is not None:
            self._operations.setdefault(name, _Cooldowns(*own)).count((*member, use.step), now)
        if together is not None:
            self._guild_operations.setdefault(name, _Cooldowns(*together)).count((*share, use.step), now)
        return name

    async def lets(
        self,
        interaction: AnyInteraction,
        command: AnyCommand,
        command_id: int | None,
        *,
        changes: bool = True,
    ) -> bool:
        """Tell whether the member may use the command here.

        What the server's admins set for it in Server Settings goes before the tier. Discord applies that to a
        command that is run, but to no button and no form; and members whom they allow without the tier are
        admitted here too. Administrators pass in any case, as with Discord. Where Discord does not tell what
        was set, the tier decides what only reads. Raises DiscordSilentError for what changes something.
        """
        if interaction.permissions.administrator:
            return True
        needed = needed_tier(command)
        # Most members have what is needed by permission, so that no grant is read.
        enough = permitted_tier(interaction) >= needed or await self.tier(interaction) >= needed
        if enough and _was_run(interaction, command):
            return True
        return await self._overridden(interaction, command_id, otherwise=enough, changes=changes)

    async def shows(self, interaction: AnyInteraction, command: AnyCommand, command_id: int | None) -> bool:
        """Tell whether Discord shows the command to the member here: it knows nothing of granted tiers."""
        if interaction.permissions.administrator:
            return True
        # A manager who may not moderate members is not shown what is for those who may.
        asked = discord.Permissions(**_PERMISSIONS.get(needed_tier(command), {}))
        permitted = interaction.permissions.is_superset(asked)
        return await self._overridden(interaction, command_id, otherwise=permitted, changes=False)

    async def tier(self, interaction: AnyInteraction) -> Tier:
        """Return the highest tier that the member has here, by permission or granted."""
        permitted = permitted_tier(interaction)
        if permitted is Tier.MANAGER:
            return permitted
        member = interaction.user
        joined_at = member.joined_at if isinstance(member, discord.Member) else None
        granted = self._access.tier_of(guild_of(interaction), member.id, roles_of(interaction), joined_at)
        return max(permitted, await granted)

    async def roles_with(self, interaction: AnyInteraction, tier: Tier) -> list[int]:
        """Return some of the guild's roles that a tier was granted to, the least tier first."""
        guild_id = guild_of(interaction)
        guild = interaction.client.get_guild(guild_id)
        grants = sorted(await self._access.of_guild(guild_id), key=lambda grant: grant.tier)
        # Of @everyone every member has the tier already. A grant outlives its role.
        given = (each.subject for each in grants if each.kind == "role" and each.tier >= tier)
        known = (each for each in given if each != guild_id and guild is not None and guild.get_role(each))
        return list(islice(known, _MAX_ROLES))

    def forget(self, guild_id: int) -> None:
        """Drop what Discord has said of a guild that another process serves from now on."""
        self._overrides.forget(guild_id)

    def change_overrides(self, guild_id: int, told: Mapping[int, Iterable[Override]]) -> None:
        """Take note of a change in Server Settings. told: see ``Overrides.change``."""
        self._overrides.change(guild_id, told)

    async def _overridden(
        self, interaction: AnyInteraction, command_id: int | None, *, otherwise: bool, changes: bool
    ) -> bool:
        """Return what was set for the member in Server Settings, else how it is without."""
        try:
            if command_id is None:
                raise DiscordSilentError  # noqa: TRY301 - handled like an answer that does not come
            decided = await self._overrides.decide(interaction, command_id)
        except DiscordSilentError:
            if changes:
                raise
            return otherwise
        return otherwise if decided is None else decided


def permitted_tier(interaction: AnyInteraction) -> Tier:
    """Return the tier that goes with the member's permissions."""
    permissions = interaction.permissions
    if permissions.manage_guild or permissions.administrator:
        return Tier.MANAGER
    return Tier.VIEWER if permissions.moderate_members else Tier.NONE


def _share_of(interaction: AnyInteraction) -> str:
    """Return with whom the member shares the server's cooldown. Discord gives an owner every permission."""
    permissions = interaction.permissions
    if permissions.administrator:
        return "administrators"
    return "managers" if permissions.manage_guild else "others"


def _operation(
    interaction: AnyInteraction, command: AnyCommand, use: Use
) -> app_commands.Command[Any, ..., Any] | app_commands.ContextMenu | None:
    """Return the command whose limits count, None where there is none."""
    run: object = interaction.command if _was_run(interaction, command) else None
    if use.operation:
        # Not under the command that was asked about: ``/setup`` leads to what other commands do.
        top, *names = use.operation.split()
        run = interaction.client.tree.get_command(top)
        for name in names:
            run = run.get_command(name) if isinstance(run, app_commands.Group) else None
    return run if isinstance(run, (app_commands.Command, app_commands.ContextMenu)) else None


def _was_run(interaction: AnyInteraction, command: AnyCommand) -> bool:
    """Tell whether the interaction is the command itself or asks for suggestions, not what it has opened."""
    if interaction.type not in {_Kind.application_command, _Kind.autocomplete}:
        return False
    run = interaction.command
    return run is not None and (getattr(run, "root_parent", None) or run) == command


class _Cooldowns:
    """Counts uses by key, and stops those that come too fast."""

    def __init__(self, rate: int, seconds: float) -> None:
        self._rate = rate
        self._seconds = seconds
        self._by_key: TTLCache[object, app_commands.Cooldown] = TTLCache(_MAX_COOLDOWNS, seconds)

    def count(self, key: object, now: float) -> None:
        """Count one use at a time in seconds since 1970. Raises CooldownError."""
        # Put anew each time: what is in use must not fall out of the cache.
        counted = self._by_key.pop(key, None) or app_commands.Cooldown(self._rate, self._seconds)
        self._by_key[key] = counted
        wait = counted.update_rate_limit(now)
        if wait is not None:
            raise CooldownError(until=math.ceil(now + wait))
