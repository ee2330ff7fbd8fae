"""Wrong tokens cannot lead to a block of the host's address at Discord."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import PreflightBudgetError
from bot.features.handover.budget import IN_ALL, PER_GUILD, PER_MEMBER, SECONDS, InvalidRequestBudget
from tests.support.log_capture import log_lines

USES = st.lists(
    st.tuples(
        st.integers(1, 3), st.integers(1, 9), st.sampled_from([401, 403, 429, 500, None]), st.floats(0, 60)
    ),
    max_size=200,
)


@given(USES)
def test_no_window_holds_more_than_the_limits(uses: list[tuple[int, int, int | None, float]]) -> None:
    """Of a member and of a server, no ten minutes hold more invalid answers than their limits."""
    now = 1000.0
    budget = InvalidRequestBudget(lambda: now)
    taken: list[tuple[float, int, int]] = []
    for guild, member, status, pause in uses:
        now += pause
        recent = [use for use in taken if use[0] > now - SECONDS]
        of_guild = [use for use in recent if use[1] == guild]
        of_member = [use for use in of_guild if use[2] == member]
        is_full = len(of_guild) >= PER_GUILD or len(of_member) >= PER_MEMBER
        if is_full:
            with pytest.raises(PreflightBudgetError) as refused:
                budget.check(guild, member)
            assert now < int(refused.value.values["until"]) <= now + SECONDS + 1
            continue
        budget.check(guild, member)
        budget.count(guild, member, status)
        if status in {401, 403, 429}:
            taken.append((now, guild, member))


def test_the_limit_of_all_servers_together_is_logged(log: io.StringIO) -> None:
    """Half of it and all of it is in the log; then nobody asks for ten minutes."""
    now = 1000.0
    budget = InvalidRequestBudget(lambda: now)
    for number in range(IN_ALL):
        budget.check(number, 1)
        budget.count(number, 1, 401)
    assert [line["used"] for line in log_lines(log, "preflight_budget_used")] == [IN_ALL // 2, IN_ALL]
    with pytest.raises(PreflightBudgetError):
        budget.check(IN_ALL, 1)
    now += SECONDS
    budget.check(IN_ALL, 1)
