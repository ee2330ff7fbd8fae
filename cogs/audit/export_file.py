"""The file of ``/audit export``: entries, their hashes, and how anybody can check them; in English."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from bot.services.audit_chain import BEGINNING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.services.audit import Entry
    from bot.services.audit_chain import Chain

MOST: Final = 20_000
"""Entries in one file, the newest: some 7 MB, where Discord takes 10."""
_VERSION: Final = version("patchbay")
_HOW_TO_CHECK: Final = (
    "A hash is SHA-256 of the hash before it, as 32 bytes, followed by the entry as a JSON list"
    " [guild, number, at, member, action, target, result] in ASCII without spaces between its parts."
    " hash_before stands before the first entry listed here. at is in seconds since 1970."
    " In the database the last hash is signed with an encryption key: that is part of the verdict."
)


def write(guild_id: int, entries: Sequence[Entry], chain: Chain, exported_at: datetime) -> bytes:
    """Write a guild's log as JSON; ids are strings, which every program reads as they are."""
    listed = entries[-MOST:]
    before = entries[-MOST - 1].hash if len(entries) > MOST else BEGINNING
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
