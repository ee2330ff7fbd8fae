"""The bot token form of ``/sensay connect``, what follows it, and the buttons that outlive a restart."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, cast

import discord

from bot.errors import InvalidInputError
from bot.kit.integration import Verdict
from bot.providers.sensay import SensayProvider
from bot.providers.sensay.handover import glance, had_one, hand_over, judge, was_there
from bot.runtime.client import PatchbayBot
from bot.runtime.connections import open_connection, reopen
from bot.runtime.preflight import Preflight, examine
from bot.runtime.token_question import Handover, TokenQuestion
from bot.services.audit import DONE, UNKNOWN
from bot.ui.components import Interaction, LastingButton, SafeModal, gate, guild_of, withdraw_retry
from bot.ui.discord_token import read_token
from bot.ui.replies import answer, renew, think
from bot.ui.text import quoted
from cogs.sensay import embeds
from cogs.sensay.choice import chosen_replica, named

if TYPE_CHECKING:
    from bot.i18n.catalog import Texts
    from bot.kit.integration import Choice

_HAD_ONE = {True: "y", False: "n", None: "u"}


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


class LookButton(
    LastingButton,
    template=r"sensay:look:(?P<connection>[a-z0-9_-]{1,20}):(?P<replica>[0-9a-f-]{36})"
    r":(?P<bot_id>[0-9]{1,20}):(?P<had_one>[ynu])",
):
    """Looks again whether a token without a good answer has become an integration."""

    def __init__(self, *, texts: Texts, connection: str, replica: str, bot_id: str, had_one: str) -> None:
        """bot_id: 0 for none known. had_one: y, n or u, whether it had an integration before."""
        super().__init__(
            discord.ui.Button(
                label=texts("sensay.connect.look"),
                style=discord.ButtonStyle.primary,
                custom_id=f"sensay:look:{connection}:{replica}:{bot_id}:{had_one}",
            )
        )
        self._connection = connection
        self._replica = replica
        self._bot_id = int(bot_id) or None
        self._had_one = had_one

    async def press(self, interaction: Interaction) -> None:
        """Look into Sensay's list and say what it proves."""
        bot, opened = await reopen(interaction, "sensay", self._connection)
        texts = bot.catalog[interaction.locale.value]
        client = bot.provider(SensayProvider).client(opened.credentials)
        sighting = await bot.unless_stopping(client.look_up(self._replica))
        verdict = judge(sighting, had_one=None if self._had_one == "u" else self._had_one == "y")
        replica = named(chosen_replica(bot, opened, self._replica), sighting.replica)
        connect = ConnectButton(texts=texts, connection=opened.name, replica=replica.id)
        placed = (await bot.integrations.of_guild(opened.guild_id, "sensay")).get(replica.id)
        asked_at = interaction.created_at if interaction.message is None else interaction.message.created_at
        recorded = placed is not None and placed.placed_at >= asked_at.timestamp()
        if recorded or opened.set_at > asked_at.timestamp():
            # Connected since, by another token than the one that this button is about, or with credentials
            # that may see another list.
            verdict = Verdict.UNKNOWN
        await renew(interaction, *embeds.looked_up(replica, verdict, self, connect, texts))
        if verdict is Verdict.THERE:
            member_id = interaction.user.id
            await bot.integrations.record(
                opened, replica.id, replica.label, bot_id=self._bot_id, member_id=member_id
            )
            target = f"sensay · {replica.id}"
            await bot.audit.note(opened.guild_id, "sensay.connect", target, member_id=member_id)


class TokenModal(SafeModal):
    """Says who will receive the token and how it is revoked, and takes it."""

    def __init__(self, asked: Interaction, connection: str, replica: Choice) -> None:
        texts = gate(asked).texts(asked)
        super().__init__(
            asked,
            title=texts("sensay.connect.form"),
            retry=ConnectButton(texts=texts, connection=connection, replica=replica.id),
        )
        self._bot = cast("PatchbayBot", asked.client)
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
        """Show whose token it is; it goes to Sensay only once the member has confirmed."""
        await think(interaction)
        token = read_token(self._token.value)
        guild_id = guild_of(interaction)
        # Opened only now: while the form was open the connection may have been rotated or removed.
        connection = await open_connection(interaction, "sensay", self._connection)
        client = self._bot.provider(SensayProvider).client(connection.credentials)
        preflight = await self._bot.unless_stopping(examine(self._bot, guild_id, token))
        listed = await self._bot.unless_stopping(was_there(client, self._replica.id))
        placed = (await self._bot.integrations.of_guild(guild_id, "sensay")).get(self._replica.id)
        texts = self._bot.catalog[interaction.locale.value]
        handover = Handover(
            provider=SensayProvider.name,
            title=texts("sensay.connect.question"),
            fields=embeds.question_fields(self._replica, placed, texts, listed=listed),
            start_over=texts("sensay.connect.start_over"),
            retry=ConnectButton(texts=texts, connection=connection.name, replica=self._replica.id),
            hand_over=functools.partial(
                _hand_over, self._bot, connection.name, connection.set_at, self._replica, listed=listed
            ),
            look=functools.partial(
                _look_button,
                texts,
                connection.name,
                self._replica.id,
                had_one(listed, remembered=placed is not None),
            ),
        )
        await TokenQuestion(interaction, token, preflight, handover).ask()


async def open_form(interaction: Interaction, bot: PatchbayBot, replica: str, connection: str | None) -> None:
    """Answer with the form. A form must come first and at once, so nothing is asked of Sensay here.

    Raises NoConnectionError and the like, and InvalidInputError("replica") for a name that is not listed.
    """
    opened = await open_connection(interaction, "sensay", connection)
    await interaction.response.send_modal(
        TokenModal(
            interaction,
            opened.name,
            chosen_replica(bot, opened, replica),
        )
    )


def _look_button(
    texts: Texts,
    connection: str,
    replica: str,
    had_one: bool | None,
    preflight: Preflight,
) -> LookButton:
    return LookButton(
        texts=texts,
        connection=connection,
        replica=replica,
        bot_id=str(preflight.bot_id or 0),
        had_one=_HAD_ONE[had_one],
    )


async def _hand_over(
    bot: PatchbayBot,
    connection: str,
    set_at: int,
    replica: Choice,
    interaction: Interaction,
    token: str,
    preflight: Preflight,
    *,
    listed: bool | None,
) -> None:
    """Send the token and answer. listed: whether Sensay listed a bot when the question was put."""
    guild_id, member_id = guild_of(interaction), interaction.user.id
    async with bot.audit.change(guild_id, member_id, "sensay.connect", f"sensay · {replica.id}") as change:
        opened = await open_connection(interaction, "sensay", connection, set_at=set_at)
        client = bot.provider(SensayProvider).client(opened.credentials)
        # The member may have taken minutes to decide; somebody else may have connected the replica meanwhile.
        now = (await glance(client, replica.id, bot.unless_stopping)).on_discord
        if now and listed is False:
            raise InvalidInputError("taken_meanwhile")
        placed = await bot.integrations.of_guild(guild_id, "sensay")
        before = had_one(now, remembered=replica.id in placed)
        # Before and after the call: an outcome in doubt may have changed the list too.
        bot.choices.forget(opened)
        outcome = await hand_over(
            client, replica.id, token, had_one=before, unless_stopping=bot.unless_stopping
        )
        change.result = DONE if outcome.verdict is Verdict.THERE else UNKNOWN
    bot.choices.forget(opened)
    withdraw_retry(interaction)
    replica = named(replica, outcome.replica)
    texts = bot.catalog[interaction.locale.value]
    if outcome.doubt is None:
        await answer(interaction, *embeds.accepted(replica, outcome.replica, preflight, texts))
    else:
        look = _look_button(texts, opened.name, replica.id, before, preflight)
        await answer(interaction, *embeds.in_doubt(replica, outcome, look, texts))
    # Answered first: that Sensay has the token must be read even if our own store fails now.
    if outcome.verdict is Verdict.THERE:
        await bot.integrations.record(
            opened, replica.id, replica.label, bot_id=preflight.bot_id, member_id=interaction.user.id
        )
