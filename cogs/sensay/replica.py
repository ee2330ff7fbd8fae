"""How a replica is named and what Sensay says of it, the same wherever one is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui.text import code, plain, quoted
from bot.ui.theme import state_symbol

if TYPE_CHECKING:
    from bot.i18n.catalog import Texts
    from bot.kit.integration import State
    from bot.providers.sensay.models import Replica

_LONGEST_NAME = 80
_NOT_ON_DISCORD = "▫️"


def title_of(replica: Replica) -> str:
    """Name a replica where markdown is rendered, by its id where it has no name that can be seen."""
    return quoted(replica.name or "", _LONGEST_NAME) or code(replica.uuid or "", _LONGEST_NAME)


def label_of(replica: Replica) -> str:
    """Name a replica where no markdown is rendered."""
    return plain(replica.name or "", _LONGEST_NAME) or plain(replica.uuid or "", _LONGEST_NAME)


def symbol_of(state: State | None) -> str:
    """Return the symbol that stands beside the state's word."""
    return _NOT_ON_DISCORD if state is None else state_symbol(state)


def word_of(state: State | None, texts: Texts) -> str:
    """Return Sensay's own word: being accepted and active there does not make a bot online."""
    return texts("sensay.not_on_discord") if state is None else texts(f"sensay.state.{state}")
