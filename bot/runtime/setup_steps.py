"""How far a guild has come with a provider: nothing of it is stored, each look finds it out anew."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from bot.errors import ProviderError, UnreadableSecretError
from bot.kit.integration import State
from bot.runtime.connections import look_into, open_connection
from bot.runtime.membership import is_member
from bot.services.connections import DEFAULT_NAME
from bot.ui.components import guild_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.kit.integration import Choice
    from bot.kit.provider import Provider
    from bot.runtime.client import PatchbayBot
    from bot.runtime.offers import Offer
    from bot.services.alerts import Route
    from bot.services.connections import Connection, Summary
    from bot.services.integrations import Placed
    from bot.ui.components import Interaction

MOST_LOOKED_AT: Final = 10
"""Of the bots that Discord is asked about at once."""
_PATIENCE: Final = 10.0
"""Seconds for a list: nobody is typing, and a provider has a deadline of its own for each request."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a provider without asking anybody. placed: how many agents the guild has with it."""

    provider: Provider
    summaries: Sequence[Summary]
    placed: int


@dataclass(frozen=True, slots=True)
class Own:
    """An agent of the guild. state: as the provider reports it now. member: whether its bot is in the guild,
    None where nobody says.
    """

    placed: Placed
    state: State
    member: bool | None

    @property
    def is_green(self) -> bool:
        """Whether nothing is known to be missing."""
        return self.state is State.CONNECTED and self.member is not False


@dataclass(frozen=True, slots=True)
class Listed:
    """What an offer has to pick from: what the guild has not got yet, the untouched first.

    failure: why there is nothing, where the list could not be read.
    """

    offer: Offer
    choices: Sequence[Choice] = ()
    failure: ProviderError | TimeoutError | None = None


@dataclass(frozen=True, slots=True)
class Steps:
    """How far a guild has come with one connection of a provider.

    summary: of the connection, None where there is none. failure: why it cannot be used. own: what was placed
    with it, what is not well first. route: where the guild's alerts go, None where nowhere.
    """

    provider: Provider
    summaries: Sequence[Summary]
    summary: Summary | None = None
    failure: ProviderError | UnreadableSecretError | None = None
    lists: Sequence[Listed] = ()
    own: Sequence[Own] = ()
    route: Route | None = None

    @property
    def works(self) -> bool:
        """Whether there are credentials that the provider accepts."""
        return self.summary is not None and self.failure is None

    @property
    def essence(self) -> object:
        """What makes two findings differ, besides the time."""
        set_at = None if self.summary is None else (self.summary.name, self.summary.set_at)
        lists = [(listed.choices, type(listed.failure)) for listed in self.lists]
        return len(self.summaries), set_at, type(self.failure), lists, self.own, self.route

    @property
    def is_told(self) -> bool:
        """Whether alerts arrive somewhere."""
        return self.route is not None and not self.route.lost

    @property
    def is_done(self) -> bool:
        """Whether there is an agent and all are well."""
        return self.works and bool(self.own) and all(own.is_green for own in self.own)


async def standings(bot: PatchbayBot, guild_id: int) -> list[Standing]:
    """Return what the guild has with each provider; asks nobody outside."""
    summaries = await bot.connections.summaries(guild_id)
    return [
        Standing(
            provider,
            [summary for summary in summaries if summary.provider == slug],
            len(await bot.integrations.of_guild(guild_id, slug)),
        )
        for slug, provider in bot.providers.items()
    ]


async def find_steps(interaction: Interaction, bot: PatchbayBot, slug: str, name: str) -> Steps:
    """Try a connection and list what there is. name: of the connection, another one where it is gone.

    What the provider refuses or fails to do is part of the answer. Raises InvalidInputError("provider") and
    RestartingError.
    """
    provider = bot.connections.provider(slug)
    guild_id = guild_of(interaction)
    summaries = [each for each in await bot.connections.summaries(guild_id) if each.provider == slug]
    by_name = {summary.name: summary for summary in summaries}
    summary = by_name.get(name) or by_name.get(DEFAULT_NAME) or next(iter(summaries), None)
    if summary is None:
        return Steps(provider, summaries)
    route = await bot.alerts.route(guild_id)
    placed = await bot.integrations.of_guild(guild_id, slug)
    mine = [each for each in placed.values() if each.connection == summary.name]
    try:
        connection = await open_connection(interaction, slug, summary.name)
    except UnreadableSecretError as error:
        own = await _seen(bot, guild_id, mine, {})
        return Steps(provider, summaries, summary, error, own=own, route=route)
    try:
        summary = await bot.unless_stopping(bot.connections.test(guild_id, slug, summary.name))
    except ProviderError as error:
        look_into(bot, connection, error)
        own = await _seen(bot, guild_id, mine, {})
        return Steps(provider, summaries, summary, error, own=own, route=route)
    offers = bot.offers.get(slug, ())
    kinds = list(dict.fromkeys([None, *(offer.kind for offer in offers)]))
    found = await bot.unless_stopping(_lists(bot, connection, kinds))
    main = found[None]
    states = {} if isinstance(main, Exception) else {choice.id: choice.state for choice in main}
    return Steps(
        provider,
        summaries,
        summary,
        lists=[_listed(offer, found[offer.kind], placed) for offer in offers],
        own=await _seen(bot, guild_id, mine, states),
        route=route,
    )


async def _lists(
    bot: PatchbayBot, connection: Connection, kinds: Sequence[str | None]
) -> dict[str | None, Sequence[Choice] | ProviderError | TimeoutError]:
    found = await asyncio.gather(*(_list(bot, connection, kind) for kind in kinds))
    return dict(zip(kinds, found, strict=True))


async def _list(
    bot: PatchbayBot, connection: Connection, kind: str | None
) -> Sequence[Choice] | ProviderError | TimeoutError:
    bot.choices.forget(connection, kind)  # it is about what is there now
    try:
        return await bot.choices.offered(
            connection, kind, partial(look_into, bot, connection), patience=_PATIENCE
        )
    except (ProviderError, TimeoutError) as error:
        return error


def _listed(
    offer: Offer, found: Sequence[Choice] | ProviderError | TimeoutError, placed: Mapping[str, Placed]
) -> Listed:
    if isinstance(found, (ProviderError, TimeoutError)):
        return Listed(offer, failure=found)
    new = [choice for choice in found if choice.id not in placed]
    return Listed(offer, sorted(new, key=lambda choice: choice.state is not None))


async def _seen(
    bot: PatchbayBot, guild_id: int, placed: Sequence[Placed], states: Mapping[str, State | None]
) -> list[Own]:
    """Hold what was placed against the provider's list, and against Discord."""
    members = await asyncio.gather(
        *(_is_member(bot, guild_id, each.bot_id) for each in placed[:MOST_LOOKED_AT])
    )
    unseen = [None] * (len(placed) - len(members))
    own = [
        Own(each, states.get(each.id) or State.UNKNOWN, member)
        for each, member in zip(placed, [*members, *unseen], strict=True)
    ]
    return sorted(own, key=lambda each: each.is_green)


async def _is_member(bot: PatchbayBot, guild_id: int, bot_id: int | None) -> bool | None:
    return None if bot_id is None else await is_member(bot, guild_id, bot_id)
