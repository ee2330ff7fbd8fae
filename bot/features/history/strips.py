"""Sums up an integration's last day in a few blocks of equal length."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from bot.features.history.service import DAY
from bot.features.history.store import Transition
from bot.providers.base.integration import WORST_FIRST, State

Strip = tuple[State | None, ...]
"""The worst state that was seen in each block, the oldest block first; None where nothing was known yet."""
_RANKS: Final = {state: rank for rank, state in enumerate(WORST_FIRST)}


def strip_of(transitions: Sequence[Transition], now: int, blocks: int) -> Strip:
    """Return the last day in so many blocks.

    Blocks begin at multiples of their length since 1970, so that all strips change at the same time and only
    then; the last block is the current one, of which a part is still to come.

    Args:
        transitions: The oldest first, with the one whose state held a day ago.
        now: Seconds since 1970.
        blocks: A divisor of the seconds of a day.
    """
    block_length = DAY // blocks
    begin = now // block_length * block_length + block_length - DAY
    strip: list[State | None] = [None] * blocks
    # Times in the future come from a clock that was set back; the newest transition is the current state.
    starts = [min(each.at, now) for each in transitions]
    for each, (start, end) in zip(transitions, pairwise([*starts, now + 1]), strict=True):
        state = State(each.state)
        if start < end and end > begin:
            for block in range(
                (max(start, begin) - begin) // block_length, (end - 1 - begin) // block_length + 1
            ):
                before = strip[block]
                if before is None or _RANKS[state] < _RANKS[before]:
                    strip[block] = state
    return tuple(strip)
