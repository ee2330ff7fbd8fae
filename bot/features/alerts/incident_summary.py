"""Summary of the incidents of a period."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.features.alerts.incident_store import Incident


@dataclass(frozen=True, slots=True)
class IncidentSummary:
    """Incidents in a period. longest: seconds, also those before the period; until now if it is open.

    acknowledged_after: seconds from the beginning of each that somebody acknowledged.
    """

    count: int
    is_open: bool
    longest: int
    acknowledged_after: Sequence[int]


def summarise(incidents: Sequence[Incident], now: int) -> IncidentSummary:
    """Summarise incidents, open ones included."""
    return IncidentSummary(
        count=len(incidents),
        is_open=any(each.closed_at is None for each in incidents),
        longest=max(
            (((now if each.closed_at is None else each.closed_at) - each.opened_at) for each in incidents),
            default=0,
        ),
        acknowledged_after=[
            each.acknowledged_at - each.opened_at for each in incidents if each.acknowledged_at is not None
        ],
    )
