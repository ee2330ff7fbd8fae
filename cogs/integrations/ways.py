"""The buttons that lead from one view of an integration to another; each is listened to where it leads."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.ui.pages import Turn

if TYPE_CHECKING:
    from bot.i18n.catalog import Texts

ONE: Final = r"(?P<provider>[a-z0-9_-]{1,32}):(?P<integration>[A-Za-z0-9_-]{1,64})"
"""An integration in a custom id."""


class Way(Enum):
    """Where a button leads: its word in the custom id, its symbol and the key of its label."""

    STATUS = ("status", "🔎", "integrations.status.button")
    DIAGNOSE = ("why", "🩺", "integrations.diagnose.button")
    HISTORY = ("history", "📈", "integrations.history.button")

    def __init__(self, word: str, symbol: str, key: str) -> None:
        self.word = word
        self.symbol = symbol
        self.key = key

    def button(self, key: str, texts: Texts) -> discord.ui.Button[Any]:
        """Return the button for the integration that ``Watched.key`` stands for."""
        return discord.ui.Button(
            label=texts(self.key), emoji=self.symbol, custom_id=f"integrations:{self.word}:{key}"
        )


def back(texts: Texts) -> discord.ui.Button[Any]:
    """Return the button to the overview's first page, as it was found last."""
    return Turn.UP.button(texts, "integrations:all:1")
