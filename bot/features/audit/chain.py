"""Chains a guild's audit entries by hashes, and finds what is wrong with a chain.

The end of a chain, every fiftieth entry, and the entry before its beginning are signed: these are its seals.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Final, Protocol

from bot.features.audit.entry import Entry, Seal, SealKind

Verify = Callable[[bytes, bytes], bool]
"""The vault's method: takes what was signed and a signature."""

BEGINNING: Final = bytes(32)
"""The hash before the first entry."""
STRIDE: Final = 50
"""Every entry whose number this divides has a seal: the entries of a page lie between two of them."""
UNSIGNED: Final = "audit.unsigned"
"""The action of an entry that was added to a chain of which an earlier part was not ours for certain."""
UNKNOWN: Final = "unknown"
"""The result of a change of which nobody knows whether it was made."""
# ``json.dumps`` makes a new encoder each time, unless it is asked for the default format.
_encode: Final = json.JSONEncoder(separators=(",", ":")).encode
_FORMER_HEAD: Final = "audit"
"""What the signature of a head says that was made before there were other seals."""


class Flaw(StrEnum):
    """The first thing that is wrong with a chain. Each comes with the number of an entry."""

    ALTERED = "altered"
    """The entry does not fit its hash or its seal: it was changed, or the hash of the one before it."""
    MISSING = "missing"
    MISPLACED = "misplaced"
    """The entry has a number that none of ours has."""
    CUT = "cut"
    """Entries from this number on are missing at the end."""
    UNSIGNED = "unsigned"
    """The chain is whole up to this entry, its last one, but the head has no signature of ours: it may be
    forged.
    """
    UNSEALED = "unsealed"
    """The seal of this entry is missing, or has no signature of ours."""
    UNVOUCHED = "unvouched"
    """An earlier part of the chain was not ours for certain when this entry was added."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The result of checking a guild's chain, or a part of it.

    length: the number of entries that were looked at. number: see ``Flaw``. cut: the number of the last entry
    that Patchbay deleted because of its age, 0 if it deleted none. before: the hash before the first of the
    entries that are given with this result.
    """

    length: int
    flaw: Flaw | None = None
    number: int = 0
    cut: int = 0
    before: bytes = BEGINNING


class Signer(Protocol):
    """The part of the vault that signs."""

    def sign(self, data: bytes) -> bytes:
        """Return a signature that nobody without the key can make."""

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Return whether one of the configured keys made this signature."""


def entry_json(row: Entry) -> str:
    """Return the text that is hashed. Ids are strings, because some programs round large numbers."""
    parts: list[object] = [
        str(row.guild_id),
        row.number,
        row.at,
        row.author,
        row.action,
        row.target,
        row.result,
    ]
    if (row.ends, row.times) != (None, 1):
        parts += [row.ends, row.times]
    return _encode(parts)


def digest(before: bytes, row: Entry) -> bytes:
    """Return an entry's hash, which covers the hash before it and thereby all earlier entries."""
    return sha256(before + entry_json(row).encode()).digest()


def signed_part(kind: str, guild_id: int, number: int, hash_: bytes) -> bytes:
    """Return the bytes that are signed: what for, the guild, and the number and hash of an entry."""
    return json.dumps([kind, str(guild_id), number, hash_.hex()]).encode()


def seal(signer: Signer, kind: SealKind, guild_id: int, number: int, hash_: bytes) -> Seal:
    """Sign an entry's number and hash."""
    return Seal(guild_id, kind, number, hash_, signer.sign(sealed_part(kind, guild_id, number, hash_)))


def sealed_part(kind: SealKind, guild_id: int, number: int, hash_: bytes) -> bytes:
    """Return the bytes that a seal's signature is about."""
    return signed_part(f"audit.{kind}", guild_id, number, hash_)


def is_sealed(found: Seal | None, verify: Verify) -> bool:
    """Return whether this is a seal with a signature of ours."""
    if found is None:
        return False
    return verify(sealed_part(found.kind, found.guild_id, found.number, found.hash), found.signature)


def is_former_head(found: Seal | None, verify: Verify) -> bool:
    """Return whether this is a head that was signed before there were other seals."""
    if found is None:
        return False
    return verify(signed_part(_FORMER_HEAD, found.guild_id, found.number, found.hash), found.signature)


class ChainCheck:
    """Checks a chain from its beginning, a batch of entries at a time, and finds its first flaw."""

    def __init__(self, cut: Seal | None, verify: Verify, *, stride: int = STRIDE) -> None:
        """cut: where the chain begins; one that is not ours counts as none.

        stride: how many entries there are from one seal to the next, 0 if there are no seals between.
        """
        begins = cut if is_sealed(cut, verify) else None
        self._verify = verify
        self._stride = stride
        self.cut = 0 if begins is None else begins.number
        self.hash = BEGINNING if begins is None else begins.hash
        """The hash of the last entry."""
        self._number = self.cut
        self._length = 0
        self._flaw: tuple[Flaw, int] | None = None
        self._noted = 0

    def take(self, rows: Iterable[Entry], points: Sequence[Seal] = ()) -> None:
        """Check the next entries, by their numbers. points: the seals of these entries."""
        seals = {each.number: each for each in points}
        for row in rows:
            self._length += 1
            if self._flaw is None:
                self._flaw = self._wrong(row, seals)
                self.hash, self._number = row.hash, row.number
            if row.action == UNSIGNED:
                self._noted = row.number

    def result(self, head: Seal | None, is_ours: Callable[[Seal | None, Verify], bool] = is_sealed) -> Chain:
        """Return what was found. is_ours: tells whether a head has a signature of ours."""
        flaw, number = self._flaw or self._wrong_end(head, is_ours) or (None, 0)
        return Chain(self._length, flaw, number, self.cut)

    def _wrong(self, row: Entry, seals: dict[int, Seal]) -> tuple[Flaw, int] | None:
        expected = self._number + 1
        if row.number > expected:
            return Flaw.MISSING, expected
        if row.number < expected:
            return Flaw.MISPLACED, row.number
        if digest(self.hash, row) != row.hash:
            return Flaw.ALTERED, expected
        if not self._stride or row.number % self._stride:
            return None
        point = seals.get(row.number)
        if point is None or not is_sealed(point, self._verify):
            return Flaw.UNSEALED, row.number
        return None if point.hash == row.hash else (Flaw.ALTERED, row.number)

    def _wrong_end(
        self, head: Seal | None, is_ours: Callable[[Seal | None, Verify], bool]
    ) -> tuple[Flaw, int] | None:
        if head is None or not is_ours(head, self._verify):
            return (Flaw.UNSIGNED, self._number) if self._length or head else None
        if head.number != self._number:
            is_cut = head.number > self._number
            return (Flaw.CUT, self._number + 1) if is_cut else (Flaw.MISPLACED, head.number + 1)
        if head.hash != self.hash:
            return Flaw.ALTERED, self._number
        return (Flaw.UNVOUCHED, self._noted) if self._noted else None


def check_window(
    rows: Sequence[Entry], before: Seal | None, after: Seal | None, start: int, verify: Verify
) -> Chain:
    """Check the entries between two neighbouring seals.

    rows: all entries after the first seal, up to the second one. before, after: the seals, None where there
    is none. start: the number that the first seal must have, 0 for a chain's beginning.
    """
    if start and not is_sealed(before, verify):
        return Chain(len(rows), Flaw.UNSEALED, start)
    number, last = start, BEGINNING if before is None or not start else before.hash
    for row in rows:
        number += 1
        if row.number != number:
            return Chain(len(rows), Flaw.MISSING, number)
        if digest(last, row) != row.hash:
            return Chain(len(rows), Flaw.ALTERED, number)
        last = row.hash
    if after is None or not is_sealed(after, verify):
        is_inner = number and number % STRIDE == 0
        return Chain(len(rows), Flaw.UNSEALED if is_inner else Flaw.UNSIGNED, number)
    if number != after.number:
        return Chain(len(rows), Flaw.CUT if after.kind == SealKind.HEAD else Flaw.MISSING, number + 1)
    return Chain(len(rows)) if last == after.hash else Chain(len(rows), Flaw.ALTERED, number)


def extend(
    head: Seal | None, last: int, entries: Sequence[Entry], signer: Signer
) -> tuple[list[Entry], list[Seal]]:
    """Number and hash new entries, and seal them; return them with the new seals, the head last.

    They follow the head, which cannot be forged as entries can. last: the highest number of any entry, 0 if
    there is none. entries: of one guild, at least one.
    """
    number, before = (0, BEGINNING) if head is None else (head.number, head.hash)
    added = list(entries)
    if last > number or (head is not None and not is_sealed(head, signer.verify)):
        # Our new signature would vouch for entries that somebody else may have written: this entry says so.
        added.insert(0, unsigned_note(added[0], number))
        number = max(number, last)
    seals = []
    for index, each in enumerate(added):
        number += 1
        numbered = replace(each, number=number)
        before = digest(before, numbered)
        added[index] = replace(numbered, hash=before)
        if number % STRIDE == 0:
            seals.append(seal(signer, SealKind.POINT, each.guild_id, number, before))
    seals.append(seal(signer, SealKind.HEAD, added[0].guild_id, number, before))
    return added, seals


def unsigned_note(like: Entry, number: int) -> Entry:
    """Return an entry that says that what stands before it may be forged. number: of the last one."""
    return Entry(like.guild_id, 0, like.at, None, UNSIGNED, f"#{number}", UNKNOWN, b"")
