"""Entries of one name are told apart, whatever they are called."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.discord.names import Named, tell_apart
from bot.discord.text import length, plain, quoted
from bot.providers.base.integration import name_key
from tests.support.hostile import PAYLOADS, marks, plain_marks, unseen

A, B, C = (f"7b2a9d40-6c1f-4e83-b5d7-0f3ec4b0{end}" for end in ("a1b2", "c3d4", "e5f6"))


@pytest.mark.parametrize(
    ("entries", "shown"),
    [
        ([], []),
        ([Named("Nora", A), Named("Iris", B)], ["Nora", "Iris"]),
        ([Named("Nora", A), Named("Nora", B)], ["Nora · a1b2", "Nora · c3d4"]),
        # What people see as one name, though its characters differ.
        ([Named("Nora", A), Named(" NO\u200bRA ", B)], ["Nora · a1b2", "NORA · c3d4"]),
        ([Named("José", A), Named("Jose\u0301", B)], ["José · a1b2", "José · c3d4"]),
        ([Named("Straße", A), Named("STRASSE", B)], ["Straße · a1b2", "STRASSE · c3d4"]),
        ([Named("Ｎｏｒａ", A), Named("Nora", B)], ["Ｎｏｒａ · a1b2", "Nora · c3d4"]),
        ([Named("José", A), Named("Jose", B)], ["José", "Jose"]),
        # The ends of these ids are alike.
        (
            [Named("Nora", "x-1-abcdefgh"), Named("Nora", "x-2-abcdefgh")],
            ["Nora · x-1-abcdefgh", "Nora · x-2-abcdefgh"],
        ),
        # What says more than an id comes first.
        ([Named("Nora", A, ("Toolzz",)), Named("Nora", B, ("Sensay",))], ["Nora · Toolzz", "Nora · Sensay"]),
        (
            [
                Named("Nora", A, ("Toolzz", "loja")),
                Named("Nora", B, ("Toolzz", "porto")),
                Named("Nora", C, ("Sensay", "default")),
            ],
            ["Nora · loja", "Nora · porto", "Nora · Sensay"],
        ),
        (
            [Named("Nora", each, ("Toolzz", "default")) for each in (A, B)],
            ["Nora · a1b2", "Nora · c3d4"],
        ),
        # One id with two providers.
        ([Named("Nora", A, ("Toolzz",)), Named("Nora", A, ("Sensay",))], ["Nora · Toolzz", "Nora · Sensay"]),
        # A name that looks like another one's ending.
        (
            [Named("Nora", A), Named("Nora", B), Named("Nora · a1b2", C)],
            ["Nora · c4b0a1b2", "Nora · c3d4", "Nora · a1b2 · e5f6"],
        ),
        # Without a name the id is shown; it is the caller who shows it.
        ([Named("\u200b", A), Named("", B)], ["", ""]),
        ([Named("", "nora"), Named("Nora", A)], ["", "Nora · a1b2"]),
    ],
)
def test_names_that_are_alike_get_an_ending(entries: list[Named], shown: list[str]) -> None:
    """An entry whose name another one has ends with its provider, its connection or the end of its id."""
    assert tell_apart(entries) == shown


def test_a_name_is_cut_and_its_ending_never() -> None:
    """Names that differ only where they are cut are told apart, within the limit."""
    entries = [Named("n" * 99 + "1", A), Named("n" * 99 + "2", B)]
    assert tell_apart(entries) == ["n" * 99 + "1", "n" * 99 + "2"]
    assert tell_apart(entries, 90) == ["n" * 82 + "… · a1b2", "n" * 82 + "… · c3d4"]
    assert [length(each) for each in tell_apart(entries, 90)] == [90, 90]


_NAMES = st.one_of(
    st.sampled_from(
        ["Nora", "NORA", "nora ", "Nora · a1b2", "Nora · Toolzz", "😀" * 60, "n" * 200, "", "\u200b"]
    ),
    st.text(max_size=120),
    st.sampled_from(PAYLOADS),
)
_ENTRIES = st.lists(
    st.builds(
        Named,
        _NAMES,
        st.text("ab12-_", min_size=1, max_size=64),
        st.just(()) | st.tuples(st.sampled_from(["Toolzz", "Sensay"]), st.sampled_from(["default", "loja"])),
    ),
    max_size=12,
    unique_by=lambda entry: name_key(entry.id),
)


@settings(max_examples=300)
@given(_ENTRIES, st.integers(80, 100))
def test_any_entries_can_be_told_apart(entries: list[Named], limit: int) -> None:
    """No two entries look the same, none is over the limit, and each begins with its own name."""
    labels = tell_apart(entries, limit)
    assert len(labels) == len(entries)
    shown = [label or entry.id for label, entry in zip(labels, entries, strict=True)]
    assert len({name_key(each) for each in shown}) == len(shown)
    for label, entry in zip(labels, entries, strict=True):
        assert length(label) <= limit
        assert bool(label) is bool(plain(entry.label))
        start = label.partition(" · ")[0].rstrip("…")
        assert plain(entry.label, limit).startswith(start) or " · " in entry.label
        assert plain_marks(label) == {}
        assert unseen(label) == set()
        assert marks(quoted(label)) == {}
        assert "…" not in quoted(label) or "…" in label, "an escaped name is not cut again"


@settings(max_examples=100)
@given(_ENTRIES.filter(lambda entries: len(entries) <= 4))
def test_the_order_does_not_matter(entries: list[Named]) -> None:
    """An entry has the same name wherever it stands among the same others."""
    expected = dict(zip([entry.id for entry in entries], tell_apart(entries), strict=True))
    for others in permutations(entries):
        assert dict(zip([entry.id for entry in others], tell_apart(others), strict=True)) == expected
