"""The page of promises names what exists."""

import re

from prove.__main__ import PROOFS
from prove.document import PATH, recorded
from prove.runner import Figure
from tests.support.source import ROOT

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PATH.read_text("utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| promise")
]


def test_every_promise_is_shown_by_something() -> None:
    """A row has a test, and the tests that it names are there."""
    missing = []
    for promise, tests, proofs, command in ROWS:
        assert tests or proofs or command, promise
        named = [] if tests.startswith("every test") else tests.split(", ")
        missing += [name for name in named if not (ROOT / "tests" / f"{name}.py").exists()]
    assert missing == []


def test_every_proof_belongs_to_a_promise() -> None:
    """The page names each proof and no other."""
    assert {name for row in ROWS for name in re.findall(r"`(\w+)`", row[2])} == set(PROOFS)


def test_a_line_takes_the_place_of_its_promise_s_former_one() -> None:
    """Lines of other promises and the text around them stay."""
    text = PATH.read_text("utf-8")
    one, other = Figure("p: a", "1 of 2", holds=True), Figure("p", "2 of 2", holds=True)
    first = recorded(text, [one, other], "then")
    again = recorded(first, [Figure("p: a", "2 of 2", holds=True)], "now")
    assert again == first.replace("- **p: a**: 1 of 2 (then)", "- **p: a**: 2 of 2 (now)") != first
    assert again.replace("- **p: a**: 2 of 2 (now)\n- **p**: 2 of 2 (then)\n", "") == text
