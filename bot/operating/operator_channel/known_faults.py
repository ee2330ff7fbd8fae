"""Decides what is new in what is wrong with the bot, so that a fault that comes and goes is no flood."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

QUIET_SECONDS: Final = 3600.0
"""For so long after a fault was told it is not told again, but counted."""
_LOOKS: Final = 2
"""How many looks in a row find a fault before it is told: what passes by itself is in the log."""


class News(Enum):
    """What is to be told of a fault."""

    BEGUN = auto()
    OVER = auto()
    """It was told and is over."""
    CAME_AND_WENT = auto()
    """It has begun again since it was told, and is over."""


@dataclass(frozen=True, slots=True)
class FaultNotice:
    """One thing to tell. text: the fault. times: how often it has begun since it was last told."""

    news: News
    text: str
    times: int


@dataclass(slots=True)
class _Fault:
    """What is known of a fault. looks: how many in a row have found it. begun: see ``FaultNotice.times``."""

    text: str = ""
    looks: int = 0
    begun: int = 0
    is_told: bool = False
    quiet_until: float = -math.inf


class KnownFaults:
    """The faults of late, each by a key that stays the same while it lasts."""

    def __init__(self) -> None:
        self._known: dict[str, _Fault] = {}

    def compare(self, found: Mapping[str, str], now: float) -> Iterator[FaultNotice]:
        """Yield what is to be told after a look. found: the text of each fault, by key. now: seconds."""
        for key in found:
            self._known.setdefault(key, _Fault())
        for key, fault in list(self._known.items()):
            if key in found:
                fault.text = found[key]
                fault.looks += 1
                fault.begun += fault.looks == _LOOKS
                if fault.looks >= _LOOKS and not fault.is_told and now >= fault.quiet_until:
                    yield FaultNotice(News.BEGUN, fault.text, fault.begun)
                    fault.is_told, fault.begun, fault.quiet_until = True, 0, now + QUIET_SECONDS
                continue
            fault.looks = 0
            if fault.is_told:
                yield FaultNotice(News.OVER, fault.text, fault.begun)
                fault.is_told = False
            elif now >= fault.quiet_until:
                if fault.begun:
                    yield FaultNotice(News.CAME_AND_WENT, fault.text, fault.begun)
                del self._known[key]
