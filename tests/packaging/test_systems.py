"""Where Patchbay does not run, it says so."""

import subprocess
import sys

import pytest

from tests.support.source import ROOT

WINDOWS = """
import asyncio, click, sys
sys.platform = "win32"
sys.modules["fcntl"] = None
sys.argv = ["patchbay", *sys.argv[1:]]
from bot.__main__ import main
main()
"""


@pytest.mark.parametrize("command", ["run", "doctor", "demo", "backup"])
def test_windows_is_refused_in_one_line(command: str) -> None:
    """Where the system's modules are missing, no command gets as far as an import that fails."""
    answer = subprocess.run(
        [sys.executable, "-c", WINDOWS, command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("Error: Patchbay runs on Linux and macOS, not on Windows.")
    assert answer.stderr.count("\n") == 1
