"""``/toolzz link`` and ``/toolzz unlink``: which integrations a server counts as its own."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

import discord

from bot.discord.commands import Suggestion
from bot.discord.components import PersistentButton
from bot.discord.confirm import Confirm
from bot.discord.context import Context
from bot.discord.names import Named, mention_member, tell_apart
from bot.discord.replies import Answer, defer, respond, view_of
from bot.discord.routes import ConnectionName, IntegrationId
from bot.discord.text import plain, quoted
from bot.discord.theme import Tone, notice, state_symbol, when
from bot.errors import InvalidInputError, RunsElsewhereError
from bot.features.connections.service import Connection
from bot.features.integrations.store import Placed
from bot.features.monitoring.access import Access, effective_state
from bot.i18n.catalog import Texts
from bot.providers.base.integration import id_key, name_key, read_id
from bot.providers.base.snowflake import is_one_id, read_snowflake
from bot.providers.toolzz import ToolzzProvider
from bot.providers.toolzz.models import Integration
from cogs.connections import open_connection
from cogs.toolzz.formatting import MAX_SHORT, integration_line, label_of, report_line, server_of, word_of

_MAX_NAME: Final = 50
"""Characters of an integration's name on a button."""


class ToolzzLinkButton(PersistentButton):
    """Links an integration as ``/toolzz link`` does, with an answer of its own."""

    route = "toolzz:link:{connection}:{integration}"
    operation = "toolzz link"
    caption = "toolzz.link.button"
    symbol = "🔗"

    connection: ConnectionName
    integration: IntegrationId

    async def press(self, ctx: Context) -> None:
        """Link it now."""
        await link_chosen(ctx, self.integration, self.connection)


async def link_chosen(ctx: Context, integration: str, connection: str) -> None:
    """Link what was picked from a menu or named by a button, with an answer of its own.

    Raises InvalidInputError("integration"), what opening a connection raises, and what ``link`` raises.
    """
    wanted = read_id(integration, "integration")
    await defer(ctx)
    await link(ctx, await open_connection(ctx, "toolzz", connection), wanted)


async def link(ctx: Context, connection: Connection, integration: str) -> None:
    """Make an integration the guild's own if it runs there; ask the member if Toolzz names no server.

    Raises ProviderError, RunsElsewhereError, and InvalidInputError("deleted").
    """
    texts, guild_id = ctx.texts, connection.guild_id
    again = ToolzzLinkButton(texts=texts, connection=connection.name, integration=integration)
    ctx.offer_retry(again)
    client = ctx.services.provider(ToolzzProvider).client(connection.credentials)
    async with ctx.change("toolzz.link", f"toolzz · {integration}") as change:
        report = await ctx.cancel_on_shutdown(client.full(integration))
        ctx.withdraw_retry()
        if report.is_deleted:
            raise InvalidInputError("deleted")
        is_here = report.runs_in(guild_id)
        if is_here is False:
            raise RunsElsewhereError(server=server_of(report))
        linked = (await ctx.services.integrations.of_guild(guild_id, "toolzz")).get(integration)
        change.idle = linked is not None or not is_here
        if not change.idle:
            await _record(ctx, connection, integration, report)
    shown = state_line(report, texts, await _access(ctx, integration))
    if linked is not None:
        how = texts("toolzz.link.already_how", **_by(linked, texts))
        await respond(ctx, notice(texts, Tone.INFO, "toolzz.link.already", how=f"{shown}\n{how}"))
    elif is_here:
        await respond(ctx, _linked(shown, texts))
    else:
        label = texts("toolzz.link.yes", integration=plain(label_of(report), _MAX_NAME))
        act = partial(_link_anyway, connection.name, integration, report)
        confirm = Confirm(ctx, "toolzz.link", label, act, leave=texts("toolzz.link.no"))
        lines = (shown, *server_lines(report, ctx.interaction.guild, texts), texts("toolzz.link.ask_how"))
        await confirm.ask(how="\n".join(lines), again=again)


async def ask_to_unlink(ctx: Context, integration: str) -> None:
    """Ask whether an integration is to be forgotten, by its id or its title; needs no connection.

    Raises InvalidInputError("not_linked").
    """
    texts = ctx.texts
    placed = _find_linked(await ctx.services.integrations.of_guild(ctx.guild_id, "toolzz"), integration)
    name = plain(placed.label, _MAX_NAME) or plain(placed.id, _MAX_NAME)
    label = texts("toolzz.unlink.yes", integration=name)
    lines = (
        integration_line(placed.label, placed.id),
        texts("toolzz.unlink.by", **_by(placed, texts)),
        texts("toolzz.unlink.ask_how"),
    )
    await Confirm(ctx, "toolzz.unlink", label, partial(_unlink, placed)).ask(how="\n".join(lines))


async def suggest_linked(ctx: Context) -> list[Suggestion]:
    """Suggest the integrations that the guild has linked, by title."""
    linked = (await ctx.services.integrations.of_guild(ctx.guild_id, "toolzz")).values()
    names = tell_apart([Named(placed.label, placed.id) for placed in linked])
    return sorted(
        Suggestion(name or plain(placed.id), placed.id) for placed, name in zip(linked, names, strict=True)
    )


def _find_linked(linked: Mapping[str, Placed], text: str) -> Placed:
    """Return the one with this id, or the only one of this title.

    Raises InvalidInputError("not_linked", "same_name").
    """
    name, wanted = name_key(text), id_key(text.strip())
    by_id = [placed for placed in linked.values() if id_key(placed.id) == wanted]
    found = by_id or [placed for placed in linked.values() if name and name_key(placed.label) == name]
    if len(found) > 1:
        raise InvalidInputError("same_name", name=text)
    if not found:
        raise InvalidInputError("not_linked")
    return found[0]


async def _record(ctx: Context, connection: Connection, integration: str, report: Integration) -> None:
    application = read_snowflake(report.bot_client_id)
    await ctx.services.integrations.record(
        connection,
        integration,
        label_of(report),
        bot_id=application if application is not None and is_one_id(application) else None,
        application_id=application,
        member_id=ctx.member.id,
    )


async def _link_anyway(connection: str, integration: str, report: Integration, ctx: Context) -> Answer:
    async with ctx.change("toolzz.link", f"toolzz · {integration}"):
        opened = await open_connection(ctx, "toolzz", connection)
        await _record(ctx, opened, integration, report)
    return _linked(state_line(report, ctx.texts, await _access(ctx, integration)), ctx.texts), view_of()


def _linked(shown: str, texts: Texts) -> discord.Embed:
    how = f"{shown}\n{texts('toolzz.link.done_how')}"
    return notice(texts, Tone.GOOD, "toolzz.link.done", how=how)


async def _unlink(placed: Placed, ctx: Context) -> Answer:
    async with ctx.change("toolzz.unlink", f"toolzz · {placed.id}") as change:
        await change.begin()
        await ctx.services.integrations.forget(ctx.guild_id, "toolzz", placed.id)
        await ctx.services.monitoring.stop_watching(ctx.guild_id, "toolzz", placed.id)
    how = f"{integration_line(placed.label, placed.id)}\n{ctx.texts('toolzz.unlink.done_how')}"
    return notice(ctx.texts, Tone.GOOD, "toolzz.unlink.done", how=how), view_of()


async def _access(ctx: Context, integration: str) -> Access | None:
    return (await ctx.services.monitoring.accesses(ctx.guild_id, "toolzz")).get(integration)


def state_line(report: Integration, texts: Texts, access: Access | None = None) -> str:
    """Name an integration that Toolzz reports, and its state here. access: what its bot can do, if known."""
    state, _ = effective_state(report.state, "", access)
    return f"{report_line(report)}\n{state_symbol(state)} {word_of(state, texts)}"


def server_lines(report: Integration, guild: discord.Guild | None, texts: Texts) -> Iterator[str]:
    """Yield what may tell a member whether an integration runs here, although its report names no server."""
    unnamed = "toolzz.status.unreadable" if report.holds("guild_name") else "not_reported"
    server = quoted(plain(report.guild_name or "", MAX_SHORT)) or texts(unnamed)
    yield texts("toolzz.link.server", server=server)
    if guild is not None and report.channels:
        own = {str(channel.id) for channel in guild.channels}
        found = sum(channel.id in own for channel in report.channels)
        yield texts("toolzz.link.channels_here", here=found, count=len(report.channels))


def _by(placed: Placed, texts: Texts) -> dict[str, str]:
    return {"member": mention_member(placed.placed_by, texts), "time": when(placed.placed_at)}
