"""Holds the lock files to what they are made from and to each other."""

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.source import ROOT, pyproject

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


def wanted(lock: str) -> list[Requirement]:
    """Return what a lock file is made from."""
    project = pyproject()["project"]
    listed = {
        "run": project["dependencies"],
        "demo": project["dependencies"] + project["optional-dependencies"]["demo"],
        "build": pyproject()["build-system"]["requires"],
    }
    listed["dev"] = listed["demo"] + listed["build"] + tools()
    return [Requirement(line) for line in listed[lock]]


def tools() -> list[str]:
    """Return the lines of dev.in that name a package."""
    lines = (ROOT / "requirements" / "dev.in").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_asked_for_is_locked(lock: str) -> None:
    """Each direct dependency has a pin, and the pin's version is one that was asked for."""
    locked = pins(lock)
    for requirement in wanted(lock):
        version, _ = locked[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version, prereleases=True), requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_pins_with_hashes_and_nothing_else(lock: str) -> None:
    """No option, no address, no path of a machine: without the pins only comments are left."""
    rest = PIN.sub("", text(lock)).splitlines()
    assert [line for line in rest if line and not line.startswith("#")] == []


@pytest.mark.parametrize("lock", ["run", "demo", "build"])
def test_what_is_tested_is_what_is_shipped(lock: str) -> None:
    """Every pin is also dev.txt's, with the same hashes."""
    assert pins(lock)
    assert pins(lock).items() <= pins("dev").items()
