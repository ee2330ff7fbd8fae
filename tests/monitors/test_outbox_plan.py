"""Proves what is done next about an incident's message, for each of the ways in which things can stand."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from bot.kit.integration import State
from bot.monitors.outbox import MOST_A_SECOND, Throttle
from bot.monitors.outbox_plan import Move, Plan, plan
from bot.services.alerts import Route
from bot.store.alerts import AlertRow
from bot.store.watching import IncidentRow

NOW: Final = 100_000
HERE, ELSEWHERE = 5, 6

OPEN: Final = IncidentRow(1, 1, "integration", "toolzz", "a", "default", "A", "error", "", NOW - 500)
TAKEN: Final = replace(OPEN, acknowledged_by=7, acknowledged_at=NOW - 10)
OVER: Final = replace(OPEN, closed_at=NOW - 5, ended="recovered")

NEW: Final = AlertRow(1, 1, None, None, None, 0, 1, 0, None, 0, None, NOW)
SHOWN: Final = replace(NEW, channel_id=HERE, message_id=11, posts=1, shown=1, told_at=NOW - 400)
BEHIND: Final = replace(SHOWN, wanted=2)
DELETED: Final = replace(SHOWN, message_id=None)
DROPPED: Final = replace(NEW, shown=1)
TRIED: Final = replace(NEW, channel_id=HERE, tried_at=NOW - 20)
REPOSTED: Final = replace(SHOWN, old_message_id=10)

ROUTE: Final = Route(HERE, None, (State.ERROR,), 2, 0, 7, 0)
LOST: Final = replace(ROUTE, lost="forbidden")
SOON: Final = replace(ROUTE, remind=600)
DUE: Final = replace(ROUTE, remind=400)
MOVED: Final = replace(ROUTE, channel_id=ELSEWHERE)
LATER: Final = NOW + 60


@pytest.mark.parametrize(
    ("incident", "alert", "route", "muted_until", "expected"),
    [
        pytest.param(OPEN, NEW, ROUTE, None, Plan(Move.POST), id="new"),
        pytest.param(OVER, NEW, ROUTE, None, Plan(Move.POST), id="over before it could be sent"),
        pytest.param(OPEN, NEW, ROUTE, NOW, Plan(Move.POST), id="muted until now"),
        pytest.param(OPEN, NEW, ROUTE, LATER, Plan(Move.WAIT, LATER), id="new and muted"),
        pytest.param(OVER, NEW, ROUTE, LATER, Plan(Move.SETTLE), id="over while muted"),
        pytest.param(OPEN, NEW, None, None, Plan(Move.WAIT), id="no route"),
        pytest.param(OPEN, NEW, LOST, None, Plan(Move.WAIT), id="lost"),
        pytest.param(OPEN, DROPPED, ROUTE, None, Plan(Move.WAIT), id="settled without a message"),
        pytest.param(None, NEW, ROUTE, None, Plan(Move.WAIT), id="forgotten"),
        pytest.param(OPEN, SHOWN, ROUTE, None, Plan(Move.WAIT), id="up to date"),
        pytest.param(OPEN, BEHIND, ROUTE, None, Plan(Move.EDIT), id="changed"),
        pytest.param(OVER, BEHIND, ROUTE, LATER, Plan(Move.EDIT), id="over and muted, but told"),
        pytest.param(OVER, BEHIND, None, None, Plan(Move.EDIT), id="over after alerts were switched off"),
        pytest.param(OVER, BEHIND, LOST, None, Plan(Move.WAIT), id="changed in the lost channel"),
        pytest.param(OVER, BEHIND, MOVED, None, Plan(Move.EDIT), id="over in the former channel"),
        pytest.param(OPEN, replace(DELETED, wanted=2), ROUTE, None, Plan(Move.SETTLE), id="deleted"),
        pytest.param(OPEN, DELETED, DUE, None, Plan(Move.REPOST), id="deleted, and to be reminded of"),
        pytest.param(OPEN, SHOWN, SOON, None, Plan(Move.WAIT, NOW + 200), id="reminder to come"),
        pytest.param(OPEN, BEHIND, SOON, None, Plan(Move.EDIT), id="changed before the reminder"),
        pytest.param(OPEN, BEHIND, DUE, None, Plan(Move.REPOST), id="reminder"),
        pytest.param(OPEN, SHOWN, DUE, LATER, Plan(Move.WAIT, LATER), id="reminder while muted"),
        pytest.param(TAKEN, SHOWN, DUE, None, Plan(Move.WAIT), id="acknowledged"),
        pytest.param(OVER, SHOWN, DUE, None, Plan(Move.WAIT), id="no reminder of what is over"),
        pytest.param(TAKEN, SHOWN, MOVED, None, Plan(Move.TAKE_DOWN), id="another channel"),
        pytest.param(OPEN, DELETED, MOVED, None, Plan(Move.TAKE_DOWN), id="deleted, then another channel"),
        pytest.param(OPEN, SHOWN, MOVED, LATER, Plan(Move.WAIT, LATER), id="another channel while muted"),
        pytest.param(OPEN, TRIED, ROUTE, None, Plan(Move.FIND), id="tried"),
        pytest.param(OVER, TRIED, None, None, Plan(Move.FIND), id="tried, then switched off"),
        pytest.param(OPEN, TRIED, LOST, None, Plan(Move.WAIT), id="tried in the lost channel"),
        pytest.param(
            OPEN, replace(TRIED, old_message_id=10), ROUTE, None, Plan(Move.FIND), id="reminder tried"
        ),
        pytest.param(OVER, REPOSTED, ROUTE, LATER, Plan(Move.CLEAR), id="posted anew"),
    ],
)
def test_what_is_done_next(
    incident: IncidentRow | None,
    alert: AlertRow,
    route: Route | None,
    muted_until: int | None,
    expected: Plan,
) -> None:
    """The incident, its message, the channel and a mute say what to do, or until when to wait."""
    assert plan(incident, alert, route, muted_until, NOW) == expected


def test_no_second_has_too_many_requests() -> None:
    """However many come, Discord gets so many in any second, and none waits without need."""
    throttle = Throttle(MOST_A_SECOND)
    came = [1000.0 + 0.01 * index for index in range(5 * MOST_A_SECOND)]
    went = [at + throttle.pause(at) for at in came]
    assert went == sorted(went)
    assert went[:MOST_A_SECOND] == came[:MOST_A_SECOND]
    assert max(sum(start <= other < start + 0.999 for other in went) for start in went) == MOST_A_SECOND
    assert throttle.pause(2000.0) == 0
