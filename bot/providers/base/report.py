"""What a provider reports of all integrations that a connection can see."""

from dataclasses import dataclass
from typing import Final

from bot.providers.base.integration import State, each_once

MAX_LENGTH: Final = 100
"""The most characters of a label or a detail. Both are stored, and a provider may send a megabyte."""


@dataclass(frozen=True, slots=True)
class Report:
    """One integration as its provider reports it.

    id: accepted by ``is_id``. label: the name, shortened; the id if it has no name, empty if it could not be
    read. detail: the provider's own code for what is wrong, or the key of the error for which it could not be
    read; shortened, empty if there is none. guild_id: the server that the provider names, None if it names
    none. All but the id is hostile text.
    """

    id: str
    label: str
    state: State
    detail: str = ""
    guild_id: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", self.label[:MAX_LENGTH])
        object.__setattr__(self, "detail", self.detail[:MAX_LENGTH])


@dataclass(frozen=True, slots=True)
class Reports:
    """The reports of one reading, one for each integration: if a provider lists one twice, the first counts.

    complete: False if there may be more integrations.
    """

    items: tuple[Report, ...]
    complete: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", tuple(each_once(self.items, lambda report: report.id)))
