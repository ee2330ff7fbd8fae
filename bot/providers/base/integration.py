"""The states and ids of integrations, the same for every provider."""

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar
from uuid import UUID

from bot.errors import InvalidInputError

EntryT = TypeVar("EntryT")

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Control and format characters, and those of which a reader has no picture.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


class State(StrEnum):
    """How an integration is doing."""

    CONNECTED = "connected"
    BLOCKED = "blocked"
    """The provider runs it, and it can answer nowhere in the server."""
    DISCONNECTED = "disconnected"
    ERROR = "error"
    INACTIVE = "inactive"
    UNKNOWN = "unknown"


WORST_FIRST: Final = (
    State.ERROR,
    State.DISCONNECTED,
    State.BLOCKED,
    State.UNKNOWN,
    State.INACTIVE,
    State.CONNECTED,
)
DOWN_STATES: Final = frozenset({State.ERROR, State.DISCONNECTED, State.BLOCKED})
"""The agent answers nobody in the server, and is expected to."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An entry that a member can pick.

    id: the provider's. label: its name, which is hostile text. guild_id: the server that the provider names,
    None where it names none.
    """

    id: str
    label: str
    state: State | None = None
    guild_id: str | None = None

    def runs_elsewhere(self, guild_id: int) -> bool:
        """Tell whether the provider says that it runs in another server than this one."""
        return self.guild_id not in {None, str(guild_id)}


def is_id(text: str) -> bool:
    """Tell whether a text can be an id: it is safe in a path and short enough for a suggestion."""
    return _ID.fullmatch(text) is not None


def id_key(text: str) -> str:
    """Return what is the same in two spellings of one id: a UUID's letters may be capitals."""
    return text.lower() if _UUID.fullmatch(text) else text


def each_once(entries: Iterable[EntryT], id_of: Callable[[EntryT], str | None]) -> list[EntryT]:
    """Return the entries without those whose id an earlier one has: a provider may list one twice.

    Entries without an id all stay.
    """
    found: dict[str | int, EntryT] = {}
    for place, entry in enumerate(entries):
        entry_id = id_of(entry)
        found.setdefault(place if entry_id is None else id_key(entry_id), entry)
    return list(found.values())


def name_key(name: str) -> str:
    """Return what is the same in two names that people cannot tell apart; empty for an invisible name."""
    if name.isascii() and name.isprintable():  # by far the most names, and nothing to fold but case
        return " ".join(name.lower().split())
    seen = "".join(sign for sign in name if sign.isspace() or unicodedata.category(sign) not in _INVISIBLE)
    # Marks at the start are not shown: they would change what stands before the name.
    begun = itertools.dropwhile(lambda sign: sign.isspace() or unicodedata.category(sign)[0] == "M", seen)
    folded = unicodedata.normalize("NFKC", "".join(begun)).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def read_id(text: str, field: str) -> str:
    """Return an id that is safe in a path. field: the rule that InvalidInputError names if it is not."""
    text = text.strip()
    if not is_id(text):
        raise InvalidInputError(field)
    return text


def read_uuid(text: str, field: str) -> str:
    """Return a UUID in lower case. field: the rule that InvalidInputError names if it is none."""
    try:
        return str(UUID(text.strip()))
    except ValueError:
        raise InvalidInputError(field) from None
