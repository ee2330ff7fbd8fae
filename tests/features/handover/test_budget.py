"""Wrong tokens cannot lead to a block of the host's address at Discord."""

import contextlib
import io
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import PreflightBudgetError, PreflightLimitError
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
                budget.reserve(guild, member)
            assert now < int(refused.value.values["until"]) <= now + SECONDS + 1
            continue
        reserved = budget.reserve(guild, member)
        if status in {401, 403, 429}:
            taken.append((now, guild, member))
        else:
            budget.give_back(guild, member, reserved)


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 9), st.booleans()), max_size=200))
def test_requests_at_once_stay_within_the_limits(sent: list[tuple[int, int, bool]]) -> None:
    """However many are sent before the first is answered; and what was answered well is free again."""
    budget = InvalidRequestBudget(lambda: 1000.0)
    under_way = []
    for guild, member, is_valid in sent:
        with contextlib.suppress(PreflightBudgetError):
            under_way.append((guild, member, is_valid, budget.reserve(guild, member)))
    members = Counter(each[:2] for each in under_way)
    guilds = Counter(each[0] for each in under_way)
    assert max(members.values(), default=0) <= PER_MEMBER
    assert max(guilds.values(), default=0) <= PER_GUILD
    for guild, member, is_valid, reserved in under_way:
        if is_valid:
            budget.give_back(guild, member, reserved)
    refused = Counter(each[:2] for each in under_way if not each[2])
    of_first = sum(number for (guild, _), number in refused.items() if guild == 1)
    free = min(PER_MEMBER - refused[1, 1], PER_GUILD - of_first)
    for _ in range(free):
        budget.reserve(1, 1)
    with pytest.raises(PreflightBudgetError) as stopped:
        budget.reserve(1, 1)
    assert type(stopped.value) is PreflightBudgetError


def test_the_bots_own_refusals_stop_the_members_tokens() -> None:
    """Both count in all; nothing is free before ten minutes are over."""
    now = 1000.0
    budget = InvalidRequestBudget(lambda: now)
    for status in [401, 403, 429, 404, 500] * IN_ALL:
        budget.count_own(status)
    with pytest.raises(PreflightLimitError):
        budget.reserve(1, 1)
    now += SECONDS
    budget.reserve(1, 1)


def test_the_limit_of_all_servers_together_is_logged(log: io.StringIO) -> None:
    """Half of it and all of it is in the log; then nobody asks for ten minutes."""
    now = 1000.0
    budget = InvalidRequestBudget(lambda: now)
    for number in range(IN_ALL):
        budget.reserve(number, 1)
    assert [line["used"] for line in log_lines(log, "preflight_budget_used")] == [IN_ALL // 2, IN_ALL]
    with pytest.raises(PreflightLimitError):
        budget.reserve(IN_ALL, 1)
    now += SECONDS
    budget.reserve(IN_ALL, 1)


@pytest.mark.parametrize(("part", "limit"), [(1.0, IN_ALL), (0.25, IN_ALL // 4), (0.001, PER_GUILD)])
def test_a_process_has_its_part_of_the_limit_in_all(log: io.StringIO, part: float, limit: int) -> None:
    """Several processes may share an address; but one server's members can always use what is theirs."""
    budget = InvalidRequestBudget(lambda: 1000.0, lambda: part)
    for _ in range(limit - 1):
        budget.count_own(403)
    budget.reserve(1, 1)
    with pytest.raises(PreflightLimitError):
        budget.reserve(2, 1)
    assert [line["limit"] for line in log_lines(log, "preflight_budget_used")] == [limit, limit]
