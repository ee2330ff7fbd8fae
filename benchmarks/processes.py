"""Processes that work when they are told to, what they cost by the kernel's accounting, and environments."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib.metadata
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / ".bench"
"""Virtual environments, which later runs use again."""
BARE_READS: Final = ROOT / "benchmarks" / "bare_reads.py"
"""Runs with nothing but aiohttp in its environment."""
_NANOSECONDS: Final = 1e9


class Worker:
    """A process that does its work once for each line that it gets, and prints a line then."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    def tell(self, line: str = "") -> None:
        """Send the process a line."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._process.stdin.write(f"{line}\n".encode())

    async def said(self) -> bytes:
        """Return the next line that it prints."""
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        return await self._process.stdout.readline()

    async def turn(self) -> tuple[float, bytes]:
        """Have the work done once; return the seconds of processor time, and what is printed."""
        before = cpu_seconds(self._process.pid)
        self.tell()
        said = await self.said()
        return cpu_seconds(self._process.pid) - before, said


@contextlib.asynccontextmanager
async def working(work: Mapping[str, Any], *command: str | Path) -> AsyncIterator[Worker]:
    """Run a process until the block ends. work: its first line of input, as JSON."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd=ROOT)
    try:
        worker = Worker(process)
        worker.tell(json.dumps(work))
        yield worker
    finally:
        process.terminate()
        await process.wait()


def cpu_seconds(pid: int) -> float:
    """Return the processor time that the threads of a process have used, those excepted that ended."""
    used = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            used += int((task / "schedstat").read_text().split()[0])
        except OSError:  # it ended just now
            continue
    return used / _NANOSECONDS


def memory_bytes(pid: int) -> int:
    """Return the memory that a process has to itself."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return 1024 * sum(int(kib) for kib in re.findall(r"^Private_\w+:\s+(\d+) kB", text, re.MULTILINE))


def environment_with(name: str, *packages: str) -> Path:
    """Return the Python of a virtual environment that holds packages of ours, in the locked versions."""
    return environment_of(
        name, "".join(_locked(canonicalize_name(each)) for each in sorted(_closure(packages)))
    )


def environment_of(name: str, lock: str) -> Path:
    """Return the Python of a virtual environment that holds what a lock file lists.

    It is made once, with every file's hash compared, and is made again when the text of the lock changes.
    """
    folder = FOLDER / name
    kept, python = folder / "requirements.txt", folder / "bin" / "python"
    if not kept.exists() or kept.read_text() != lock:
        _run(sys.executable, "-m", "venv", "--clear", folder)
        (folder / "wanted.txt").write_text(lock)
        pip = ("-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes")
        _run(python, *pip, "-r", folder / "wanted.txt")
        (folder / "wanted.txt").rename(kept)
    return python


@functools.cache
def installed_bot() -> Sequence[str]:
    """Return the command that runs the bot as a host installs it: without what only development needs."""
    python = environment_of("patchbay", (ROOT / "requirements" / "run.txt").read_text())
    with tempfile.TemporaryDirectory() as folder:
        wheel = ("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder)
        _run(sys.executable, *wheel, ROOT)
        install = ("-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall")
        _run(python, *install, *Path(folder).glob("*.whl"))
    return (str(python.with_name("patchbay")), "run")


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True)  # noqa: S603 - no text from outside


def _closure(packages: tuple[str, ...]) -> set[str]:
    """Return the packages and all that they need here."""
    found: set[str] = set()
    waiting = [canonicalize_name(each) for each in packages]
    while waiting:
        package = waiting.pop()
        if package not in found:
            found.add(package)
            needs = map(Requirement, importlib.metadata.requires(package) or ())
            waiting += [
                canonicalize_name(each.name)
                for each in needs
                if each.marker is None or each.marker.evaluate({"extra": ""})
            ]
    return found


def _locked(package: str) -> str:
    """Return a package's lines of the lock file."""
    text = (ROOT / "requirements" / "run.txt").read_text()
    match = re.search(rf"^{re.escape(package)}==.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    assert match is not None, package  # noqa: S101 - all that runs here is locked
    return match[0]
