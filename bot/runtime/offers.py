"""What providers' cogs offer to ``/setup``: the lists that a member picks an agent from, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.runtime.client import PatchbayBot
    from bot.ui.components import Interaction


@dataclass(frozen=True, slots=True)
class Offer:
    """A list to pick from, and what a pick does.

    kind: of the provider's lists, which one; None for its main list. key: where its texts are, under
    ``.placeholder``, ``.some`` (a plural), ``.none`` and ``.more``. act: takes the unanswered interaction,
    the bot, the id that was picked (text from outside), and a connection's name.
    """

    kind: str | None
    key: str
    act: Callable[[Interaction, PatchbayBot, str, str], Awaitable[None]]
