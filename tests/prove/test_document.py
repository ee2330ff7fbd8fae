"""The page of promises names what exists."""

import re

from prove.__main__ import PROOFS
from prove.document import PATH
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
