"""Counts the identifies of the last 24 hours, in a mapping that a JSON file can hold."""

from collections.abc import Mapping
from typing import Final

DEFAULT_TOTAL: Final = 1000
"""How many identifies Discord allows a bot in 24 hours, where it has not said so.
https://discord.com/developers/docs/events/gateway#identifying
"""
_DAY: Final = 86_400
_SLOT: Final = 600
"""Seconds whose identifies are counted together, so that the file stays small. All of a slot count for 24
hours from its end."""

_MAX_DIGITS: Final = 18
"""Digits of a time that are read: a damaged file may hold a number that takes minutes to read."""


def allowed_of(total: int) -> int:
    """Return how many identifies of a day's total may be used: 80 %, and one in any case."""
    return max(1, total * 4 // 5)


def of_last_day(kept: Mapping[str, object], now: float) -> dict[str, int]:
    """Return the number of identifies by slot, without those that no longer count.

    kept: what the file holds, which may be anything. now: seconds since 1970. A slot in the future is taken
    for the present one: the clock was wrong then or is now, and either way they count for a day from now on.
    """
    present, counted = _slot(now), dict[str, int]()
    for key, count in kept.items():
        if not key.isdecimal() or type(count) is not int or count <= 0:
            continue
        slot = min(int(key[:_MAX_DIGITS]), present)
        if _ends(slot) > now:
            counted[str(slot)] = counted.get(str(slot), 0) + count
    return counted


def one_more(kept: Mapping[str, object], now: float) -> dict[str, int]:
    """Return the same, with an identify at this moment."""
    counted, slot = of_last_day(kept, now), str(_slot(now))
    return {**counted, slot: counted.get(slot, 0) + 1}


def seconds_until(counted: Mapping[str, int], now: float, *, below: int) -> float:
    """Return in how many seconds fewer identifies count than ``below``, 0 if it is so now.

    counted: as ``of_last_day`` returns it.
    """
    left, wait = sum(counted.values()), 0.0
    for slot in sorted(map(int, counted)):
        if left < below:
            break
        left -= counted[str(slot)]
        wait = _ends(slot) - now
    return wait


def _slot(now: float) -> int:
    return int(now // _SLOT * _SLOT)


def _ends(slot: int) -> int:
    return slot + _SLOT + _DAY
