"""``/toolzz list``: a unit's integrations a page at a time, with a menu that opens each of them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import discord

from bot.discord.components import PersistentButton, PersistentSelect
from bot.discord.context import Context
from bot.discord.pages import REFRESH, UP, check_page, page_buttons, page_of, pages_of
from bot.discord.replies import Answer, acknowledge, edit, view_of
from bot.discord.routes import ConnectionName, Segment
from bot.discord.text import code, plain, quoted
from bot.discord.theme import Field, Tone, card, notice, state_symbol, state_tone, when
from bot.errors import InvalidInputError
from bot.features.connections.service import Connection
from bot.features.integrations.store import Ignored, Placed
from bot.features.monitoring.access import Access, effective_state
from bot.i18n.catalog import Texts
from bot.providers.base.integration import WORST_FIRST, State, read_id
from bot.providers.toolzz import ToolzzProvider
from bot.providers.toolzz.client import ToolzzClient
from bot.providers.toolzz.models import Integration
from cogs.connections import open_connection
from cogs.monitoring import stop_ignoring_select
from cogs.toolzz.formatting import integration_options, state_words, title_of, told_apart, word_of
from cogs.toolzz.status import LIST_ROUTE, ShortPageNumber, read_status

UnitId = Annotated[str, Segment(r"[A-Za-z0-9_-]{0,64}")]
"""Empty for the connection's own unit."""


class ToolzzListButton(PersistentButton):
    """Shows a page of the list in the same message; also leads back from an integration."""

    route = LIST_ROUTE + "{connection}:{page}:{unit}"
    reads_only = True
    caption = "pages.refresh"
    symbol = REFRESH

    connection: ConnectionName
    page: ShortPageNumber
    unit: UnitId

    async def press(self, ctx: Context) -> None:
        """Read that page now."""
        page = check_page(self.page)
        await acknowledge(ctx)
        opened = await open_connection(ctx, "toolzz", self.connection)
        await edit(ctx, *await read_list(ctx, opened, self.unit or None, page=page))


class ToolzzIntegrationSelect(PersistentSelect):
    """Opens one integration of the list in the same message. page, unit: where the button back leads."""

    route = "toolzz:one:{connection}:{page}:{unit}"
    reads_only = True
    caption = "toolzz.list.placeholder"

    connection: ConnectionName
    page: ShortPageNumber
    unit: UnitId

    async def pick(self, ctx: Context, value: str) -> None:
        """Read that integration now."""
        integration = read_id(value, "integration")
        await acknowledge(ctx)
        opened = await open_connection(ctx, "toolzz", self.connection)
        embed, view = await read_status(ctx, opened, integration)
        back = ToolzzListButton(
            texts=ctx.texts,
            connection=self.connection,
            page=self.page,
            unit=self.unit,
            label=ctx.texts("pages.up"),
            emoji=UP,
        )
        await edit(ctx, embed, view.add_item(back))


async def read_list(ctx: Context, connection: Connection, unit: str | None, *, page: int = 1) -> Answer:
    """Ask Toolzz for a unit's list and return one page of it, counted from 1.

    unit: None for the connection's own. Raises ProviderError, and InvalidInputError("unit_id", "which_unit").
    """
    texts = ctx.texts
    client = ctx.services.provider(ToolzzProvider).client(connection.credentials)
    wanted = _unit(client, unit)
    named = "" if unit is None else wanted
    button = partial(ToolzzListButton, texts=texts, connection=connection.name, unit=named)
    ctx.offer_retry(button(page=page))
    listed = await client.integrations(wanted)
    accesses = await ctx.services.monitoring.accesses(connection.guild_id, "toolzz")
    entries = told_apart(sorted(listed.data, key=lambda report: _severity(report, _state(report, accesses))))
    last = pages_of(len(entries))
    # The list may have become shorter since the button was made.
    page = min(page, last)
    linked = await ctx.services.integrations.of_guild(connection.guild_id, "toolzz")
    ignored = await ctx.services.integrations.ignored(connection.guild_id, "toolzz")
    listing = Listing(
        entries,
        accesses,
        listed.complete,
        page,
        wanted,
        connection.guild_id,
        linked,
        ignored,
        int(ctx.services.clock()),
    )
    view = view_of(*page_buttons(button, page, last, texts))
    if options := integration_options(page_of(entries, page), texts, partial(_state, accesses=accesses)):
        view.add_item(
            ToolzzIntegrationSelect(
                texts=texts, connection=connection.name, page=page, unit=named, options=options
            )
        )
    on_page = [ignored[entry.id] for entry in page_of(entries, page) if entry.id in ignored]
    for menu in stop_ignoring_select("toolzz", on_page, texts):
        view.add_item(menu)
    return list_embed(listing, texts), view


def _unit(client: ToolzzClient, unit: str | None) -> str:
    """Return the unit that is meant. Raises InvalidInputError("unit_id", "which_unit")."""
    if unit is not None:
        return read_id(unit, "unit_id")
    if client.unit_id is None:
        raise InvalidInputError("which_unit")
    return client.unit_id


def _state(report: Integration, accesses: Mapping[str, Access]) -> State:
    """Return the state that counts here."""
    access = None if report.is_deleted else accesses.get(report.id)
    return effective_state(report.state, "", access)[0]


def _severity(report: Integration, state: State) -> tuple[bool, int, str]:
    return report.is_deleted, WORST_FIRST.index(state), (report.title or "").casefold()


@dataclass(frozen=True, slots=True)
class Listing:
    """A unit's integrations, worst first, and which page of them to show.

    accesses: what the bots of watched ones can do here, by id. complete: False where Toolzz has or may have
    more of them. page: counted from 1. guild_id: the server that asks. linked, ignored: its own integrations,
    and those that it does not want to see, by id. checked_at: seconds since 1970.
    """

    integrations: Sequence[Integration]
    accesses: Mapping[str, Access]
    complete: bool
    page: int
    unit: str
    guild_id: int
    linked: Mapping[str, Placed]
    ignored: Mapping[str, Ignored]
    checked_at: int


def list_embed(listing: Listing, texts: Texts) -> discord.Embed:
    """List one page of integrations, or say that there are none."""
    entries, checked = listing.integrations, Field(texts("toolzz.status.checked"), when(listing.checked_at))
    if not entries:
        return notice(texts, Tone.QUIET, "toolzz.list.none", checked, unit=code(listing.unit, 70))
    head = [" · ".join(_counted([_state(report, listing.accesses) for report in entries], texts))]
    if not listing.complete:
        head.append(texts("toolzz.list.cut"))
    lines = [_line(report, listing, texts) for report in page_of(entries, listing.page)]
    unit, last = plain(listing.unit, 64), pages_of(len(entries))
    return card(
        state_tone(_state(entries[0], listing.accesses)),
        texts.plural("toolzz.list.title", len(entries)),
        "\n".join([*head, "", *lines]),
        fields=[checked, Field(texts("next_step"), texts("toolzz.list.next"))],
        footer=texts("toolzz.list.footer", unit=unit, page=listing.page, last=last),
        symbol="🧩",
    )


def _counted(states: Iterable[State], texts: Texts) -> Iterator[str]:
    """Yield how many integrations are in each state, in the order of the list."""
    for state, count in Counter(states).items():
        yield f"{state_symbol(state)} {word_of(state, texts)}: {texts.number(count)}"


def _line(report: Integration, listing: Listing, texts: Texts) -> str:
    state = _state(report, listing.accesses)
    parts = [
        f"{state_symbol(state)} **{title_of(report)}**",
        *state_words(report, state, texts),
        _server(report, listing.guild_id, texts),
    ]
    if report.id in listing.linked:
        parts.append(texts("toolzz.list.linked"))
    if report.id in listing.ignored:
        parts.append(texts("belonging.ignored_mark"))
    return " · ".join(parts)


def _server(report: Integration, guild_id: int, texts: Texts) -> str:
    here = report.runs_in(guild_id)
    if here is None:
        return texts("toolzz.list.untold")
    if here:
        return texts("toolzz.list.here")
    server = quoted(report.guild_name or "", 60) or code(report.guild_id or "", 60)
    return texts("toolzz.list.elsewhere", server=server)
