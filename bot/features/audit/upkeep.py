"""Writes what the audit log counts, and ends what a process that died has begun."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from bot.features.audit.service import AuditService

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_SECONDS: Final = 60


async def keep_up(audit: AuditService, is_served: Callable[[int], bool]) -> None:
    """Do so about once a minute for as long as the bot runs. is_served: see ``end_unfinished``."""
    while True:
        try:
            # Not only at the start: the disk may have been full when a result was to be written.
            await audit.end_unfinished(is_served)
            await audit.flush()
        except Exception:  # noqa: BLE001 - a locked or broken file must not end this for good
            _log.exception("audit_upkeep_failed")
        await asyncio.sleep(_SECONDS)
