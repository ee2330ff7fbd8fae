"""Decides what is to be done next about an incident's message; asks nobody."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bot.services.alerts import Route
    from bot.services.watching import Incident
    from bot.store.alerts import AlertRow


class Move(Enum):
    """What to do next about an alert."""

    WAIT = auto()
    SETTLE = auto()
    """Nobody needs to be shown what has changed."""
    FIND = auto()
    """Find out whether a message was posted of which nobody knows."""
    CLEAR = auto()
    """Delete the message that another one takes the place of."""
    TAKE_DOWN = auto()
    """Have the message deleted, and posted in another channel."""
    POST = auto()
    REPOST = auto()
    """Post it anew at the bottom of the channel; the one before is deleted afterwards."""
    EDIT = auto()


class Plan(NamedTuple):
    """A move; for one that waits also until when, None for whatever comes."""

    move: Move
    next_at: int | None = None


def plan(
    incident: Incident | None, alert: AlertRow, route: Route | None, muted_until: int | None, now: int
) -> Plan:
    """Decide what is to be done. muted_until: may be over. now: seconds since 1970.

    An alert without a channel has no message, or none that counts; one with a channel and no message had one
    that somebody deleted.
    """
    lost = route.channel_id if route is not None and route.lost else None
    if incident is None or (lost is not None and alert.channel_id == lost):
        return Plan(Move.WAIT)
    if alert.tried_at is not None or alert.old_message_id is not None:
        return Plan(Move.CLEAR if alert.tried_at is None else Move.FIND)
    if alert.channel_id is None:
        return _unposted(incident, alert, route, muted_until, now)
    again_at = _again_at(incident, alert, route, muted_until)
    if again_at is not None and again_at <= now:
        moved = route is not None and route.channel_id != alert.channel_id
        return Plan(Move.TAKE_DOWN if moved else Move.REPOST)
    if alert.wanted > alert.shown:
        return Plan(Move.SETTLE if alert.message_id is None else Move.EDIT)
    return Plan(Move.WAIT, again_at)


def _unposted(
    incident: Incident, alert: AlertRow, route: Route | None, muted_until: int | None, now: int
) -> Plan:
    if alert.wanted == alert.shown:
        return Plan(Move.WAIT)
    if muted_until is not None and now < muted_until:
        # Nobody has heard that it began, nor wanted to.
        return Plan(Move.WAIT, muted_until) if incident.closed_at is None else Plan(Move.SETTLE)
    return Plan(Move.WAIT if route is None or route.lost else Move.POST)


def _again_at(
    incident: Incident, alert: AlertRow, route: Route | None, muted_until: int | None
) -> int | None:
    """Return when it is to be posted once more, None for never."""
    if incident.closed_at is not None or route is None or route.lost:
        return None
    if route.channel_id != alert.channel_id:
        return muted_until or 0
    if not route.remind or incident.acknowledged_by is not None:
        return None
    return max((alert.told_at or 0) + route.remind, muted_until or 0)
