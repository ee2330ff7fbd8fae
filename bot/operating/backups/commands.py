"""What ``patchbay backup`` and ``patchbay restore`` do."""

import time
from dataclasses import dataclass
from pathlib import Path

from bot.operating.backups.folder import newest_backup
from bot.operating.keys.usage import KeyUsage, key_usage
from bot.settings import Settings
from bot.setup_errors import DatabaseDamagedError, DatabaseUnusableError
from bot.store.sqlite.copies import Contents, contents_of, copy_database, replace_database, require_sound
from bot.store.sqlite.process_lock import process_lock
from bot.store.vault import Vault, read_keys


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored.

    aside: where the database is now that it replaced, None if there was none. usage: what the configured keys
    open of what was restored.
    """

    contents: Contents
    aside: Path | None
    usage: KeyUsage


def backup(settings: Settings, target: Path) -> Contents:
    """Copy the database into a new file, and return what that holds; a bot may be running. Blocks.

    The file has no keys: whoever restores it needs those that encrypted it. Raises SetupError.
    """
    database = settings.database_path
    if not database.exists():
        raise DatabaseUnusableError(path=str(database), reason="there is no such file")
    try:
        copy_database(database, target)
    except DatabaseDamagedError as error:
        newest = newest_backup(settings.backup_folder)
        raise DatabaseDamagedError(**{**error.values, "backup": str(newest or "FILE")}) from None
    return contents_of(target)


def restore(settings: Settings, source: Path) -> Restored:
    """Put a backup in the place of the database, which is kept under another name. Blocks.

    Raises AlreadyRunningError if the bot runs, DatabaseUnusableError or DatabaseNewerError if the backup is
    damaged, or of a later Patchbay, and MissingKeysError or InvalidKeysError: then nothing is changed.
    """
    database = settings.database_path
    if not source.exists():
        raise DatabaseUnusableError(path=str(source), reason="there is no such file")
    vault = Vault(read_keys(settings.encryption_keys.get_secret_value()))
    with process_lock(database):
        require_sound(source)
        contents, usage = contents_of(source), key_usage(source, vault)
        aside = replace_database(database, source, int(time.time()))
    return Restored(contents, aside, usage)
