"""``/toolzz connect``: guide, form and handover of the token; the components that survive a restart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Final, Self

import discord

from bot.discord.access.agent_bots import needed_permissions
from bot.discord.components import PersistentSelect
from bot.discord.context import Context
from bot.discord.replies import Answer, defer, open_modal, respond
from bot.discord.routes import ConnectionName, Segment, Snowflake, Ternary
from bot.discord.theme import Field
from bot.errors import InvalidInputError, NotListedError, UnknownUnitError
from bot.features.connections.service import Connection
from bot.providers.base.integration import Choice, is_id, read_uuid
from bot.providers.base.outcome import LookupResult, Outcome, try_look
from bot.providers.toolzz import AGENTS, ToolzzProvider
from bot.providers.toolzz.client import ToolzzClient
from bot.providers.toolzz.creation import (
    ListedAgent,
    candidates,
    create_once,
    judge_later,
    look_before,
    try_list,
    was_connected,
)
from bot.providers.toolzz.models import Channel, Integration, IntegrationList, IntegrationSettings
from cogs.connections import open_connection, suggest_choices
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
    examine,
)
from cogs.toolzz import connect_embeds as embeds
from cogs.toolzz.formatting import integration_options, told_apart
from cogs.toolzz.forms import Filled, Inputs, channel_object, find_channels, shown_title
from cogs.toolzz.link import link_chosen
from cogs.toolzz.zone import learn_zone

AgentUuid = Annotated[str, Segment(r"[0-9A-Fa-f-]{36}")]
"""An agent's id in a custom id, as Toolzz writes it."""

suggest_agents: Final = suggest_choices("toolzz", AGENTS)
"""Suggests the unit's agents by name; those that are switched off are marked."""


class ToolzzConnectButton(ConnectButton):
    """Opens the form."""

    route = "toolzz:connect:{connection}:{agent}"
    operation = "toolzz connect"
    caption = "toolzz.connect.button"
    default_style = discord.ButtonStyle.primary

    connection: ConnectionName
    agent: AgentUuid

    async def press(self, ctx: Context) -> None:
        """Open the form."""
        await open_form(ctx, self.agent, self.connection)


class ToolzzGuideButton(GuideButton):
    """Shows how to get a bot token for an agent, or cancels."""

    route = "toolzz:guide:{action}:{connection}:{agent}"
    operation = "toolzz connect"

    provider = ToolzzProvider
    connect_button = ToolzzConnectButton

    action: GuideAction
    connection: ConnectionName
    agent: AgentUuid

    async def answer(self, ctx: Context) -> Answer:
        """Return how to get a token."""
        return await _guide(ctx, self.agent, self.connection)


class ToolzzLookButton(LookButton):
    """Looks again whether a token without a clear answer has become an integration.

    A custom id has no room for which ones there were before, but for whether the agent was here at all.
    """

    route = "toolzz:look:{connection}:{agent}:{bot_id}:{was_connected}"
    operation = "toolzz connect"
    caption = "toolzz.connect.look"
    default_style = discord.ButtonStyle.primary

    provider = ToolzzProvider
    reuses_ids = False
    guide_button = ToolzzGuideButton

    connection: ConnectionName
    agent: AgentUuid
    bot_id: Snowflake
    was_connected: Ternary

    async def look(self, ctx: Context, connection: Connection) -> Lookup:
        """Look into the unit's list. Raises ProviderError, and InvalidInputError("unit")."""
        client, _ = _client_in_unit(ctx, connection)
        result, possible = judge_later(
            await client.integrations(),
            self.agent,
            str(connection.guild_id),
            was_connected=self.was_connected,
        )
        agent = chosen_agent(ctx, connection, self.agent)
        found = Choice(possible[0].id, possible[0].title or agent.label) if possible else None
        return Lookup(result, found, partial(self.show, agent, possible))

    def show(
        self,
        agent: Choice,
        possible: Sequence[Integration],
        result: LookupResult,
    ) -> Answer:
        """Say what a look has shown; where nobody can tell which is the new one, let the member say it."""
        possible = told_apart(possible)
        embed, view = embeds.looked_up(self, agent, possible, result)
        if result is LookupResult.UNKNOWN and (options := integration_options(possible, self.texts)):
            view.add_item(
                ToolzzCandidateSelect(texts=self.texts, connection=self.connection, options=options)
            )
        return embed, view


class ToolzzCandidateSelect(PersistentSelect):
    """Links the integration that a member knows to be the new one, as ``/toolzz link`` does."""

    route = "toolzz:made:{connection}"
    operation = "toolzz link"
    caption = "toolzz.connect.candidates"

    connection: ConnectionName

    async def pick(self, ctx: Context, value: str) -> None:
        """Read it, and link it if it runs here."""
        await link_chosen(ctx, value, self.connection)


@dataclass(frozen=True, slots=True)
class ToolzzHandover(TokenHandover[Integration]):
    """Puts an agent into the server.

    listed: what the unit's list has of the agent, None where it could not be read. filled: what the form was
    sent with. channels, settings: what that means. before: the unit's integrations, None where Toolzz does
    not say.
    """

    look_class = ToolzzLookButton

    listed: ListedAgent | None
    filled: Filled
    channels: tuple[discord.TextChannel, ...]
    settings: IntegrationSettings
    before: IntegrationList | None

    @property
    def was_connected(self) -> bool | None:
        """Whether the agent may be in the server already, None where nobody knows."""
        return was_connected(self.before, self.agent.id, self.settings.guild_id)

    @property
    def _known(self) -> frozenset[str] | None:
        """The ids of what the unit has already, None where that is not known, or not all of it."""
        if self.before is None or not self.before.complete:
            return None
        return frozenset(entry.id for entry in self.before.data)

    @property
    def _candidates(self) -> tuple[Integration, ...]:
        return candidates(self.before.data if self.before else (), self.agent.id, self.settings.guild_id)

    def summary(self, ctx: Context) -> list[str]:
        """Name the agent, and what a member must not overlook of it."""
        is_alone = self.before is not None and not self._candidates
        return list(embeds.summary(self.agent, self.listed, ctx.texts, is_alone=is_alone))

    def fields(self, ctx: Context) -> list[Field]:
        """Sum up what is to be created."""
        known = None if self.before is None else self._candidates
        return embeds.question_fields(self.agent, self.listed, self.settings, known, ctx.guild, ctx.texts)

    async def check(self, ctx: Context, connection: Connection) -> Self:
        """Look again.

        Raises InvalidInputError("agent_meanwhile"), "channels" or "unit", and NotListedError.
        """
        client, unit = _client_in_unit(ctx, connection)
        listed = await try_look(look_before(client, unit, self.agent.id), ctx.cancel_on_shutdown)
        agent = _as_listed(self.agent, listed)
        channels = find_channels(ctx.guild, self.filled.channels)
        settings = _settings(agent, unit, channels, self.filled)
        before = await ctx.cancel_on_shutdown(try_list(client, unit))
        now = replace(self, agent=agent, listed=listed, channels=channels, settings=settings, before=before)
        known = {entry.id for entry in self._candidates}
        if self.before is not None and any(entry.id not in known for entry in now._candidates):  # noqa: SLF001
            raise InvalidInputError("agent_meanwhile")
        return now

    async def write(self, ctx: Context, connection: Connection, token: str) -> Outcome[Integration]:
        """Create the integration once. Raises ProviderError."""
        client, _ = _client_in_unit(ctx, connection)
        outcome = await create_once(
            client,
            self.settings,
            [channel_object(channel) for channel in self.channels],
            token,
            known=self._known,
            cancel_on_shutdown=ctx.cancel_on_shutdown,
        )
        if outcome.doubt is None and outcome.found is not None:
            learn_zone(ctx, outcome.found.created_at)
        return outcome

    def accepted(self, ctx: Context, found: Integration | None, preflight: Preflight) -> Answer:
        """Say that Toolzz created it."""
        return embeds.accepted(found, self.settings, preflight, ctx.texts)

    def in_doubt(self, outcome: Outcome[Integration], look: LookButton) -> Answer:
        """Say that no clear answer came."""
        found = () if outcome.found is None else (outcome.found,)
        return embeds.looked_up(look, self.agent, found, outcome.result, outcome.doubt)

    def integration(self, found: Integration | None) -> Choice | None:
        """Return the new integration, by the title that was asked for where Toolzz gives none."""
        if found is None or not is_id(found.id):
            return None
        return Choice(found.id, found.title or self.settings.title)


class ToolzzConnectModal(TokenModal):
    """Asks where and how an agent is to answer, and for the token of the bot that it is to be."""

    look_button = ToolzzLookButton

    def __init__(self, asked: Context, connection: str, agent: Choice) -> None:
        title = "" if agent.label == agent.id else shown_title(agent.label)
        shown = Filled(title, frozenset(), "mentions", reply_on_mention=True, create_threads=False)
        self._inputs = Inputs(asked.texts, shown)
        super().__init__(asked, connection, agent, *self._inputs.labels)

    async def submit(self, ctx: Context) -> None:
        """Show whose token it is and what is to be created; nothing goes out until that is confirmed."""
        await defer(ctx)
        filled = self._inputs.read()
        channels = find_channels(ctx.guild, filled.channels)
        token = await self.read_token(ctx)
        # Opened only now: while the form was open the connection may have been rotated or removed.
        opened = await open_connection(ctx, "toolzz", self.connection)
        client, unit = _client_in_unit(ctx, opened)
        listed = await ctx.cancel_on_shutdown(look_before(client, unit, self.agent.id))
        agent = _as_listed(self.agent, listed)
        settings = _settings(agent, unit, channels, filled)
        preflight = await examine(ctx, token, discord.Permissions(settings.permissions))
        before = await ctx.cancel_on_shutdown(try_list(client, unit))
        handover = ToolzzHandover(
            opened.name, opened.set_at, agent, listed, filled, channels, settings, before
        )
        await TokenQuestion(ctx, token, preflight, handover).ask()


async def show_guide(ctx: Context, agent: str, connection: str | None) -> None:
    """Answer with how to get a bot token; the form comes after it. Raises what ``open_form`` raises."""
    await respond(ctx, *await _guide(ctx, agent, connection))


async def _guide(ctx: Context, agent: str, connection: str | None) -> Answer:
    opened, chosen = await _chosen(ctx, agent, connection)
    button = ToolzzGuideButton(texts=ctx.texts, action="start", connection=opened.name, agent=chosen.id)
    return button.guide(chosen)


async def open_form(ctx: Context, agent: str, connection: str | None) -> None:
    """Answer with the form. Discord wants a form at once, so nothing is asked of Toolzz here.

    Raises NoConnectionError and the like, InvalidInputError("unit") where the connection names none, and
    InvalidInputError("agent") for a name that is not listed.
    """
    opened, chosen = await _chosen(ctx, agent, connection)
    await open_modal(ctx, ToolzzConnectModal(ctx, opened.name, chosen))


async def _chosen(ctx: Context, agent: str, connection: str | None) -> tuple[Connection, Choice]:
    opened = await open_connection(ctx, "toolzz", connection)
    _client_in_unit(ctx, opened)
    return opened, chosen_agent(ctx, opened, agent)


def chosen_agent(ctx: Context, connection: Connection, text: str) -> Choice:
    """Return the agent with this id or of this name; this asks nobody.

    An agent that was not listed lately is found by its UUID alone. Raises InvalidInputError("agent",
    "no_agents", "same_name"), and UnknownUnitError if that is why nothing was listed.
    """
    choices = ctx.services.choices
    known = choices.known(connection, text, AGENTS)
    failure = choices.failure(connection, AGENTS)
    if isinstance(failure, UnknownUnitError):
        raise failure
    field = "no_agents" if choices.is_empty(connection, AGENTS) else "agent"
    uuid = read_uuid(text if known is None else known.id, field)
    # A listed id stays as Toolzz writes it, which may be in capitals.
    return Choice(uuid, uuid) if known is None else known


def _as_listed(agent: Choice, listed: ListedAgent | None) -> Choice:
    """Return the agent with the name and the id that the list has, if it has them; an id may be in capitals.

    Raises NotListedError for an agent that the whole list lacks.
    """
    if listed is None:
        return agent
    if listed.is_missing:
        raise NotListedError("unknown_agent")
    return agent if listed.agent is None else listed.agent.choice


def _client_in_unit(ctx: Context, connection: Connection) -> tuple[ToolzzClient, str]:
    """Return a client and the unit that it acts in. Raises InvalidInputError("unit")."""
    client = ctx.services.provider(ToolzzProvider).client(connection.credentials)
    if client.unit_id is None:
        raise InvalidInputError("unit")
    return client, client.unit_id


def _settings(
    agent: Choice, unit: str, channels: Sequence[discord.TextChannel], filled: Filled
) -> IntegrationSettings:
    """Return what is to be created. channels: at least one, all of the server that the agent is put into."""
    guild = channels[0].guild
    return IntegrationSettings(
        agent_id=agent.id,
        unit_id=unit,
        title=filled.title,
        guild_id=str(guild.id),
        guild_name=guild.name,
        channels=tuple(Channel(id=str(channel.id), name=channel.name) for channel in channels),
        permissions=needed_permissions(create_threads=filled.create_threads).value,
        reply_on_mention=filled.reply_on_mention,
        create_threads=filled.create_threads,
        scope=filled.scope,
    )
