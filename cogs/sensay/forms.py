"""The bot token form of ``/sensay connect``, and the button that opens it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import discord

from bot.errors import InvalidInputError
from bot.kit.integration import Choice, read_uuid
from bot.providers.sensay import SensayProvider
from bot.runtime.client import PatchbayBot
from bot.ui.components import Interaction, LastingButton, SafeModal, guild_of
from bot.ui.discord_token import application_id, read_token
from bot.ui.replies import answer, think
from bot.ui.text import quoted
from cogs.sensay import embeds

if TYPE_CHECKING:
    from bot.i18n.catalog import Texts


class ConnectButton(
    LastingButton, template=r"sensay:connect:(?P<connection>[a-z0-9_-]{1,20}):(?P<replica>[0-9a-f-]{36})"
):
    """Opens the bot token form."""

    def __init__(self, *, texts: Texts, connection: str, replica: str) -> None:
        super().__init__(
            discord.ui.Button(
                label=texts("sensay.connect.button"),
                style=discord.ButtonStyle.primary,
                custom_id=f"sensay:connect:{connection}:{replica}",
            )
        )
        self._connection = connection
        self._replica = replica

    async def press(self, interaction: Interaction) -> None:
        """Open the form."""
        await open_form(interaction, cast("PatchbayBot", interaction.client), self._replica, self._connection)


class TokenModal(SafeModal):
    """Says who will receive the token and how it is revoked, takes it, passes it on once."""

    def __init__(self, texts: Texts, bot: PatchbayBot, connection: str, replica: Choice) -> None:
        super().__init__(
            title=texts("sensay.connect.form"),
            retry=ConnectButton(texts=texts, connection=connection, replica=replica.id),
        )
        self._bot = bot
        self._connection = connection
        self._replica = replica
        self._token: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id="discord_token", max_length=200, placeholder=texts("sensay.connect.placeholder")
        )
        name = quoted(replica.label) or replica.id
        intro = [texts("sensay.connect.intro", replica=name)]
        if replica.state is not None:
            intro.append(texts("sensay.connect.again", replica=name))
        self.add_item(discord.ui.TextDisplay("\n".join(intro)))
        self.add_item(
            discord.ui.Label(
                text=texts("sensay.connect.token"),
                description=texts("sensay.connect.token_description"),
                component=self._token,
            )
        )

    async def on_submit(self, interaction: Interaction, /) -> None:  # type: ignore[override]
        """Hand the token to Sensay and forget it."""
        await think(interaction)
        token = read_token(self._token.value)
        if application_id(token) == self._bot.application_id:
            raise InvalidInputError("own_token")
        # Opened only now: while the form was open the connection may have been rotated or removed.
        connection = await self._bot.connections.open(guild_of(interaction), "sensay", self._connection)
        provider = self._bot.provider(SensayProvider)
        # Before the call: an outcome in doubt may have changed the list too.
        self._bot.choices.forget(connection)
        await provider.client(connection.credentials).create_discord_integration(self._replica.id, token)
        texts = self._bot.catalog[interaction.locale.value]
        embed, view = embeds.connected(self._replica, token, guild_of(interaction), texts)
        await answer(interaction, embed, view)


async def open_form(interaction: Interaction, bot: PatchbayBot, replica: str, connection: str | None) -> None:
    """Answer with the form. A form must come first and at once, so nothing is asked of Sensay here.

    Raises NoConnectionError and the like, and InvalidInputError("replica") for a name that is not listed.
    """
    opened = await bot.connections.open(guild_of(interaction), "sensay", connection)
    known = bot.choices.known(opened, replica)
    uuid = read_uuid(replica if known is None else known.id, "replica")
    chosen = Choice(uuid, uuid) if known is None else Choice(uuid, known.label, known.state)
    await interaction.response.send_modal(
        TokenModal(bot.catalog[interaction.locale.value], bot, opened.name, chosen)
    )
