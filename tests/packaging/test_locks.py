"""The lock files fit what they are made from, and each other."""

import re

import pytest
from packaging.markers import Marker
from packaging.utils import canonicalize_name

from tests.support.requirements import direct_requirements
from tests.support.source import ROOT, pyproject

LOCKS = ("run", "demo", "postgres", "build", "dev")
WHEELS = "--only-binary :all:"
PIN = re.compile(
    r"""
    ^([a-z0-9-]+)==(\S+)(?:\ ;\ (.+))?\ \\\n           # name, version, and where it is needed
    ((?:\ {4}--hash=sha256:[0-9a-f]{64}(?:\ \\)?\n)+) # the hash of each of its files
    (?:\ {4}\#.*\n)+                                # who wants it
    """,
    re.MULTILINE | re.VERBOSE,
)


def pins(lock: str) -> dict[str, tuple[str, str]]:
    """Return name -> (version, hashes) of a lock file."""
    return {name: (version, hashes) for name, version, _, hashes in PIN.findall(text(lock))}


def markers(lock: str) -> dict[str, str]:
    """Return name -> marker of what a lock file asks for only in some places."""
    return {name: marker for name, _, marker, _ in PIN.findall(text(lock)) if marker}


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


@pytest.mark.parametrize(
    ("lock", "options"),
    [("run", [WHEELS]), ("demo", [WHEELS]), ("postgres", [WHEELS]), ("build", [WHEELS]), ("dev", [])],
)
def test_a_lock_holds_pins_with_hashes_and_nothing_else(lock: str, options: list[str]) -> None:
    """A lock file has only pins and comments: no address, no path of a machine.

    The only option keeps pip from building what a host installs: what it would fetch to build has no hash.
    """
    rest = PIN.sub("", text(lock)).splitlines()
    assert [line for line in rest if line and not line.startswith("#")] == options


@pytest.mark.parametrize("minor", [11, 12, 13, 14])
def test_one_lock_serves_every_python(minor: int) -> None:
    """A marker adds or drops no package by Python's version, but for the module that 3.13 no longer has."""
    here = {"python_version": f"3.{minor}", "python_full_version": f"3.{minor}.0", "sys_platform": "linux"}
    assert f"Programming Language :: Python :: 3.{minor}" in pyproject()["project"]["classifiers"]
    left_out = {name for name, marker in markers("run").items() if not Marker(marker).evaluate(here)}
    assert left_out == ({"audioop-lts"} if minor < 13 else set())


@pytest.mark.parametrize("lock", ["run", "demo", "postgres", "build"])
def test_what_is_tested_is_what_is_shipped(lock: str) -> None:
    """Every pin is also dev.txt's, with the same hashes."""
    assert pins(lock)
    assert pins(lock).items() <= pins("dev").items()
