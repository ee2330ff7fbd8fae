"""What is done next about a board, for each situation; and the limit of requests."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

import pytest

from bot.features.alerts.outbox import MAX_A_SECOND, RateLimiter
from bot.features.alerts.outbox_plan import Move, Plan, plan_board
from bot.features.alerts.store import BoardRow, MessageKind, OutboxRow

NOW: Final = 100_000
HERE, ELSEWHERE = 5, 6
LATER: Final = NOW + 60
NEW: Final = OutboxRow(
    1, MessageKind.BOARD, 0, 0, None, None, None, None, 0, 1, 0, None, 0, None, next_at=NOW, content=""
)

BOARD: Final = BoardRow(1, HERE, set_by=7)
BOARD_SET: Final = replace(NEW, posted_at=NOW - 10)
BOARD_SHOWN: Final = replace(BOARD_SET, channel_id=HERE, message_id=11, content="now", posted_at=NOW - 100)
BOARD_BEHIND: Final = replace(BOARD_SHOWN, content="before")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(BOARD_SET, Move.POST, id="set"),
        pytest.param(BOARD_SHOWN, Move.WAIT, id="up to date"),
        pytest.param(BOARD_BEHIND, Move.EDIT, id="changed"),
        pytest.param(replace(BOARD_BEHIND, posted_at=0), Move.EDIT, id="changed and old"),
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
    assert plan_board(BOARD, row, "now", NOW) == Plan(expected)


def test_a_suspended_board_is_tried_again_later() -> None:
    """Until then nothing is asked; afterwards it is as before."""
    suspended = replace(BOARD, suspended="forbidden", retry_at=LATER)
    assert plan_board(suspended, BOARD_BEHIND, "now", NOW) == Plan(Move.WAIT, LATER)
    assert plan_board(suspended, BOARD_SHOWN, "other", LATER) == Plan(Move.EDIT)


def test_no_second_has_too_many_requests() -> None:
    """However many requests there are, Discord gets so many in any second, and none waits needlessly."""
    limiter = RateLimiter(MAX_A_SECOND)
    came = [1000.0 + 0.01 * index for index in range(5 * MAX_A_SECOND)]
    went = [at + limiter.pause(at) for at in came]
    assert went == sorted(went)
    assert went[:MAX_A_SECOND] == came[:MAX_A_SECOND]
    assert max(sum(start <= other < start + 0.999 for other in went) for start in went) == MAX_A_SECOND
    assert limiter.pause(2000.0) == 0


@pytest.mark.parametrize("parts", [(1 / 3, 1 / 3, 1 / 3), (0.6, 0.3, 0.1), (1 / 20,) * 20])
def test_processes_share_the_requests_of_a_second(parts: tuple[float, ...]) -> None:
    """Each has its part of what one alone would send, so that all together send no more in any second."""
    went: list[float] = []
    for part in parts:
        limiter, now = RateLimiter(MAX_A_SECOND, partial(float, part)), 1000.0
        went += [now + limiter.pause(now) for _ in range(2 * MAX_A_SECOND)]
    assert max(sum(start <= other < start + 0.999 for other in went) for start in went) <= MAX_A_SECOND


def test_a_small_part_is_a_request_in_some_seconds() -> None:
    """A process with a hundredth of the shards sends one in five seconds, and more once it has all."""
    part = 1 / 100
    limiter = RateLimiter(MAX_A_SECOND, lambda: part)
    went = [1000 + limiter.pause(1000) for _ in range(3)]
    assert went == pytest.approx([1000, 1005, 1010])
    part = 1
    assert limiter.pause(1010) == 0
