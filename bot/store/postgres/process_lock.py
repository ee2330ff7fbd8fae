"""Lets one process at a time run the bot on a server's database, and says which process does.

The lock belongs to the connection that writes: a process that has lost it, and finds that another one has
taken it meanwhile, writes nothing any more. The server releases it when the connection ends.
"""

import contextlib
import os
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any, Final

import psycopg

from bot.setup_errors import OtherKeyInUseError
from bot.store.postgres.address import shown
from bot.store.postgres.failures import StatementError, refused, require_readable, unusable
from bot.store.postgres.reader import CONNECTED_WITHIN

_CLASS, _OBJECT = 0x70617463, 1
"""The two numbers of the lock."""
_NAME: Final = "patchbay"
_HOLD: Final = f"""
BEGIN; SET LOCAL lock_timeout = '2s'; SELECT pg_advisory_lock({_CLASS}, {_OBJECT}); COMMIT;
SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4
"""
"""A process that was killed a moment ago may still have the lock. One that the network has cut off gives it
back after 40 seconds, when the server notices.
"""
_HOLDERS: Final = f"""
SELECT application_name, client_addr::text, backend_start
FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND classid = {_CLASS} AND objid = {_OBJECT} AND objsubid = 2 AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""  # noqa: S608 - two numbers
_UNKNOWN: Final = {"pid": "?", "host": "?", "since": "?"}


async def hold(connection: psycopg.AsyncConnection[Any], key_id: str) -> None:
    """Take the lock for as long as the connection is open. Raises psycopg.Error if another one has it.

    key_id: the key that the process signs with.
    """
    name = f"{_NAME} {os.getpid()} {key_id}"
    await connection.execute("SELECT set_config('application_name', %s, false)", [name])
    await connection.execute(_HOLD.encode())


def running_processes(url: str) -> list[dict[str, str]]:
    """Return pid, host and beginning of each process that runs the bot on a database, ``?`` if unknown.

    Blocks. Raises DatabaseUnusableError.
    """
    return [_described(holder) for holder in _holders(url)]


def shown_process(running: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return pid, host and beginning of the first of these processes, ``?`` if it is gone."""
    return dict(next(iter(running), _UNKNOWN))


def require_key(url: str, key_id: str) -> None:
    """Raise OtherKeyInUseError if a process runs the bot on a database and signs with another key. Blocks."""
    for holder in _holders(url):
        in_use = (*(holder[0] or "").split(" "), "", "")[2] or "?"
        if in_use != key_id:
            raise OtherKeyInUseError(key_id=key_id, in_use=in_use, **_described(holder))


def _described(holder: tuple[Any, ...]) -> dict[str, str]:
    name, address, since = holder
    # Another user of the server may see neither the name nor the time.
    pid = (*(name or "").split(" "), "")[1] or "?"
    began = "?" if since is None else f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return {"pid": pid, "host": address or "?", "since": began}


def _holders(url: str) -> list[tuple[Any, ...]]:
    try:
        require_readable(url)
        with contextlib.closing(
            psycopg.connect(url, autocommit=True, connect_timeout=CONNECTED_WITHIN)
        ) as connection:
            return connection.execute(_HOLDERS.encode()).fetchall()
    except StatementError as error:
        failure = unusable(error, shown(url))
    except psycopg.Error as error:
        failure = unusable(refused(error), shown(url))
    raise failure
