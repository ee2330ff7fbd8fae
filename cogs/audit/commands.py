"""``/audit list, export, mirror``."""

import asyncio

import discord
from discord.ext import commands

from bot.discord.access.posting import PickedChannel, check_posting
from bot.discord.commands import Suggestion, command, localized
from bot.discord.context import Context
from bot.discord.guard import cooldown, needs, reads
from bot.discord.replies import defer, defer_if_slow, respond
from bot.discord.theme import Tone, notice
from bot.features.access.tier import Tier
from bot.features.audit.service import known_actions
from cogs.audit import export_file
from cogs.audit.embeds import exported
from cogs.audit.listing import read_page
from cogs.audit.words import action_words


async def _suggest_actions(ctx: Context) -> list[Suggestion]:
    actions = known_actions(ctx.services.providers.values())
    return sorted(Suggestion(action_words(action, ctx.texts), action) for action in actions)


@needs(Tier.MANAGER)
class Audit(commands.GroupCog, group_name="audit", group_description=localized("audit.description")):
    """Managers see here what was changed in their server."""

    @reads
    @command("audit list", action=_suggest_actions)
    async def list_(
        self,
        ctx: Context,
        member: discord.User | None = None,
        action: str | None = None,
        share: bool = False,
    ) -> None:
        """List entries, newest first, and say whether the log is unbroken."""
        defer_if_slow(ctx, share=share)
        await respond(ctx, *await read_page(ctx, None if member is None else member.id, action))

    @cooldown(3, 60, together=3)
    @command("audit export")
    async def export(self, ctx: Context) -> None:
        """Give all entries as a file, with the result of a check of the log."""
        await defer(ctx)
        async with ctx.change("audit.export", "#0") as change:
            entries, chain = await ctx.services.audit.export(ctx.guild_id)
            change.target = f"#{chain.length}"
        # A long log takes longer than the bot's loop may be held up.
        file = await asyncio.to_thread(
            export_file.write, ctx.guild_id, entries, chain, ctx.interaction.created_at
        )
        await respond(ctx, exported(chain, ctx.texts), files=[file])

    @command("audit mirror")
    async def mirror(self, ctx: Context, channel: PickedChannel | None = None) -> None:
        """Copy new entries to a channel from now on, or no longer."""
        await defer(ctx)
        async with ctx.change("audit.mirror", "off" if channel is None else f"channel · {channel.id}"):
            if channel is not None:
                await check_posting(channel, ctx.member, ctx.texts)
            await ctx.services.guilds.set_audit_channel(ctx.guild_id, None if channel is None else channel.id)
        if channel is None:
            await respond(ctx, notice(ctx.texts, Tone.QUIET, "audit.mirror.stopped"))
        else:
            started = notice(ctx.texts, Tone.GOOD, "audit.mirror.started", channel=channel.mention)
            await respond(ctx, started)
