"""The ways in which a bot awaits work that ends when the bot is told to stop."""

from collections.abc import Coroutine
from typing import Any, TypeVar

from bot.errors import RestartingError

ResultT = TypeVar("ResultT")


async def run_to_end(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Await the work, as a bot does that nobody stops."""
    return await work


async def cancel_at_once(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Cancel the work, as a bot does that is told to stop. Raises RestartingError."""
    work.close()
    raise RestartingError
