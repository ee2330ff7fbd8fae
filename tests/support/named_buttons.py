"""Finds buttons that a message tells its reader to press and does not have."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import discord
import simcord
from simcord.types import HttpLogEntry

ELSEWHERE: Final = {
    "Reset Token": "a button of the Developer Portal",
    "Bot": "the page of the Developer Portal that the button is on",
}
"""What is in bold beside a word for pressing and is no button of ours, and what it is."""
_UPDATE: Final = discord.InteractionResponseType.message_update.value
_PRESS: Final = re.compile(r"\b(?:[Pp]ress|[Cc]lique em) (?=\*\*)([^.\n]+)")
_BOLD: Final = re.compile(r"\*\*([^*]+)\*\*")


def named_buttons(text: str) -> list[str]:
    """Return the labels that a text tells its reader to press: those in bold, to the end of the sentence."""
    found = [label for told in _PRESS.findall(text) for label in _BOLD.findall(told)]
    return [label for label in found if label not in ELSEWHERE]


def missing_buttons(entry: HttpLogEntry) -> list[str]:
    """Return the buttons that a sent or changed message names and does not have."""
    body: Any = entry.json
    if not isinstance(body, Mapping):
        return []
    is_edit = entry.method == "PATCH" or body.get("type") == _UPDATE
    body = body.get("data", body)  # of an answer to an interaction
    if not isinstance(body, Mapping) or (is_edit and "components" not in body):
        return []
    labels = set(_labels(body.get("components") or ()))
    texts = [text for embed in body.get("embeds") or () for text in _texts(embed)]
    return [label for text in texts for label in named_buttons(text) if label not in labels]


def _labels(components: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for component in components:
        if "label" in component:
            yield component["label"]
        yield from _labels(component.get("components") or ())


def _texts(embed: Mapping[str, Any]) -> Iterator[str]:
    yield embed.get("description") or ""
    for each in embed.get("fields") or ():
        yield each["value"]


class _KeptRequests(list[HttpLogEntry]):
    """A log that remembers all entries, whatever a test removes."""

    def __init__(self, kept: list[HttpLogEntry]) -> None:
        super().__init__(kept)
        self._kept = kept

    def append(self, entry: HttpLogEntry, /) -> None:
        super().append(entry)
        self._kept.append(entry)


def keep_requests(env: simcord.Env) -> list[HttpLogEntry]:
    """Return a list of the bot's requests that a test which clears the log does not clear."""
    kept = list(env.http_requests)
    env.backend.http_requests = _KeptRequests(kept)
    return kept
