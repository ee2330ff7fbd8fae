"""The credentials form of ``/connections add`` and ``rotate``, and the button that opens it again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, cast

import discord

from bot.runtime.client import PatchbayBot
from bot.ui.components import Interaction, LastingButton, guild_of
from bot.ui.credential_modal import CredentialModal
from bot.ui.replies import answer, think
from bot.ui.text import code
from cogs.connections import embeds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.i18n.catalog import Texts
    from bot.kit.provider import Provider

ADD: Final = "add"
ROTATE: Final = "rotate"


class CredentialButton(
    LastingButton,
    template=r"connections:(?P<action>add|rotate):(?P<provider>[a-z0-9_-]{1,32}):(?P<name>[a-z0-9_-]{1,20})",
):
    """Opens the credentials form."""

    after_not_found = True

    def __init__(self, *, texts: Texts, action: str, provider: str, name: str) -> None:
        super().__init__(
            discord.ui.Button(
                label=texts(f"connections.{action}.button"),
                style=discord.ButtonStyle.primary,
                custom_id=f"connections:{action}:{provider}:{name}",
            )
        )
        self._action = action
        self._provider = provider
        self._name = name

    async def press(self, interaction: Interaction) -> None:
        """Open the form."""
        await open_form(
            interaction, cast("PatchbayBot", interaction.client), self._action, self._provider, self._name
        )


async def open_form(
    interaction: Interaction, bot: PatchbayBot, action: str, slug: str, name: str | None
) -> None:
    """Answer with the form, after making sure that what it is for is possible. Raises RequestError."""
    guild_id = guild_of(interaction)
    if action == ADD:
        name = await bot.connections.check_free(guild_id, slug, name)
    else:
        name = (await bot.connections.find(guild_id, slug, name)).name
    provider = bot.connections.provider(slug)
    texts = bot.catalog[interaction.locale.value]
    await interaction.response.send_modal(
        CredentialModal(
            texts,
            provider,
            texts(f"connections.{action}.form", provider=provider.name, name=name),
            _intro(action, provider, name, texts),
            partial(_save, bot, action, slug, name),
            CredentialButton(texts=texts, action=action, provider=slug, name=name),
        )
    )


def _intro(action: str, provider: Provider, name: str, texts: Texts) -> str:
    intro = texts(f"credential.{provider.slug}.intro")
    return intro if action == ADD else texts("connections.rotate.intro", name=code(name)) + "\n" + intro


async def _save(
    bot: PatchbayBot, action: str, slug: str, name: str, interaction: Interaction, values: Mapping[str, str]
) -> None:
    await think(interaction)
    store = bot.connections.add if action == ADD else bot.connections.rotate
    summary = await store(guild_of(interaction), slug, name, values, member_id=interaction.user.id)
    await answer(interaction, embeds.stored(action, summary, bot, bot.catalog[interaction.locale.value]))
