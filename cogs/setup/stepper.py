"""The message of ``/setup``: all providers, or the steps with one, and its components.

What was done so far is found out anew each time, so that anybody can continue where somebody else stopped.
"""

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Annotated, Any, Literal

import discord

from bot.discord.access.posting import PickedChannel
from bot.discord.commands import MAX_CHOICE_LENGTH, MAX_CHOICES
from bot.discord.components import PersistentButton, PersistentChannelSelect, PersistentSelect
from bot.discord.context import Context
from bot.discord.pages import REFRESH, UP
from bot.discord.replies import Answer, Update, acknowledge, edit, keep_updated, view_of
from bot.discord.routes import ProviderSlug, Segment
from bot.discord.text import plain
from bot.discord.theme import state_symbol, state_word
from bot.errors import InvalidInputError
from bot.features.connections.service import Summary
from bot.i18n.catalog import Texts
from cogs.alerts import set_channel
from cogs.connections import ADD, ROTATE, open_form
from cogs.monitoring import LinkAllButton, candidate_select, unlinked
from cogs.monitoring.formatting import told_apart
from cogs.setup import embeds
from cogs.setup.steps import SetupListContent, SetupProgress, find_progress, provider_progress, setup_lists

_Style = discord.ButtonStyle
_ConnectionOrDefault = Annotated[str, Segment(r"[a-z0-9_-]{0,20}")]
"""A connection's name; empty for the default one."""
_ListNumber = Annotated[int, Segment(r"[0-9]{1,2}", read=int)]


class SetupOverviewButton(PersistentButton):
    """Leads back to all providers."""

    route = "setup:all"
    reads_only = True
    caption = "setup.all_button"
    symbol = UP

    async def press(self, ctx: Context) -> None:
        """Show them in this message."""
        await acknowledge(ctx)
        await edit(ctx, *await overview(ctx))


class SetupStepsButton(PersistentButton):
    """Opens the steps with a provider, or finds out again how far they are."""

    route = "setup:steps:{provider}:{connection}"
    reads_only = True
    caption = "setup.check_button"
    symbol = REFRESH

    provider: ProviderSlug
    connection: _ConnectionOrDefault

    async def press(self, ctx: Context) -> None:
        """Show the steps in this message."""
        await acknowledge(ctx)
        await _show(ctx, self.provider, self.connection)


class SetupConnectionSelect(PersistentSelect):
    """Shows the steps with another connection of the provider."""

    route = "setup:connection:{provider}"
    reads_only = True
    caption = "setup.connection.placeholder"

    provider: ProviderSlug

    async def pick(self, ctx: Context, value: str) -> None:
        """Show the steps in this message; for a connection that is gone, those of the default one."""
        await acknowledge(ctx)
        await _show(ctx, self.provider, value)


class SetupFormButton(PersistentButton):
    """Opens the credentials form, and shows the steps once the credentials are stored."""

    route = "setup:{action}:{provider}:{connection}"
    caption = "connections.{action}.button"
    default_style = _Style.primary
    after_not_found = True

    action: Literal["add", "rotate"]
    provider: ProviderSlug
    connection: _ConnectionOrDefault

    def operation_in(self, _ctx: Context) -> str:
        """Return what the form is for."""
        return f"connections {self.action}"

    async def press(self, ctx: Context) -> None:
        """Open the form."""

        def retry(name: str) -> SetupFormButton:
            label = ctx.texts("setup.enter_button") if self.action == ADD else None
            return SetupFormButton(
                texts=ctx.texts, action=self.action, provider=self.provider, connection=name, label=label
            )

        await open_form(ctx, self.action, self.provider, self.connection or None, retry, _show_connection)


class SetupListSelect(PersistentSelect):
    """Connects or links the agent that is picked, as the provider's own cog does it.

    number: counts the provider's lists, from 0.
    """

    route = "setup:offer:{provider}:{number}:{connection}"

    provider: ProviderSlug
    number: _ListNumber
    connection: _ConnectionOrDefault

    def operation_in(self, ctx: Context) -> str | None:
        """Return what a pick from the list does."""
        lists = setup_lists(ctx.services, self.provider)
        return lists[self.number].operation if self.number < len(lists) else None

    async def pick(self, ctx: Context, value: str) -> None:
        """Hand over to the provider's cog, which checks whether the pick is possible."""
        lists = setup_lists(ctx.services, self.provider)
        if self.number >= len(lists):
            raise InvalidInputError("option")
        await lists[self.number].pick(ctx, value, self.connection)


class SetupAlertsSelect(PersistentChannelSelect):
    """Sends alerts to the channel that is picked, and shows the steps again."""

    route = "setup:alerts:{provider}:{connection}"
    operation = "setup"
    caption = "setup.alerts.placeholder"

    provider: ProviderSlug
    connection: _ConnectionOrDefault

    async def pick(self, ctx: Context, channel: PickedChannel) -> None:
        """Set the rule for everything as `/alerts set` does; what it says besides the channel stays."""
        await acknowledge(ctx)
        await set_channel(ctx, channel)
        await _show(ctx, self.provider, self.connection)


async def overview(ctx: Context) -> Answer:
    """Show every provider."""
    ctx.services.background.cancel(_task_name(ctx))
    found = await provider_progress(ctx)
    buttons = (
        SetupStepsButton(
            texts=ctx.texts,
            provider=each.provider.slug,
            connection="",
            label=each.provider.name,
            emoji=embeds.symbol_of(each),
            style=_Style.secondary if embeds.symbol_of(each) == embeds.DONE else _Style.primary,
        )
        for each in found
    )
    candidates = told_apart(await ctx.services.monitoring.candidates(ctx.guild_id), ctx.services.providers)
    to_link = [LinkAllButton(texts=ctx.texts)] if await unlinked(ctx) else []
    view = view_of(*buttons, *to_link, *candidate_select(candidates, ctx.texts))
    return embeds.overview(found, candidates, ctx.texts), view


async def _show_connection(ctx: Context, summary: Summary) -> None:
    await _show(ctx, summary.provider, summary.name)


async def _show(ctx: Context, provider: str, connection: str) -> None:
    """Put the steps into the message, and update them for a while if anything can change."""
    ctx.services.background.cancel(_task_name(ctx))
    shown = await find_progress(ctx, provider, connection)
    await edit(ctx, *_render(ctx, shown))
    if not shown.is_working:
        return

    async def update() -> Update | None:
        nonlocal shown
        before, shown = shown, await find_progress(ctx, provider, connection)
        if shown.comparison_key == before.comparison_key:
            return None
        return Update(*_render(ctx, shown), is_final=False)

    wake_on = partial(ctx.services.integrations.on_change, ctx.guild_id)
    ctx.services.background.start(keep_updated(ctx, update, wake_on), _task_name(ctx))


def _task_name(ctx: Context) -> str:
    """Name what updates a member's steps: only those of the member's latest `/setup` are updated."""
    return f"setup:{ctx.guild_id}:{ctx.member.id}"


def _render(ctx: Context, progress: SetupProgress) -> Answer:
    return embeds.stepper(progress, ctx), view_of(*_components(progress, ctx.texts))


def _components(progress: SetupProgress, texts: Texts) -> Iterator[discord.ui.Item[Any]]:
    """Yield what fills at most the five rows of a message: each menu takes one, the buttons share one."""
    slug = progress.provider.slug
    if progress.summary is None:
        label = texts("setup.enter_button")
        yield SetupFormButton(texts=texts, action=ADD, provider=slug, connection="", label=label)
        yield SetupOverviewButton(texts=texts)
        return
    name = progress.summary.name
    for number, content in enumerate(progress.lists):
        if options := list(_options(slug, content, texts)):
            yield SetupListSelect(
                texts=texts,
                provider=slug,
                number=number,
                connection=name,
                placeholder=f"{content.source.key}.placeholder",
                options=options,
            )
    if len(progress.summaries) > 1:
        names = [each.name for each in progress.summaries]
        options = [discord.SelectOption(label=each, value=each, default=each == name) for each in names]
        yield SetupConnectionSelect(texts=texts, provider=slug, options=options[:MAX_CHOICES])
    if progress.is_working and not progress.has_alert_channel:
        yield SetupAlertsSelect(texts=texts, provider=slug, connection=name)
    style = _Style.primary if progress.needs_credentials else _Style.secondary
    yield SetupStepsButton(texts=texts, provider=slug, connection=name)
    yield SetupFormButton(texts=texts, action=ROTATE, provider=slug, connection=name, style=style)
    yield SetupOverviewButton(texts=texts)


def _options(provider: str, content: SetupListContent, texts: Texts) -> Iterator[discord.SelectOption]:
    """Yield an entry for each choice, as many as a menu holds; an id that is too long cannot be sent."""
    possible = (choice for choice in content.choices if 0 < len(choice.id) <= MAX_CHOICE_LENGTH)
    for choice in islice(possible, MAX_CHOICES):
        state = choice.state
        yield discord.SelectOption(
            label=plain(choice.label, MAX_CHOICE_LENGTH) or plain(choice.id, MAX_CHOICE_LENGTH) or "?",
            value=choice.id,
            description=None if state is None else state_word(texts, provider, state),
            emoji=None if state is None else state_symbol(state),
        )
