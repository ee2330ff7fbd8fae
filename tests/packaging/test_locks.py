"""The lock files fit what they are made from, and each other."""

import re

import pytest
from packaging.utils import canonicalize_name

from tests.support.requirements import direct_requirements
from tests.support.source import ROOT

LOCKS = ("run", "demo", "build", "dev")
PIN = re.compile(
    r"""
    ^([a-z0-9-]+)==(\S+)\ \\\n                      # name and version
    ((?:\ {4}--hash=sha256:[0-9a-f]{64}(?:\ \\)?\n)+) # the hash of each of its files
    (?:\ {4}\#.*\n)+                                # who wants it
    """,
    re.MULTILINE | re.VERBOSE,
)


def pins(lock: str) -> dict[str, tuple[str, str]]:
    """Return name -> (version, hashes) of a lock file."""
    return {name: (version, hashes) for name, version, hashes in PIN.findall(text(lock))}


def text(lock: str) -> str:
    """Return a lock file's text."""
    return (ROOT / "requirements" / f"{lock}.txt").read_text("utf-8")


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_asked_for_is_locked(lock: str) -> None:
    """Each direct dependency has a pin, and the pin's version is one that was asked for."""
    locked = pins(lock)
    for requirement in direct_requirements(lock):
        version, _ = locked[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version, prereleases=True), requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_pins_with_hashes_and_nothing_else(lock: str) -> None:
    """A lock file has only pins and comments: no option, no address, no path of a machine."""
    rest = PIN.sub("", text(lock)).splitlines()
    assert [line for line in rest if line and not line.startswith("#")] == []


@pytest.mark.parametrize("lock", ["run", "demo", "build"])
def test_what_is_tested_is_what_is_shipped(lock: str) -> None:
    """Every pin is also dev.txt's, with the same hashes."""
    assert pins(lock)
    assert pins(lock).items() <= pins("dev").items()
