"""Decides what it means that a provider does not list an integration, or says that it does not exist."""

from dataclasses import replace
from typing import Final

from bot.features.alerts.incident_store import OVERDUE
from bot.features.monitoring.store import WatchedRow
from bot.providers.base.integration import State
from bot.providers.base.report import GONE, NOT_LISTED

ACCEPTED: Final = "accepted"
"""The detail of an agent that the provider has accepted and has never listed."""
OVERDUE_SECONDS: Final = 1800
"""Managers have to know of it after so long."""
MISSING: Final = "missing"
"""The detail of an integration of which the provider says that it does not exist, before that is certain."""
GONE_CHECKS: Final = 3
GONE_SECONDS: Final = 600
"""So many checks in a row have to say that it does not exist, over at least so many seconds."""

NOT_THERE: Final = frozenset({GONE, MISSING, NOT_LISTED, ACCEPTED, OVERDUE})
"""The details of an integration that a connection does not show; another connection may."""


def not_listed(before: WatchedRow | None, at: int) -> str:
    """Return the detail of an integration that exists and is not listed. before: the row before this check.

    at: the time of this check, in seconds since 1970.
    """
    if before is not None and before.found:
        return NOT_LISTED
    since = at if before is None or before.state is not State.UNKNOWN else before.changed_at
    return OVERDUE if at - since >= OVERDUE_SECONDS else ACCEPTED


def count_missing(row: WatchedRow, at: int) -> WatchedRow:
    """Return the row of an integration of which the provider says once more that it does not exist."""
    since = at if row.missing_at is None else row.missing_at
    missing = min(row.missing + 1, GONE_CHECKS)
    is_gone = missing >= GONE_CHECKS and at - since >= GONE_SECONDS
    if is_gone or row.detail == GONE:
        return replace(row, state=State.INACTIVE, detail=GONE, missing=missing, missing_at=since)
    return replace(row, state=State.UNKNOWN, detail=MISSING, missing=missing, missing_at=since)
