"""The message of ``/setup``: all providers, or the steps with one, and its components that outlive a restart.

What has been done so far is found out anew each time, so anybody may go on where somebody else has stopped.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, cast

import discord

from bot.errors import InvalidInputError
from bot.runtime.alert_routes import set_route
from bot.runtime.credentials import ADD, ROTATE, open_form
from bot.runtime.following import Look, follow
from bot.runtime.setup_steps import find_steps, standings
from bot.runtime.suggestions import LONGEST, MOST
from bot.ui.components import (
    Interaction,
    LastingButton,
    LastingChannelSelect,
    LastingSelect,
    guild_of,
    view_of,
)
from bot.ui.pages import Turn
from bot.ui.replies import renew
from bot.ui.text import plain
from bot.ui.theme import state_symbol
from cogs.setup import embeds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.i18n.catalog import Texts
    from bot.runtime.client import PatchbayBot
    from bot.runtime.setup_steps import Listed, Steps
    from bot.services.connections import Summary

_PROVIDER: Final = r"(?P<provider>[a-z0-9_-]{1,32})"
_CONNECTION: Final = r"(?P<connection>[a-z0-9_-]{0,20})"
_Style = discord.ButtonStyle


class AllButton(LastingButton, template="setup:all"):
    """Leads back to all providers."""

    def __init__(self, *, texts: Texts) -> None:
        label = texts("setup.all_button")
        super().__init__(discord.ui.Button(label=label, emoji=Turn.UP.symbol, custom_id="setup:all"))

    async def press(self, interaction: Interaction) -> None:
        """Show them in this message."""
        await interaction.response.defer()
        bot = cast("PatchbayBot", interaction.client)
        await renew(interaction, *await all_providers(interaction, bot))


class StepsButton(LastingButton, template=rf"setup:steps:{_PROVIDER}:{_CONNECTION}"):
    """Opens the steps with a provider, or looks again how far they are."""

    def __init__(
        self,
        *,
        texts: Texts,
        provider: str,
        connection: str,
        label: str | None = None,
        symbol: str = Turn.SAME.symbol,
        style: discord.ButtonStyle = _Style.secondary,
    ) -> None:
        """connection: empty for the default one."""
        super().__init__(
            discord.ui.Button(
                label=label or texts("setup.check_button"),
                emoji=symbol,
                style=style,
                custom_id=f"setup:steps:{provider}:{connection}",
            )
        )
        self._provider = provider
        self._connection = connection

    async def press(self, interaction: Interaction) -> None:
        """Look now."""
        await interaction.response.defer()
        await _show(interaction, self._provider, self._connection)


class ConnectionSelect(LastingSelect, template=rf"setup:connection:{_PROVIDER}"):
    """Shows the steps with another connection of the provider."""

    def __init__(self, *, texts: Texts, provider: str, options: Sequence[discord.SelectOption] = ()) -> None:
        super().__init__(
            discord.ui.Select(
                placeholder=texts("setup.connection.placeholder"),
                custom_id=f"setup:connection:{provider}",
                options=list(options),
            )
        )
        self._provider = provider

    async def pick(self, interaction: Interaction, value: str) -> None:
        """Look now; a name that is no connection's any more shows the default one."""
        await interaction.response.defer()
        await _show(interaction, self._provider, value)


class FormButton(LastingButton, template=rf"setup:(?P<action>add|rotate):{_PROVIDER}:{_CONNECTION}"):
    """Opens the credentials form, and shows the steps once they are stored."""

    after_not_found = True

    def __init__(
        self,
        *,
        texts: Texts,
        action: str,
        provider: str,
        connection: str,
        style: discord.ButtonStyle = _Style.primary,
    ) -> None:
        super().__init__(
            discord.ui.Button(
                label=texts("setup.enter_button" if action == ADD else "connections.rotate.button"),
                style=style,
                custom_id=f"setup:{action}:{provider}:{connection}",
            )
        )
        self._action = action
        self._provider = provider
        self._connection = connection

    async def press(self, interaction: Interaction) -> None:
        """Open the form."""
        bot = cast("PatchbayBot", interaction.client)
        texts = bot.catalog[interaction.locale.value]

        def retry(name: str) -> FormButton:
            return FormButton(texts=texts, action=self._action, provider=self._provider, connection=name)

        await open_form(
            interaction, bot, self._action, self._provider, self._connection or None, retry, _go_on
        )


class OfferSelect(LastingSelect, template=rf"setup:offer:{_PROVIDER}:(?P<number>[0-9]{{1,2}}):{_CONNECTION}"):
    """Connects or links the agent that is picked, as the provider's own cog does it."""

    def __init__(
        self,
        *,
        texts: Texts,
        provider: str,
        number: str,
        connection: str,
        placeholder: str | None = None,
        options: Sequence[discord.SelectOption] = (),
    ) -> None:
        """number: of the provider's offers, from 0."""
        super().__init__(
            discord.ui.Select(
                placeholder=placeholder and texts(placeholder),
                custom_id=f"setup:offer:{provider}:{number}:{connection}",
                options=list(options),
            )
        )
        self._provider = provider
        self._number = int(number)
        self._connection = connection

    async def pick(self, interaction: Interaction, value: str) -> None:
        """Hand over to the provider's cog, which looks whether that is possible."""
        bot = cast("PatchbayBot", interaction.client)
        offers = bot.offers.get(self._provider, ())
        if self._number >= len(offers):
            raise InvalidInputError("option")
        await offers[self._number].act(interaction, bot, value, self._connection)


class AlertsSelect(LastingChannelSelect, template=rf"setup:alerts:{_PROVIDER}:{_CONNECTION}"):
    """Sends alerts to the channel that is picked, and shows the steps again."""

    def __init__(self, *, texts: Texts, provider: str, connection: str) -> None:
        super().__init__(
            discord.ui.ChannelSelect(
                placeholder=texts("setup.alerts.placeholder"),
                custom_id=f"setup:alerts:{provider}:{connection}",
                channel_types=[discord.ChannelType.text, discord.ChannelType.news],
            )
        )
        self._provider = provider
        self._connection = connection

    async def pick(self, interaction: Interaction, channel: discord.TextChannel) -> None:
        """Set it as `/alerts set` does where nothing but the channel is given."""
        await interaction.response.defer()
        await set_route(interaction, cast("PatchbayBot", interaction.client), channel)
        await _show(interaction, self._provider, self._connection)


async def all_providers(interaction: Interaction, bot: PatchbayBot) -> tuple[discord.Embed, discord.ui.View]:
    """Show every provider that there is."""
    bot.give_up(_place(interaction))
    texts = bot.catalog[interaction.locale.value]
    found = await standings(bot, guild_of(interaction))
    buttons = (
        StepsButton(
            texts=texts,
            provider=each.provider.slug,
            connection="",
            label=each.provider.name,
            symbol=embeds.symbol_of(each),
            style=_Style.secondary if embeds.symbol_of(each) == embeds.DONE else _Style.primary,
        )
        for each in found
    )
    return embeds.overview(found, texts), view_of(*buttons)


async def _go_on(interaction: Interaction, summary: Summary) -> None:
    await _show(interaction, summary.provider, summary.name)


async def _show(interaction: Interaction, provider: str, connection: str) -> None:
    """Put the steps into the message, and keep them true for a while if there is something to wait for."""
    bot = cast("PatchbayBot", interaction.client)
    bot.give_up(_place(interaction))
    shown = await find_steps(interaction, bot, provider, connection)
    await renew(interaction, *_render(interaction, bot, shown))
    if not shown.works:
        return

    async def look() -> Look | None:
        nonlocal shown
        before, shown = shown, await find_steps(interaction, bot, provider, connection)
        if shown.essence == before.essence:
            return None
        return Look(*_render(interaction, bot, shown), settled=False)

    sooner = partial(bot.integrations.on_change, guild_of(interaction))
    bot.in_background(follow(interaction, look, sooner), _place(interaction))


def _place(interaction: Interaction) -> str:
    """Name what keeps a member's steps true: those of their latest `/setup` alone."""
    return f"setup:{guild_of(interaction)}:{interaction.user.id}"


def _render(
    interaction: Interaction, bot: PatchbayBot, steps: Steps
) -> tuple[discord.Embed, discord.ui.View]:
    texts = bot.catalog[interaction.locale.value]
    return embeds.stepper(steps, bot, guild_of(interaction), texts), view_of(*_components(steps, texts))


def _components(steps: Steps, texts: Texts) -> Iterator[LastingButton | LastingSelect | LastingChannelSelect]:
    """Yield what fills at most the five rows of a message: a menu takes one, the buttons share one."""
    slug = steps.provider.slug
    if steps.summary is None:
        yield FormButton(texts=texts, action=ADD, provider=slug, connection="")
        yield AllButton(texts=texts)
        return
    name = steps.summary.name
    for number, listed in enumerate(steps.lists):
        if options := list(_options(listed, texts)):
            yield OfferSelect(
                texts=texts,
                provider=slug,
                number=str(number),
                connection=name,
                placeholder=f"{listed.offer.key}.placeholder",
                options=options,
            )
    if len(steps.summaries) > 1:
        names = [each.name for each in steps.summaries]
        options = [discord.SelectOption(label=each, value=each, default=each == name) for each in names]
        yield ConnectionSelect(texts=texts, provider=slug, options=options[:MOST])
    if steps.works and not steps.is_told:
        yield AlertsSelect(texts=texts, provider=slug, connection=name)
    style = _Style.primary if embeds.needs_credentials(steps) else _Style.secondary
    yield StepsButton(texts=texts, provider=slug, connection=name)
    yield FormButton(texts=texts, action=ROTATE, provider=slug, connection=name, style=style)
    yield AllButton(texts=texts)


def _options(listed: Listed, texts: Texts) -> Iterator[discord.SelectOption]:
    """Return an entry for each choice, as many as a menu holds; an id that has no room could not be sent."""
    by_id = {choice.id: choice for choice in listed.choices if 0 < len(choice.id) <= LONGEST}
    for choice in list(by_id.values())[:MOST]:
        state = choice.state
        yield discord.SelectOption(
            label=plain(choice.label, LONGEST) or plain(choice.id, LONGEST) or "?",
            value=choice.id,
            description=None if state is None else texts(f"state.{state}"),
            emoji=None if state is None else state_symbol(state),
        )
