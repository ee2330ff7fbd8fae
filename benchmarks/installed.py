"""Measures how much the run requirements take up on a disk, installed as in the Docker image."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.processes import ROOT
from benchmarks.table import Row, show

GOAL: Final = 150
_MIB: Final = 1 << 20
_BLOCK: Final = 512
"""Bytes that ``st_blocks`` counts in."""


async def measure(rounds: int = 1) -> Sequence[Row]:  # noqa: ARG001 - the same each time
    """Install them into a folder that is deleted, with byte code, without pip and setuptools."""
    with tempfile.TemporaryDirectory() as folder:
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes")
        lock = ROOT / "requirements" / "run.txt"
        subprocess.run([*pip, "--target", folder, "-r", lock], check=True)  # noqa: S603, ASYNC221 - nobody waits
        blocks = sum(path.lstat().st_blocks for path in Path(folder).rglob("*"))  # noqa: ASYNC240 - as above
    return [Row("run requirements on the disk, with byte code, MiB", [blocks * _BLOCK / _MIB], GOAL)]


if __name__ == "__main__":
    show(asyncio.run(measure()))
