"""Proves how what Discord lets a bot do is stored and read, and what it makes of a reported state."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.features.monitoring.access import UNKNOWN, Access, AccessKind, effective_state
from bot.providers.base.integration import State
from bot.providers.base.report import MAX_LENGTH

STOPPED = (AccessKind.ABSENT, AccessKind.TIMED_OUT, AccessKind.NO_CHANNEL, AccessKind.ELSEWHERE)

usable = st.integers(0, 500).flatmap(
    lambda channels: st.builds(
        Access,
        st.just(AccessKind.USABLE),
        st.integers(1, channels) if channels else st.just(1),
        st.just(channels),
    )
)
"""What can answer somewhere: in some of its channels, in all of them, or in any where it has no list."""
stopped = st.builds(Access, st.sampled_from([kind for kind in STOPPED if kind is not AccessKind.TIMED_OUT]))
timed_out = st.builds(lambda until: Access(AccessKind.TIMED_OUT, until=until), st.integers(0, 2**63 - 1))
anything = usable | stopped | timed_out | st.just(UNKNOWN)


@given(anything)
def test_a_detail_is_read_as_what_it_was_written_from(access: Access) -> None:
    """What is wrong comes back whole, and where nothing is wrong there is no text."""
    assert len(access.detail) <= MAX_LENGTH
    if access.kind in STOPPED or access.is_partial:
        assert Access.of(access.detail) == access
    else:
        assert access.detail == ""
        assert Access.of("") is None


@given(
    st.text(max_size=MAX_LENGTH)
    | st.tuples(
        st.sampled_from(AccessKind), st.lists(st.integers(-9, 10**20).map(str) | st.text(max_size=3))
    ).map(lambda parts: " ".join([parts[0], *parts[1]])[:MAX_LENGTH])
)
def test_any_other_text_is_no_access(text: str) -> None:
    """A provider's code is read as no access, unless it is written in just that way."""
    found = Access.of(text)
    if found is not None:
        words = text.split(" ")
        assert words[0] == found.kind
        assert [int(word) for word in words[1:]] in (
            [],
            [found.until],
            [found.usable, found.channels],
        )


@pytest.mark.parametrize(
    "text",
    ["4014", "not_listed", "usable", "usable 3", "usable 3 5 7", "usable 3 ٥", "usable -1 5", "usable 3  5",
     "timed_out", "timed_out x", "timed_out 1.5", "absent 1", "absent ", " absent", "Absent", "unknown",
     "unknown 1", "no_channel 0", "elsewhere\n"],
)  # fmt: skip
def test_these_are_no_access(text: str) -> None:
    """The form is exact, and what is unknown is never written."""
    assert Access.of(text) is None


@pytest.mark.parametrize("kind", AccessKind)
def test_blocked_is_who_can_answer_nowhere(kind: AccessKind) -> None:
    """An agent that is absent, timed out, without a channel or elsewhere; not one of which nobody knows."""
    assert Access(kind).is_blocked is (kind in STOPPED)


@given(usable)
def test_partial_is_who_lacks_a_channel(access: Access) -> None:
    """An agent whose provider lists no channels never lacks one."""
    assert access.is_partial is (0 < access.usable < access.channels)
    assert not access.is_blocked


@given(st.sampled_from(State), st.text(max_size=8), st.none() | anything)
def test_only_what_the_provider_runs_can_be_blocked(
    reported: State, detail: str, access: Access | None
) -> None:
    """All other states count as reported, and so does everything of which Discord has said nothing."""
    state, shown = effective_state(reported, detail, access)
    if reported is not State.CONNECTED or access is None:
        assert (state, shown) == (reported, detail)
    elif access.kind in STOPPED:
        assert (state, shown) == (State.BLOCKED, access.detail)
    else:
        assert state is State.CONNECTED
        assert Access.of(shown) == (access if access.is_partial else None)
