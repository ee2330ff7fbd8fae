"""``/sensay replicas``: one page of Sensay's own list at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, Final, Literal

import discord

from bot.discord.components import PersistentButton
from bot.discord.context import Context
from bot.discord.pages import MAX_PAGES, PAGE_SIZE, REFRESH, check_page, page_buttons, pages_of
from bot.discord.replies import Answer, acknowledge, edit, view_of
from bot.discord.routes import ConnectionName, PageNumber, Segment
from bot.discord.text import code, length, listed, quoted
from bot.discord.theme import DESCRIPTION, Field, Tone, card, notice
from bot.errors import InvalidInputError
from bot.features.connections.service import Connection
from bot.features.integrations.store import Ignored
from bot.i18n.catalog import Texts
from bot.providers.sensay.client import SensayClient
from bot.providers.sensay.models import Replica
from cogs.connections import open_connection
from cogs.monitoring import stop_ignoring_select
from cogs.sensay.placement import Placement, placements_of, run_and_seen, state_here
from cogs.sensay.replica import client_of, symbol_of, title_of, word_of

MAX_SEARCH: Final = 50
"""A custom id has no room for more beside the rest."""


class SensayReplicasButton(PersistentButton):
    """Reads a page of the same search into the message."""

    route = "sensay:replicas:{connection}:{whose}:{page}:{search}"
    reads_only = True
    caption = "pages.refresh"
    symbol = REFRESH

    connection: ConnectionName
    whose: Literal["own", "all"]
    page: PageNumber
    search: Annotated[str, Segment(".{0,50}")]

    async def press(self, ctx: Context) -> None:
        """Read that page now."""
        page, everyone = check_page(self.page), self.whose == "all"
        await acknowledge(ctx)
        opened = await open_connection(ctx, "sensay", self.connection)
        await edit(ctx, *await read_page(ctx, opened, self.search, everyone=everyone, page=page))


async def read_page(
    ctx: Context, connection: Connection, search: str, *, everyone: bool, page: int = 1
) -> Answer:
    """Ask Sensay for one page, counted from 1, and build the reply. search: empty for all.

    Raises ProviderError, and InvalidInputError("search").
    """
    search = _read_search(search)
    button = partial(
        SensayReplicasButton,
        texts=ctx.texts,
        connection=connection.name,
        whose="all" if everyone else "own",
        search=search,
    )
    ctx.offer_retry(button(page=page))
    client = client_of(ctx, connection)
    found = await ctx.cancel_on_shutdown(_read(client, page, search, everyone=everyone))
    placements = await placements_of(ctx, found.replicas)
    last = found.last
    if last is None:
        last = min(found.number + found.is_full, MAX_PAGES)
    ignored = await ctx.services.integrations.ignored(ctx.guild_id, "sensay")
    embed = page_embed(replace(found, placements=placements, ignored=ignored), ctx.texts)
    on_page = [ignored[uuid] for uuid in (each.uuid or "" for each in found.replicas) if uuid in ignored]
    menus = stop_ignoring_select("sensay", on_page, ctx.texts)
    return embed, view_of(*page_buttons(button, found.number, last, ctx.texts), *menus)


async def _read(client: SensayClient, page: int, search: str, *, everyone: bool) -> ReplicaListPage:
    owner = await client.owner()
    only = None if everyone else owner
    read = partial(client.replicas, page_size=PAGE_SIZE, owner=only, search=search or None)
    reply = await read(page=page)
    if page > 1 and not reply.items:
        # The list has become shorter since the button was made.
        page = 1 if reply.total is None else min(page - 1, pages_of(reply.total))
        reply = await read(page=page)
    replicas = tuple(replica for replica in reply.distinct if only in {None, replica.owner_id})
    return ReplicaListPage(
        replicas=replicas,
        number=page,
        total=None if reply.total is None else max(len(replicas), reply.total - reply.repeated),
        last=None if reply.total is None else max(page, pages_of(reply.total)),
        search=search,
        owner=owner,
        everyone=everyone,
        foreign=len(reply.distinct) - len(replicas),
        is_full=len(reply.items) >= PAGE_SIZE,
    )


def _read_search(text: str) -> str:
    """Return the text to search for, in one line. Raises InvalidInputError("search") where it is too long.

    Discord counts an option in other units than a custom id.
    """
    search = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    if length(search) > MAX_SEARCH:
        raise InvalidInputError("search", max=MAX_SEARCH)
    return search


@dataclass(frozen=True, slots=True)
class ReplicaListPage:
    """One page of Sensay's list, as far as it may be shown.

    total, last: the numbers of replicas and of pages, None where Sensay does not say. owner: the user whose
    replicas were asked for, or are marked; None where the credentials are not a user's. foreign: the number
    of replicas that were left out because they belong to somebody else. is_full: whether Sensay filled the
    page, so that there may be another one. placements: by UUID, of those that this server connected itself.
    """

    replicas: tuple[Replica, ...]
    number: int
    total: int | None
    last: int | None
    search: str
    owner: str | None
    everyone: bool
    foreign: int
    is_full: bool = False
    placements: Mapping[str, Placement] = field(default_factory=dict)
    ignored: Mapping[str, Ignored] = field(default_factory=dict)


def page_embed(page: ReplicaListPage, texts: Texts) -> discord.Embed:
    """List one page of replicas, or say that none was found and what was searched for."""
    whose = "own"
    if page.everyone:
        whose = "everyone" if page.owner else "organization"
    scope = [texts(f"sensay.replicas.{whose}")]
    if page.search:
        scope.append(texts("sensay.replicas.searched", search=quoted(page.search)))
    if page.foreign:
        scope.append(texts.plural("sensay.replicas.strangers", page.foreign))
    if not page.replicas:
        return _empty(page, "\n".join(scope), texts)
    head = "\n".join(scope) + "\n\n"
    entries = ["\n".join(_entry(replica, page, texts)) for replica in page.replicas]
    title = (
        texts("sensay.replicas.title_uncounted")
        if page.total is None or page.foreign
        else texts.plural("sensay.replicas.title", page.total)
    )
    return card(
        Tone.INFO,
        title,
        head + listed(entries, texts, DESCRIPTION - length(head)),
        fields=[Field(texts("next_step"), texts("sensay.replicas.next"))],
        footer=_footer(page, texts),
        symbol="🗣️",
    )


def _empty(page: ReplicaListPage, scope: str, texts: Texts) -> discord.Embed:
    kind = "none_here" if page.foreign else "none_found" if page.search else "none"
    footer = _footer(page, texts) if page.number > 1 or page.foreign else ""
    key, search = f"sensay.replicas.{kind}", quoted(page.search)
    return notice(texts, Tone.QUIET, key, how=scope, footer=footer, search=search)


def _footer(page: ReplicaListPage, texts: Texts) -> str:
    if page.last is None:
        return texts("pages.footer_open", page=page.number)
    return texts("pages.footer", page=page.number, last=page.last)


def _entry(replica: Replica, page: ReplicaListPage, texts: Texts) -> Iterator[str]:
    placement = page.placements.get(replica.uuid or "")
    state = state_here(replica, placement)
    name = f"{symbol_of(state)} **{title_of(replica)}**"
    yield " · ".join(
        [name, *([] if state is None else [texts("sensay.replicas.on_discord")]), word_of(state, texts)]
    )
    if tagline := quoted(replica.short_description or "", 100):
        yield tagline
    if seen := list(run_and_seen(replica, placement, texts)):
        yield " · ".join(seen)
    if replica.uuid in page.ignored:
        yield texts("belonging.ignored_mark")
    details = [code(replica.uuid, 50) if replica.uuid else texts("not_reported")]
    if page.everyone:
        details.append(_owner(replica, page.owner, texts))
    yield " · ".join(details)


def _owner(replica: Replica, owner: str | None, texts: Texts) -> str:
    if replica.owner_id is None:
        return texts("sensay.replicas.owner", owner=texts("not_reported"))
    if replica.owner_id == owner:
        return texts("sensay.replicas.yours")
    return texts("sensay.replicas.owner", owner=code(replica.owner_id, 50))
