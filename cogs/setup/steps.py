"""Finds out how far a guild has come with a provider; nothing of that is stored."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from bot.discord.context import Context, Services, SetupList
from bot.discord.names import Named, tell_apart
from bot.discord.reporting import log_provider_failure
from bot.errors import (
    InvalidInputError,
    ProviderError,
    UnauthorizedError,
    UnknownUnitError,
    UnreadableSecretError,
)
from bot.features.alerts.routes import Route
from bot.features.connections.service import DEFAULT_NAME, Connection, Summary
from bot.features.monitoring.access import Access
from bot.features.monitoring.service import Watched
from bot.providers.base.integration import Choice, State, id_key
from bot.providers.base.provider import Provider
from cogs.alerts import Undelivered, read_undelivered
from cogs.connections import UnitDoubt, choices_here, investigate, open_connection
from cogs.monitoring import unlinked
from cogs.monitoring.formatting import told_apart

_LIST_TIMEOUT_SECONDS: Final = 10.0
"""Nobody is typing meanwhile, and each request to a provider has a deadline of its own."""

_LIST_FAILURES: Final = (ProviderError, InvalidInputError, TimeoutError)
_ListFailure = ProviderError | InvalidInputError | TimeoutError
_ListResult = Sequence[Choice] | _ListFailure


@dataclass(frozen=True, slots=True)
class ProviderProgress:
    """What is known of a provider without a request to it.

    agents: what the guild has with it, as it was last checked. has_lists: whether members pick agents from
    lists.
    """

    provider: Provider
    summaries: Sequence[Summary]
    agents: Sequence[Watched]
    has_lists: bool

    @property
    def well(self) -> int:
        """How many of the agents are well."""
        return sum(map(is_green, self.agents))


@dataclass(frozen=True, slots=True)
class SetupListContent:
    """The agents of a list that the guild does not have yet, those without a state first.

    taken: how many others the list has. failure: why there are none, where the list could not be read;
    InvalidInputError where the credentials allow no list.
    """

    source: SetupList
    choices: Sequence[Choice] = ()
    taken: int = 0
    failure: _ListFailure | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the provider lists nothing at all."""
        return self.failure is None and not self.choices and not self.taken


@dataclass(frozen=True, slots=True)
class SetupProgress:
    """How far a guild has come with one connection of a provider.

    summary: the connection's, None where there is none. failure: why it cannot be used. lists: empty where
    the provider has none, too. agents: those of the connection, the ones that are not well first. routes:
    the guild's alert rules. undelivered: what Discord does not take of them, and of the board. board: the
    channel of the board, None where there is none. unlinked: how many agents of any provider run here that
    are not linked.
    """

    provider: Provider
    summaries: Sequence[Summary]
    summary: Summary | None = None
    failure: ProviderError | UnreadableSecretError | None = None
    lists: Sequence[SetupListContent] = ()
    agents: Sequence[Watched] = ()
    routes: Sequence[Route] = ()
    undelivered: Sequence[Undelivered] = ()
    board: int | None = None
    unlinked: int = 0

    @property
    def is_working(self) -> bool:
        """Whether there are credentials that the provider accepts."""
        return self.summary is not None and self.failure is None

    @property
    def needs_credentials(self) -> bool:
        """Whether nothing can go on before credentials are entered."""
        unusable = (UnauthorizedError, UnknownUnitError, UnreadableSecretError)
        return self.summary is None or isinstance(self.failure, unusable)

    @property
    def unit_doubt(self) -> UnitDoubt | None:
        """What is known against the unit that the credentials name."""
        if isinstance(self.failure, UnknownUnitError):
            return "unknown"
        is_named = self.summary is not None and self.provider.unit_field in self.summary.fields
        nothing_listed = bool(self.lists) and all(content.is_empty for content in self.lists)
        return "unconfirmed" if is_named and nothing_listed else None

    @property
    def has_alert_channel(self) -> bool:
        """Whether alerts about everything at the provider arrive somewhere."""
        return any(not each.suspended for each in self.suitable_routes)

    @property
    def suitable_routes(self) -> list[Route]:
        """The alert rules that are about everything, or about everything at the provider."""
        return suitable_routes(self.routes, self.provider.slug)

    @property
    def is_done(self) -> bool:
        """Whether there is an agent and all agents are well."""
        return self.is_working and bool(self.agents) and all(map(is_green, self.agents))

    @property
    def is_complete(self) -> bool:
        """Whether all steps are done, and alerts arrive."""
        delivered = all(each.route is None for each in self.undelivered)
        return self.is_done and self.unit_doubt is None and self.has_alert_channel and delivered

    @property
    def comparison_key(self) -> object:
        """What differs between two results that are shown differently, apart from times."""
        set_at = None if self.summary is None else (self.summary.name, self.summary.set_at)
        lists = [(content.choices, content.taken, type(content.failure)) for content in self.lists]
        agents = [
            (agent.key, agent.label, agent.state, agent.detail, agent.is_stale) for agent in self.agents
        ]
        undelivered = [each.comparison_key for each in self.undelivered]
        routes = [(each.channel_id, each.suspended) for each in self.suitable_routes]
        others = len(self.summaries), self.board, self.unlinked
        return others, set_at, type(self.failure), lists, agents, routes, undelivered


def suitable_routes(routes: Sequence[Route], slug: str) -> list[Route]:
    """Return the alert rules that are about everything, or about everything at a provider."""
    return [each for each in routes if not each.integration and each.provider in {"", slug}]


def setup_lists(services: Services, slug: str) -> Sequence[SetupList]:
    """Return the lists that a provider's cog offers; none where the provider has no cog."""
    view = services.views.get(slug)
    return () if view is None else view.lists


async def provider_progress(ctx: Context) -> list[ProviderProgress]:
    """Return what the guild has with each provider, without a request to anybody."""
    summaries = await ctx.services.connections.summaries(ctx.guild_id)
    return [
        ProviderProgress(
            provider,
            [summary for summary in summaries if summary.provider == slug],
            await _agents(ctx, slug),
            has_lists=bool(setup_lists(ctx.services, slug)),
        )
        for slug, provider in ctx.services.providers.items()
    ]


async def find_progress(ctx: Context, slug: str, name: str) -> SetupProgress:
    """Try a connection and read the lists. name: the connection's, another one is taken where it is gone.

    What the provider refuses or fails to do is part of the result. Raises InvalidInputError("provider") and
    RestartingError.
    """
    services = ctx.services
    provider = services.connections.provider(slug)
    summaries = [each for each in await services.connections.summaries(ctx.guild_id) if each.provider == slug]
    by_name = {summary.name: summary for summary in summaries}
    summary = by_name.get(name) or by_name.get(DEFAULT_NAME) or next(iter(summaries), None)
    if summary is None:
        return SetupProgress(provider, summaries)
    failure: ProviderError | UnreadableSecretError | None = None
    lists: Mapping[str | None, _ListResult] = {}
    offered = setup_lists(services, slug)
    try:
        connection = await open_connection(ctx, slug, summary.name)
        summary = await ctx.cancel_on_shutdown(services.connections.test(ctx.guild_id, slug, summary.name))
    except UnreadableSecretError as error:
        failure = error
    except ProviderError as error:
        investigate(services, connection, error)
        log_provider_failure(error)
        failure = error
    else:
        kinds = list(dict.fromkeys(each.kind for each in offered))
        lists = await ctx.cancel_on_shutdown(_read_lists_and_check(ctx, connection, kinds))
    agents = await _agents(ctx, slug)
    contents: Sequence[SetupListContent] = ()
    if failure is None:
        linked = await services.integrations.of_guild(ctx.guild_id, slug)
        hidden = {*linked, *await services.integrations.ignored(ctx.guild_id, slug)}
        accesses = await services.monitoring.accesses(ctx.guild_id, slug)
        contents = [_content(each, lists[each.kind], connection, hidden, accesses) for each in offered]
    board = await services.alerts.board(ctx.guild_id)
    return SetupProgress(
        provider,
        summaries,
        summary,
        failure,
        contents,
        [agent for agent in agents if agent.connection == summary.name],
        await services.alerts.routes(ctx.guild_id),
        await read_undelivered(ctx),
        None if board is None else board.channel_id,
        len(await unlinked(ctx)),
    )


async def _agents(ctx: Context, slug: str) -> list[Watched]:
    """Return the guild's agents with a provider as they were last checked, those that are not well first.

    These are the same that every other screen shows.
    """
    found = told_apart(await ctx.services.monitoring.integrations(ctx.guild_id), ctx.services.providers)
    return sorted((each for each in found if each.provider == slug), key=is_green)


def is_green(agent: Watched) -> bool:
    """Tell whether nothing is known to be missing."""
    return agent.state is State.CONNECTED and not agent.is_stale


async def _read_lists_and_check(
    ctx: Context, connection: Connection, kinds: Sequence[str | None]
) -> dict[str | None, _ListResult]:
    """Read the lists, and meanwhile check the guild, so that the states are those of now."""
    services = ctx.services
    reading = asyncio.gather(*(_read_list(services, connection, kind) for kind in kinds))
    found, _ = await asyncio.gather(reading, services.poller.check_guild(ctx.guild_id))
    return dict(zip(kinds, found, strict=True))


async def _read_list(services: Services, connection: Connection, kind: str | None) -> _ListResult:
    services.choices.forget(connection, kind)  # what is there now counts
    refused = partial(investigate, services, connection)
    try:
        return await services.choices.offered(connection, kind, refused, patience=_LIST_TIMEOUT_SECONDS)
    except _LIST_FAILURES as error:
        return error


def _content(
    source: SetupList,
    found: _ListResult,
    connection: Connection,
    hidden: Collection[str],
    accesses: Mapping[str, Access],
) -> SetupListContent:
    """Return what of a list can be picked.

    hidden: the ids of what the guild has linked, or ignores. accesses: what bots can do here, by id.
    """
    if isinstance(found, _LIST_FAILURES):
        return SetupListContent(source, failure=found)
    own = {id_key(each) for each in hidden}
    labels = tell_apart([Named(choice.label, choice.id) for choice in found])
    named = [
        replace(choice, label=label)
        for choice, label in zip(choices_here(found, accesses), labels, strict=True)
    ]
    new = [
        choice
        for choice in named
        if id_key(choice.id) not in own and not choice.runs_elsewhere(connection.guild_id)
    ]
    new.sort(key=lambda choice: choice.state is not None)
    return SetupListContent(source, new, len(found) - len(new))
