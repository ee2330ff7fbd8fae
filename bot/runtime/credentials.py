"""The form that takes a provider's credentials and stores them, the button to it, and what is said then."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, cast

import discord

from bot.ui.components import Interaction, LastingButton, guild_of
from bot.ui.credential_modal import CredentialModal
from bot.ui.replies import answer, think
from bot.ui.text import code
from bot.ui.theme import Field, Tone, card

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bot.i18n.catalog import Texts
    from bot.kit.provider import Provider
    from bot.runtime.client import PatchbayBot
    from bot.services.connections import Summary

ADD: Final = "add"
ROTATE: Final = "rotate"


class CredentialButton(
    LastingButton,
    template=r"connections:(?P<action>add|rotate):(?P<provider>[a-z0-9_-]{1,32}):(?P<name>[a-z0-9_-]{1,20})",
):
    """Opens the credentials form."""

    after_not_found = True

    def __init__(
        self, *, texts: Texts, action: str, provider: str, name: str, label: str | None = None
    ) -> None:
        super().__init__(
            discord.ui.Button(
                label=label or texts(f"connections.{action}.button"),
                style=discord.ButtonStyle.primary,
                custom_id=f"connections:{action}:{provider}:{name}",
            )
        )
        self._action = action
        self._provider = provider
        self._name = name

    async def press(self, interaction: Interaction) -> None:
        """Open the form."""
        bot = cast("PatchbayBot", interaction.client)
        await ask_for_credentials(interaction, bot, self._action, self._provider, self._name)


async def ask_for_credentials(
    interaction: Interaction, bot: PatchbayBot, action: str, slug: str, name: str | None
) -> None:
    """Answer with the form, and with the way back to it if it fails. Raises RequestError."""
    texts = bot.catalog[interaction.locale.value]

    def retry(name: str) -> CredentialButton:
        return CredentialButton(texts=texts, action=action, provider=slug, name=name)

    await open_form(interaction, bot, action, slug, name, retry)


async def open_form(
    interaction: Interaction,
    bot: PatchbayBot,
    action: str,
    slug: str,
    name: str | None,
    retry: Callable[[str], LastingButton],
    done: Callable[[Interaction, Summary], Awaitable[None]] | None = None,
) -> None:
    """Answer with the form, after making sure that what it is for is possible. Raises RequestError.

    retry: makes the button that opens the form anew, given the connection's name. done: answers once the
    credentials are stored, without it ``stored`` does. It is for a form that a component has opened, and
    finds the component's message ready to be renewed.
    """
    guild_id = guild_of(interaction)
    if action == ADD:
        name = await bot.connections.check_free(guild_id, slug, name)
    else:
        name = (await bot.connections.find(guild_id, slug, name)).name
    provider = bot.connections.provider(slug)
    texts = bot.catalog[interaction.locale.value]
    await interaction.response.send_modal(
        CredentialModal(
            interaction,
            provider,
            texts(f"connections.{action}.form", provider=provider.name, name=name),
            _intro(action, provider, name, texts),
            partial(_save, bot, action, slug, name, done),
            retry(name),
        )
    )


def stored(action: str, summary: Summary, bot: PatchbayBot, texts: Texts) -> discord.Embed:
    """Say that credentials were tried and stored; what to do with them next."""
    provider = bot.providers[summary.provider].name
    return card(
        Tone.GOOD,
        texts(f"connections.{action}.done", provider=provider),
        texts("connections.stored.how"),
        fields=[
            Field(texts("connections.name"), code(summary.name), inline=True),
            Field(texts("connections.credentials"), credential_lines(summary, bot, texts), inline=True),
            next_step(summary.provider, texts),
        ],
    )


def credential_lines(summary: Summary, bot: PatchbayBot, texts: Texts) -> str:
    """Name every field as set or not; the first secret also by its end."""
    lines = []
    for position, field in enumerate(bot.providers[summary.provider].fields):
        label = texts(f"credential.{field.id}.label")
        if field.id not in summary.fields:
            lines.append(texts("connections.field.unset", label=label))
        elif position == 0 and summary.hint:
            lines.append(texts("connections.field.set_ending", label=label, ending=code(summary.hint)))
        else:
            lines.append(texts("connections.field.set", label=label))
    return "\n".join(lines)


def next_step(provider: str, texts: Texts) -> Field:
    """Lead on to what the provider is for; its own texts say where."""
    return Field(
        texts("next_step"), texts.find(f"{provider}.connected.next") or texts("connections.list.next")
    )


def _intro(action: str, provider: Provider, name: str, texts: Texts) -> str:
    intro = texts(f"credential.{provider.slug}.intro")
    return intro if action == ADD else texts("connections.rotate.intro", name=code(name)) + "\n" + intro


async def _save(
    bot: PatchbayBot,
    action: str,
    slug: str,
    name: str,
    done: Callable[[Interaction, Summary], Awaitable[None]] | None,
    interaction: Interaction,
    values: Mapping[str, str],
) -> None:
    if done is None:
        await think(interaction)
    else:
        await interaction.response.defer()
    store = bot.connections.add if action == ADD else bot.connections.rotate
    guild_id, member_id = guild_of(interaction), interaction.user.id
    async with bot.audit.change(guild_id, member_id, f"connection.{action}", f"{slug} · {name}"):
        summary = await store(guild_id, slug, name, values, member_id=member_id)
    if done is not None:
        await done(interaction, summary)
    else:
        await answer(interaction, stored(action, summary, bot, bot.catalog[interaction.locale.value]))
