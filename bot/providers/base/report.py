"""What a provider reports of the integrations that a connection can see."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from bot.providers.base.integration import State, each_once

MAX_LENGTH: Final = 100
"""The most characters of a label or a detail. Both are stored, and a provider may send a megabyte."""
MAX_SINGLE_READS: Final = 20
"""How many integrations of one connection are read by themselves in one check, where there is a list."""
GONE: Final = "gone"
"""The detail of an integration that the provider marks as deleted, or says that it does not exist."""
NOT_LISTED: Final = "not_listed"
"""The detail of an integration that exists, but of which only the list, which lacks it, could say more."""


@dataclass(frozen=True, slots=True)
class Report:
    """One integration as its provider reports it.

    id: accepted by ``is_id``. label: the name, shortened; the id if it has no name, empty if it could not be
    read. detail: the provider's own code for what is wrong, one of the details above, or the key of the error
    for which it could not be read; shortened, empty if there is none. guild_id: the server that the provider
    names, None if it names none. bot_id: the Discord user that it speaks as, None where the provider does not
    say. channels: the ids of its channels, empty where the provider lists none. opens_threads: whether it is
    set up to open threads. All but the id, the state and ``bot_id`` is hostile text.
    """

    id: str
    label: str
    state: State
    detail: str = ""
    guild_id: str | None = None
    bot_id: int | None = None
    channels: tuple[str, ...] = ()
    opens_threads: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", self.label[:MAX_LENGTH])
        object.__setattr__(self, "detail", self.detail[:MAX_LENGTH])


@dataclass(frozen=True, slots=True)
class Reports:
    """The reports of one check, one for each integration: if a provider lists one twice, the first counts.

    missing: of the integrations that were asked for, those of which the provider says that they do not exist.
    What is in neither was not read this time; that says nothing about it.
    """

    items: tuple[Report, ...]
    missing: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", tuple(each_once(self.items, lambda report: report.id)))


@dataclass(frozen=True, slots=True)
class Wanted:
    """The integrations that a guild watches through a connection.

    ids: those that are read by themselves if the list lacks them. without_bot: those of them of which it is
    not known which bot they speak as, so that a single read may be worth it although the list has them.
    guild_id: the guild; what else the provider places there is about to be watched, so that its bot matters
    as well. None where nobody watches.
    """

    ids: Collection[str] = ()
    without_bot: Collection[str] = ()
    guild_id: int | None = None


def in_turn(ids: Iterable[str], last: str, most: int) -> list[str]:
    """Return at most so many of the ids: those that follow ``last`` in their order, then the first ones."""
    ordered = sorted(set(ids))
    later = [each for each in ordered if each > last]
    return [*later, *ordered[: len(ordered) - len(later)]][:most]
