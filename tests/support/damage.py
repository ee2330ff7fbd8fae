"""Damages a database that a bot uses, as a failing disk does: `python -m tests.support.damage FILE TABLE`."""

import asyncio
import contextlib
import sqlite3
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


async def damage(path: Path, table: str) -> None:
    """Do so in another process: closing the file in this one would drop the locks that SQLite holds on it."""
    words = ("-m", "tests.support.damage", str(path), table)
    process = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT)
    assert await process.wait() == 0


def _damage(path: Path, table: str) -> None:
    """Overwrite the pages of a table and of its indexes with noise, beneath SQLite."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # What is in the log moves to the file, so that it is read from there.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        query = "SELECT rootpage FROM sqlite_schema WHERE tbl_name = ? AND rootpage"
        pages = [number for (number,) in connection.execute(query, (table,))]
        with path.open("r+b") as file:
            for number in pages:
                file.seek((number - 1) * size)
                file.write(b"\xa5" * size)
    # A change of something else, so that no connection goes on with the pages that it has in memory.
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = version_num")


if __name__ == "__main__":
    _damage(Path(sys.argv[1]), sys.argv[2])
