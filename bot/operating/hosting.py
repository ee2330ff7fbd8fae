"""What whoever hosts the bot does to its database from the command line."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

from bot.errors import UnavailableError
from bot.features.audit.former_store import FormerLogs
from bot.features.privacy.member_store import MemberData, MemberStore
from bot.features.privacy.plain_values import plain_tables
from bot.features.privacy.service import purge_guild
from bot.features.privacy.store import PrivacyStore, Stored
from bot.operating.keys.rotation import Rotation, bring_up_to_date, rotate_keys
from bot.operating.running import require_key
from bot.settings import Settings
from bot.setup_errors import DatabaseUnusableError, KeyNotConfiguredError
from bot.store.database import Database
from bot.store.driver import require_driver
from bot.store.vault import Vault, read_keys

_PATIENCE: Final = 10.0
"""Seconds to wait while another process, such as the bot itself, has the database locked."""


async def stored(settings: Settings, guild_id: int) -> Stored:
    """Count what is stored of a guild. Raises SetupError."""
    async with _existing(settings) as database:
        return await PrivacyStore(database).stored(guild_id)


async def purge(settings: Settings, guild_id: int) -> bool:
    """Erase all that is stored of a guild; return False if traces of it may be left in the file.

    A bot may be running on the same database. Raises SetupError.
    """
    async with _existing(settings) as database:
        return await purge_guild(database, guild_id)


async def rotate(settings: Settings, progress: Callable[[int, int], None]) -> Rotation:
    """Bring everything that is stored under the first key. A bot may be running on the same database.

    progress: called with how many credentials are done, and how many there are. Raises SetupError.
    """
    vault = Vault(read_keys(settings.encryption_keys.get_secret_value()))
    async with _existing(settings) as database:
        await asyncio.to_thread(require_key, settings, vault.current)
        return await rotate_keys(database, vault, progress, int(time.time()))


async def member_stored(settings: Settings, member_id: int) -> MemberData:
    """Count what is stored of a member in all guilds. Raises SetupError."""
    async with _with_pseudonyms(settings) as database:
        return await MemberStore(database).stored(member_id)


async def member_rows(settings: Settings, member_id: int) -> dict[str, list[dict[str, object]]]:
    """Return what is stored of a member in all guilds by table, as JSON values. Raises SetupError."""
    async with _with_pseudonyms(settings) as database:
        return plain_tables(await MemberStore(database).rows(member_id))


async def erase_member(settings: Settings, member_id: int) -> bool:
    """Erase a member in all guilds; return False if traces of them may be left in the file.

    A bot may be running on the same database. Raises SetupError.
    """
    async with _with_pseudonyms(settings) as database:
        return await MemberStore(database).erase(member_id)


@contextlib.asynccontextmanager
async def _with_pseudonyms(settings: Settings) -> AsyncIterator[Database]:
    """Open the database with audit logs whose members are known by their pseudonyms alone."""
    async with _existing(settings) as database:
        vault = Vault(read_keys(settings.encryption_keys.get_secret_value()))
        await bring_up_to_date(database, vault)
        missing = await FormerLogs(database, vault).rewrite(int(time.time()))
        if missing:  # these logs still name members by their ids
            raise KeyNotConfiguredError(key_id=", ".join(missing))
        yield database


@contextlib.asynccontextmanager
async def _existing(settings: Settings) -> AsyncIterator[Database]:
    # Opening would make one, and a mistyped path would look like a guild of which nothing is stored.
    await asyncio.to_thread(require_database, settings)
    async with Database.open(settings.database, patience=_PATIENCE, is_beside=True) as database:
        try:
            yield database
        except UnavailableError as error:  # it is locked, full or damaged
            reason = str(error.values["reason"])
            raise DatabaseUnusableError(path=settings.database_name, reason=reason) from None


def require_database(settings: Settings) -> None:
    """Raise DatabaseUnusableError unless there is a database. Blocks."""
    if isinstance(settings.database, Path):
        if not settings.database.exists():
            raise DatabaseUnusableError(path=settings.database_name, reason="there is no such file")
        return
    require_driver()
    from bot.store.postgres.inspection import inspect  # noqa: PLC0415 - its driver may be missing

    if inspect(settings.database).revision is None:
        raise DatabaseUnusableError(path=settings.database_name, reason="it has no tables of Patchbay's")
