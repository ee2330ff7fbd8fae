"""Finds relative times that do not say what they are the time of."""

from __future__ import annotations

import re
from typing import Final

import discord

NO_EVENT: Final = "since|until|from|to|for|at|on|in|by|desde|até|de|do|da|em|no|na|por|para|a"
"""Words after which a relative time says nothing, and which say nothing by themselves."""
_RELATIVE: Final = re.compile(r"<t:-?\d+:R>")
# In brackets it follows the same time with its date.
_AFTER_DATE: Final = re.compile(r"<t:-?\d+:f> \($")
# What may stand before it without saying what it is: names, mentions, code, symbols, and other times.
_SAYS_NOTHING: Final = re.compile(r"\*\*[^*]*\*\*|`[^`]*`|<[^<>]*>|\{\w+\}|\[[^\]]*\]\([^)]*\)|[^\w\s]|\d+")


def bare_times(text: str) -> list[str]:
    """Return the lines with a relative time before which no word of the same part says what it is."""
    return [line for line in text.split("\n") if any(map(_is_bare, _before(line)))]


def bare_in(embed: discord.Embed) -> list[str]:
    """Return the lines of an embed with such a time; the name of a field says what its whole value is."""
    found = bare_times(embed.description or "")
    for field in embed.fields:
        if not _RELATIVE.fullmatch(field.value or ""):
            found += bare_times(field.value or "")
    return found


def _before(line: str) -> list[str]:
    return [line[: found.start()] for found in _RELATIVE.finditer(line)]


def _is_bare(before: str) -> bool:
    if _AFTER_DATE.search(before):
        return False
    part = re.split(r" · |(?<=[.:!?]) ", before)[-1]
    words = re.findall(r"[^\W\d_]+", _SAYS_NOTHING.sub(" ", part).casefold())
    names_nothing = all(re.fullmatch(NO_EVENT, word) for word in words)
    return names_nothing or bool(re.search(rf"(?i)\b({NO_EVENT}) $", part))
