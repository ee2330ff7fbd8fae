"""Has pictures drawn by another process of this bot.

Drawing takes a tenth of a second of pure computation. A thread that computes that long takes turns with the
event loop, so that all servers wait for each other's pictures.
"""

import asyncio
import atexit
import pickle  # nosec B403 - both ends of the pipe are this program
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

import bot
from bot.pictures.canvas import Panel

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_WORKER: Final = "from bot.pictures.worker import main; main()"
_ROOT: Final = Path(bot.__file__).parents[1]

_END_SECONDS: Final = 2
_ANSWER_SECONDS: Final = 20.0
"""Long enough to start it on a slow machine."""
_ENDED: Final = (EOFError, OSError, pickle.UnpicklingError)
"""What is raised when the other process ends: before it answers, when it is asked, or while it answers."""

# Waits for the other process, one picture at a time: a second process would need its memory once more.
_executor: Final = ThreadPoolExecutor(1, "pictures")


async def draw(*panels: Panel) -> bytes:
    """Return a PNG, 1000 pixels wide, with one panel below the other. Equal panels give equal bytes.

    Raises what the drawing raises, and one of ``_ENDED`` if the other process ended twice while it drew.
    """
    return await asyncio.get_running_loop().run_in_executor(_executor, _process.draw, panels)


class _DrawingProcess:
    """The other process. It is started for the first picture, and again if it ended: it does so when idle."""

    def __init__(self) -> None:
        self._running: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)

    def draw(self, panels: Sequence[Panel]) -> bytes:
        """Return the picture. Call it in one thread only."""
        request = pickle.dumps(panels)
        try:
            answer = self._ask(request)
        except _ENDED as error:
            if self._running is not None and self._running.poll() != 0:  # 0: it was idle for long
                _log.warning("pictures_process_ended", error=type(error).__name__)
            self.close()
            answer = self._ask(request)
        if isinstance(answer, bytes):
            return answer
        raise answer

    def close(self) -> None:
        """End the process."""
        if self._running is not None:
            with suppress(OSError, subprocess.TimeoutExpired):
                self._running.communicate(timeout=_END_SECONDS)  # it removes its files when its input ends
            self._running.kill()
            self._running.wait()
            self._running = None

    def _ask(self, request: bytes) -> bytes | Exception:
        if self._running is None:
            self._running = _start()
        assert self._running.stdin is not None  # noqa: S101 - a pipe was asked for
        assert self._running.stdout is not None  # noqa: S101 - as above
        # A process that hangs would keep all further pictures waiting, and this process from ending.
        watchdog = threading.Timer(_ANSWER_SECONDS, self._running.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            self._running.stdin.write(request)
            self._running.stdin.flush()
            answer: bytes | Exception = pickle.load(self._running.stdout)  # noqa: S301 # nosec B301 - our own
        finally:
            watchdog.cancel()
        return answer


def _start() -> subprocess.Popen[bytes]:
    # It imports the code that this process has imported, wherever it runs. The environment holds no secrets
    # once the settings are read. A session of its own: Ctrl-C is for this process, whose end it notices.
    return subprocess.Popen(  # noqa: S603 # nosec B603 - no text from outside
        [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(_ROOT)!r}); {_WORKER}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


_process: Final = _DrawingProcess()
