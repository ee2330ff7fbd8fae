"""The message of ``/setup``: all providers, or the steps with one, and its components.

What was done so far is found out anew each time, so that anybody can continue where somebody else stopped.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Annotated, Any, Literal

import discord

from bot.discord.access.posting import PickedChannel
from bot.discord.commands import MAX_CHOICE_LENGTH, MAX_CHOICES
from bot.discord.components import PersistentButton, PersistentChannelSelect, PersistentSelect
from bot.discord.context import Context
from bot.discord.pages import REFRESH, UP
from bot.discord.replies import Answer, acknowledge, defer, edit, respond, view_of
from bot.discord.routes import ProviderSlug, Segment
from bot.discord.text import plain
from bot.discord.theme import state_symbol, state_word
from bot.errors import InvalidInputError, NoRouteError
from bot.features.connections.service import Summary
from bot.i18n.catalog import Texts
from cogs.alerts import post_test_alert, put_up_board, set_channel
from cogs.connections import ADD, ROTATE, open_form
from cogs.guilds import START_ROUTE, START_SYMBOL
from cogs.monitoring import candidate_select, link_all, unlinked
from cogs.monitoring.formatting import told_apart
from cogs.setup import embeds
from cogs.setup.failure import Failure
from cogs.setup.finished import finished
from cogs.setup.screen import Shown, StepsScreen
from cogs.setup.steps import (
    SetupListContent,
    SetupProgress,
    provider_progress,
    setup_lists,
    suitable_routes,
)

_Style = discord.ButtonStyle
_ConnectionOrDefault = Annotated[str, Segment(r"[a-z0-9_-]{0,20}")]
"""A connection's name; empty for the default one."""
_ProviderOrAll = Annotated[str, Segment(r"[a-z0-9_-]{0,32}")]
_ListNumber = Annotated[int, Segment(r"[0-9]{1,2}", read=int)]


class SetupOverviewButton(PersistentButton):
    """Leads back to all providers."""

    route = "setup:all"
    reads_only = True
    caption = "setup.all_button"
    symbol = UP

    async def press(self, ctx: Context) -> None:
        """Show them in this message, which is no longer about one of them."""
        await acknowledge(ctx)
        ctx.screen = None
        await edit(ctx, *await overview(ctx))


class SetupStartButton(PersistentButton):
    """Does what `/setup` does, for whoever presses it under a message that others see."""

    route = START_ROUTE
    reads_only = True
    caption = "setup.start_button"
    symbol = START_SYMBOL
    default_style = _Style.primary

    async def press(self, ctx: Context) -> None:
        """Show all providers in a message of its own."""
        await defer(ctx)
        await respond(ctx, *await overview(ctx))


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
        await StepsScreen.of(ctx, render, self.provider, self.connection).show(ctx)


class SetupMoreButton(PersistentButton):
    """Leads back from the last page to the steps, where more agents can be connected."""

    route = "setup:more:{provider}:{connection}"
    reads_only = True
    caption = "setup.more_button"
    symbol = "🧩"

    provider: ProviderSlug
    connection: _ConnectionOrDefault

    async def press(self, ctx: Context) -> None:
        """Show the steps in this message, although they are done."""
        await acknowledge(ctx)
        screen = StepsScreen.of(ctx, render, self.provider, self.connection)
        await screen.show(ctx, adds_more=True)


class SetupConnectionSelect(PersistentSelect):
    """Shows the steps with another connection of the provider."""

    route = "setup:connection:{provider}"
    reads_only = True
    caption = "setup.connection.placeholder"

    provider: ProviderSlug

    async def pick(self, ctx: Context, value: str) -> None:
        """Show the steps in this message; for a connection that is gone, those of the default one."""
        await acknowledge(ctx)
        await StepsScreen.of(ctx, render, self.provider, value).show(ctx)


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
        screen = StepsScreen.of(ctx, render, self.provider, self.connection, "credentials")

        def retry(name: str) -> SetupFormButton:
            label = ctx.texts("setup.enter_button") if self.action == ADD else None
            return SetupFormButton(
                texts=ctx.texts, action=self.action, provider=self.provider, connection=name, label=label
            )

        async def done(ctx: Context, summary: Summary) -> None:
            await screen.show(ctx, summary.name)

        await open_form(ctx, self.action, self.provider, self.connection or None, retry, done)


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
        StepsScreen.of(ctx, render, self.provider, self.connection, "agents")
        await lists[self.number].pick(ctx, value, self.connection)


class SetupLinkAllButton(PersistentButton):
    """Links everything that runs here, and shows the same message again.

    provider: empty for the message that shows all providers.
    """

    route = "setup:link-here:{provider}:{connection}"
    operation = "setup"
    caption = "belonging.link_all.button"
    symbol = "🔗"

    provider: _ProviderOrAll
    connection: _ConnectionOrDefault

    async def press(self, ctx: Context) -> None:
        """Link it now."""
        await acknowledge(ctx)
        if not self.provider:
            await link_all(ctx)
            await edit(ctx, *await overview(ctx))
            return
        screen = StepsScreen.of(ctx, render, self.provider, self.connection, "agents")
        await link_all(ctx)
        await screen.show(ctx)


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
        screen = StepsScreen.of(ctx, render, self.provider, self.connection, "alerts")
        await set_channel(ctx, channel)
        await screen.show(ctx)


class SetupTestButton(PersistentButton):
    """Posts a test alert where the alerts about the provider go, and shows what came of it."""

    route = "setup:test:{provider}:{connection}"
    operation = "alerts test"
    caption = "setup.test_button"
    symbol = "🧪"

    provider: ProviderSlug
    connection: _ConnectionOrDefault

    async def press(self, ctx: Context) -> None:
        """Post it now. Raises NoRouteError."""
        await acknowledge(ctx)
        screen = StepsScreen.of(ctx, render, self.provider, self.connection, "alerts")
        routes = suitable_routes(await ctx.services.alerts.routes(ctx.guild_id), self.provider)
        if not routes:
            raise NoRouteError
        route = min(routes, key=lambda each: bool(each.suspended))
        found = await post_test_alert(ctx, route)
        if found.refused:
            texts, channel = ctx.texts, f"<#{route.channel_id}>"
            why = texts(f"alerts.test.{found.refused}", channel=channel)
            text = f"**{texts('alerts.test.failed')}**\n{why}"
            failure = Failure("alerts", text, texts(f"alerts.test.{found.refused}_next"))
            await screen.show_failure(ctx, failure)
        else:
            await screen.show(ctx, test_link=found.link)


class SetupBoardSelect(PersistentChannelSelect):
    """Posts the board in the channel that is picked."""

    route = "setup:board:{provider}:{connection}"
    operation = "setup"
    caption = "setup.board.placeholder"

    provider: ProviderSlug
    connection: _ConnectionOrDefault

    async def pick(self, ctx: Context, channel: PickedChannel) -> None:
        """Post it as `/integrations board` does, and show the last page again."""
        await acknowledge(ctx)
        screen = StepsScreen.of(ctx, render, self.provider, self.connection, "board")
        await put_up_board(ctx, channel)
        await screen.show(ctx)


async def overview(ctx: Context) -> Answer:
    """Show every provider."""
    StepsScreen.stop(ctx)
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
    to_link = [SetupLinkAllButton(texts=ctx.texts, provider="", connection="")] if await unlinked(ctx) else []
    view = view_of(*buttons, *to_link, *candidate_select(candidates, ctx.texts))
    return embeds.overview(found, candidates, ctx.texts), view


def render(shown: Shown, ctx: Context) -> Answer:
    """Show the steps, or the last page once all of them are done."""
    progress, texts = shown.progress, ctx.texts
    if progress.is_complete and not shown.adds_more:
        return finished(shown, ctx), view_of(*_last_components(shown, texts))
    retry = () if shown.failure is None else shown.failure.retry
    # The button that opens the credentials form is there in any case.
    others = [each for each in retry if not isinstance(each, SetupFormButton)]
    components = _components(progress, texts, others)
    return embeds.stepper(progress, ctx, shown.failure), view_of(*components)


def _components(
    progress: SetupProgress, texts: Texts, retry: Sequence[discord.ui.Item[Any]]
) -> Iterator[discord.ui.Item[Any]]:
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
    yield from _connections(progress, name, texts)
    if progress.is_working and not progress.has_alert_channel:
        yield SetupAlertsSelect(texts=texts, provider=slug, connection=name)
    yield from retry
    style = _Style.primary if progress.needs_credentials else _Style.secondary
    yield SetupStepsButton(texts=texts, provider=slug, connection=name)
    yield SetupFormButton(texts=texts, action=ROTATE, provider=slug, connection=name, style=style)
    if progress.unlinked:
        yield SetupLinkAllButton(texts=texts, provider=slug, connection=name)
    yield SetupOverviewButton(texts=texts)


def _last_components(shown: Shown, texts: Texts) -> Iterator[discord.ui.Item[Any]]:
    """Yield what the last page offers."""
    progress = shown.progress
    place: dict[str, Any] = {
        "texts": texts,
        "provider": progress.provider.slug,
        "connection": "" if progress.summary is None else progress.summary.name,
    }
    yield from _connections(progress, place["connection"], texts)
    if progress.board is None:
        yield SetupBoardSelect(**place)
    yield SetupTestButton(**place, style=_Style.secondary if shown.test_link else _Style.primary)
    yield SetupMoreButton(**place)
    if progress.unlinked:
        yield SetupLinkAllButton(**place)
    yield SetupOverviewButton(texts=texts)


def _connections(progress: SetupProgress, name: str, texts: Texts) -> Iterator[SetupConnectionSelect]:
    """Yield the menu of the provider's connections, if there are several. name: of the one that is shown."""
    if len(progress.summaries) > 1:
        names = [each.name for each in progress.summaries]
        options = [discord.SelectOption(label=each, value=each, default=each == name) for each in names]
        slug = progress.provider.slug
        yield SetupConnectionSelect(texts=texts, provider=slug, options=options[:MAX_CHOICES])


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
