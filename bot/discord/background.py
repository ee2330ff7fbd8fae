"""Work that goes on beside the commands, and that ends with the bot."""

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from bot.errors import RestartingError

ResultT = TypeVar("ResultT")

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class BackgroundTasks:
    """The tasks of one bot, and whether that bot is shutting down."""

    def __init__(self) -> None:
        self._shutdown = asyncio.Event()
        self._tasks: set[asyncio.Task[object]] = set()

    @property
    def is_shutting_down(self) -> bool:
        """Whether new commands are refused because the bot is about to stop."""
        return self._shutdown.is_set()

    def start(self, work: Coroutine[Any, Any, object], name: str | None = None) -> None:
        """Run something in the background. name: an earlier task of the same name is cancelled."""
        if name is not None:
            self.cancel(name)
        # It goes on when the command that has started it is done, perhaps for others.
        context = contextvars.copy_context()
        context.run(structlog.contextvars.clear_contextvars)
        task = asyncio.create_task(work, name=name, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def cancel(self, name: str) -> None:
        """Cancel the task of this name, if there is one."""
        for task in self._tasks:
            if task.get_name() == name:
                task.cancel()

    async def end(self, name: str) -> None:
        """Cancel the task of this name, if there is one, and return once it has ended."""
        self.cancel(name)
        if ending := [task for task in self._tasks if task.get_name() == name]:
            await asyncio.wait(ending)

    async def cancel_on_shutdown(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Await what may take longer than a bot that is told to stop still has. Raises RestartingError."""
        task = asyncio.create_task(work)
        shutdown = asyncio.create_task(self._shutdown.wait())
        try:
            await asyncio.wait((task, shutdown), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise RestartingError
            return task.result()
        finally:
            task.cancel()
            shutdown.cancel()

    def shut_down(self) -> None:
        """End whatever waits in ``cancel_on_shutdown``."""
        self._shutdown.set()

    def cancel_all(self) -> None:
        """Cancel every task in the background."""
        for task in self._tasks:
            task.cancel()

    def _forget(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("background_failed", exc_info=error)
