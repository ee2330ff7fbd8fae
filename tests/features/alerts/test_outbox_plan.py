"""What is done next about an alert, its recovery or a summary, for each situation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from bot.features.alerts.incident_store import Incident
from bot.features.alerts.outbox_plan import (
    MIN_EDIT_SECONDS,
    MIN_REPLIED_SECONDS,
    Mention,
    Move,
    PendingPlan,
    Plan,
    Situation,
    plan_alert,
    plan_pending,
    plan_recovery,
    plan_summary,
)
from bot.features.alerts.routes import Recovery, Route
from bot.features.alerts.store import LatestAlert, MessageKind, OutboxRow, PendingRow
from bot.providers.base.integration import State

NOW: Final = 100_000
HERE, ELSEWHERE = 5, 6
INTERVAL: Final = 120

OPEN: Final = Incident(1, 1, "integration", "toolzz", "a", "default", "A", "error", "", NOW - 500)
TAKEN: Final = replace(OPEN, acknowledged_by=7, acknowledged_at=NOW - 10)
OVER: Final = replace(OPEN, closed_at=NOW - 5, ended="recovered")
SECOND: Final = replace(OPEN, number=2, id="b")

NEW: Final = OutboxRow(
    1, MessageKind.ALERT, 1, 1, None, None, None, None, 0, 1, 0, None, 0, None, next_at=NOW, content=""
)
SHOWN: Final = replace(
    NEW, channel_id=HERE, message_id=11, posts=1, sent_version=1, posted_at=NOW - 400, told_at=NOW - 400
)
BEHIND: Final = replace(SHOWN, desired_version=2)
DELETED: Final = replace(SHOWN, message_id=None)
DROPPED: Final = replace(NEW, sent_version=1)
TRIED: Final = replace(NEW, channel_id=HERE, tried_at=NOW - 20)
REPOSTED: Final = replace(SHOWN, old_channel_id=HERE, old_message_id=10)
UNTOLD: Final = replace(SHOWN, told_at=None)
"""An alert that was posted in quiet hours."""

ROUTE: Final = Route(1, HERE, None, (State.ERROR,), 2, 0, 7, 0)
LOST: Final = replace(ROUTE, suspended="forbidden", retry_at=NOW + 900)
RETRIED: Final = replace(LOST, retry_at=NOW)
SOON: Final = replace(ROUTE, remind=600)
DUE: Final = replace(ROUTE, remind=400)
MOVED: Final = replace(ROUTE, channel_id=ELSEWHERE)
ESCALATING: Final = replace(ROUTE, second_role_id=8, escalate=400)
LATER: Final = NOW + 60
TO_ROLE: Final = frozenset({Mention.ROLE})
TO_SECOND: Final = frozenset({Mention.SECOND_ROLE})


def situation(
    incidents: list[Incident],
    row: OutboxRow,
    route: Route | None,
    **rest: Any,  # noqa: ANN401 - its fields
) -> Situation:
    """Return a situation in which nothing is held and no quiet hours are."""
    return Situation(incidents, row, route, **{"now": NOW, "held": {}, **rest})


@pytest.mark.parametrize(
    ("incident", "row", "route", "held", "expected"),
    [
        pytest.param(OPEN, NEW, ROUTE, None, Plan(Move.POST, mentions=TO_ROLE), id="new"),
        pytest.param(TAKEN, NEW, ROUTE, None, Plan(Move.POST), id="new and acknowledged"),
        pytest.param(OVER, NEW, ROUTE, None, Plan(Move.POST), id="over before it could be sent"),
        pytest.param(OPEN, NEW, ROUTE, LATER, Plan(Move.WAIT, LATER), id="new and muted"),
        pytest.param(OVER, NEW, ROUTE, LATER, Plan(Move.SETTLE), id="over while muted"),
        pytest.param(OPEN, NEW, None, None, Plan(Move.WAIT), id="no route"),
        pytest.param(OPEN, NEW, LOST, None, Plan(Move.WAIT, NOW + 900), id="suspended"),
        pytest.param(OPEN, NEW, RETRIED, None, Plan(Move.POST, mentions=TO_ROLE), id="tried again"),
        pytest.param(OPEN, DROPPED, ROUTE, None, Plan(Move.WAIT), id="settled without a message"),
        pytest.param(None, NEW, ROUTE, None, Plan(Move.WAIT), id="forgotten"),
        pytest.param(None, SHOWN, ROUTE, None, Plan(Move.TAKE_DOWN), id="told of elsewhere"),
        pytest.param(OPEN, SHOWN, ROUTE, None, Plan(Move.WAIT), id="up to date"),
        pytest.param(OPEN, BEHIND, ROUTE, None, Plan(Move.EDIT), id="changed"),
        pytest.param(
            OPEN,
            replace(BEHIND, edited_at=NOW - 3),
            ROUTE,
            None,
            Plan(Move.WAIT, NOW - 3 + MIN_EDIT_SECONDS),
            id="changed again",
        ),
        pytest.param(
            OPEN,
            replace(BEHIND, edited_at=NOW - MIN_EDIT_SECONDS),
            ROUTE,
            None,
            Plan(Move.EDIT),
            id="changed again a while later",
        ),
        pytest.param(
            OPEN, replace(BEHIND, edited_at=NOW + 50), ROUTE, None, Plan(Move.EDIT), id="clock set back"
        ),
        pytest.param(OVER, BEHIND, ROUTE, LATER, Plan(Move.EDIT), id="over and muted, but told"),
        pytest.param(OVER, BEHIND, None, None, Plan(Move.EDIT), id="over after the route was removed"),
        pytest.param(OVER, BEHIND, LOST, None, Plan(Move.WAIT, NOW + 900), id="changed where suspended"),
        pytest.param(OVER, BEHIND, MOVED, None, Plan(Move.EDIT), id="over in the former channel"),
        pytest.param(OPEN, replace(DELETED, desired_version=2), ROUTE, None, Plan(Move.SETTLE), id="deleted"),
        pytest.param(
            OPEN, DELETED, DUE, None, Plan(Move.REPOST, mentions=TO_ROLE), id="deleted, and to be reminded of"
        ),
        pytest.param(OPEN, SHOWN, SOON, None, Plan(Move.WAIT, NOW + 200), id="reminder to come"),
        pytest.param(
            OPEN,
            replace(SHOWN, mentioned_at=NOW - 10),
            SOON,
            None,
            Plan(Move.WAIT, NOW + 590),
            id="reminder after a summary",
        ),
        pytest.param(OPEN, BEHIND, SOON, None, Plan(Move.EDIT), id="changed before the reminder"),
        pytest.param(OPEN, BEHIND, DUE, None, Plan(Move.REPOST, mentions=TO_ROLE), id="reminder"),
        pytest.param(OPEN, SHOWN, DUE, LATER, Plan(Move.WAIT, LATER), id="reminder while muted"),
        pytest.param(TAKEN, SHOWN, DUE, None, Plan(Move.WAIT), id="acknowledged"),
        pytest.param(OVER, SHOWN, DUE, None, Plan(Move.WAIT), id="no reminder of what is over"),
        pytest.param(
            OPEN, SHOWN, ESCALATING, None, Plan(Move.REPOST, mentions=TO_SECOND), id="nobody acknowledged"
        ),
        pytest.param(
            OPEN,
            SHOWN,
            replace(ESCALATING, remind=400),
            None,
            Plan(Move.REPOST, mentions=TO_ROLE | TO_SECOND),
            id="nobody acknowledged, and a reminder",
        ),
        pytest.param(
            OPEN,
            SHOWN,
            replace(ESCALATING, escalate=401),
            None,
            Plan(Move.WAIT, NOW + 1),
            id="escalated soon",
        ),
        pytest.param(
            OPEN, replace(SHOWN, escalated_at=NOW - 9), ESCALATING, None, Plan(Move.WAIT), id="escalated once"
        ),
        pytest.param(TAKEN, SHOWN, ESCALATING, None, Plan(Move.WAIT), id="acknowledged in time"),
        pytest.param(TAKEN, SHOWN, MOVED, None, Plan(Move.TAKE_DOWN), id="another channel"),
        pytest.param(OPEN, DELETED, MOVED, None, Plan(Move.TAKE_DOWN), id="deleted, then another channel"),
        pytest.param(OPEN, SHOWN, MOVED, LATER, Plan(Move.WAIT, LATER), id="another channel while muted"),
        pytest.param(OPEN, TRIED, ROUTE, None, Plan(Move.FIND), id="tried"),
        pytest.param(OVER, TRIED, None, None, Plan(Move.FIND), id="tried, then switched off"),
        pytest.param(OPEN, TRIED, LOST, None, Plan(Move.WAIT, NOW + 900), id="tried where suspended"),
        pytest.param(
            OPEN,
            replace(TRIED, old_channel_id=HERE, old_message_id=10),
            ROUTE,
            None,
            Plan(Move.FIND),
            id="reminder tried",
        ),
        pytest.param(OVER, REPOSTED, ROUTE, LATER, Plan(Move.CLEAR), id="posted anew"),
        pytest.param(
            OPEN,
            replace(NEW, old_channel_id=HERE, old_message_id=10),
            LOST,
            None,
            Plan(Move.WAIT, NOW + 900),
            id="to be deleted where suspended",
        ),
    ],
)
def test_what_is_done_next_about_an_alert(
    incident: Incident | None, row: OutboxRow, route: Route | None, held: int | None, expected: Plan
) -> None:
    """The incident, its message, the route and a mute decide what is done, or until when it waits."""
    incidents = [] if incident is None else [incident]
    holds = {} if held is None else {1: held}
    assert plan_alert(situation(incidents, row, route, held=holds)) == expected


@pytest.mark.parametrize(
    ("incidents", "row", "route", "rest", "expected"),
    [
        pytest.param(
            [OPEN], NEW, ROUTE, {"quiet_until": LATER}, Plan(Move.POST, is_delayed=True), id="in quiet hours"
        ),
        pytest.param([TAKEN], NEW, ROUTE, {"quiet_until": LATER}, Plan(Move.POST), id="nobody to mention"),
        pytest.param([OPEN], NEW, ROUTE, {"is_silent": True}, Plan(Move.POST), id="open when it was set"),
        pytest.param(
            [OPEN],
            SHOWN,
            DUE,
            {"quiet_until": LATER},
            Plan(Move.WAIT, LATER, is_delayed=True),
            id="reminder in quiet hours",
        ),
        pytest.param(
            [OPEN],
            SHOWN,
            ESCALATING,
            {"quiet_until": LATER},
            Plan(Move.WAIT, LATER, is_delayed=True),
            id="escalation in quiet hours",
        ),
        pytest.param([OPEN], SHOWN, DUE, {"has_summary": True}, Plan(Move.WAIT), id="summary to come"),
        pytest.param(
            [OPEN], UNTOLD, ROUTE, {}, Plan(Move.REPOST, mentions=TO_ROLE), id="quiet hours were removed"
        ),
        pytest.param(
            [OPEN], UNTOLD, ESCALATING, {"has_summary": True}, Plan(Move.WAIT), id="not told, not escalated"
        ),
        pytest.param(
            [OPEN, SECOND],
            NEW,
            ROUTE,
            {"held": {1: LATER}},
            Plan(Move.POST, mentions=TO_ROLE),
            id="one muted",
        ),
        pytest.param(
            [OVER, SECOND],
            NEW,
            ROUTE,
            {"held": {1: LATER, 2: LATER + 5}},
            Plan(Move.WAIT, LATER + 5),
            id="one over, all muted",
        ),
        pytest.param(
            [OVER, replace(SECOND, acknowledged_by=7)], SHOWN, DUE, {}, Plan(Move.WAIT), id="all attended"
        ),
        pytest.param(
            [TAKEN, SECOND], SHOWN, DUE, {}, Plan(Move.REPOST, mentions=TO_ROLE), id="one unattended"
        ),
    ],
)
def test_quiet_hours_groups_and_silence(
    incidents: list[Incident], row: OutboxRow, route: Route, rest: dict[str, Any], expected: Plan
) -> None:
    """Quiet hours delay mentions, a summary comes before them, and one unattended incident is enough."""
    assert plan_alert(situation(incidents, row, route, **rest)) == expected


LONG: Final = replace(OVER, opened_at=NOW - 5 - MIN_REPLIED_SECONDS)
SHORT: Final = replace(OVER, opened_at=NOW - 4 - MIN_REPLIED_SECONDS)
REPLY: Final = replace(NEW, kind=MessageKind.RECOVERY)
REPLIED: Final = replace(BEHIND, kind=MessageKind.RECOVERY)
LOUD: Final = replace(ROUTE, recovery=Recovery.MENTION)


@pytest.mark.parametrize(
    ("incidents", "row", "route", "rest", "expected"),
    [
        pytest.param([LONG], REPLY, ROUTE, {}, Plan(Move.POST), id="over"),
        pytest.param([LONG], REPLY, LOUD, {}, Plan(Move.POST, mentions=TO_ROLE), id="with a mention"),
        pytest.param(
            [LONG], REPLY, LOUD, {"quiet_until": LATER}, Plan(Move.POST, is_delayed=True), id="in quiet hours"
        ),
        pytest.param([SHORT], REPLY, ROUTE, {}, Plan(Move.SETTLE), id="too short"),
        pytest.param([SHORT, replace(LONG, number=2)], REPLY, ROUTE, {}, Plan(Move.POST), id="one is long"),
        pytest.param([LONG, SECOND], REPLY, ROUTE, {}, Plan(Move.WAIT), id="one is open"),
        pytest.param([replace(LONG, ended="unwatched")], REPLY, ROUTE, {}, Plan(Move.SETTLE), id="unwatched"),
        pytest.param(
            [LONG], REPLY, replace(ROUTE, recovery=Recovery.OFF), {}, Plan(Move.SETTLE), id="switched off"
        ),
        pytest.param([LONG], REPLY, None, {}, Plan(Move.SETTLE), id="no route"),
        pytest.param([LONG], REPLY, LOST, {}, Plan(Move.WAIT, NOW + 900), id="suspended"),
        pytest.param([LONG], REPLY, ROUTE, {"held": {1: LATER}}, Plan(Move.SETTLE), id="in maintenance"),
        pytest.param([SECOND], REPLIED, ROUTE, {}, Plan(Move.EDIT), id="broken again"),
        pytest.param([LONG], replace(REPLIED, message_id=None), ROUTE, {}, Plan(Move.SETTLE), id="deleted"),
        pytest.param([LONG], replace(REPLIED, sent_version=2), ROUTE, {}, Plan(Move.WAIT), id="up to date"),
    ],
)
def test_what_is_done_next_about_a_recovery(
    incidents: list[Incident], row: OutboxRow, route: Route | None, rest: dict[str, Any], expected: Plan
) -> None:
    """A reply is posted once, when all incidents are over that lasted long enough, and kept true."""
    assert plan_recovery(situation(incidents, row, route, **rest)) == expected


SUMMARY: Final = replace(NEW, kind=MessageKind.SUMMARY)


@pytest.mark.parametrize(
    ("incidents", "row", "route", "rest", "expected"),
    [
        pytest.param(
            [OPEN], SUMMARY, ROUTE, {}, Plan(Move.POST, mentions=TO_ROLE), id="quiet hours are over"
        ),
        pytest.param(
            [OPEN], SUMMARY, ROUTE, {"quiet_until": LATER}, Plan(Move.WAIT, LATER), id="still quiet"
        ),
        pytest.param([], SUMMARY, ROUTE, {}, Plan(Move.SETTLE), id="nothing to tell"),
        pytest.param([OPEN], SUMMARY, None, {}, Plan(Move.SETTLE), id="no route"),
        pytest.param([OPEN], SUMMARY, LOST, {}, Plan(Move.WAIT, NOW + 900), id="suspended"),
        pytest.param(
            [OPEN], replace(SUMMARY, channel_id=HERE, tried_at=NOW), ROUTE, {}, Plan(Move.FIND), id="tried"
        ),
        pytest.param(
            [OPEN], replace(SUMMARY, channel_id=HERE, message_id=9), ROUTE, {}, Plan(Move.SETTLE), id="found"
        ),
    ],
)
def test_what_is_done_next_about_a_summary(
    incidents: list[Incident], row: OutboxRow, route: Route | None, rest: dict[str, Any], expected: Plan
) -> None:
    """A summary is posted once, at the end of the quiet hours."""
    assert plan_summary(situation(incidents, row, route, **rest), is_wanted=True) == expected


def test_a_summary_mentions_nobody_in_vain() -> None:
    """Where no mention was delayed that is still due, nobody is mentioned."""
    assert plan_summary(situation([OVER], SUMMARY, ROUTE), is_wanted=False) == Plan(Move.POST)


PENDING: Final = PendingRow(1, 1, 2, None, due_at=NOW, silent=False, next_at=NOW)
LATEST: Final = LatestAlert(1, NOW - INTERVAL, 1, None, HERE, 11, silent=False, open_count=1)
OLD: Final = replace(LATEST, began_at=NOW - INTERVAL - 1)


@pytest.mark.parametrize(
    ("incident", "latest", "held", "silent", "expected"),
    [
        pytest.param(SECOND, None, None, False, PendingPlan(2), id="first"),
        pytest.param(SECOND, LATEST, None, False, PendingPlan(1), id="within an interval"),
        pytest.param(SECOND, OLD, None, False, PendingPlan(2), id="later"),
        pytest.param(SECOND, replace(OLD, posts=0), None, False, PendingPlan(1), id="not posted yet"),
        pytest.param(
            SECOND, replace(OLD, posts=0, tried_at=NOW - 90), None, False, PendingPlan(2), id="perhaps posted"
        ),
        pytest.param(
            SECOND, replace(LATEST, open_count=0), None, False, PendingPlan(2), id="others are over"
        ),
        pytest.param(SECOND, LATEST, None, True, PendingPlan(2), id="silent beside one that is not"),
        pytest.param(
            SECOND, replace(LATEST, began_at=NOW + 9), None, False, PendingPlan(2), id="clock set back"
        ),
        pytest.param(SECOND, LATEST, LATER, False, PendingPlan(None, LATER), id="muted"),
        pytest.param(SECOND, replace(LATEST, message_id=None), None, False, PendingPlan(2), id="deleted"),
        pytest.param(replace(SECOND, closed_at=NOW), LATEST, LATER, False, PendingPlan(0), id="over, muted"),
        pytest.param(None, LATEST, None, False, PendingPlan(0), id="forgotten"),
    ],
)
def test_which_alert_tells_of_an_incident(
    incident: Incident | None,
    latest: LatestAlert | None,
    held: int | None,
    silent: bool,
    expected: PendingPlan,
) -> None:
    """Those that are reported within one check interval share an alert, unless nobody would be mentioned."""
    pending = replace(PENDING, silent=silent)
    assert plan_pending(pending, incident, latest, held, INTERVAL) == expected
