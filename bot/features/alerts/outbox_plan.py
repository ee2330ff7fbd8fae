"""Decides what is done next about a message, and which alert tells of an incident; asks nobody."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, NamedTuple

from bot.features.alerts.incident_store import RECOVERED, Incident
from bot.features.alerts.routes import Recovery, Route
from bot.features.alerts.store import RETRY_SECONDS, BoardRow, LatestAlert, OutboxRow, PendingRow

MIN_JOIN_SECONDS: Final = 60
"""An incident joins the alert of one that was reported at most so long before it, or one check interval."""
MIN_EDIT_SECONDS: Final = 10
"""The shortest time between two edits of one message."""
MIN_REPLIED_SECONDS: Final = 300
"""A recovery is told of in a reply if one of the incidents lasted at least so long."""


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
    EDIT = auto()


class Mention(Enum):
    """Whom a message mentions."""

    ROLE = auto()
    SECOND_ROLE = auto()


class Plan(NamedTuple):
    """A move; with WAIT also until when, None for whatever comes.

    mentions: whom the message mentions if it is posted. is_delayed: whether quiet hours keep it from
    mentioning somebody, so that a summary has to.
    """

    move: Move
    next_at: int | None = None
    mentions: frozenset[Mention] = frozenset()
    is_delayed: bool = False


class PendingPlan(NamedTuple):
    """alert: the number of the alert that tells of the incident, the incident's own for a new alert.

    0 if nobody is told; None if it is decided later, at ``next_at``.
    """

    alert: int | None
    next_at: int | None = None


_NOBODY: Final[frozenset[Mention]] = frozenset()


@dataclass(frozen=True, slots=True)
class Situation:
    """What a decision about an alert, its recovery or a summary depends on.

    incidents: those of which the alert tells. route: None if it was removed. held: until when mutes or
    maintenance keep something quiet, by the number of its incident; of an incident that is over, whether they
    did at its end. quiet_since, quiet_until: the quiet hours that are now. has_summary: whether a summary is
    still to be posted. is_silent: whether nobody is mentioned when the alert is posted. now: seconds since
    1970.
    """

    incidents: Sequence[Incident]
    row: OutboxRow
    route: Route | None
    now: int
    held: Mapping[int, int]
    quiet_since: int | None = None
    quiet_until: int | None = None
    has_summary: bool = False
    is_silent: bool = False

    @property
    def open(self) -> list[Incident]:
        """The incidents that are not over."""
        return [each for each in self.incidents if each.closed_at is None]

    @property
    def audible(self) -> list[Incident]:
        """The open incidents that nothing keeps quiet."""
        return [each for each in self.open if each.number not in self.held]

    @property
    def unattended(self) -> list[Incident]:
        """The open incidents that nothing keeps quiet and nobody has acknowledged."""
        return [each for each in self.audible if each.acknowledged_by is None]

    @property
    def held_until(self) -> int | None:
        """When the first open incident is not kept quiet any more."""
        return min((self.held[each.number] for each in self.open if each.number in self.held), default=None)

    @property
    def waits_for_channel(self) -> bool:
        """Whether the message is, or belongs, where the channel takes nothing at present."""
        route, row = self.route, self.row
        if route is None or not route.is_suspended(self.now):
            return False
        return row.channel_id in {None, route.channel_id} or row.old_channel_id == route.channel_id


def plan_pending(
    pending: PendingRow,
    incident: Incident | None,
    latest: LatestAlert | None,
    held_until: int | None,
    interval: int,
) -> PendingPlan:
    """Decide which alert tells of an incident.

    incident: None if it was deleted. latest: the route's newest alert. held_until: until when a mute or
    maintenance keeps the incident quiet, or did at its end. interval: seconds between two checks.
    """
    if incident is None:
        return PendingPlan(0)
    if held_until is not None:
        return PendingPlan(None, held_until) if incident.closed_at is None else PendingPlan(0)
    is_alike = latest is not None and bool(latest.silent) == bool(pending.silent)
    if latest is not None and is_alike and latest.open_count and not latest.is_deleted:
        # What was not posted yet can tell of everything that comes until then.
        is_unposted = latest.posts == 0 and latest.tried_at is None
        window = max(MIN_JOIN_SECONDS, interval)
        if is_unposted or 0 <= pending.due_at - latest.began_at <= window:
            return PendingPlan(latest.number)
    return PendingPlan(pending.incident)


def plan_alert(situation: Situation) -> Plan:
    """Decide what is done about an alert.

    An alert without a channel has no message, or none that counts; one with a channel and no message had one
    that somebody deleted.
    """
    s, row = situation, situation.row
    unfinished = _plan_unfinished(s)
    if unfinished is not None:
        return unfinished
    is_behind = row.desired_version > row.sent_version
    if not s.incidents:
        # Another alert tells of them by now.
        return Plan(Move.WAIT if row.message_id is None else Move.TAKE_DOWN)
    if row.channel_id is None and not is_behind:
        return Plan(Move.WAIT)
    if row.channel_id is None:
        return _plan_first_post(s)
    again = _plan_again(s)
    if again.move is not Move.WAIT or not is_behind:
        return again
    return _earlier(_plan_edit(s), again)


def plan_recovery(situation: Situation) -> Plan:
    """Decide what is done about the reply to an alert that says that all its incidents are over."""
    s, row = situation, situation.row
    unfinished = _plan_unfinished(s)
    if unfinished is not None:
        return unfinished
    if row.desired_version == row.sent_version or (row.channel_id is None and s.open):
        return Plan(Move.WAIT)
    if row.channel_id is not None:
        return _plan_edit(s)
    if s.route is None or not wants_reply(s):
        return Plan(Move.SETTLE)
    mentions = s.route.recovery is Recovery.MENTION
    is_delayed = mentions and s.quiet_until is not None
    chosen = frozenset({Mention.ROLE}) if mentions and not is_delayed else _NOBODY
    return Plan(Move.POST, None, chosen, is_delayed)


def plan_summary(situation: Situation, *, is_wanted: bool) -> Plan:
    """Decide what is done about the summary of quiet hours.

    The situation's incidents are those of which it tells. is_wanted: whether a mention was delayed that is
    still due.
    """
    s, row = situation, situation.row
    unfinished = _plan_unfinished(s)
    if unfinished is not None:
        return unfinished
    if row.desired_version == row.sent_version:
        return Plan(Move.WAIT)
    if s.quiet_until is not None:
        return Plan(Move.WAIT, s.quiet_until)
    if s.route is None or not s.incidents or row.channel_id is not None:
        return Plan(Move.SETTLE)
    return Plan(Move.POST, None, frozenset({Mention.ROLE}) if is_wanted else _NOBODY)


def retry_time(refused_until: int | None, now: int) -> int:
    """Return when a channel that has refused is tried again.

    refused_until: when that ends, None where it is not known.
    """
    latest = now + RETRY_SECONDS
    return latest if refused_until is None else min(max(refused_until, now + 1), latest)


def wants_reply(situation: Situation) -> bool:
    """Tell whether a reply says that all incidents of an alert are over.

    Those that ended while something kept them quiet do not count.
    """
    s = situation
    if s.route is None or s.route.recovery is Recovery.OFF or s.open:
        return False
    lasted = [
        each.closed_at - each.opened_at
        for each in s.incidents
        if each.closed_at is not None and each.ended == RECOVERED and each.number not in s.held
    ]
    return max(lasted, default=0) >= MIN_REPLIED_SECONDS


def due_mentions(situation: Situation) -> Iterator[tuple[int, Mention]]:
    """Yield whom a posted alert has to mention once more, and when; the time may be over."""
    s, row, route = situation, situation.row, situation.route
    if route is None or route.channel_id != row.channel_id or not s.unattended:
        return
    if row.told_at is None:
        if not s.is_silent:
            yield s.now, Mention.ROLE
    elif route.remind:
        last = max(row.posted_at or 0, row.mentioned_at or 0)
        yield last + route.remind, Mention.ROLE
    called_at = row.told_at
    if s.is_silent and called_at is not None and (row.mentioned_at or 0) <= called_at:
        called_at = None  # nobody was mentioned yet
    if route.escalate and called_at is not None and row.escalated_at is None:
        # A route that was changed meanwhile begins to count with that.
        yield max(called_at, route.set_at) + route.escalate, Mention.SECOND_ROLE


def plan_board(board: BoardRow, row: OutboxRow, content: str, now: int) -> Plan:
    """Decide what is done about a board. content: a hash of what it has to show. now: seconds since 1970."""
    if board.suspended and board.retry_at is not None and now < board.retry_at:
        return Plan(Move.WAIT, board.retry_at)
    return Plan(_board_move(board, row, content))


def _board_move(board: BoardRow, row: OutboxRow, content: str) -> Move:
    # First the old message: what is found after a failure must not be that one.
    if row.old_message_id is not None:
        return Move.CLEAR
    if row.tried_at is not None:
        return Move.FIND
    if row.message_id is None:
        return Move.POST
    if row.channel_id != board.channel_id:
        return Move.TAKE_DOWN
    # A message that is posted anew is no longer pinned: that is for when Discord takes no edit of this one.
    return Move.WAIT if row.content == content else Move.EDIT


def _plan_unfinished(s: Situation) -> Plan | None:
    """Return what has to be done before anything else, None if there is nothing of that kind."""
    if s.waits_for_channel and s.route is not None:
        return Plan(Move.WAIT, s.route.retry_at)
    if s.row.tried_at is not None:
        return Plan(Move.FIND)
    return None if s.row.old_message_id is None else Plan(Move.CLEAR)


def _plan_first_post(s: Situation) -> Plan:
    if s.open and not s.audible:
        # Nobody has heard that it began, nor wanted to.
        return Plan(Move.WAIT, s.held_until)
    if all(each.number in s.held for each in s.incidents):
        return Plan(Move.SETTLE)
    if s.route is None:
        return Plan(Move.WAIT)
    if not s.unattended or s.is_silent:
        return Plan(Move.POST)
    if s.quiet_until is not None:
        return Plan(Move.POST, is_delayed=True)
    return Plan(Move.POST, None, frozenset({Mention.ROLE}))


def _plan_again(s: Situation) -> Plan:
    """Decide whether a posted alert is posted once more, and when."""
    if s.route is not None and s.route.channel_id != s.row.channel_id:
        if s.audible:
            return Plan(Move.TAKE_DOWN)
        return Plan(Move.WAIT, s.held_until)
    due = list(due_mentions(s))
    mentions = frozenset(mention for at, mention in due if at <= s.now)
    later = [at for at, _ in due if at > s.now]
    if s.open and s.held_until is not None:
        later.append(s.held_until)
    if not mentions:
        return Plan(Move.WAIT, min(later, default=None))
    if s.quiet_until is not None:
        return Plan(Move.WAIT, s.quiet_until, is_delayed=True)
    if s.has_summary:
        return Plan(Move.WAIT, min(later, default=None))
    return Plan(Move.REPOST, None, mentions)


def _plan_edit(s: Situation) -> Plan:
    if s.row.message_id is None:
        return Plan(Move.SETTLE)
    edited_at = s.row.edited_at
    if edited_at is not None and 0 <= s.now - edited_at < MIN_EDIT_SECONDS:
        return Plan(Move.WAIT, edited_at + MIN_EDIT_SECONDS)
    return Plan(Move.EDIT)


def _earlier(edit: Plan, again: Plan) -> Plan:
    """Return the plan that comes first: the edit unless it has to wait longer."""
    if edit.move is not Move.WAIT:
        return edit
    times = [plan.next_at for plan in (edit, again) if plan.next_at is not None]
    return Plan(Move.WAIT, min(times, default=None), is_delayed=again.is_delayed)
