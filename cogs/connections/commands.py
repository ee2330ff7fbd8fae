"""``/connections add, list, test, rotate, remove``."""

from collections.abc import Sequence
from functools import partial

from discord import app_commands
from discord.ext import commands

from bot.discord.commands import command, localized
from bot.discord.components import MAX_BUTTONS
from bot.discord.confirm import Confirm
from bot.discord.context import Context
from bot.discord.guard import cooldown, needs, reads
from bot.discord.names import mention_member
from bot.discord.replies import Answer, defer, defer_if_slow, respond, view_of
from bot.discord.text import code, listed
from bot.discord.theme import Tone, notice, when
from bot.features.access.tier import Tier
from bot.features.connections.service import Summary
from bot.i18n.catalog import Texts
from bot.providers import providers
from cogs.connections.forms import ADD, ROTATE, credential_lines, rotate_button, show_guide
from cogs.connections.opening import test_connection
from cogs.connections.suggestions import suggest_connections

_provider = app_commands.choices(
    provider=[app_commands.Choice(name=provider.name, value=provider.slug) for provider in providers()]
)


@needs(Tier.MANAGER)
class Connections(
    commands.GroupCog, group_name="connections", group_description=localized("connections.description")
):
    """Managers keep their server's credentials here."""

    @cooldown(5, 60)
    @command("connections add")
    @_provider
    async def add(self, ctx: Context, provider: str, name: str | None = None) -> None:
        """Say where the credentials are found; the form that it leads to tests and stores them."""
        await defer(ctx)
        await show_guide(ctx, ADD, provider, name)

    @cooldown(5, 60)
    @command("connections rotate", name=suggest_connections())
    @_provider
    async def rotate(self, ctx: Context, provider: str, name: str | None = None) -> None:
        """Do the same for new credentials, which replace the old ones only once they were tested."""
        await defer(ctx)
        await show_guide(ctx, ROTATE, provider, name)

    @command("connections list")
    async def list_(self, ctx: Context) -> None:
        """Show what is stored, but no secret."""
        defer_if_slow(ctx)
        await respond(ctx, *overview(await ctx.services.connections.summaries(ctx.guild_id), ctx))

    @cooldown(5, 60)
    @reads
    @command("connections test", name=suggest_connections())
    @_provider
    async def test(self, ctx: Context, provider: str, name: str | None = None) -> None:
        """Test stored credentials."""
        await defer(ctx)
        await test_connection(ctx, provider, name)

    @command("connections remove", name=suggest_connections())
    @_provider
    async def remove(self, ctx: Context, provider: str, name: str | None = None) -> None:
        """Forget credentials, once the member has confirmed."""
        await defer(ctx)
        texts, connections = ctx.texts, ctx.services.connections
        found = await connections.find(ctx.guild_id, provider, name)
        shown = connections.provider(provider).name
        confirm = Confirm(
            ctx,
            "connections.remove",
            texts("connections.remove.button", provider=shown, name=found.name),
            partial(_remove, provider, found.name),
            provider=shown,
            name=code(found.name),
        )
        await confirm.ask(title=texts("connections.remove.ask", provider=shown, name=found.name))


async def _remove(provider: str, name: str, ctx: Context) -> Answer:
    async with ctx.change("connection.remove", f"{provider} · {name}"):
        await ctx.services.connections.remove(ctx.guild_id, provider, name)
    shown = ctx.services.providers[provider].name
    return notice(ctx.texts, Tone.GOOD, "connections.remove.done", provider=shown, name=code(name)), view_of()


def overview(summaries: Sequence[Summary], ctx: Context) -> Answer:
    """List a guild's connections, those that need attention first and with a button each."""
    texts = ctx.texts
    if not summaries:
        return notice(texts, Tone.INFO, "connections.list.none"), view_of()
    broken = [summary for summary in summaries if summary.needs_attention]
    sound = [summary for summary in summaries if not summary.needs_attention]
    paused = ctx.services.poller.paused_until(ctx.guild_id)
    entries = [_entry(each, paused.get((each.provider, each.name)), ctx) for each in (*broken, *sound)]
    embed = notice(
        texts,
        Tone.WARNING if broken else Tone.INFO,
        "connections.list.attention" if broken else "connections.list.test",
        title=texts.plural("connections.list.title", len(summaries)),
        how=listed(entries, texts, 4096, separator="\n\n"),
    )
    return embed, view_of(*(rotate_button(each.provider, each.name, ctx) for each in broken[:MAX_BUTTONS]))


def _entry(summary: Summary, paused_until: float | None, ctx: Context) -> str:
    texts = ctx.texts
    provider = ctx.services.providers[summary.provider].name
    lines = [f"**{provider}** · {code(summary.name)}"]
    trouble = _trouble(summary, provider, texts)
    if trouble is not None:
        lines.append(f"{Tone.WARNING.symbol} **{texts('connections.list.attention')}** · {trouble}")
    if summary.readable:
        lines.append(credential_lines(summary, ctx.services, texts))
    set_by = mention_member(summary.set_by, texts)
    lines.append(texts("connections.list.set", member=set_by, time=when(summary.set_at)))
    lines.append(texts("connections.list.verified", time=when(summary.verified_at)))
    if paused_until is not None:
        time = when(paused_until, exact=True)
        lines.append(texts("connections.list.paused", provider=provider, time=time))
    return "\n".join(lines)


def _trouble(summary: Summary, provider: str, texts: Texts) -> str | None:
    if summary.erased:
        return texts("connections.list.erased")
    if not summary.readable:
        return texts("connections.list.unreadable")
    if summary.refused_at is not None:
        since = when(summary.refused_at, exact=True)
        return texts("connections.list.refused", provider=provider, time=since)
    return None
