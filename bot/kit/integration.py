"""What all providers' reports come down to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from bot.errors import InvalidInputError

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class State(StrEnum):
    """How an integration is doing."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    ERROR = "error"
    INACTIVE = "inactive"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """What a look at the provider proves about a write to which no good answer came."""

    THERE = "there"
    NOT_THERE = "not_there"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry that a member can pick: the provider's id and its name (hostile text)."""

    id: str
    label: str
    state: State | None = None


def is_id(text: str) -> bool:
    """Tell whether this can be an id: safe inside a path, and short enough for a suggestion."""
    return _ID.fullmatch(text) is not None


def read_id(text: str, field: str) -> str:
    """Return an id that is safe inside a path. Raises InvalidInputError for the field."""
    text = text.strip()
    if not is_id(text):
        raise InvalidInputError(field)
    return text


def read_uuid(text: str, field: str) -> str:
    """Return a UUID in its usual lower-case form. Raises InvalidInputError for the field."""
    try:
        return str(UUID(text.strip()))
    except ValueError:
        raise InvalidInputError(field) from None
