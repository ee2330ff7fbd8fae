"""What a process costs, by the kernel's accounting, and virtual environments for baselines."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / ".bench"
"""Virtual environments, which later runs use again."""
_NANOSECONDS: Final = 1e9


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
