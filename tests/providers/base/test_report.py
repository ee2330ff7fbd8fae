"""What a provider reports about an integration is bounded, and single reads take turns."""

from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from bot.providers.base.integration import State
from bot.providers.base.report import MAX_SINGLE_READS, Report, in_turn

names = st.text("abcdef", min_size=1, max_size=2)


def test_label_and_detail_are_cut() -> None:
    """A label and a detail of any length are cut to 100 characters."""
    report = Report("id", "l" * 1_000_000, State.ERROR, "d" * 1_000_000)
    assert report.label == "l" * 100
    assert report.detail == "d" * 100


@given(st.sets(names), names, st.integers(1, 9))
def test_a_turn_is_of_different_ids_and_not_too_long(ids: set[str], last: str, most: int) -> None:
    """It has as many as are allowed, or all of them."""
    turn = in_turn(ids, last, most)
    assert len(turn) == len(set(turn)) == min(len(ids), most)
    assert set(turn) <= ids


@given(st.data())
def test_turns_are_fair(data: st.DataObject) -> None:
    """Of n ids, each that stays is in one of n / most turns, whichever others come and go meanwhile."""
    everything = data.draw(st.sets(names, min_size=1))
    staying = data.draw(st.sets(st.sampled_from(sorted(everything)), min_size=1))
    most, last = data.draw(st.integers(1, 9)), data.draw(names)
    read: set[str] = set()
    for _ in range(ceil(len(everything) / most)):
        others = data.draw(st.sets(st.sampled_from(sorted(everything))))
        turn = in_turn([*staying, *others], last, most)
        last = turn[-1]
        read.update(turn)
    assert staying <= read


def test_turns_of_the_same_ids_are_even() -> None:
    """After as many turns as it takes for all, each was read as often as any other."""
    ids, last, read = [f"{number:03}" for number in range(2 * MAX_SINGLE_READS + 5)], "", list[str]()
    for _ in range(9):
        turn = in_turn(ids, last, MAX_SINGLE_READS)
        last = turn[-1]
        read += turn
    assert {read.count(each) for each in ids} == {4}
