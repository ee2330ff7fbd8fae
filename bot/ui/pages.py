"""Long lists a page at a time, and how the lasting buttons under a page look."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeVar

import discord

from bot.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.i18n.catalog import Texts

ItemT = TypeVar("ItemT")

PAGE_SIZE: Final = 10
MOST_PAGES: Final = 9999
"""What a custom id has room for, the page after the last one included."""


class Turn(Enum):
    """Where a button under a page leads: its symbol and the key of its label."""

    BACK = ("◀️", "pages.back")
    SAME = ("🔄", "pages.refresh")
    FORTH = ("▶️", "pages.forth")
    UP = ("↩️", "pages.up")

    def __init__(self, symbol: str, key: str) -> None:
        self.symbol = symbol
        self.key = key

    def button(self, texts: Texts, custom_id: str, *, disabled: bool = False) -> discord.ui.Button[Any]:
        """Return the button that says so."""
        label = texts(self.key)
        return discord.ui.Button(label=label, emoji=self.symbol, custom_id=custom_id, disabled=disabled)


def turns(page: int, last: int) -> list[tuple[int, Turn, bool]]:
    """Return the buttons under a page: where each leads, how it looks, and whether nothing is there."""
    same = (page, Turn.SAME, False)
    if last <= 1:
        return [same]
    return [(page - 1, Turn.BACK, page <= 1), same, (page + 1, Turn.FORTH, page >= last)]


def read_page_number(text: str) -> int:
    """Return a page that can be one, counted from 1. Raises InvalidInputError("page")."""
    page = int(text)
    if not 1 <= page <= MOST_PAGES:
        raise InvalidInputError("page")
    return page


def page_of(items: Sequence[ItemT], page: int) -> Sequence[ItemT]:
    """Return what stands on a page, counted from 1."""
    return items[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]


def pages_of(count: int) -> int:
    """Return how many pages so many entries fill; none fill one, which says so."""
    return min(max(1, -(-count // PAGE_SIZE)), MOST_PAGES)
