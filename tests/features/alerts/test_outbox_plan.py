"""What is done next about an alert or a board, for each situation; and the limit of requests."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from bot.features.alerts.incident_store import Incident
from bot.features.alerts.outbox import MAX_A_SECOND, RateLimiter
from bot.features.alerts.outbox_plan import EDITABLE_SECONDS, Move, Plan, plan_alert, plan_board
from bot.features.alerts.service import Route
from bot.features.alerts.store import BoardRow, MessageKind, OutboxRow
from bot.providers.base.integration import State

NOW: Final = 100_000
HERE, ELSEWHERE = 5, 6

OPEN: Final = Incident(1, 1, "integration", "toolzz", "a", "default", "A", "error", "", NOW - 500)
TAKEN: Final = replace(OPEN, acknowledged_by=7, acknowledged_at=NOW - 10)
OVER: Final = replace(OPEN, closed_at=NOW - 5, ended="recovered")

NEW: Final = OutboxRow(
    1, MessageKind.ALERT, 1, None, None, None, None, 0, 1, 0, None, 0, None, next_at=NOW, content=""
)
SHOWN: Final = replace(NEW, channel_id=HERE, message_id=11, posts=1, sent_version=1, posted_at=NOW - 400)
BEHIND: Final = replace(SHOWN, desired_version=2)
DELETED: Final = replace(SHOWN, message_id=None)
DROPPED: Final = replace(NEW, sent_version=1)
TRIED: Final = replace(NEW, channel_id=HERE, tried_at=NOW - 20)
REPOSTED: Final = replace(SHOWN, old_channel_id=HERE, old_message_id=10)

ROUTE: Final = Route(HERE, None, (State.ERROR,), 2, 0, 7, 0)
LOST: Final = replace(ROUTE, lost="forbidden")
SOON: Final = replace(ROUTE, remind=600)
DUE: Final = replace(ROUTE, remind=400)
MOVED: Final = replace(ROUTE, channel_id=ELSEWHERE)
LATER: Final = NOW + 60


@pytest.mark.parametrize(
    ("incident", "row", "route", "muted_until", "expected"),
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
        pytest.param(OPEN, replace(DELETED, desired_version=2), ROUTE, None, Plan(Move.SETTLE), id="deleted"),
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
            Plan(Move.WAIT),
            id="to be deleted in the lost channel",
        ),
    ],
)
def test_what_is_done_next_about_an_alert(
    incident: Incident | None,
    row: OutboxRow,
    route: Route | None,
    muted_until: int | None,
    expected: Plan,
) -> None:
    """The incident, its message, the route and a mute decide what is done, or until when it waits."""
    assert plan_alert(incident, row, route, muted_until, NOW) == expected


BOARD: Final = BoardRow(1, HERE, set_by=7)
BOARD_SET: Final = replace(NEW, kind=MessageKind.BOARD, number=0, posted_at=NOW - 10)
BOARD_SHOWN: Final = replace(
    BOARD_SET, channel_id=HERE, message_id=11, content="now", posted_at=NOW - EDITABLE_SECONDS + 1
)
BOARD_BEHIND: Final = replace(BOARD_SHOWN, content="before")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(BOARD_SET, Move.POST, id="set"),
        pytest.param(BOARD_SHOWN, Move.WAIT, id="up to date"),
        pytest.param(BOARD_BEHIND, Move.EDIT, id="changed"),
        pytest.param(
            replace(BOARD_BEHIND, posted_at=NOW - EDITABLE_SECONDS), Move.REPLACE, id="changed and old"
        ),
        pytest.param(replace(BOARD_SHOWN, posted_at=0), Move.WAIT, id="up to date and old"),
        pytest.param(replace(BOARD_SHOWN, channel_id=ELSEWHERE), Move.TAKE_DOWN, id="another channel"),
        pytest.param(replace(BOARD_SET, channel_id=HERE, tried_at=NOW - 20), Move.FIND, id="tried"),
        pytest.param(
            replace(BOARD_SET, old_channel_id=ELSEWHERE, old_message_id=10), Move.CLEAR, id="replaced"
        ),
        pytest.param(
            replace(BOARD_SET, channel_id=HERE, tried_at=NOW, old_channel_id=HERE, old_message_id=10),
            Move.CLEAR,
            id="replaced, then tried",
        ),
    ],
)
def test_what_is_done_next_about_a_board(row: OutboxRow, expected: Move) -> None:
    """The message, its age, its channel and what it shows decide what is done."""
    assert plan_board(BOARD, row, "now", NOW) == expected


def test_no_second_has_too_many_requests() -> None:
    """However many requests there are, Discord gets so many in any second, and none waits needlessly."""
    limiter = RateLimiter(MAX_A_SECOND)
    came = [1000.0 + 0.01 * index for index in range(5 * MAX_A_SECOND)]
    went = [at + limiter.pause(at) for at in came]
    assert went == sorted(went)
    assert went[:MAX_A_SECOND] == came[:MAX_A_SECOND]
    assert max(sum(start <= other < start + 0.999 for other in went) for start in went) == MAX_A_SECOND
    assert limiter.pause(2000.0) == 0
