"""Writes how long something took, as short as people say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.i18n.catalog import Texts

_UNITS: Final = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))


def duration(seconds: float, texts: Texts) -> str:
    """Return the largest unit that there is one of, and the next smaller one unless there is none of it.

    seconds: what is less than one counts as nothing, and so does what is less than none.
    """
    rest = max(0, int(seconds))
    counts: list[tuple[str, int]] = []
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        counts.append((unit, count))
    first = next((index for index, (_, count) in enumerate(counts) if count), len(counts) - 1)
    shown = [counts[first], *(each for each in counts[first + 1 : first + 2] if each[1])]
    return " ".join(texts.plural(f"duration.{unit}", count) for unit, count in shown)
