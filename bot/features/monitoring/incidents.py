"""Decides, without I/O, when an incident opens, changes, comes back and closes."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from bot.features.alerts.incident_store import OVERDUE, RECOVERED, Incident, Kind
from bot.features.monitoring.store import WatchedRow
from bot.providers.base.integration import State
from bot.providers.base.report import GONE

RECOVERED_AFTER: Final = 2
"""So many good checks in a row close an incident; twice as many for each time that the incident came back."""
FLAPPING_SECONDS: Final = 900
"""A subject that is bad again so soon after it recovered has the same incident again, without a new alert."""
MAX_COUNTED: Final = 20
"""Checks in a row are counted up to this number, so that later ones change no row."""


class Health(Enum):
    """What a check says about its subject."""

    BAD = auto()
    GOOD = auto()
    NEITHER = auto()
    """The state could not be found out, or the guild does not want to hear of it."""


class IncidentStep(Enum):
    """What a check changes about the incident of its subject."""

    NOTHING = auto()
    OPEN = auto()
    REOPEN = auto()
    CHANGE = auto()
    """The incident goes on in another state than its alert shows."""
    CLOSE = auto()


@dataclass(frozen=True, slots=True)
class Alarming:
    """What a guild wants to hear of.

    states: those that open an incident. partial: whether an agent that can answer in some of its channels
    only opens one as well.
    """

    states: Collection[State]
    partial: bool = False


def health_of(now: WatchedRow, alarming: Alarming, before: WatchedRow | None) -> Health:
    """Return how a state counts.

    now, before: the row with this check's state, and the row before it, None for a new subject.

    Refused credentials and a provider that is down are bad in any case, and so is an agent that the provider
    has accepted and does not list for too long. An integration that was inactive from the first check on is
    good: nobody misses it. A bad state that the guild does not want to hear of counts neither way.
    """
    state = now.state
    if state is State.INACTIVE and now.detail != GONE and _was_never_active(before):
        return Health.GOOD
    if state is State.CONNECTED and now.detail and alarming.partial:
        return Health.BAD
    if state in alarming.states or now.detail == OVERDUE:
        return Health.BAD
    if now.kind is not Kind.INTEGRATION and state in {State.ERROR, State.DISCONNECTED}:
        return Health.BAD
    return Health.GOOD if state in {State.CONNECTED, State.INACTIVE} else Health.NEITHER


def _was_never_active(before: WatchedRow | None) -> bool:
    if before is None:
        return True
    return before.found in {"", State.UNKNOWN, State.INACTIVE} and before.bad == 0


def count_check(row: WatchedRow, health: Health, at: int, *, is_open: bool) -> WatchedRow:
    """Return the row with one more check counted.

    at: seconds since 1970. is_open: whether there is an open incident. Without one, good checks are not
    counted: a check of a healthy subject writes nothing.
    """
    match health:
        case Health.BAD:
            since = at if row.bad_at is None else row.bad_at
            return replace(row, bad=min(row.bad + 1, MAX_COUNTED), good=0, bad_at=since)
        case Health.GOOD:
            good = min(row.good + 1, MAX_COUNTED) if is_open else row.good
            return replace(row, bad=0, good=good, bad_at=None)
        case Health.NEITHER:
            return row


def next_step(row: WatchedRow, health: Health, latest: Incident | None, checks: int) -> IncidentStep:
    """Return what follows from a check.

    row: with this check counted. latest: the subject's newest incident. checks: so many bad checks in a row
    open one.
    """
    if latest is not None and latest.closed_at is None:
        if health is Health.GOOD and row.good >= good_checks_needed(latest):
            return IncidentStep.CLOSE
        shown = (latest.state, latest.detail, latest.label)
        if health is Health.BAD and shown != (row.state, row.detail, row.label):
            return IncidentStep.CHANGE
        return IncidentStep.NOTHING
    if health is not Health.BAD or row.bad < checks:
        return IncidentStep.NOTHING
    return IncidentStep.REOPEN if _comes_back(row, latest) else IncidentStep.OPEN


def good_checks_needed(incident: Incident) -> int:
    """Return how many good checks in a row close this incident."""
    return int(min(RECOVERED_AFTER * 2**incident.reopened, MAX_COUNTED))


def _comes_back(row: WatchedRow, latest: Incident | None) -> bool:
    if latest is None or latest.closed_at is None or row.bad_at is None or latest.ended != RECOVERED:
        return False
    # Less than no time has passed where the clock was set back: then nothing is known of flapping.
    return 0 <= row.bad_at - latest.closed_at < FLAPPING_SECONDS
