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
from bot.discord.problems import result_notice
from bot.discord.replies import Answer, acknowledge, edit, open_modal, respond, view_of
from bot.discord.routes import ConnectionName, IntegrationId
from bot.discord.text import code, quoted
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
    scope_word,
    server_of,
    setting_fields,
    switch_word,
)
from cogs.toolzz.forms import MAX_CHANNELS, Filled, Inputs, find_channels, is_selectable, shown_title
from cogs.toolzz.zone import learn_zone

_MAX_HIDDEN_NAMES: Final = 120
"""Characters."""


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
        await Confirm(ctx, "toolzz.edit", texts("toolzz.edit.yes"), act).ask(
            report_field(self._report, texts), *changes(before, after, ctx), again=again
        )


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
    if earlier is None:
        embed = today(report, settings, _split(settings, ctx.guild)[1], ctx)
    else:
        shown = [report_field(report, ctx.texts), *changes(earlier, settings, ctx)]
        embed = notice(ctx.texts, Tone.WARNING, "toolzz.edit.overtaken", *shown)

    async def open_form(pressed: Context) -> None:
        # What was read is kept in memory for as long as a form can be sent.
        form = EditModal(pressed, connection.name, report, settings)
        await open_modal(pressed, form)

    view = GuardedView(ctx, timeout=FORM_SECONDS)
    view.add_button(ctx.texts("toolzz.edit.button"), open_form, discord.ButtonStyle.primary, emoji="✏️")
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
        return written(report, outcome, after, ctx), view_of()
    return in_doubt(report, outcome, after, ctx), view_of(again)


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


def today(
    report: Integration, settings: IntegrationSettings, hidden: Sequence[Channel], ctx: Context
) -> discord.Embed:
    """Show the present settings. hidden: the channels that the form cannot show."""
    texts = ctx.texts
    shown = list(setting_fields(settings, ctx.guild, texts))
    if hidden:
        shown.append(Field(texts("toolzz.edit.hidden"), hidden_note(hidden, ctx)))
    footer = texts("toolzz.edit.footer", id=report.id)
    return notice(texts, Tone.INFO, "toolzz.edit.today", *shown, footer=footer)


def hidden_note(hidden: Sequence[Channel], ctx: Context) -> str:
    """Say that the channels which the form cannot show stay as they are."""
    names = channel_names(hidden, ctx.guild, ctx.texts, limit=_MAX_HIDDEN_NAMES)
    return ctx.texts.plural("toolzz.edit.hidden_how", len(hidden), channels=names)


def impossible(report: Integration, texts: Texts, *, has_unit: bool) -> discord.Embed:
    """Say which unknown settings a write would overwrite. has_unit: whether a unit's list was read."""
    missing = [field.name for field in fields(IntegrationSettings) if getattr(report, field.name) is None]
    names = ", ".join(texts(f"toolzz.edit.lacks.{name}") for name in missing or ["channels"])
    return notice(
        texts,
        Tone.WARNING,
        "toolzz.edit.impossible",
        report_field(report, texts),
        Field(texts("toolzz.edit.missing"), names),
        next_step=None if has_unit else texts("toolzz.edit.unit_next"),
    )


def written(
    report: Integration, outcome: Outcome[Integration], after: IntegrationSettings, ctx: Context
) -> discord.Embed:
    """Show the settings that Toolzz has now, or those that were sent if its answer is incomplete."""
    settings = (outcome.found and IntegrationSettings.of(outcome.found)) or after
    shown = setting_fields(settings, ctx.guild, ctx.texts)
    footer = ctx.texts("toolzz.edit.footer", id=report.id)
    return notice(ctx.texts, Tone.GOOD, "toolzz.edit.done", *shown, footer=footer)


def in_doubt(
    report: Integration, outcome: Outcome[Integration], after: IntegrationSettings, ctx: Context
) -> discord.Embed:
    """Say that it is not certain whether the settings were written, and what reading them again has shown."""
    texts, key = ctx.texts, f"toolzz.edit.{outcome.result}"
    shown = [report_field(report, texts)]
    if outcome.result is LookupResult.THERE:
        shown += setting_fields(after, ctx.guild, texts)
    return result_notice(texts, key, outcome.result, *shown, doubt=outcome.doubt, provider="Toolzz")


def changes(before: IntegrationSettings, after: IntegrationSettings, ctx: Context) -> Iterator[Field]:
    """Yield each setting that differs with its old and new value, and the channels added and removed."""
    texts = ctx.texts
    old, new = _values(before, texts), _values(after, texts)
    for key in old:
        if old[key] != new[key]:
            yield Field(texts(key), f"{old[key]} → {new[key]}")
    for kind, settings, other in (("added", after, before), ("removed", before, after)):
        ids = {channel.id for channel in other.channels}
        channels = [channel for channel in settings.channels if channel.id not in ids]
        if channels:
            name = texts.plural(f"toolzz.edit.{kind}", len(channels))
            yield Field(name, channel_names(channels, ctx.guild, texts))


def _values(settings: IntegrationSettings, texts: Texts) -> dict[str, str]:
    """Return every setting except the channels as members read it, by the key of its label."""
    return {
        "toolzz.form.title": quoted(settings.title, 200) or texts("toolzz.status.untitled"),
        "toolzz.status.scope": scope_word(settings.scope, texts),
        "toolzz.status.mention": switch_word(settings.reply_on_mention, texts),
        "toolzz.status.threads": switch_word(settings.create_threads, texts),
        "toolzz.status.permissions": code(str(settings.permissions)),
        "toolzz.status.agent": code(settings.agent_id, 64),
        "toolzz.status.unit": code(settings.unit_id, 64),
        "toolzz.status.server": quoted(settings.guild_name, 100),
    }
