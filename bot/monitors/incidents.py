"""Decides what one more check means: when an incident begins, goes on, comes back and ends. Asks nobody."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from bot.kit.integration import State
from bot.services.watching import RECOVERED, Kind

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.store.watching import IncidentRow, WatchedRow

RECOVERED_AFTER: Final = 2
"""Good checks in a row that end an incident; twice as many each time that it has come back."""
FLAPPING_SECONDS: Final = 900
"""What is bad again so soon after it recovered is the same incident: nobody is told twice."""
MOST_COUNTED: Final = 20
"""Checks in a row, of either kind: more are not told apart, and write nothing."""


class Sign(Enum):
    """What a check says about how something is doing."""

    BAD = auto()
    GOOD = auto()
    NEITHER = auto()
    """It could not be found out, or is nothing that this guild wants to be told of."""


class Step(Enum):
    """What a check changes about the incident of what was checked."""

    NOTHING = auto()
    OPEN = auto()
    REOPEN = auto()
    CHANGE = auto()
    """It goes on, in another state than it was told of."""
    CLOSE = auto()


def sign_of(kind: Kind, state: State, alarming: Collection[State], before: WatchedRow | None) -> Sign:
    """Tell how a state counts. alarming: the states that this guild wants to be told of.

    before: as it was, None when it is first seen. A connection that is refused and a provider that is down
    count in any case. What was switched off from the first is well: nobody misses it. Of another bad state
    that is not wanted nobody is told, but neither that all is well again.
    """
    if state is State.INACTIVE and (
        before is None or (before.found in {"", State.INACTIVE} and before.bad == 0)
    ):
        return Sign.GOOD
    if state in alarming or (kind is not Kind.INTEGRATION and state in {State.ERROR, State.DISCONNECTED}):
        return Sign.BAD
    return Sign.GOOD if state in {State.CONNECTED, State.INACTIVE} else Sign.NEITHER


def counted(row: WatchedRow, sign: Sign, at: int, *, is_open: bool) -> WatchedRow:
    """Count one more check. at: seconds since 1970. is_open: whether there is an incident that can end.

    Where there is none, good ones are not counted: what is well writes nothing.
    """
    match sign:
        case Sign.BAD:
            since = at if row.bad_at is None else row.bad_at
            return replace(row, bad=min(row.bad + 1, MOST_COUNTED), good=0, bad_at=since)
        case Sign.GOOD:
            good = min(row.good + 1, MOST_COUNTED) if is_open else row.good
            return replace(row, bad=0, good=good, bad_at=None)
        case Sign.NEITHER:
            return row


def step(row: WatchedRow, sign: Sign, latest: IncidentRow | None, checks: int) -> Step:
    """Decide what follows. row: this check counted. latest: its newest incident. checks: that open one."""
    if latest is not None and latest.closed_at is None:
        if sign is Sign.GOOD and row.good >= good_needed(latest):
            return Step.CLOSE
        told = (latest.state, latest.detail, latest.label)
        if sign is Sign.BAD and told != (row.state, row.detail, row.label):
            return Step.CHANGE
        return Step.NOTHING
    if sign is not Sign.BAD or row.bad < checks:
        return Step.NOTHING
    return Step.REOPEN if _comes_back(row, latest) else Step.OPEN


def good_needed(incident: IncidentRow) -> int:
    """Return how many good checks in a row end this incident."""
    return int(min(RECOVERED_AFTER * 2**incident.reopened, MOST_COUNTED))


def _comes_back(row: WatchedRow, latest: IncidentRow | None) -> bool:
    if latest is None or latest.closed_at is None or row.bad_at is None or latest.ended != RECOVERED:
        return False
    return row.bad_at - latest.closed_at < FLAPPING_SECONDS
