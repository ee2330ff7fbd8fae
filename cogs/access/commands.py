"""``/access grant, revoke, list``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import InvalidInputError, NoGrantError
from bot.kit.tier import Tier
from bot.runtime.guard import needed_tier, needs, permitted_tier
from bot.runtime.translator import said
from bot.ui.components import Interaction, guild_of
from bot.ui.replies import answer, think
from cogs.access import embeds

if TYPE_CHECKING:
    from bot.runtime.client import PatchbayBot
    from bot.services.access import Kind

_TIERS: Final = {tier.name.lower(): tier for tier in (Tier.MANAGER, Tier.VIEWER)}
_ROLE = said("access.option.role")
_MEMBER = said("access.option.member")


@needs(Tier.MANAGER)
class Access(commands.GroupCog, group_name="access", group_description=said("access.description")):
    """Managers let others in here."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot

    @app_commands.command(name="grant", description=said("access.grant.description"))
    @app_commands.describe(tier=said("access.grant.option.tier"), role=_ROLE, member=_MEMBER)
    @app_commands.choices(
        tier=[app_commands.Choice(name=said(f"access.tier.{word}"), value=word) for word in _TIERS]
    )
    async def grant(
        self,
        interaction: Interaction,
        tier: str,
        role: discord.Role | None = None,
        member: discord.Member | None = None,
    ) -> None:
        """Give a role or a member a tier, or another one."""
        await think(interaction)
        guild_id, (kind, subject) = guild_of(interaction), _one_of(role, member)
        given = _TIERS[tier]
        async with self._bot.audit.change(
            guild_id, interaction.user.id, "access.grant", f"{kind} · {subject.id} · {tier}"
        ):
            if _is_bot(subject):
                raise InvalidInputError("bot_subject")
            before = await self._bot.access.grant(
                guild_id,
                kind,
                subject.id,
                given,
                member_id=interaction.user.id,
                up_to=_highest_to_hand_on(interaction),
            )
        texts = self._bot.catalog[interaction.locale.value]
        who = embeds.mention(guild_id, kind, subject.id)
        await answer(interaction, embeds.granted(who, given, before, self._commands_of(given), texts))

    @app_commands.command(name="revoke", description=said("access.revoke.description"))
    @app_commands.describe(role=_ROLE, member=_MEMBER)
    async def revoke(
        self,
        interaction: Interaction,
        role: discord.Role | None = None,
        # Who has left the server is a user only, and their grant would be waiting for them.
        member: discord.Member | discord.User | None = None,
    ) -> None:
        """Take back what was granted to a role or a member."""
        await think(interaction)
        guild_id, (kind, subject) = guild_of(interaction), _one_of(role, member)
        # To step down takes nobody's permission.
        up_to = Tier.MANAGER if subject == interaction.user else _highest_to_hand_on(interaction)
        async with self._bot.audit.change(
            guild_id, interaction.user.id, "access.revoke", f"{kind} · {subject.id}"
        ) as change:
            before = await self._bot.access.revoke(guild_id, kind, subject.id, up_to=up_to)
            if before is Tier.NONE:
                raise NoGrantError
            change.target += f" · {before.name.lower()}"
        texts = self._bot.catalog[interaction.locale.value]
        await answer(interaction, embeds.revoked(embeds.mention(guild_id, kind, subject.id), before, texts))

    @app_commands.command(name="list", description=said("access.list.description"))
    async def list_(self, interaction: Interaction) -> None:
        """Show what was granted to whom, by whom and when."""
        await think(interaction)
        guild_id = guild_of(interaction)
        guild = interaction.guild
        # A guild that Discord does not show us has no role at all, not even @everyone.
        roles = {role.id for role in guild.roles} if guild is not None and guild.roles else None
        grants = await self._bot.access.of_guild(guild_id)
        texts = self._bot.catalog[interaction.locale.value]
        await answer(interaction, embeds.overview(guild_id, grants, roles, texts))

    @commands.Cog.listener()
    async def on_guild_role_delete(self, role: discord.Role) -> None:
        """Forget what was granted to a role that is gone."""
        await self._forget(role.guild.id, role.id)

    @commands.Cog.listener("on_guild_available")
    @commands.Cog.listener("on_guild_join")
    async def forget_gone(self, guild: discord.Guild) -> None:
        """Forget what was granted to roles that went while we were not looking."""
        for grant in await self._bot.access.of_guild(guild.id):
            if grant.kind == "role" and guild.get_role(grant.subject) is None:
                await self._forget(guild.id, grant.subject)

    async def _forget(self, guild_id: int, role_id: int) -> None:
        before = await self._bot.access.revoke(guild_id, "role", role_id)
        if before is not Tier.NONE:
            target = f"role · {role_id} · {before.name.lower()}"
            await self._bot.audit.note(guild_id, "access.revoke", target)

    def _commands_of(self, tier: Tier) -> list[str]:
        """Name the commands that a tier opens and that Discord does not show to everybody."""
        top = self._bot.tree.top_commands()
        return [command.name for command in top if Tier.NONE < needed_tier(command) <= tier]


def _one_of(
    role: discord.Role | None, member: discord.Member | discord.User | None
) -> tuple[Kind, discord.Role | discord.Member | discord.User]:
    """Return the one that was named. Raises InvalidInputError("one_subject")."""
    if role is not None and member is None:
        return "role", role
    if member is not None and role is None:
        return "member", member
    raise InvalidInputError("one_subject")


def _is_bot(subject: discord.Role | discord.Member | discord.User) -> bool:
    return subject.is_bot_managed() if isinstance(subject, discord.Role) else subject.bot


def _highest_to_hand_on(interaction: Interaction) -> Tier:
    """Return the highest tier that the member may give or take: whoever was let in makes no managers."""
    return max(permitted_tier(interaction), Tier.VIEWER)
