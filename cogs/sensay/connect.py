"""``/sensay connect``: guide, form and handover of the token, and the buttons that survive a restart."""

from dataclasses import dataclass, replace
from typing import Self

import discord

from bot.discord.access.agent_bots import application_of
from bot.discord.context import Context
from bot.discord.names import mention_member
from bot.discord.replies import Answer, defer, open_modal, respond
from bot.discord.routes import ConnectionName, Snowflake, Ternary
from bot.discord.text import quoted
from bot.discord.theme import Field, when
from bot.errors import InvalidInputError, NotListedError
from bot.features.connections.service import Connection
from bot.features.integrations.store import Placed
from bot.i18n.catalog import Texts
from bot.providers.base.integration import Choice
from bot.providers.base.outcome import Outcome
from bot.providers.sensay import SensayProvider
from bot.providers.sensay.handover import hand_over, judge, look_before, try_look_up, was_connected
from bot.providers.sensay.models import ListedReplica, Replica
from cogs.connections import open_connection
from cogs.handover import (
    ConnectButton,
    GuideAction,
    GuideButton,
    LookButton,
    Lookup,
    Preflight,
    TokenHandover,
    TokenModal,
    TokenQuestion,
    accepted_answer,
    examine,
)
from cogs.sensay.replica import (
    ReplicaUuid,
    chosen_replica,
    client_of,
    named,
    replica_field,
    replica_line,
    symbol_of,
    word_of,
)


class SensayConnectButton(ConnectButton):
    """Opens the bot token form."""

    route = "sensay:connect:{connection}:{agent}"
    operation = "sensay connect"
    caption = "sensay.connect.button"
    default_style = discord.ButtonStyle.primary

    connection: ConnectionName
    agent: ReplicaUuid

    async def press(self, ctx: Context) -> None:
        """Open the form."""
        await open_form(ctx, self.agent, self.connection)


class SensayGuideButton(GuideButton):
    """Shows how to get a bot token for a replica, or cancels."""

    route = "sensay:guide:{action}:{connection}:{agent}"
    operation = "sensay connect"

    provider = SensayProvider
    connect_button = SensayConnectButton

    action: GuideAction
    connection: ConnectionName
    agent: ReplicaUuid

    async def answer(self, ctx: Context) -> Answer:
        """Return how to get a token."""
        return await _guide(ctx, self.agent, self.connection)


class SensayLookButton(LookButton):
    """Looks again whether a token without a clear answer has become an integration."""

    route = "sensay:look:{connection}:{agent}:{bot_id}:{was_connected}"
    operation = "sensay connect"
    caption = "sensay.connect.look"
    default_style = discord.ButtonStyle.primary

    provider = SensayProvider
    reuses_ids = True
    guide_button = SensayGuideButton

    connection: ConnectionName
    agent: ReplicaUuid
    bot_id: Snowflake
    was_connected: Ternary

    async def look(self, ctx: Context, connection: Connection) -> Lookup:
        """Look into Sensay's list. Raises ProviderError."""
        listed = await client_of(ctx, connection).look_up(self.agent)
        replica = named(chosen_replica(ctx, connection, self.agent), listed.replica)
        fields = [replica_field(replica, ctx.texts)]
        result = judge(listed, was_connected=self.was_connected)
        return Lookup(result, replica, lambda shown: self.answer(shown, fields))


@dataclass(frozen=True, slots=True)
class SensayHandover(TokenHandover[Replica]):
    """Puts a replica into the server.

    listed: what Sensay's list has of it, None where the list could not be read. placed: what this server
    remembers.
    """

    look_class = SensayLookButton

    listed: ListedReplica | None
    placed: Placed | None

    @property
    def was_connected(self) -> bool | None:
        """Whether the replica has a bot already, None where nobody knows."""
        return was_connected(self._on_discord, remembered=self.placed is not None)

    @property
    def _on_discord(self) -> bool | None:
        return None if self.listed is None else self.listed.on_discord

    def summary(self, ctx: Context) -> list[str]:
        """Name the replica, and what a member must not overlook of it."""
        texts = ctx.texts
        lines = [replica_line(self.agent)]
        if self._on_discord:
            lines.append(texts("sensay.connect.had_one_short"))
        elif self._on_discord is None:
            lines.append(texts("sensay.connect.unread_short"))
        elif self.placed is not None:
            lines.append(texts("sensay.connect.placed"))
        return lines

    def fields(self, ctx: Context) -> list[Field]:
        """Return which replica the token is for, what Sensay lists of it, and what this server remembers."""
        texts, placed = ctx.texts, self.placed
        fields = [replica_field(self.agent, texts)]
        if self._on_discord:
            fields.append(Field(texts("sensay.connect.had_one"), texts("sensay.connect.had_one_text")))
        elif self._on_discord is None:
            part = "unread_all" if self.listed is None else "unread_rest"
            fields.append(Field(texts("sensay.connect.unread"), texts(f"sensay.connect.{part}")))
        if placed is not None:
            text = texts(
                "sensay.connect.placed_text",
                member=mention_member(placed.placed_by, texts),
                time=when(placed.placed_at),
            )
            fields.append(Field(texts("sensay.connect.placed"), text))
        return fields

    async def check(self, ctx: Context, connection: Connection) -> Self:
        """Look again. Raises InvalidInputError("taken_meanwhile") and NotListedError."""
        client = client_of(ctx, connection)
        listed = await try_look_up(client, self.agent.id, ctx.cancel_on_shutdown)
        agent = _as_listed(self.agent, listed)
        if listed.on_discord and self._on_discord is False:
            raise InvalidInputError("taken_meanwhile")
        return replace(self, agent=agent, listed=listed, placed=await _placed(ctx, agent))

    async def write(self, ctx: Context, connection: Connection, token: str) -> Outcome[Replica]:
        """Send the token once. Raises ProviderError."""
        return await hand_over(
            client_of(ctx, connection),
            self.agent.id,
            token,
            was_connected=self.was_connected,
            cancel_on_shutdown=ctx.cancel_on_shutdown,
        )

    def accepted(self, ctx: Context, found: Replica | None, preflight: Preflight) -> Answer:
        """Say that Sensay took the token."""
        return accepted(self.integration(found), found, preflight, ctx.texts)

    def in_doubt(self, outcome: Outcome[Replica], look: LookButton) -> Answer:
        """Say that no clear answer came."""
        fields = [replica_field(self.integration(outcome.found), look.texts)]
        return look.answer(outcome.result, fields, outcome.doubt)

    def integration(self, found: Replica | None) -> Choice:
        """Return the replica, by the name that Sensay lists."""
        return named(self.agent, found)


class SensayTokenModal(TokenModal):
    """Says who receives the token and how it is revoked, and takes it."""

    look_button = SensayLookButton

    def __init__(self, asked: Context, connection: str, replica: Choice) -> None:
        name = quoted(replica.label) or replica.id
        intro = asked.texts("sensay.connect.intro", replica=name)
        super().__init__(asked, connection, replica, discord.ui.TextDisplay(intro))

    async def submit(self, ctx: Context) -> None:
        """Show whose token it is; Sensay gets it only once the member has confirmed."""
        await defer(ctx)
        token = await self.read_token(ctx)
        # Opened only now: while the form was open the connection may have been rotated or removed.
        opened = await open_connection(ctx, "sensay", self.connection)
        listed = await ctx.cancel_on_shutdown(look_before(client_of(ctx, opened), self.agent.id))
        agent = _as_listed(self.agent, listed)
        preflight = await examine(ctx, token)
        handover = SensayHandover(opened.name, opened.set_at, agent, listed, await _placed(ctx, agent))
        await TokenQuestion(ctx, token, preflight, handover).ask()


async def show_guide(ctx: Context, replica: str, connection: str | None) -> None:
    """Answer with how to get a bot token; the form comes after it. Raises what ``open_form`` raises."""
    await respond(ctx, *await _guide(ctx, replica, connection))


async def _guide(ctx: Context, replica: str, connection: str | None) -> Answer:
    opened = await open_connection(ctx, "sensay", connection)
    chosen = chosen_replica(ctx, opened, replica)
    placed = await _placed(ctx, chosen)
    application = None if placed is None else application_of(placed.bot_id, placed.application_id)
    how = "token.guide_how" if chosen.state is None else "sensay.connect.again"
    button = SensayGuideButton(texts=ctx.texts, action="start", connection=opened.name, agent=chosen.id)
    return button.guide(chosen, application, how=how)


async def open_form(ctx: Context, replica: str, connection: str | None) -> None:
    """Answer with the form. Discord wants a form at once, so nothing is asked of Sensay here.

    Raises NoConnectionError and the like, and InvalidInputError("replica") for a name that is not listed.
    """
    opened = await open_connection(ctx, "sensay", connection)
    chosen = chosen_replica(ctx, opened, replica)
    await open_modal(ctx, SensayTokenModal(ctx, opened.name, chosen))


def _as_listed(replica: Choice, listed: ListedReplica | None) -> Choice:
    """Return the replica with the name that the list has, if it has one.

    Raises NotListedError for a replica that the whole list lacks.
    """
    if listed is None:
        return replica
    if listed.is_missing:
        raise NotListedError("unknown_replica")
    return named(replica, listed.replica)


def accepted(replica: Choice, listed: Replica | None, preflight: Preflight, texts: Texts) -> Answer:
    """Say that Sensay took the token, what it lists now, and what is left to do."""
    lines = (replica_line(replica), _listed(listed, texts), texts("sensay.connect.done_how"))
    return accepted_answer("sensay", "\n".join(lines), preflight, texts)


def _listed(listed: Replica | None, texts: Texts) -> str:
    if listed is None or listed.discord_integration is None:
        return texts("sensay.connect.listed_not_yet")
    return f"{symbol_of(listed.state)} {word_of(listed.state, texts)}"


async def _placed(ctx: Context, replica: Choice) -> Placed | None:
    return (await ctx.services.integrations.of_guild(ctx.guild_id, "sensay")).get(replica.id)
