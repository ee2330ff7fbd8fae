"""What a provider says of all integrations that a connection can see, in one reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.kit.integration import State

LONGEST: Final = 100
"""Characters of a label or a detail: both are stored, and a provider may send a megabyte."""


@dataclass(frozen=True, slots=True)
class Report:
    """One integration as its provider reports it.

    id: one that ``is_id`` takes. label: its name, cut; its id where it has none, empty where it could not be
    read. detail: the provider's own code for what is wrong, or the key of the error for which it could not be
    read; cut, and empty where there is none. guild_id: the server that the provider names, None where it
    names none. All but the id is hostile text.
    """

    id: str
    label: str
    state: State
    detail: str = ""
    guild_id: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", self.label[:LONGEST])
        object.__setattr__(self, "detail", self.detail[:LONGEST])


@dataclass(frozen=True, slots=True)
class Reports:
    """All that was read at once; ``complete`` is False where there may be more."""

    items: tuple[Report, ...]
    complete: bool
