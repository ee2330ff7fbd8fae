"""Chains a guild's audit entries by hashes, and finds what is wrong with a chain."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

from bot.features.audit.store import AuditHead, Entry

BEGINNING: Final = bytes(32)
"""The hash before the first entry."""
UNSIGNED: Final = "audit.unsigned"
"""The action of an entry that was added to a chain whose head had no signature of ours."""


class Flaw(StrEnum):
    """The first thing that is wrong with a chain. Each comes with the number of an entry."""

    ALTERED = "altered"
    """The entry does not fit its hash: the entry was changed, or the hash of the one before it."""
    MISSING = "missing"
    MISPLACED = "misplaced"
    """The entry has a number that none of ours has."""
    CUT = "cut"
    """Entries from this number on are missing at the end."""
    UNSIGNED = "unsigned"
    """The chain is whole up to this entry, its last one, but the head has no signature of ours: it may be
    forged.
    """
    UNVOUCHED = "unvouched"
    """The head had no signature of ours when this entry was added: the entries before it may be forged."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The result of checking a guild's chain. length: the number of entries. number: see ``Flaw``."""

    length: int
    flaw: Flaw | None = None
    number: int = 0


def entry_json(row: Entry) -> str:
    """Return the text that is hashed. Ids are strings, because some programs round large numbers."""
    member = None if row.member is None else str(row.member)
    return json.dumps(
        [str(row.guild_id), row.number, row.at, member, row.action, row.target, row.result],
        separators=(",", ":"),
    )


def digest(before: bytes, row: Entry) -> bytes:
    """Return an entry's hash, which covers the hash before it and thereby all earlier entries."""
    return sha256(before + entry_json(row).encode()).digest()


def signed_part(guild_id: int, number: int, last: bytes) -> bytes:
    """Return the bytes that are signed: the guild, and the number and hash of its last entry."""
    return json.dumps(["audit", str(guild_id), number, last.hex()]).encode()


def examine(rows: Sequence[Entry], head: AuditHead | None, verify: Callable[[bytes, bytes], bool]) -> Chain:
    """Find the first thing that is wrong. rows: all entries by their numbers. verify: the vault's method."""
    return Chain(len(rows), *(_broken(rows) or _wrong_end(rows, head, verify) or ()))


def _broken(rows: Sequence[Entry]) -> tuple[Flaw, int] | None:
    before = BEGINNING
    for expected, row in enumerate(rows, start=1):
        if row.number > expected:
            return Flaw.MISSING, expected
        if row.number < expected:
            return Flaw.MISPLACED, row.number
        if digest(before, row) != row.hash:
            return Flaw.ALTERED, expected
        before = row.hash
    return None


def _wrong_end(
    rows: Sequence[Entry], head: AuditHead | None, verify: Callable[[bytes, bytes], bool]
) -> tuple[Flaw, int] | None:
    length = len(rows)
    if head is None or not is_signed(head, verify):
        return (Flaw.UNSIGNED, length) if rows or head else None
    if head.number != length:
        return (Flaw.CUT, length + 1) if head.number > length else (Flaw.MISPLACED, head.number + 1)
    if rows and head.hash != rows[-1].hash:
        return Flaw.ALTERED, length
    noted = [row.number for row in rows if row.action == UNSIGNED]
    return (Flaw.UNVOUCHED, noted[-1]) if noted else None


def is_signed(head: AuditHead, verify: Callable[[bytes, bytes], bool]) -> bool:
    """Return whether a head has a signature of ours."""
    return verify(signed_part(head.guild_id, head.number, head.hash), head.signature)
