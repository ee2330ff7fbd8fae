"""Proves what the blocks of an integration's last day show, by looking at each minute."""

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.features.history.service import DAY
from bot.features.history.store import Transition
from bot.features.history.strips import Strip, strip_of
from bot.providers.base.integration import WORST_FIRST, State

MINUTE = 60
MIDNIGHT = 1_764_028_800
UP, BLOCKED, DOWN, BROKEN, OFF, LOST = State

BLOCKS = st.sampled_from([1, 4, 8, 12, 24])
NOW = st.integers(0, 2 * DAY // MINUTE).map(lambda minutes: MIDNIGHT + minutes * MINUTE)
AGES = st.lists(
    st.tuples(st.integers(-10, 2 * DAY // MINUTE), st.sampled_from(State)), unique_by=lambda each: each[0]
).map(lambda found: sorted(found, key=lambda each: -each[0]))
"""By how many minutes ago each state began, the oldest first."""


def looked_at_each_minute(transitions: Sequence[Transition], now: int, blocks: int) -> Strip:
    """Return the strip that one sees who looks at the state in each minute until now."""
    length = DAY // blocks
    end = now - now % length + length
    strip: list[State | None] = []
    for start in range(end - DAY, end, length):
        seen = []
        for minute in range(start, min(start + length, now + 1), MINUTE):
            begun = [each for each in transitions if min(each.at, now) <= minute]
            seen += [State(each.state) for each in begun[-1:]]
        strip.append(min(seen, key=WORST_FIRST.index, default=None))
    return tuple(strip)


@given(AGES, NOW, BLOCKS)
@example([(DAY // MINUTE, UP)], MIDNIGHT, 12)
@example([(0, DOWN)], MIDNIGHT, 24)
def test_a_block_has_the_worst_state_of_its_minutes(
    ages: Sequence[tuple[int, State]], now: int, blocks: int
) -> None:
    """A short failure shows, what nobody knew is blank, and the last block is the current one."""
    transitions = [Transition(now - minutes * MINUTE, state, "") for minutes, state in ages]
    found = strip_of(transitions, now, blocks)
    assert len(found) == blocks
    assert found == looked_at_each_minute(transitions, now, blocks)


@pytest.mark.parametrize(
    ("begun", "strip"),
    [
        ([], (None,) * 4),
        ([(30, UP)], (UP,) * 4),
        ([(2, UP)], (None, None, None, UP)),
        ([(30, UP), (13, BROKEN), (12.9, UP)], (UP, BROKEN, UP, UP)),
        ([(30, UP), (13, LOST), (12.9, UP)], (UP, LOST, UP, UP)),
        ([(30, OFF), (13, UP), (2, BLOCKED)], (OFF, OFF, UP, BLOCKED)),
    ],
)
def test_what_a_strip_shows(begun: Sequence[tuple[float, State]], strip: Strip) -> None:
    """Hours ago are turned into four blocks, of which the last one has lasted four hours."""
    now = MIDNIGHT + 22 * 3600
    transitions = [Transition(int(now - hours * 3600), state, "") for hours, state in begun]
    assert strip_of(transitions, now, 4) == strip


def test_a_strip_changes_when_a_block_ends() -> None:
    """Until then a strip stays as it is while the state does."""
    transitions = [Transition(MIDNIGHT - DAY, UP, ""), Transition(MIDNIGHT - 40_000, DOWN, "")]
    strips = [strip_of(transitions, MIDNIGHT + minute * MINUTE, 8) for minute in range(0, 360, 5)]
    assert len(set(strips)) == 2
