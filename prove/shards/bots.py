"""Bots that are started again when they end, as a supervisor does."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

from prove.processes.bots import WatchedBot
from prove.shards.record import Record, Run

PAUSE: Final = 1.0
"""Seconds until a bot that ended is started again."""


class Supervised:
    """One of several bots."""

    def __init__(self, number: int, environment: Mapping[str, str], folder: Path, record: Record) -> None:
        self.number = number
        self.lines: list[str] = []
        """The last lines of those of its processes that have ended."""
        self._environment = environment
        self._folder = folder
        self._record = record

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run it until the block ends."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    @property
    def pid(self) -> int | None:
        """The id of its last process, None before the first one."""
        return self.runs[-1].pid if self.runs else None

    @property
    def runs(self) -> list[Run]:
        """Its processes, the present one last."""
        return [run for run in self._record.runs if run.bot == self.number]

    def send(self, number: signal.Signals) -> None:
        """Send its process a signal."""
        os.kill(self.runs[-1].pid, number)

    async def ended(self, run: Run, within: float) -> int:
        """Wait for the end of one of its processes; return the exit code. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while run.code is None:
                await asyncio.sleep(0.05)
        return run.code

    async def _run(self) -> None:
        while True:
            began = time.time()
            async with WatchedBot(self._environment, self._folder) as process:
                run = Run(self.number, process.pid, began)
                self._record.runs.append(run)
                try:
                    code = await process.ended()
                finally:
                    self.lines.extend(process.lines)
                run.until, run.code = time.time(), code
                self._record.say(f"bot {self.number} (process {run.pid}) ended with exit code {code}")
            await asyncio.sleep(PAUSE)
