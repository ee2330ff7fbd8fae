"""Says which processes run the bot on a server's database."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import psycopg

from bot.setup_errors import OtherKeyInUseError
from bot.store.postgres.address import shown
from bot.store.postgres.failures import StatementError, refused, require_readable, unusable
from bot.store.postgres.reader import CONNECTED_WITHIN

_KNOWN: Final = "SELECT to_regclass('bot_process') IS NOT NULL"
_RUNNING: Final = """
SELECT pid, host, extract(epoch FROM began_at)::float8, key_id,
    ARRAY(SELECT shard_id FROM shard_lease WHERE process = number ORDER BY 1)
FROM bot_process WHERE expires_at > clock_timestamp() ORDER BY began_at
"""


def running_processes(url: str) -> list[dict[str, str]]:
    """Return pid, host, beginning and shards of each process that runs the bot on a database.

    A process that ended without a word is among them until its lease is over. Blocks. Raises
    DatabaseUnusableError.
    """
    return [
        {**described(pid, host, began_at), "shards": ", ".join(map(str, shards))}
        for pid, host, began_at, _, shards in _running(url)
    ]


def require_key(url: str, key_id: str) -> None:
    """Raise OtherKeyInUseError if a process runs the bot on a database and signs with another key. Blocks."""
    for pid, host, began_at, in_use, _ in _running(url):
        if in_use != key_id:
            raise OtherKeyInUseError(key_id=key_id, in_use=in_use, **described(pid, host, began_at))


def described(pid: int, host: str, began_at: float) -> Mapping[str, str]:
    """Return what errors and the doctor say of a process. began_at: seconds since 1970."""
    since = datetime.fromtimestamp(began_at, UTC)
    return {"pid": str(pid), "host": host, "since": f"{since:%Y-%m-%dT%H:%M:%SZ}"}


def _running(url: str) -> list[tuple[Any, ...]]:
    try:
        require_readable(url)
        with contextlib.closing(
            psycopg.connect(url, autocommit=True, connect_timeout=CONNECTED_WITHIN)
        ) as connection:
            if connection.execute(_KNOWN.encode()).fetchone() == (False,):  # of an earlier release
                return []
            return connection.execute(_RUNNING.encode()).fetchall()
    except StatementError as error:
        failure = unusable(error, shown(url))
    except psycopg.Error as error:
        failure = unusable(refused(error), shown(url))
    raise failure
