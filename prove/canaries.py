"""Runs tests with a canary in every secret, at DEBUG, and searches everything that was written anywhere."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import Final

import bot
from prove.runner import Figure, Scale

TESTS: Final = ("tests/cogs", "tests/operating", "tests/journeys")
"""The tests in which the bot runs, within this process or in another. The others exercise its parts."""
LEFT_OUT: Final = (
    "tests/operating/test_new_provider.py",  # copies the program, with the made-up secrets of the simulators
    "tests/operating/doctor/test_doctor_settings.py",  # writes files of secrets, which the doctor looks at
    # What stands in for the provider's client here gives the bot such words, which the real one masks.
    "tests/cogs/integrations/test_diagnose.py",
    "tests/cogs/toolzz/test_diagnose.py",
)
QUICK: Final = ("tests/cogs/connections/test_paused.py", "tests/journeys/test_toolzz_process.py")
KINDS: Final = ("log", "sent", "printed", "pages", "files", "used", "hits")
"""What the plugin keeps; the names of its files begin with these."""
SHOWN: Final = 10
"""Places with a canary that are named."""


async def prove(scale: Scale) -> AsyncIterator[Figure]:
    """Show that no secret reaches a log, Discord, an output or a file in the clear."""
    yield await search(QUICK if scale.quick else TESTS, (os.cpu_count() or 1) + 1)


async def search(tests: Sequence[str], processes: int) -> Figure:
    """Run tests and search what they have left. processes: among which they are distributed, 0 for one."""
    with tempfile.TemporaryDirectory(prefix="prove-") as name:
        folder = Path(name)
        code, passed = await _run(tests, processes, folder)
        kept = {kind: list(_lines(folder, kind)) for kind in KINDS}
    hits = kept["hits"]
    for hit in hits[:SHOWN]:
        print(f"    {hit[:300]}", file=sys.stderr)
    counts = Counter({kind: len(lines) for kind, lines in kept.items()})
    size = sum(int(line.split()[0]) for line in kept["files"]) >> 20
    return Figure(
        "no secret in any output",
        f"{passed} tests of {', '.join(tests)} at DEBUG, in which {counts['used']:,} requests took a canary"
        f" to a provider: {counts['log']:,} log lines, {counts['sent']:,} requests to Discord,"
        f" {counts['printed']:,} lines of other processes, {counts['pages']:,} pages of metrics,"
        f" {counts['files']:,} files of {size} MiB, {len(hits)} hits"
        + (f"; the tests ended with exit code {code}" if code else ""),
        holds=not hits and code == 0 and all(counts[kind] for kind in ("used", "log", "sent", "files")),
    )


async def _run(tests: Sequence[str], processes: int, folder: Path) -> tuple[int, int]:
    """Run tests with the plugin; return their exit code, and how many have passed."""
    for name in ("kept", "temporary"):
        (folder / name).mkdir()
    environment = os.environ | {"PROVE_KEPT_IN": str(folder / "kept"), "TMPDIR": str(folder / "temporary")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "prove.canary_plugin",
        "-n", str(processes), "--dist", "worksteal", *(f"--ignore={each}" for each in LEFT_OUT), *tests,
        cwd=Path(bot.__path__[0]).parent, env=environment, stdout=PIPE, stderr=STDOUT,
    )  # fmt: skip
    written, _ = await process.communicate()
    text = written.decode(errors="replace")
    if process.returncode:
        print(text[-3000:], file=sys.stderr)
    passed = re.search(r"(\d+) passed", text)
    return process.returncode or 0, int(passed[1]) if passed else 0


def _lines(folder: Path, kind: str) -> Iterator[str]:
    for path in sorted((folder / "kept").glob(f"{kind}-*")):
        yield from path.read_text("utf-8").splitlines()
