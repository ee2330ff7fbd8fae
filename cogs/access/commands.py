"""``/access grant, revoke, list``."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.access.ended_grants import Standing, read_standings
from bot.discord.client import PatchbayBot
from bot.discord.commands import command, localized, menu_key
from bot.discord.context import Context
from bot.discord.guard import AnyCommand, needed_tier, needs, permitted_tier
from bot.discord.names import mention_member
from bot.discord.replies import defer, defer_if_slow, respond
from bot.discord.text import listed
from bot.discord.theme import DESCRIPTION, Tone, notice, when
from bot.discord.tree import menu_entries, top_commands
from bot.errors import InvalidInputError, NoGrantError
from bot.features.access.store import Grant, GrantKind
from bot.features.access.tier import Tier
from bot.i18n.catalog import Texts

_TIERS: Final = {tier.name.lower(): tier for tier in (Tier.MANAGER, Tier.VIEWER)}
_SYMBOLS: Final[Mapping[Tier, str]] = {Tier.MANAGER: "🛠️", Tier.VIEWER: "👀"}
_UNCHECKED: Final = "❔"


@needs(Tier.MANAGER)
class AccessGrants(commands.GroupCog, group_name="access", group_description=localized("access.description")):
    """Managers give others rights here."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot

    @command("access grant")
    @app_commands.choices(
        tier=[app_commands.Choice(name=localized(f"access.tier.{word}"), value=word) for word in _TIERS]
    )
    async def grant(
        self,
        ctx: Context,
        tier: str,
        role: discord.Role | None = None,
        member: discord.Member | None = None,
    ) -> None:
        """Give a role or a member a tier, or another one."""
        await defer(ctx)
        kind, subject = _one_of(role, member)
        given = _TIERS[tier]
        async with ctx.change("access.grant", f"{kind} · {subject.id} · {tier}"):
            if _is_bot(subject):
                raise InvalidInputError("bot_subject")
            before = await ctx.services.access.grant(
                ctx.guild_id,
                kind,
                subject.id,
                given,
                member_id=ctx.member.id,
                at=ctx.now,
                up_to=_highest_grantable(ctx),
            )
        who = mention(ctx.guild_id, kind, subject.id, ctx.texts)
        await respond(ctx, granted(who, given, before, self._commands_of(given, ctx.texts), ctx.texts))

    @command("access revoke")
    async def revoke(
        self,
        ctx: Context,
        role: discord.Role | None = None,
        # A member who has left the server is a user only; the grant would still be there when they return.
        member: discord.Member | discord.User | None = None,
    ) -> None:
        """Take back what was granted to a role or a member."""
        await defer(ctx)
        kind, subject = _one_of(role, member)
        # Every member may give up their own tier.
        up_to = Tier.MANAGER if subject == ctx.member else _highest_grantable(ctx)
        async with ctx.change("access.revoke", f"{kind} · {subject.id}") as change:
            before = await ctx.services.access.revoke(ctx.guild_id, kind, subject.id, up_to=up_to)
            if before is Tier.NONE:
                raise NoGrantError
            change.target += f" · {before.name.lower()}"
        who = mention(ctx.guild_id, kind, subject.id, ctx.texts)
        before_name = tier_name(before, ctx.texts)
        done = notice(ctx.texts, Tone.GOOD, "access.revoke.done", who=who, tier=before_name)
        await respond(ctx, done)

    @command("access list")
    async def list_(self, ctx: Context) -> None:
        """Show what was granted to whom, by whom and when."""
        defer_if_slow(ctx)
        guild = ctx.interaction.guild
        # A guild that Discord does not show us has no role at all, not even @everyone.
        roles = {role.id for role in guild.roles} if guild is not None and guild.roles else None
        grants = await ctx.services.access.of_guild(ctx.guild_id)
        standings = {} if ctx.guild is None else await read_standings(ctx.guild, grants)
        await respond(ctx, overview(ctx.guild_id, grants, roles, standings, ctx.texts))

    @commands.Cog.listener()
    async def on_guild_role_delete(self, role: discord.Role) -> None:
        """Forget the grant of a role that was deleted."""
        await self._forget(role.guild.id, role.id)

    @commands.Cog.listener("on_guild_available")
    @commands.Cog.listener("on_guild_join")
    async def forget_deleted_roles(self, guild: discord.Guild) -> None:
        """Forget the grants of roles that were deleted while the bot did not see the server."""
        for grant in await self._bot.services.access.of_guild(guild.id):
            if grant.kind == "role" and guild.get_role(grant.subject) is None:
                await self._forget(guild.id, grant.subject)

    async def _forget(self, guild_id: int, role_id: int) -> None:
        before = await self._bot.services.access.revoke(guild_id, "role", role_id)
        if before is not Tier.NONE:
            target = f"role · {role_id} · {before.name.lower()}"
            await self._bot.services.audit.note(guild_id, "access.revoke", target)

    def _commands_of(self, tier: Tier, texts: Texts) -> list[str]:
        """Return how Server Settings names what a tier opens and Discord does not show to everybody."""
        tree = self._bot.tree
        named: dict[str, AnyCommand] = {f"/{each.name}": each for each in top_commands(tree)}
        named |= {texts(f"{menu_key(entry)}.name"): entry for entry in menu_entries(tree)}
        return [name for name, each in named.items() if Tier.NONE < needed_tier(each) <= tier]


def _one_of(
    role: discord.Role | None, member: discord.Member | discord.User | None
) -> tuple[GrantKind, discord.Role | discord.Member | discord.User]:
    """Return the role or the member, whichever is given. Raises InvalidInputError("one_subject")."""
    if role is not None and member is None:
        return "role", role
    if member is not None and role is None:
        return "member", member
    raise InvalidInputError("one_subject")


def _is_bot(subject: discord.Role | discord.Member | discord.User) -> bool:
    return subject.is_bot_managed() if isinstance(subject, discord.Role) else subject.bot


def _highest_grantable(ctx: Context) -> Tier:
    """Return the highest tier that the member may give or take: a granted tier makes no managers."""
    return max(permitted_tier(ctx.interaction), Tier.VIEWER)


def mention(guild_id: int, kind: GrantKind, subject: int, texts: Texts) -> str:
    """Mention a role or a member; their own names are never written out."""
    if kind == "member":
        return mention_member(subject, texts)
    return "`@everyone`" if subject == guild_id else f"<@&{subject}>"


def granted(who: str, tier: Tier, before: Tier, commands: Sequence[str], texts: Texts) -> discord.Embed:
    """Say what somebody may do now, and what makes Discord show them the commands.

    before: the tier until now, NONE where there was none. commands: the names of what the tier opens.
    """
    lines = [f"{who}: {tier_name(tier, texts)}"]
    if before is not Tier.NONE:
        lines.append(texts("access.grant.before", tier=tier_name(before, texts)))
    # Managers may use every command; in a list of all of them nobody finds the steps.
    named = "" if tier is Tier.MANAGER else ", ".join(f"**{name}**" for name in commands)
    which = named or texts("access.grant.any")
    return notice(
        texts,
        Tone.GOOD,
        "access.grant.done",
        title=texts("access.grant.changed") if before not in {Tier.NONE, tier} else None,
        how="\n".join(lines),
        next_step=None if commands else texts("access.grant.nothing_to_show"),
        who=who,
        which=which,
    )


def overview(
    guild_id: int,
    grants: Sequence[Grant],
    roles: Collection[int] | None,
    standings: Mapping[int, Standing],
    texts: Texts,
) -> discord.Embed:
    """List a guild's grants, and what needs none.

    roles: ids of all roles, None if unknown. standings: as far as they are known, by the member's id.
    """
    base = texts("access.list.base")
    if any(each.kind == "member" and _standing(each, standings) is Standing.UNKNOWN for each in grants):
        base = f"{base}\n{_UNCHECKED} {texts('access.list.unchecked')}"
    lines = listed(_lines(guild_id, grants, roles, standings, texts), texts, DESCRIPTION - len(base) - 1)
    return notice(
        texts,
        Tone.INFO,
        "access.list.some" if grants else "access.list.none",
        title=texts.plural("access.list.title", len(grants)) if grants else None,
        how=f"{base}\n{lines}",
    )


def _lines(
    guild_id: int,
    grants: Sequence[Grant],
    roles: Collection[int] | None,
    standings: Mapping[int, Standing],
    texts: Texts,
) -> Iterator[str]:
    """Yield a heading for each tier and a line for each grant, so short that there is room for all."""
    for tier, of_tier in groupby(grants, lambda grant: grant.tier):
        yield tier_name(tier, texts)
        for grant in of_tier:
            gone = roles is not None and grant.kind == "role" and grant.subject not in roles
            shown = mention(guild_id, grant.kind, grant.subject, texts)
            standing = _standing(grant, standings)
            if standing is Standing.LEFT:
                yield texts("access.list.ended", who=shown)
                continue
            if standing is Standing.VOID:
                yield texts("access.list.void", who=shown)
                continue
            line = texts(
                "access.list.line",
                who=texts("access.list.gone", id=grant.subject) if gone else shown,
                member=mention_member(grant.granted_by, texts),
                time=when(grant.granted_at),
            )
            yield f"{_UNCHECKED} {line}" if standing is Standing.UNKNOWN else line


def _standing(grant: Grant, standings: Mapping[int, Standing]) -> Standing:
    return Standing.COUNTS if grant.kind == "role" else standings.get(grant.subject, Standing.UNKNOWN)


def tier_name(tier: Tier, texts: Texts) -> str:
    """Name a tier, with its symbol."""
    return f"{_SYMBOLS[tier]} **{texts(f'access.tier.{tier.name.lower()}')}**"
