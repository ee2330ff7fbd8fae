"""Runs the bot as a process of its own."""

import asyncio
import sys
from collections import deque
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import Any, Final, Self

STOPPED_WITHIN: Final = 12.0
"""Seconds that a bot gets to stop; it needs 10 at most."""
LINES_KEPT: Final = 500
LINES_SHOWN: Final = 20


class BotFailedError(Exception):
    """The bot ended or took too long. lines: the last lines that it wrote."""

    def __init__(self, reason: str, lines: tuple[str, ...]) -> None:
        super().__init__("\n".join((reason, *lines)))
        self.lines = lines


class BotProcess:
    """`python -m bot run` in a folder, with only the environment that it is given.

    An async context manager: the process runs while the block does.
    """

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        """The last lines of its standard output and error."""
        self._environment = environment
        self._folder = folder
        self._process: asyncio.subprocess.Process
        self._reader: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        # In a session of its own: Ctrl-C in the terminal reaches only this process, which stops the bot.
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run",
            cwd=self._folder, env=self._environment, stdout=PIPE, stderr=STDOUT, start_new_session=True,
        )  # fmt: skip
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> int:
        """Terminate the process, kill it if it does not end, and return its exit code."""
        if self._process.returncode is None:
            self._process.terminate()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOPPED_WITHIN):
                    await self._process.wait()
        finally:
            if self._process.returncode is None:
                self._process.kill()
        await self._reader
        return await self._process.wait()

    async def alongside(self, work: Coroutine[Any, Any, None]) -> None:
        """Await the work. Raises BotFailedError if the bot ends first, or if the work raises TimeoutError."""
        working = asyncio.create_task(work)
        ended = asyncio.create_task(self._process.wait())
        try:
            await asyncio.wait((working, ended), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                await self._reader
                raise self._failed(f"the bot ended with exit code {ended.result()}; its last words:")
            working.result()
        except TimeoutError:
            raise self._failed("the bot took too long; its last words:") from None
        finally:
            for task in (working, ended):
                task.cancel()
            await asyncio.gather(working, ended, return_exceptions=True)

    def _failed(self, reason: str) -> BotFailedError:
        return BotFailedError(reason, tuple(self.lines)[-LINES_SHOWN:])

    async def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        async for line in self._process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip())
