"""``/toolzz edit``: today's settings, the form that changes them, and the one write that follows."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import discord

from bot.errors import InvalidInputError, RunsElsewhereError
from bot.kit.integration import Verdict
from bot.providers.toolzz import ToolzzProvider
from bot.providers.toolzz.change import write_once
from bot.providers.toolzz.models import Channel, Integration, Settings
from bot.runtime.connections import open_connection, reopen
from bot.services.audit import DONE, UNKNOWN
from bot.ui.components import (
    FORM_SECONDS,
    Interaction,
    LastingButton,
    SafeModal,
    SafeView,
    gate,
    guild_of,
    offer_retry,
    view_of,
    withdraw_retry,
)
from bot.ui.confirm import Confirm
from bot.ui.replies import answer, renew
from bot.ui.text import plain
from cogs.toolzz import edit_embeds as embeds
from cogs.toolzz.forms import MOST_CHANNELS, Filled, Inputs, find_channels, is_selectable, shown_title
from cogs.toolzz.integration import runs_here
from cogs.toolzz.words import channel_in

if TYPE_CHECKING:
    from bot.i18n.catalog import Texts
    from bot.providers.toolzz.client import ToolzzClient
    from bot.runtime.client import PatchbayBot
    from bot.services.connections import Connection


class EditButton(
    LastingButton,
    template=r"toolzz:edit:(?P<connection>[a-z0-9_-]{1,20}):(?P<integration>[A-Za-z0-9_-]{1,64})",
):
    """Reads an integration again and offers the form with what Toolzz has now."""

    def __init__(self, *, texts: Texts, connection: str, integration: str) -> None:
        super().__init__(
            discord.ui.Button(
                label=texts("toolzz.edit.again_button"),
                style=discord.ButtonStyle.primary,
                custom_id=f"toolzz:edit:{connection}:{integration}",
            )
        )
        self._connection = connection
        self._integration = integration

    async def press(self, interaction: Interaction) -> None:
        """Read it now."""
        bot, opened = await reopen(interaction, "toolzz", self._connection)
        await renew(interaction, *await _read(interaction, bot, opened, self._integration))


class EditView(SafeView):
    """Holds what was read, in memory, for as long as a form can be sent."""

    def __init__(self, asked: Interaction, connection: str, report: Integration, settings: Settings) -> None:
        super().__init__(asked, timeout=FORM_SECONDS)
        self._connection = connection
        self._report = report
        self._settings = settings
        edit: discord.ui.Button[Any] = discord.ui.Button(
            label=gate(asked).texts(asked)("toolzz.edit.button"), emoji="✏️", style=discord.ButtonStyle.primary
        )
        edit.callback = self._open  # type: ignore[assignment, method-assign]
        self.add_item(edit)

    async def _open(self, interaction: Interaction) -> None:
        await interaction.response.send_modal(
            EditModal(interaction, self._connection, self._report, self._settings)
        )


class EditModal(SafeModal):
    """Shows today's values to be changed; what it has no room for stays as it is."""

    def __init__(self, asked: Interaction, connection: str, report: Integration, settings: Settings) -> None:
        texts = gate(asked).texts(asked)
        super().__init__(
            asked,
            title=texts("toolzz.edit.form"),
            retry=EditButton(texts=texts, connection=connection, integration=report.id),
        )
        self._bot = cast("PatchbayBot", asked.client)
        self._connection = connection
        self._report = report
        self._settings = settings
        guild = self._bot.get_guild(guild_of(asked))
        visible = _visible(settings, guild)
        self._shown = Filled(
            title=shown_title(settings.title),
            channels=frozenset(int(channel.id) for channel in visible),
            scope=settings.scope,
            reply_on_mention=settings.reply_on_mention,
            create_threads=settings.create_threads,
        )
        self._inputs = Inputs(texts, self._shown, needs_channel=bool(visible))
        hidden = [channel for channel in settings.channels if channel not in visible]
        if hidden:
            self.add_item(discord.ui.TextDisplay(embeds.hidden_note(hidden, guild, texts)))
        for label in self._inputs.labels:
            self.add_item(label)

    async def on_submit(self, interaction: Interaction, /) -> None:  # type: ignore[override]
        """Show what is going to change; nothing goes out until that is confirmed."""
        texts = self._bot.catalog[interaction.locale.value]
        guild = self._bot.get_guild(guild_of(interaction))
        after = _changed(self._settings, self._shown, self._inputs.read(), guild)
        if after == self._settings:
            await answer(interaction, embeds.unchanged(texts))
            return
        await Confirm(
            texts,
            interaction,
            texts("toolzz.edit.yes"),
            embeds.kept(texts("toolzz.edit.left_why"), texts),
            embeds.kept(texts("toolzz.edit.expired_why"), texts),
            functools.partial(_write, self._bot, self._connection, self._report, self._settings, after),
        ).ask(embeds.question(self._report, self._settings, after, guild, texts))


async def offer_form(
    interaction: Interaction, bot: PatchbayBot, connection: Connection, integration: str
) -> None:
    """Answer with today's settings and the button that opens the form.

    Raises ProviderError, RunsElsewhereError, and InvalidInputError("deleted").
    """
    await answer(interaction, *await _read(interaction, bot, connection, integration))


async def _read(
    interaction: Interaction, bot: PatchbayBot, connection: Connection, integration: str
) -> tuple[discord.Embed, discord.ui.View]:
    texts = bot.catalog[interaction.locale.value]
    offer_retry(interaction, EditButton(texts=texts, connection=connection.name, integration=integration))
    client = bot.provider(ToolzzProvider).client(connection.credentials)
    report = await bot.unless_stopping(_report(client, integration))
    withdraw_retry(interaction)
    return _offer(interaction, bot, connection, report, texts)


def _offer(
    interaction: Interaction,
    bot: PatchbayBot,
    connection: Connection,
    report: Integration,
    texts: Texts,
    earlier: Settings | None = None,
) -> tuple[discord.Embed, discord.ui.View]:
    """Show what was read, with the button where it is enough for a write.

    earlier: what it said before somebody changed it.
    """
    if report.is_deleted:
        raise InvalidInputError("deleted")
    if runs_here(report, connection.guild_id) is False:
        raise RunsElsewhereError(server=plain(report.guild_name or "") or plain(report.guild_id or ""))
    settings = Settings.of(report)
    if settings is None:
        has_unit = bot.provider(ToolzzProvider).client(connection.credentials).unit_id is not None
        return embeds.impossible(report, texts, has_unit=has_unit), view_of()
    guild = bot.get_guild(connection.guild_id)
    visible = _visible(settings, guild)
    hidden = [channel for channel in settings.channels if channel not in visible]
    embed = (
        embeds.today(report, settings, hidden, guild, texts)
        if earlier is None
        else embeds.overtaken(report, earlier, settings, guild, texts)
    )
    return embed, EditView(interaction, connection.name, report, settings)


async def _write(
    bot: PatchbayBot,
    connection: str,
    report: Integration,
    before: Settings,
    after: Settings,
    interaction: Interaction,
) -> tuple[discord.Embed, discord.ui.View]:
    texts = bot.catalog[interaction.locale.value]
    again = EditButton(texts=texts, connection=connection, integration=report.id)
    offer_retry(interaction, again)
    guild_id, member_id = guild_of(interaction), interaction.user.id
    async with bot.audit.change(guild_id, member_id, "toolzz.edit", f"toolzz · {report.id}") as change:
        opened = await open_connection(interaction, "toolzz", connection)
        client = bot.provider(ToolzzProvider).client(opened.credentials)
        fresh = await bot.unless_stopping(_report(client, report.id))
        # A write names no version: this is all that keeps it from undoing what somebody else did meanwhile.
        now = None if fresh.is_deleted or not runs_here(fresh, guild_id) else Settings.of(fresh)
        if now is None or now.essence != before.essence:
            change.result = "refused:overtaken"
            return _offer(interaction, bot, opened, fresh, texts, before)
        bot.choices.forget(opened)
        outcome = await write_once(client, report.id, before, after, unless_stopping=bot.unless_stopping)
        change.result = DONE if outcome.verdict is Verdict.THERE else UNKNOWN
    bot.choices.forget(opened)
    withdraw_retry(interaction)
    guild = bot.get_guild(guild_id)
    if outcome.doubt is None and outcome.verdict is Verdict.THERE:
        return embeds.written(report, outcome, after, guild, texts), view_of()
    return embeds.in_doubt(report, outcome, after, guild, texts), view_of(again)


async def _report(client: ToolzzClient, integration: str) -> Integration:
    """Read an integration in full, under the id that it was asked for by: that one is safe to send on."""
    return (await client.full(integration)).model_copy(update={"id": integration})


def _visible(settings: Settings, guild: discord.Guild | None) -> list[Channel]:
    """Return the channels that the form can show: those of this server, of the right kind, with room."""
    found = (
        channel
        for channel in {channel.id: channel for channel in settings.channels}.values()
        if is_selectable(channel_in(guild, channel))
    )
    return list(found)[:MOST_CHANNELS]


def _changed(settings: Settings, shown: Filled, sent: Filled, guild: discord.Guild | None) -> Settings:
    """Return the settings with what a member has changed in the form, and with nothing else changed.

    Raises InvalidInputError("channels") for one that is gone.
    """
    channels = settings.channels
    if sent.channels != shown.channels:
        chosen = {str(channel.id): channel.name for channel in find_channels(guild, sent.channels)}
        # What the form did not show was not taken out by anybody.
        seen = {str(channel) for channel in shown.channels}
        kept = tuple(channel for channel in channels if channel.id in chosen or channel.id not in seen)
        new = chosen.keys() - {channel.id for channel in kept}
        channels = (*kept, *(Channel(id=each, name=chosen[each]) for each in chosen if each in new))
    return replace(
        settings,
        # A title that is too long for the form, or has more than one line, is cut there and kept here.
        title=settings.title if sent.title == shown.title else sent.title,
        channels=channels,
        scope=sent.scope,
        reply_on_mention=sent.reply_on_mention,
        create_threads=sent.create_threads,
    )
