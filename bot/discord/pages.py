"""Long lists a page at a time, and the buttons under a page."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import discord

from bot.errors import InvalidInputError
from bot.i18n.catalog import Texts

ItemT = TypeVar("ItemT")

PAGE_SIZE: Final = 10
MAX_PAGES: Final = 9999
"""What a custom id has room for, the page after the last one included."""
BACK, FORTH, REFRESH, UP, DETAILS = "◀️", "▶️", "🔄", "↩️", "🔎"
"""The symbols of the buttons under a page: previous page, next page, same page anew, parent screen, more."""


def page_buttons(
    button: Callable[..., discord.ui.Item[Any]], page: int, last: int, texts: Texts
) -> list[discord.ui.Item[Any]]:
    """Return the buttons under a page: refresh alone where there is one page.

    button: makes the button to a page, given its ``page``, ``label``, ``emoji`` and ``disabled``; usually the
    class of a persistent button with all else filled in. page, last: counted from 1.
    """
    refresh = button(page=page, label=texts("pages.refresh"), emoji=REFRESH)
    if last <= 1:
        return [refresh]
    return [
        button(page=page - 1, label=texts("pages.back"), emoji=BACK, disabled=page <= 1),
        refresh,
        button(page=page + 1, label=texts("pages.forth"), emoji=FORTH, disabled=page >= last),
    ]


def check_page(page: int) -> int:
    """Return a page that can be one, counted from 1. Raises InvalidInputError("page")."""
    if not 1 <= page <= MAX_PAGES:
        raise InvalidInputError("page")
    return page


def page_of(items: Sequence[ItemT], page: int) -> Sequence[ItemT]:
    """Return what stands on a page, counted from 1."""
    return items[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]


def pages_of(count: int) -> int:
    """Return how many pages so many entries fill; an empty list fills one page, which says so."""
    return min(max(1, -(-count // PAGE_SIZE)), MAX_PAGES)
