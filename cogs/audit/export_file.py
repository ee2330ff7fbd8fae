"""Writes the file of ``/audit export``: entries, their hashes, and how anybody can check them; in English."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Final

import discord

from bot.discord.replies import text_file
from bot.features.audit.chain import Chain
from bot.features.audit.entry import Entry
from bot.rests import with_rests

_VERSION: Final = version("patchbay")
_HOW_TO_CHECK: Final = (
    "A hash is SHA-256 of the hash before it, as 32 bytes, followed by the entry as a JSON list"
    " [guild, number, at, member, action, target, result] in ASCII without spaces between its parts;"
    " where an entry has ends or times, ends (or null) and times (or 1) stand at the end of its list."
    " hash_before stands before the first entry listed here. at is in seconds since 1970."
    " member is a pseudonym, and so is a member in a target; members says whom they stand for, except those"
    " whose data was erased. ends is the number of the entry whose result an entry gives."
    " times is how often something was tried. The verdict is about the whole log, which begins after the"
    " entry deleted_to if older ones were deleted because of their age."
    " In the database the last hash, each fiftieth, and the one that the log begins with are signed with a"
    " key that is made from an encryption key: that is part of the verdict."
)


def write(guild_id: int, entries: Sequence[Entry], chain: Chain, exported_at: datetime) -> discord.File:
    """Write a guild's log as JSON, in a thread. Ids are strings, which every program reads unchanged."""
    written = {
        "patchbay": _VERSION,
        "guild": str(guild_id),
        "exported_at": exported_at.isoformat(timespec="seconds"),
        "verdict": {
            "holds": chain.flaw is None,
            "entries": chain.length,
            "deleted_to": chain.cut,
            "flaw": chain.flaw,
            "number": chain.number if chain.flaw else None,
        },
        "how_to_check": _HOW_TO_CHECK,
        "hash_before": chain.before.hex(),
        "members": dict(pair for entry in with_rests(entries) for pair in _members(entry)),
    }
    head = json.dumps(written, indent=1).removesuffix("\n}")
    # One at a time: as one list, they would need many times the room of the file.
    listed = ",\n  ".join(json.dumps(_entry(entry)) for entry in with_rests(entries))
    content = f'{head},\n "entries": [\n  {listed}\n ]\n}}'.encode()
    return text_file(f"audit-{guild_id}.json", content)


def _entry(entry: Entry) -> dict[str, object]:
    return {
        "number": entry.number,
        "at": entry.at,
        "member": entry.author,
        "action": entry.action,
        "target": entry.target,
        "result": entry.result,
        **({} if entry.ends is None else {"ends": entry.ends}),
        **({} if entry.times == 1 else {"times": entry.times}),
        "hash": entry.hash.hex(),
    }


def _members(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield the pseudonyms of an entry with whom they stand for."""
    if entry.author is not None and entry.member is not None:
        yield entry.author, str(entry.member)
    if entry.subject is not None:
        yield entry.target.split(" · ")[1], str(entry.subject)
