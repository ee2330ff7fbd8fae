"""Runs Patchbay's own commands as processes on a database."""

from __future__ import annotations

import asyncio
import base64
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT

import bot


class CommandFailedError(Exception):
    """A command ended with another exit code than 0; the text says what it wrote."""


@dataclass(frozen=True, slots=True)
class Commands:
    """The commands of `patchbay` for one database. keys: the first one encrypts."""

    database: Path
    keys: Mapping[str, bytes]

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        """Start a command; whoever calls this waits for it or kills it."""
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *arguments,
            cwd=self.database.parent, env=self._environment(), stdin=DEVNULL, stdout=PIPE, stderr=STDOUT,
        )  # fmt: skip

    async def run(self, *arguments: str) -> str:
        """Run a command, and return what it wrote. Raises CommandFailedError."""
        process = await self.start(*arguments)
        written, _ = await process.communicate()
        if process.returncode:
            raise CommandFailedError(f"patchbay {' '.join(arguments)}: {written.decode(errors='replace')}")
        return written.decode()

    def _environment(self) -> dict[str, str]:
        keys = [f"{name}:{base64.b64encode(key).decode()}" for name, key in self.keys.items()]
        return {
            "PYTHONPATH": str(Path(bot.__path__[0]).parent),
            "PYTHONUNBUFFERED": "1",
            "PATCHBAY_DATABASE_URL": f"sqlite:///{self.database}",
            "PATCHBAY_ENCRYPTION_KEYS": ",".join(keys),
        }
