"""Lets one process at a time answer for a shard, and says which processes run, for each engine."""

import contextlib
from collections.abc import Iterator

from bot.settings import Settings
from bot.store.driver import require_driver
from bot.store.sqlite import process_lock


@contextlib.contextmanager
def alone(settings: Settings, key_id: str) -> Iterator[None]:
    """Run the bot alone on the database's file while the block runs. Raises AlreadyRunningError.

    On a server several processes share the shards; see ``ShardLeases``. key_id: the key that the
    process signs with.
    """
    if isinstance(settings.database, str):
        yield
        return
    with process_lock.process_lock(settings.database, settings.shard_ids, key_id=key_id):
        yield


def running_processes(settings: Settings) -> list[dict[str, str]]:
    """Return pid, host and beginning of each process that runs the bot on the database, ``?`` if unknown.

    On a server also its shards. Blocks. Raises SetupError if a server does not tell.
    """
    if isinstance(settings.database, str):
        require_driver()
        from bot.store.postgres import processes as on_server  # noqa: PLC0415 - its driver may be missing

        return on_server.running_processes(settings.database)
    return process_lock.running_processes(settings.database)


def require_key(settings: Settings, key_id: str) -> None:
    """Raise OtherKeyInUseError if a process runs the bot on the database and signs with another key. Blocks.

    Raises SetupError if a server does not tell.
    """
    if isinstance(settings.database, str):
        require_driver()
        from bot.store.postgres import processes as on_server  # noqa: PLC0415 - as above

        on_server.require_key(settings.database, key_id)
    else:
        process_lock.require_key(settings.database, key_id)
