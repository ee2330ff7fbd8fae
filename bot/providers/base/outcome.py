"""Writes something at a provider once, and looks for it where no clear answer came."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

import structlog

from bot.errors import ProviderError, RestartingError

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

FoundT = TypeVar("FoundT")
SeenT = TypeVar("SeenT")
WrittenT = TypeVar("WrittenT")


class LookupResult(StrEnum):
    """What a look at the provider proves about a write to which no clear answer came."""

    THERE = "there"
    NOT_THERE = "not_there"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome(Generic[FoundT]):
    """What became of a write.

    doubt: why the provider's answer does not say it, None where the answer said yes. found: what was written,
    as the provider shows it, None where it shows nothing.
    """

    doubt: ProviderError | None
    result: LookupResult
    found: FoundT | None


class CancelOnShutdown(Protocol):
    """Awaits; raises RestartingError if the bot is told to stop meanwhile."""

    def __call__(self, work: Coroutine[Any, Any, SeenT], /) -> Awaitable[SeenT]:
        """Return what the work returns."""


async def write_and_look(
    write: Awaitable[WrittenT],
    accept: Callable[[WrittenT], tuple[LookupResult, FoundT | None]],
    look: Callable[[], Coroutine[Any, Any, SeenT]] | None,
    judge: Callable[[SeenT], tuple[LookupResult, FoundT | None]],
    cancel_on_shutdown: CancelOnShutdown,
) -> Outcome[FoundT]:
    """Await a write, and without a clear answer look at the provider; the write is never repeated.

    accept: says what a clear answer means. look: None where nothing that is seen can prove anything. judge:
    says what a look proves. Raises ProviderError where it is certain that nothing was written.
    """
    try:
        written = await write
    except ProviderError as error:
        if not error.outcome_unknown:
            raise
        doubt = error
        # The member is shown these as well.
        _log.warning(
            "write_in_doubt",
            provider=doubt.provider,
            error=doubt.key,
            status=doubt.status,
            request_id=doubt.request_id,
        )
    else:
        return Outcome(None, *accept(written))
    seen = None if look is None else await try_look(look(), cancel_on_shutdown)
    return Outcome(doubt, *((LookupResult.UNKNOWN, None) if seen is None else judge(seen)))


async def try_look(look: Coroutine[Any, Any, SeenT], cancel_on_shutdown: CancelOnShutdown) -> SeenT | None:
    """Return what a look at the provider shows, None where it fails or the bot is told to stop."""
    try:
        return await cancel_on_shutdown(look)
    except (ProviderError, RestartingError):
        return None
