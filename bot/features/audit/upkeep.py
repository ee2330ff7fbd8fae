"""Writes what the audit log counts, about once a minute."""

import asyncio
from typing import Final

import structlog

from bot.features.audit.service import AuditService

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_SECONDS: Final = 60


async def keep_up(audit: AuditService) -> None:
    """End what a process that died has begun; then write the counts for as long as the bot runs."""
    try:
        await audit.end_unfinished()
    except Exception:  # noqa: BLE001 - a full disk or a broken file: the counts are written once it is well
        _log.exception("audit_not_ended")
    while True:
        await asyncio.sleep(_SECONDS)
        await audit.flush()
