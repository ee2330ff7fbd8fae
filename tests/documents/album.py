"""What a picture in the documents shows, as a fingerprint: it tells a stale picture without a browser."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import discord
import simcord

from tests.support.harness import final
from tests.support.source import ROOT

FOLDER: Final = ROOT / "docs" / "screenshots"
FINGERPRINTS: Final = FOLDER / "fingerprints.json"
"""The fingerprint of each picture, by its name, from when it was taken."""

Shown = simcord.InteractionResult | discord.Message
_VARIES: Final = (
    (re.compile(r"<t:\d+"), "<t:0"),
    (re.compile(r"PB-[2-9A-HJ-NP-Z]{8}"), "PB-0"),
    (re.compile(r"\b\d{15,20}\b"), "0"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1"),
)
"""What differs from run to run: times, references, ids, ports."""
_UNSEEN: Final = {"id", "custom_id", "url", "proxy_url", "size", "min_length", "max_length", "type"}
"""Fields that nobody sees, or that differ from run to run."""


class Album(Protocol):
    """Takes the pictures of a scene, or only their fingerprints."""

    async def shoot(self, name: str, shown: Shown) -> None:
        """Take a picture of a reply, a form or a message. name: its file's, without language and ending."""


class Fingerprints:
    """An album of fingerprints alone."""

    def __init__(self, locale: str) -> None:
        """Begin with none. locale: the language of the pictures."""
        self.locale = locale
        self.taken: dict[str, str] = {}

    async def shoot(self, name: str, shown: Shown) -> None:
        """Take the fingerprint of what a picture would show."""
        self.taken[f"{self.locale}-{name}"] = fingerprint(shown)


def fingerprint(shown: Shown) -> str:
    """Return a short hash of all that a reader sees of a reply, a form or a message."""
    return hash_of(_payload(shown))


def hash_of(payload: Mapping[str, Any]) -> str:
    """Return a short hash of what is seen of a message or a form. payload: as Discord gets it."""
    visible = json.dumps(_visible(payload), ensure_ascii=False, sort_keys=True)
    for pattern, same in _VARIES:
        visible = pattern.sub(same, visible)
    return hashlib.sha256(visible.encode()).hexdigest()[:16]


def kept_fingerprints() -> dict[str, str]:
    """Return the fingerprint of each picture from when it was taken."""
    found: dict[str, str] = json.loads(FINGERPRINTS.read_text("utf-8"))
    return found


def used_pictures(page: Path) -> set[str]:
    """Return the names of the pictures that a page shows."""
    return set(re.findall(r"screenshots/([\w-]+)\.png", page.read_text("utf-8")))


def _payload(shown: Shown) -> Mapping[str, Any]:
    if isinstance(shown, simcord.InteractionResult) and shown.modal is not None:
        return shown.modal
    message: Any = final(shown) if isinstance(shown, simcord.InteractionResult) else shown
    components = [each if isinstance(each, dict) else each.to_dict() for each in message.components]
    return {
        "embeds": [embed.to_dict() for embed in message.embeds],
        "components": components,
        "files": [[each.filename, each.description] for each in message.attachments],
    }


def _visible(value: object) -> object:
    if isinstance(value, dict):
        return {key: _visible(part) for key, part in value.items() if key not in _UNSEEN}
    return [_visible(part) for part in value] if isinstance(value, list) else value
