"""Decides what is done next about a message in the outbox; asks nobody."""

from enum import Enum, auto
from typing import Final, NamedTuple

from bot.features.alerts.incident_store import Incident
from bot.features.alerts.service import Route
from bot.features.alerts.store import BoardRow, OutboxRow

EDITABLE_SECONDS: Final = 50 * 60
"""Discord takes few edits of a message that is over an hour old."""


class Move(Enum):
    """What to do next about a message."""

    WAIT = auto()
    SETTLE = auto()
    """Nobody needs to be shown what has changed."""
    FIND = auto()
    """Find out whether a message was posted whose id is not known."""
    CLEAR = auto()
    """Delete the message that was replaced."""
    TAKE_DOWN = auto()
    """Have the message deleted, and posted in another channel."""
    POST = auto()
    REPOST = auto()
    """Post the message anew at the bottom of the channel; the one before is deleted afterwards."""
    REPLACE = auto()
    """Delete the message first, then post it anew."""
    EDIT = auto()


class Plan(NamedTuple):
    """A move; with WAIT also until when, None for whatever comes."""

    move: Move
    next_at: int | None = None


def plan_alert(
    incident: Incident | None, row: OutboxRow, route: Route | None, muted_until: int | None, now: int
) -> Plan:
    """Decide what is done about an alert. muted_until: may be over. now: seconds since 1970.

    An alert without a channel has no message, or none that counts; one with a channel and no message had one
    that somebody deleted.
    """
    lost = route.channel_id if route is not None and route.lost else None
    if incident is None or (lost is not None and lost in {row.channel_id, row.old_channel_id}):
        return Plan(Move.WAIT)
    if row.tried_at is not None or row.old_message_id is not None:
        return Plan(Move.CLEAR if row.tried_at is None else Move.FIND)
    if row.channel_id is None:
        return _plan_first_post(incident, row, route, muted_until, now)
    again_at = _again_at(incident, row, route, muted_until)
    if again_at is not None and again_at <= now:
        has_moved = route is not None and route.channel_id != row.channel_id
        return Plan(Move.TAKE_DOWN if has_moved else Move.REPOST)
    if row.desired_version > row.sent_version:
        return Plan(Move.SETTLE if row.message_id is None else Move.EDIT)
    return Plan(Move.WAIT, again_at)


def plan_board(board: BoardRow, row: OutboxRow, content: str, now: int) -> Move:
    """Decide what is done about a board. content: a hash of what it has to show. now: seconds since 1970."""
    # First the old message: what is found after a failure must not be that one.
    if row.old_message_id is not None:
        return Move.CLEAR
    if row.tried_at is not None:
        return Move.FIND
    if row.message_id is None:
        return Move.POST
    if row.channel_id != board.channel_id:
        return Move.TAKE_DOWN
    if row.content == content:
        return Move.WAIT
    return Move.EDIT if now - (row.posted_at or 0) < EDITABLE_SECONDS else Move.REPLACE


def _plan_first_post(
    incident: Incident, row: OutboxRow, route: Route | None, muted_until: int | None, now: int
) -> Plan:
    if row.desired_version == row.sent_version:
        return Plan(Move.WAIT)
    if muted_until is not None and now < muted_until:
        # Nobody has heard that it began, nor wanted to.
        return Plan(Move.WAIT, muted_until) if incident.closed_at is None else Plan(Move.SETTLE)
    return Plan(Move.WAIT if route is None or route.lost else Move.POST)


def _again_at(incident: Incident, row: OutboxRow, route: Route | None, muted_until: int | None) -> int | None:
    """Return when an alert is posted once more, None for never."""
    if incident.closed_at is not None or route is None or route.lost:
        return None
    if route.channel_id != row.channel_id:
        return muted_until or 0
    if not route.remind or incident.acknowledged_by is not None:
        return None
    return max((row.posted_at or 0) + route.remind, muted_until or 0)
