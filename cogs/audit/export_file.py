"""Writes the file of ``/audit export``: entries, their hashes, and how anybody can check them; in English."""

import json
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Final

from bot.features.audit.chain import BEGINNING, Chain
from bot.features.audit.store import Entry

MAX_ENTRIES: Final = 20_000
"""A file holds the newest entries, so many at most: about 7 MB, where Discord takes 10."""
_VERSION: Final = version("patchbay")
_HOW_TO_CHECK: Final = (
    "A hash is SHA-256 of the hash before it, as 32 bytes, followed by the entry as a JSON list"
    " [guild, number, at, member, action, target, result] in ASCII without spaces between its parts."
    " hash_before stands before the first entry listed here. at is in seconds since 1970."
    " In the database the last hash is signed with an encryption key: that is part of the verdict."
)


def write(guild_id: int, entries: Sequence[Entry], chain: Chain, exported_at: datetime) -> bytes:
    """Write a guild's log as JSON. Ids are strings, which every program reads unchanged."""
    listed = entries[-MAX_ENTRIES:]
    before = entries[-MAX_ENTRIES - 1].hash if len(entries) > MAX_ENTRIES else BEGINNING
    written = {
        "patchbay": _VERSION,
        "guild": str(guild_id),
        "exported_at": exported_at.isoformat(timespec="seconds"),
        "verdict": {
            "holds": chain.flaw is None,
            "entries": chain.length,
            "flaw": chain.flaw,
            "number": chain.number if chain.flaw else None,
        },
        "how_to_check": _HOW_TO_CHECK,
        "hash_before": before.hex(),
        "entries": [
            {
                "number": entry.number,
                "at": entry.at,
                "member": None if entry.member is None else str(entry.member),
                "action": entry.action,
                "target": entry.target,
                "result": entry.result,
                "hash": entry.hash.hex(),
            }
            for entry in listed
        ],
    }
    return json.dumps(written, indent=1).encode()
