"""The database of several bots, which notes who writes what, and who holds which shards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from prove.shards.discord import SHARDS

_HOLDERS: Final = "SELECT shard_id, pid FROM public.shard_lease JOIN public.bot_process ON process = number"
_OPEN: Final = """
SELECT guild_id, count(*), count(*) FILTER (WHERE closed_at IS NULL) FROM public.incident GROUP BY guild_id
"""
_HELD: Final = """
SELECT extract(epoch FROM at)::float8, shard_id,
    (SELECT min(pid) FROM proof.lease WHERE lease.process = holding.process)
FROM proof.holding AS holding ORDER BY at
"""
_LEASES: Final = """
SELECT extract(epoch FROM at)::float8, pid, extract(epoch FROM until)::float8 FROM proof.lease ORDER BY at
"""
_WRITTEN: Final = """
SELECT count(*) FROM proof.written WHERE program LIKE 'patchbay %'
"""
_FORBIDDEN: Final = """
SELECT extract(epoch FROM min(at))::float8, program, table_name, kind, process IS NULL, count(*)
FROM proof.written
WHERE program LIKE 'patchbay %'
    AND (process IS NULL OR guild_id IS NOT NULL AND holder IS DISTINCT FROM process)
GROUP BY program, table_name, kind, process IS NULL ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Forbidden:
    """Rows that a process has written without a lease, or for a shard that it did not hold."""

    at: float
    program: str
    table: str
    kind: str
    has_no_lease: bool
    rows: int


class WatchedDatabase:
    """Reads what was noted. Each call blocks for some milliseconds."""

    def __init__(self, url: str) -> None:
        """url: of a database that has Patchbay's tables."""
        self._url = url

    def watch(self) -> None:
        """Note everything from now on."""
        text = Path(__file__).with_suffix(".sql").read_text("utf-8").replace("{shards}", str(SHARDS))
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(text.encode())

    def holders(self) -> Mapping[int, int]:
        """Return the id of the process that holds each shard, without those that nobody holds."""
        return {int(shard): int(pid) for shard, pid in self._rows(_HOLDERS)}

    def incidents(self) -> Mapping[int, tuple[int, int]]:
        """Return how many incidents each server has had, and how many of them are open."""
        return {int(guild): (int(all_), int(open_)) for guild, all_, open_ in self._rows(_OPEN)}

    def held(self) -> Sequence[tuple[float, int, int | None]]:
        """Return which process has held each shard since when; None: nobody."""
        return [(at, int(shard), pid) for at, shard, pid in self._rows(_HELD)]

    def leases(self) -> Sequence[tuple[float, int, float | None]]:
        """Return when each process has renewed its lease until when; None: when it was dropped."""
        return [(at, int(pid), until) for at, pid, until in self._rows(_LEASES)]

    def written(self) -> int:
        """Return how many rows were written by bots."""
        ((rows,),) = self._rows(_WRITTEN)
        return int(rows)

    def forbidden(self) -> Sequence[Forbidden]:
        """Return what was written by processes that might not."""
        return [Forbidden(*row) for row in self._rows(_FORBIDDEN)]

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._url, autocommit=True) as connection:
            return connection.execute(sql.encode()).fetchall()
