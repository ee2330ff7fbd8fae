"""How a guild's audit entries hang together, and what is wrong where they do not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.store.audit import AuditHead, AuditRow

BEGINNING: Final = bytes(32)
"""What stands in the place of a hash before the first entry."""
UNSIGNED: Final = "audit.unsigned"
"""The action of an entry that was added to a chain whose end bore no signature of ours."""


class Flaw(StrEnum):
    """What is wrong first; with the number of the entry that it is about."""

    ALTERED = "altered"
    """The entry does not fit its hash: it was changed, or the one before it was, hash and all."""
    MISSING = "missing"
    MISPLACED = "misplaced"
    """An entry with a number that none of ours has."""
    CUT = "cut"
    """From this number on entries are missing at the end."""
    UNSIGNED = "unsigned"
    """The chain holds and ends with this entry, but not with a signature of ours: it may be another chain."""
    UNVOUCHED = "unvouched"
    """That was so before; nobody knows of the entries before this one whether they are ours."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What a look at a guild's log has shown. length: of how many entries. number: see ``Flaw``."""

    length: int
    flaw: Flaw | None = None
    number: int = 0


def entry_json(row: AuditRow) -> str:
    """Return the text that is hashed; ids are strings, which every program reads as they are."""
    member = None if row.member is None else str(row.member)
    return json.dumps(
        [str(row.guild_id), row.number, row.at, member, row.action, row.target, row.result],
        separators=(",", ":"),
    )


def digest(before: bytes, row: AuditRow) -> bytes:
    """Return an entry's hash, which covers the one before it and thereby all of them."""
    return sha256(before + entry_json(row).encode()).digest()


def signed_part(guild_id: int, number: int, last: bytes) -> bytes:
    """Return what is signed: which entry is the last one of which guild."""
    return json.dumps(["audit", str(guild_id), number, last.hex()]).encode()


def examine(
    rows: Sequence[AuditRow], head: AuditHead | None, verify: Callable[[bytes, bytes], bool]
) -> Chain:
    """Name the first thing that is wrong. rows: all, in order of their numbers. verify: the vault's."""
    return Chain(len(rows), *(_broken(rows) or _wrong_end(rows, head, verify) or ()))


def _broken(rows: Sequence[AuditRow]) -> tuple[Flaw, int] | None:
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
    rows: Sequence[AuditRow], head: AuditHead | None, verify: Callable[[bytes, bytes], bool]
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
    """Tell whether the end of a chain bears a signature of ours."""
    return verify(signed_part(head.guild_id, head.number, head.hash), head.signature)
