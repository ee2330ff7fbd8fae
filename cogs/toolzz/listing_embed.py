"""What ``/toolzz list`` shows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.providers.toolzz.models import MOST_ENTRIES
from bot.ui.pages import page_of, pages_of
from bot.ui.text import code, plain, quoted
from bot.ui.theme import Field, Tone, card, state_symbol, state_tone, when
from cogs.toolzz.integration import runs_here, title_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import discord

    from bot.i18n.catalog import Texts
    from bot.providers.toolzz.models import Integration
    from bot.services.integrations import Placed

_DELETED: Final = "🗑️"


@dataclass(frozen=True, slots=True)
class Listing:
    """A unit's integrations, worst first, of which one page is to be shown.

    page: counted from 1. guild_id: the server that asks. linked: what it has linked, by id.
    checked_at: seconds since 1970.
    """

    integrations: Sequence[Integration]
    page: int
    unit: str
    guild_id: int
    linked: Mapping[str, Placed]
    checked_at: int


def list_embed(listing: Listing, texts: Texts) -> discord.Embed:
    """List one page of integrations, or say that there are none."""
    if not listing.integrations:
        return card(
            Tone.QUIET,
            texts("toolzz.list.none"),
            texts("toolzz.list.none_why", unit=code(listing.unit, 70)),
            fields=[
                Field(texts("toolzz.status.checked"), when(listing.checked_at)),
                Field(texts("next_step"), texts("toolzz.list.none_next")),
            ],
        )
    head = [" · ".join(_counted(listing.integrations, texts))]
    if len(listing.integrations) >= MOST_ENTRIES:
        head.append(texts("toolzz.list.cut", count=MOST_ENTRIES))
    lines = [_line(report, listing, texts) for report in page_of(listing.integrations, listing.page)]
    return card(
        state_tone(listing.integrations[0].state),
        texts.plural("toolzz.list.title", len(listing.integrations)),
        "\n".join([*head, "", *lines]),
        fields=[
            Field(texts("toolzz.status.checked"), when(listing.checked_at)),
            Field(texts("next_step"), texts("toolzz.list.next")),
        ],
        footer=texts(
            "toolzz.list.footer",
            unit=plain(listing.unit, 64),
            page=listing.page,
            last=pages_of(len(listing.integrations)),
        ),
        symbol="🧩",
    )


def symbol_of(report: Integration) -> str:
    """Return the symbol that stands beside the state's word."""
    return state_symbol(report.state) if not report.is_deleted else _DELETED


def word_of(report: Integration, texts: Texts) -> str:
    """Return the state's word; a deleted one is no inactive one that could be switched on."""
    return texts(f"state.{report.state}") if not report.is_deleted else texts("toolzz.list.deleted")


def _counted(integrations: Sequence[Integration], texts: Texts) -> Iterator[str]:
    """Count the integrations by state, in the order in which they stand."""
    found = Counter((symbol_of(report), word_of(report, texts)) for report in integrations)
    for (symbol, word), count in found.items():
        yield f"{symbol} {word}: {texts.number(count)}"


def _line(report: Integration, listing: Listing, texts: Texts) -> str:
    parts = [
        f"{symbol_of(report)} **{title_of(report)}**",
        word_of(report, texts),
        _server(report, listing.guild_id, texts),
    ]
    if report.id in listing.linked:
        parts.append(texts("toolzz.list.linked"))
    return " · ".join(parts)


def _server(report: Integration, guild_id: int, texts: Texts) -> str:
    here = runs_here(report, guild_id)
    if here is None:
        return texts("toolzz.list.untold")
    if here:
        return texts("toolzz.list.here")
    server = quoted(report.guild_name or "", 60) or code(report.guild_id or "", 60)
    return texts("toolzz.list.elsewhere", server=server)
