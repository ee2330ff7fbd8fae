"""``/toolzz edit``: today's settings, the form that changes them, and the one write that follows."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from functools import partial
from typing import Final

import discord

from bot.discord.access.channel_access import find_channel
from bot.discord.components import FORM_SECONDS, GuardedModal, GuardedView, PersistentButton
from bot.discord.confirm import Confirm
from bot.discord.context import Context
from bot.discord.pages import DETAILS
from bot.discord.problems import result_notice
from bot.discord.replies import Answer, acknowledge, edit, open_modal, respond, view_of
from bot.discord.routes import ConnectionName, IntegrationId
from bot.discord.text import code, listed, plain, quoted
from bot.discord.theme import Field, Tone, notice
from bot.errors import InvalidInputError, RunsElsewhereError
from bot.features.audit.service import DONE, UNKNOWN
from bot.features.connections.service import Connection
from bot.i18n.catalog import Texts
from bot.providers.base.outcome import LookupResult, Outcome
from bot.providers.toolzz import ToolzzProvider
from bot.providers.toolzz.change import write_once
from bot.providers.toolzz.client import ToolzzClient
from bot.providers.toolzz.models import Channel, Integration, IntegrationSettings
from cogs.connections import open_connection
from cogs.toolzz.formatting import (
    channel_names,
    report_field,
    report_line,
    scope_word,
    server_of,
    setting_lines,
    short_channels,
    switch_word,
)
from cogs.toolzz.forms import MAX_CHANNELS, Filled, Inputs, find_channels, is_selectable, shown_title
from cogs.toolzz.zone import learn_zone

_MAX_HIDDEN_NAMES: Final = 120
"""Characters."""
_MAX_CHANGES: Final = 4
"""How many changes a reply in short names."""
_MAX_CHANGED, _MAX_LACKING = 30, 60
"""Characters of a value that changes, and of the names of settings that are not known."""


class ToolzzEditButton(PersistentButton):
    """Reads an integration again and offers the form with its present settings."""

    route = "toolzz:edit:{connection}:{integration}"
    operation = "toolzz edit"
    caption = "toolzz.edit.again_button"
    default_style = discord.ButtonStyle.primary

    connection: ConnectionName
    integration: IntegrationId

    async def press(self, ctx: Context) -> None:
        """Read it now."""
        await acknowledge(ctx)
        opened = await open_connection(ctx, "toolzz", self.connection)
        await edit(ctx, *await read_settings(ctx, opened, self.integration))


class EditModal(GuardedModal):
    """Shows the present settings to be changed; what it has no room for stays as it is."""

    def __init__(
        self, asked: Context, connection: str, report: Integration, settings: IntegrationSettings
    ) -> None:
        texts = asked.texts
        again = ToolzzEditButton(texts=texts, connection=connection, integration=report.id)
        super().__init__(asked, title=texts("toolzz.edit.form"), retry=again)
        self._connection = connection
        self._report = report
        self._settings = settings
        selectable, hidden = _split(settings, asked.guild)
        self._shown = Filled(
            title=shown_title(settings.title),
            channels=frozenset(int(channel.id) for channel in selectable),
            scope=settings.scope,
            reply_on_mention=settings.reply_on_mention,
            create_threads=settings.create_threads,
        )
        self._inputs = Inputs(texts, self._shown, needs_channel=bool(selectable))
        if hidden:
            self.add_item(discord.ui.TextDisplay(hidden_note(hidden, asked)))
        for label in self._inputs.labels:
            self.add_item(label)

    async def submit(self, ctx: Context) -> None:
        """Show what is going to change; nothing is sent to Toolzz until the member confirms."""
        texts, before = ctx.texts, self._settings
        after = _changed(before, self._shown, self._inputs.read(), ctx.guild)
        if after == before:
            next_step = texts("toolzz.edit.kept_next")
            await respond(ctx, notice(texts, Tone.QUIET, "toolzz.edit.same", next_step=next_step))
            return
        act = partial(_write, self._connection, self._report, before, after)
        again = ToolzzEditButton(texts=texts, connection=self._connection, integration=self._report.id)
        confirm = Confirm(ctx, "toolzz.edit", texts("toolzz.edit.yes"), act)
        lines, is_whole = change_lines(before, after, ctx)
        if not is_whole:
            shown = [report_field(self._report, texts), *changes(before, after, ctx)]
            offer_details(
                confirm, notice(texts, Tone.WARNING, "toolzz.edit.ask", *shown, symbol=DETAILS), ctx
            )
        how = "\n".join([report_line(self._report), *lines, texts("toolzz.edit.ask_how")])
        await confirm.ask(how=how, again=again)


async def read_settings(ctx: Context, connection: Connection, integration: str) -> Answer:
    """Return the present settings, with the button that opens the form.

    Raises ProviderError, RunsElsewhereError, and InvalidInputError("deleted").
    """
    ctx.offer_retry(ToolzzEditButton(texts=ctx.texts, connection=connection.name, integration=integration))
    client = ctx.services.provider(ToolzzProvider).client(connection.credentials)
    report = await ctx.cancel_on_shutdown(_report(client, integration))
    ctx.withdraw_retry()
    return _offer(ctx, connection, client, report)


def _offer(
    ctx: Context,
    connection: Connection,
    client: ToolzzClient,
    report: Integration,
    earlier: IntegrationSettings | None = None,
) -> Answer:
    """Show the settings that were read, with the button if they are complete enough to be written.

    earlier: the settings before somebody else changed them. Raises RunsElsewhereError and
    InvalidInputError("deleted").
    """
    if report.is_deleted:
        raise InvalidInputError("deleted")
    if report.runs_in(connection.guild_id) is False:
        raise RunsElsewhereError(server=server_of(report))
    settings = IntegrationSettings.of(report)
    if settings is None:
        return impossible(report, ctx.texts, has_unit=client.unit_id is not None), view_of()
    key, details = "toolzz.edit.overtaken", None
    if earlier is None:
        embed = today(settings, _split(settings, ctx.guild)[1], ctx)
    else:
        lines, is_whole = change_lines(earlier, settings, ctx)
        how = "\n".join([ctx.texts(f"{key}_how"), *lines])
        embed = notice(ctx.texts, Tone.WARNING, key, how=how)
        if not is_whole:
            shown = [report_field(report, ctx.texts), *changes(earlier, settings, ctx)]
            details = notice(ctx.texts, Tone.WARNING, key, *shown, symbol=DETAILS)

    async def open_form(pressed: Context) -> None:
        # What was read is kept in memory for as long as a form can be sent.
        form = EditModal(pressed, connection.name, report, settings)
        await open_modal(pressed, form)

    view = GuardedView(ctx, timeout=FORM_SECONDS)
    view.add_button(ctx.texts("toolzz.edit.button"), open_form, discord.ButtonStyle.primary, emoji="✏️")
    if details is not None:
        offer_details(view, details, ctx)
    return embed, view


async def _write(
    connection: str,
    report: Integration,
    before: IntegrationSettings,
    after: IntegrationSettings,
    ctx: Context,
) -> Answer:
    again = ToolzzEditButton(texts=ctx.texts, connection=connection, integration=report.id)
    ctx.offer_retry(again)
    async with ctx.change("toolzz.edit", f"toolzz · {report.id}") as change:
        opened = await open_connection(ctx, "toolzz", connection)
        client = ctx.services.provider(ToolzzProvider).client(opened.credentials)
        fresh = await ctx.cancel_on_shutdown(_report(client, report.id))
        # A write names no version: only this comparison keeps it from undoing what somebody else has changed.
        is_ours = fresh.runs_in(ctx.guild_id) and not fresh.is_deleted
        now = IntegrationSettings.of(fresh) if is_ours else None
        if now is None or now.comparable != before.comparable:
            change.result = "refused:overtaken"
            return _offer(ctx, opened, client, fresh, before)
        # Before and after the call: an outcome in doubt may have changed the list too.
        ctx.services.choices.forget(opened)
        await change.begin()
        outcome = await write_once(
            client, report.id, before, after, cancel_on_shutdown=ctx.cancel_on_shutdown
        )
        change.result = DONE if outcome.result is LookupResult.THERE else UNKNOWN
    if outcome.doubt is None and outcome.found is not None:
        learn_zone(ctx, outcome.found.updated_at, fresh.updated_at)
    ctx.services.choices.forget(opened)
    ctx.withdraw_retry()
    if outcome.doubt is None and outcome.result is LookupResult.THERE:
        return written(outcome, after, ctx), view_of()
    return in_doubt(report, outcome, ctx.texts), view_of(again)


async def _report(client: ToolzzClient, integration: str) -> Integration:
    """Read an integration in full, under the id that it was asked for by: that id is safe to send on."""
    return (await client.full(integration)).model_copy(update={"id": integration})


def _split(settings: IntegrationSettings, guild: discord.Guild | None) -> tuple[list[Channel], list[Channel]]:
    """Return the channels that the form can show, as many as it has room for, and all the others."""
    selectable = [
        channel
        for channel in {channel.id: channel for channel in settings.channels}.values()
        if is_selectable(find_channel(guild, channel.id))
    ][:MAX_CHANNELS]
    return selectable, [channel for channel in settings.channels if channel not in selectable]


def _changed(
    settings: IntegrationSettings, shown: Filled, sent: Filled, guild: discord.Guild | None
) -> IntegrationSettings:
    """Return the settings with what a member has changed in the form, and with nothing else changed.

    Raises InvalidInputError("channels") for a channel that is gone.
    """
    channels = settings.channels
    if sent.channels != shown.channels:
        chosen = {str(channel.id): channel.name for channel in find_channels(guild, sent.channels)}
        # A channel that the form did not show was not removed by the member.
        removable = {str(channel) for channel in shown.channels}
        kept = tuple(channel for channel in channels if channel.id in chosen or channel.id not in removable)
        new = chosen.keys() - {channel.id for channel in kept}
        channels = (*kept, *(Channel(id=each, name=chosen[each]) for each in chosen if each in new))
    return replace(
        settings,
        # The form shows a title on one line and cut; the whole title is kept unless the member changes it.
        title=settings.title if sent.title == shown.title else sent.title,
        channels=channels,
        scope=sent.scope,
        reply_on_mention=sent.reply_on_mention,
        create_threads=sent.create_threads,
    )


def today(settings: IntegrationSettings, hidden: Sequence[Channel], ctx: Context) -> discord.Embed:
    """Show the present settings. hidden: the channels that the form cannot show, which it names."""
    texts = ctx.texts
    lines = list(setting_lines(settings, ctx.guild, texts))
    if hidden:
        lines.append(texts.plural("toolzz.edit.hidden", len(hidden)))
    return notice(texts, Tone.INFO, "toolzz.edit.today", how="\n".join(lines))


def hidden_note(hidden: Sequence[Channel], ctx: Context) -> str:
    """Say that the channels which the form cannot show stay as they are."""
    names = channel_names(hidden, ctx.guild, ctx.texts, limit=_MAX_HIDDEN_NAMES)
    return ctx.texts.plural("toolzz.edit.hidden_how", len(hidden), channels=names)


def impossible(report: Integration, texts: Texts, *, has_unit: bool) -> discord.Embed:
    """Say which unknown settings a write would overwrite. has_unit: whether a unit's list was read."""
    missing = [field.name for field in fields(IntegrationSettings) if getattr(report, field.name) is None]
    names = [texts(f"toolzz.edit.lacks.{name}") for name in missing or ["channels"]]
    lines = (
        report_line(report),
        texts("toolzz.edit.impossible_how"),
        texts("toolzz.edit.lacking", names=listed(names, texts, _MAX_LACKING, separator=", ")),
    )
    return notice(
        texts,
        Tone.WARNING,
        "toolzz.edit.impossible",
        how="\n".join(lines),
        next_step=None if has_unit else texts("toolzz.edit.unit_next"),
    )


def written(outcome: Outcome[Integration], after: IntegrationSettings, ctx: Context) -> discord.Embed:
    """Show the settings that Toolzz has now, or those that were sent if its answer is incomplete."""
    settings = (outcome.found and IntegrationSettings.of(outcome.found)) or after
    how = "\n".join(setting_lines(settings, ctx.guild, ctx.texts))
    return notice(ctx.texts, Tone.GOOD, "toolzz.edit.done", how=how)


def in_doubt(report: Integration, outcome: Outcome[Integration], texts: Texts) -> discord.Embed:
    """Say that it is not certain whether the settings were written, and what reading them again has shown."""
    key = f"toolzz.edit.{outcome.result}"
    shown = Field(texts("toolzz.link.integration"), report_line(report))
    return result_notice(texts, key, outcome.result, shown, doubt=outcome.doubt, provider="Toolzz")


def offer_details(view: GuardedView, details: discord.Embed, ctx: Context) -> None:
    """Add the button that shows all of what the view's message says in short; its other buttons stay."""

    async def show(pressed: Context) -> None:
        await acknowledge(pressed)
        await edit(pressed, details, view)

    view.add_button(ctx.texts("status.details"), show, emoji=DETAILS)


def change_lines(
    before: IntegrationSettings, after: IntegrationSettings, ctx: Context
) -> tuple[list[str], bool]:
    """Return the first changes, each on a line and with long values cut; and whether that is all of them."""
    texts = ctx.texts
    whole, short = list(changes(before, after, ctx)), list(changes(before, after, ctx, is_short=True))
    rest = len(short) - _MAX_CHANGES
    lines = [texts("toolzz.status.line", label=name, value=value) for name, value, _ in short[:_MAX_CHANGES]]
    if rest > 0:
        lines.append(texts.plural("list.more", rest))
    return lines, rest <= 0 and whole == short


def changes(
    before: IntegrationSettings, after: IntegrationSettings, ctx: Context, *, is_short: bool = False
) -> Iterator[Field]:
    """Yield each setting that differs with its old and new value, and the channels added and removed.

    is_short: whether long values are cut, unless they would no longer differ.
    """
    texts = ctx.texts
    names = short_channels if is_short else channel_names
    old, new = _values(before, texts, is_short=is_short), _values(after, texts, is_short=is_short)
    for key in old:
        if old[key] != new[key]:
            yield Field(texts(key), f"{old[key]} → {new[key]}")
    for kind, settings, other in (("added", after, before), ("removed", before, after)):
        ids = {channel.id for channel in other.channels}
        channels = [channel for channel in settings.channels if channel.id not in ids]
        if channels:
            name = texts.plural(f"toolzz.edit.{kind}", len(channels))
            yield Field(name, names(channels, ctx.guild, texts))


def _values(settings: IntegrationSettings, texts: Texts, *, is_short: bool) -> dict[str, str]:
    """Return every setting except the channels as members read it, by the key of its label."""
    limit = _MAX_CHANGED if is_short else 200
    return {
        "toolzz.form.title": quoted(plain(settings.title, limit)) or texts("toolzz.status.untitled"),
        "toolzz.status.scope": scope_word(settings.scope, texts),
        "toolzz.status.mention": switch_word(settings.reply_on_mention, texts),
        "toolzz.status.threads": switch_word(settings.create_threads, texts),
        "toolzz.status.permissions": code(str(settings.permissions)),
        "toolzz.status.agent": code(settings.agent_id, 64),
        "toolzz.status.unit": code(settings.unit_id, 64),
        "toolzz.status.server": quoted(settings.guild_name, 100),
    }
