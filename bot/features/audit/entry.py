"""An entry of a guild's audit log, and a signed hash of its chain."""

import re
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MEMBER_TARGET: Final = re.compile(r"member · ([0-9]{1,20})(?= · |$)")
"""The part of a target that names a member by an id."""
_PSEUDONYM_BYTES: Final = 16


def new_pseudonym() -> str:
    """Return 23 random characters; the first one tells a pseudonym from an id."""
    return "p" + secrets.token_urlsafe(_PSEUDONYM_BYTES)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a guild's log. number: counted from 1. at: seconds since 1970.

    author: the pseudonym of the member, None for Patchbay itself. target: names a member by a pseudonym.
    ends: the number of the entry whose result this one gives, if there is one. times: how often it happened.
    member, subject: whom author and target stand for; no part of the chain, and None once that is erased.
    """

    guild_id: int
    number: int
    at: int
    author: str | None
    action: str
    target: str
    result: str
    hash: bytes
    ends: int | None = None
    times: int = 1
    member: int | None = None
    subject: int | None = None


class SealKind(StrEnum):
    """What a seal is for."""

    HEAD = "head"
    """The last entry."""
    POINT = "point"
    """An entry on the way, so that a part of the chain can be checked."""
    CUT = "cut"
    """The last entry that was deleted because of its age."""


@dataclass(frozen=True, slots=True)
class Seal:
    """The number and the hash of an entry of a guild's chain, with a signature."""

    guild_id: int
    kind: SealKind
    number: int
    hash: bytes
    signature: bytes
