"""Writes what the audit log counts, and ends what a process that died has begun."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from bot.backoff import Backoff
from bot.features.audit.service import AuditService

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_SECONDS: Final = 60.0
_MAX_PAUSE: Final = 600.0


async def maintain_log(audit: AuditService, is_served: Callable[[int], bool]) -> None:
    """Do so about once a minute for as long as the bot runs. is_served: see ``end_unfinished``."""
    backoff = Backoff(_SECONDS, _MAX_PAUSE)
    while True:
        pause = _SECONDS
        try:
            # Not only at the start: the disk may have been full when a result was to be written.
            await audit.end_unfinished(is_served)
            await audit.flush()
            backoff.succeed()
        except Exception as error:  # noqa: BLE001 - a locked or broken file must not end this for good
            pause = backoff.fail_with(_log, "audit_upkeep_failed", error)
        await asyncio.sleep(pause)
