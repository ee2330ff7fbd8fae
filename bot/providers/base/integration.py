"""The states and ids of integrations, the same for every provider."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from bot.errors import InvalidInputError

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


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
    """An entry that a member can pick. id: the provider's. label: its name, which is hostile text."""

    id: str
    label: str
    state: State | None = None


def is_id(text: str) -> bool:
    """Tell whether a text can be an id: it is safe in a path and short enough for a suggestion."""
    return _ID.fullmatch(text) is not None


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
