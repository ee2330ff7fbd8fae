"""Counts of conversations, from running totals; a replica that fails does not affect the others."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ServerFaultError
from bot.providers.base.credentials import Credentials
from bot.providers.base.simulator import Answer, Fault
from bot.providers.sensay import SensayProvider
from bot.providers.sensay.models import History, Sources, Usage
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.sensay.usage import Counted, by_platform, count, largest, latest, per_day
from tests.support.sensay_client import organization, user

FIRST = date(2026, 10, 25)
COUNT = st.integers(min_value=0, max_value=10**12)
DATE = st.dates(min_value=FIRST, max_value=FIRST + timedelta(days=40))
ENTRIES = st.lists(st.tuples(DATE, COUNT), max_size=30)
COUNTS = st.dictionaries(st.text(max_size=3), COUNT, max_size=12)
BY_DAY = st.dictionaries(DATE | st.dates(), COUNT, max_size=40)


def history(*entries: tuple[date, int]) -> History:
    """Return Sensay's reply with these running totals."""
    return History.model_validate(
        {"items": [{"date": day.isoformat(), "cumulativeConversations": total} for day, total in entries]}
    )


def days(*numbers: int) -> list[date]:
    """Return dates by their distance from the first day, in days."""
    return [FIRST + timedelta(days=number) for number in numbers]


# --- running totals ---


@given(
    st.integers(min_value=0, max_value=10**6), st.lists(st.integers(min_value=0, max_value=999), max_size=30)
)
def test_what_days_brought_is_what_is_counted(before: int, brought: list[int]) -> None:
    """The differences of running totals are each day's conversations, without the first day."""
    totals = list(accumulate(brought, initial=before))
    found = per_day(history(*zip(days(*range(len(totals))), totals, strict=True)))
    assert list(found.values()) == brought
    assert list(found) == days(*range(1, len(totals)))


@given(ENTRIES, st.randoms(use_true_random=False))
def test_order_and_repeats_change_nothing(entries: list[tuple[date, int]], draw: random.Random) -> None:
    """Entries may come in any order, and twice."""
    shuffled = entries + entries[:5]
    draw.shuffle(shuffled)
    assert per_day(history(*shuffled)) == per_day(history(*entries))


@given(ENTRIES)
def test_no_day_is_invented_lost_or_negative(entries: list[tuple[date, int]]) -> None:
    """Every day except the first has a number of at least 0, and the days are in order."""
    found = per_day(history(*entries))
    assert list(found) == sorted({day for day, _ in entries})[1:]
    assert all(number >= 0 for number in found.values())


@pytest.mark.parametrize(
    ("entries", "brought"),
    [
        ([], []),
        ([(0, 70)], []),
        ([(0, 5), (1, 8), (4, 20)], [(1, 3), (4, 12)]),
        ([(0, 10), (1, 4), (2, 9)], [(1, 0), (2, 5)]),
        ([(0, 10), (1, 12), (1, 15), (1, 13)], [(1, 5)]),
    ],
    ids=["nothing", "one entry", "gap", "fall", "several for one day"],
)
def test_odd_histories(entries: list[tuple[int, int]], brought: list[tuple[int, int]]) -> None:
    """The conversations of a gap count for its last day, a fall is 0, and a day's highest total counts."""
    found = per_day(history(*((days(number)[0], total) for number, total in entries)))
    assert found == {days(number)[0]: more for number, more in brought}


@given(BY_DAY, st.integers(min_value=1, max_value=40))
def test_the_latest_days_are_the_last_ones(by_day: dict[date, int], number: int) -> None:
    """The last days are returned completely and in order."""
    found = latest(by_day, number)
    assert list(found) == sorted(found)
    assert found.items() <= by_day.items()
    assert {day for day in by_day if (max(by_day) - day).days < number} == found.keys()


# --- platforms ---


@given(st.lists(st.tuples(st.sampled_from(["discord", "web", "pager", ""]), COUNT), max_size=20))
def test_no_conversation_is_lost_between_platforms(entries: list[tuple[str, int]]) -> None:
    """The conversations of a word that comes more than once are added."""
    items = [{"source": source, "conversations": number} for source, number in entries]
    found = by_platform(Sources.model_validate({"items": items}))
    assert sum(found.values()) == sum(number for _, number in entries)
    assert found.keys() == {source for source, _ in entries}


@given(COUNTS, st.integers(min_value=1, max_value=10))
def test_the_largest_and_the_others_are_all(counts: dict[str, int], most: int) -> None:
    """At most so many numbers are returned, the largest first, and their sum is that of all."""
    top, others = largest(counts, most)
    assert len(top) + (others is not None) <= most
    assert sum(top.values()) + (others or 0) == sum(counts.values())
    assert list(top.values()) == sorted(counts.values(), reverse=True)[: len(top)]
    assert (others is None) is (top == counts)


# --- several replicas ---


Counting = Callable[..., "Credentials"]


async def counted(
    sensay: SensayProvider, simulator: SensaySimulator, *replicas: str, acting: Counting = organization
) -> Counted:
    """Count the conversations of replicas."""
    return await count(sensay.client(acting(sensay, simulator)), replicas)


async def test_replicas_are_added_up(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """The numbers of two replicas are the sums of both, by platform and by day."""
    one = await counted(sensay, simulator, simulator.ACTIVE)
    other = await counted(sensay, simulator, simulator.UNCONNECTED)
    both = await counted(sensay, simulator, simulator.ACTIVE, simulator.UNCONNECTED)
    for name in ("by_source", "by_day"):
        parts = getattr(one, name), getattr(other, name)
        keys = parts[0].keys() | parts[1].keys()
        assert getattr(both, name) == {key: sum(part.get(key, 0) for part in parts) for key in keys}
    assert (
        sum(one.by_day.values())
        == simulator.history[simulator.ACTIVE][-1] - simulator.history[simulator.ACTIVE][0]
    )
    assert both.not_counted == ()


@pytest.mark.parametrize("half", ["sources", "historical"])
async def test_a_replica_that_fails_is_left_out_and_named(
    sensay: SensayProvider, simulator: SensaySimulator, half: str
) -> None:
    """Where one of a replica's requests fails, nothing of it counts, and the others count."""
    simulator.fail(Answer(503), times=None, path=f"{simulator.INACTIVE}/analytics/conversations/{half}")
    alone = await counted(sensay, simulator, simulator.ACTIVE)
    found = await counted(sensay, simulator, simulator.INACTIVE, simulator.ACTIVE)
    assert found.not_counted == (simulator.INACTIVE,)
    assert (found.by_source, found.by_day) == (alone.by_source, alone.by_day)


@dataclass(frozen=True)
class Crowd(Fault):
    """Count how many requests are under way at the same time, by replica."""

    under_way: list[str] = field(default_factory=list)
    most: list[tuple[int, int]] = field(default_factory=list)

    async def strike(self, request: web.Request) -> None:
        """Wait until all simultaneous requests have come."""
        uuid = request.path.split("/")[3]
        self.under_way.append(uuid)
        await asyncio.sleep(0.02)
        self.most.append((len(set(self.under_way)), len(self.under_way)))
        self.under_way.remove(uuid)


async def test_two_replicas_are_read_at_a_time(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """Ten slow replicas are all counted: no request spends its deadline waiting for the others."""
    uuids = [f"5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e5{number:02}" for number in range(10)]
    for uuid in uuids:
        simulator.replicas[uuid] = {**simulator.replicas[simulator.ACTIVE], "uuid": uuid}
        simulator.sources[uuid] = {"discord": 1}
        simulator.history[uuid] = [1] * 30
    crowd = Crowd()
    simulator.fail(crowd, times=None, path="analytics")
    found = await counted(sensay, simulator, *uuids)
    assert (found.not_counted, found.by_source) == ((), {"discord": 10})
    assert max(replicas for replicas, _ in crowd.most) == 2
    assert max(requests for _, requests in crowd.most) <= 4


async def test_where_all_fail_the_first_ones_error_is_raised(
    sensay: SensayProvider, simulator: SensaySimulator
) -> None:
    """Where no replica can be read, the error of the first one is raised."""
    simulator.fail(Answer(404, {"error": "no"}), times=None, path=f"{simulator.ACTIVE}/analytics")
    with pytest.raises(ServerFaultError):
        await counted(sensay, simulator, simulator.BROKEN, simulator.ACTIVE)


async def test_no_replica_is_no_failure(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """Without replicas the counts are empty, and nothing is requested."""
    found = await counted(sensay, simulator)
    assert found == Counted({}, {}, (), None)
    assert not simulator.requests


async def test_the_month_is_a_users(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """The account's counters are read only for users, and their failure affects nothing else."""
    assert (await counted(sensay, simulator, simulator.ACTIVE)).month is None
    assert not [request for request in simulator.requests if request.path.endswith("usage")]
    month = (await counted(sensay, simulator, simulator.INACTIVE, acting=user)).month
    assert isinstance(month, Usage)
    simulator.fail(Answer(500), path="usage")
    found = await counted(sensay, simulator, simulator.INACTIVE, acting=user)
    assert isinstance(found.month, ServerFaultError)
    assert found.by_source
