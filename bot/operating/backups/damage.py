"""Refuses a damaged database at the start, and tells the host once of damage that is found later."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import structlog

from bot.operating.backups.folder import newest_backup
from bot.settings import Settings
from bot.setup_errors import DatabaseDamagedError
from bot.store.sqlite.copies import flaw_of
from bot.store.write_state import WriteState

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def refuse_damage(settings: Settings) -> None:
    """Read every page of the database's file, if there is one, before the bot starts with it. Blocks.

    Raises DatabaseDamagedError, which names the latest backup, and DatabaseUnusableError.
    """
    path = settings.database
    if isinstance(path, Path) and path.exists() and path.stat().st_size and (flaw := flaw_of(path)):
        newest = newest_backup(settings.backup_folder)
        raise DatabaseDamagedError(path=str(path), reason=flaw, backup=str(newest or "FILE"))


@contextlib.asynccontextmanager
async def damage_reported(settings: Settings, write_state: WriteState) -> AsyncIterator[None]:
    """Log damage that is found while the block runs, with the newest backup and how to restore it."""
    reporting = asyncio.create_task(_report(settings, write_state))
    try:
        yield
    finally:
        if write_state.damage is None:
            reporting.cancel()
        await asyncio.wait((reporting,))


async def _report(settings: Settings, write_state: WriteState) -> None:
    await write_state.until_damaged()
    newest = await asyncio.to_thread(newest_backup, settings.backup_folder)
    _log.error(
        "database_damaged",
        database=settings.database_name,
        reason=write_state.damage,
        operation=write_state.damaged_operation,
        backup=str(newest or "none of the schedule"),
        fix=_fix(settings, newest),
    )


def _fix(settings: Settings, newest: Path | None) -> str:
    if isinstance(settings.database, str):
        return "stop the bot, then restore the server's database from a dump"
    return f"stop the bot, then run: patchbay restore {newest or 'FILE'}"
