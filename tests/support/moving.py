"""Moves of a database: the command in a process of its own, and what the databases hold."""

import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from bot.settings import Settings
from bot.store.moving.side import Row
from bot.store.moving.target import open_side
from bot.store.sqlite.side import SqliteSide
from tests.support.source import ROOT

PASSWORD: Final = "CANARY-of-the-server"
KEYS: Final = "k1:RkFLRS1LRVktRk9SLVRFU1RTLTAwMDAwMDAwMDAwMDA="
WORDS: Final = (
    "",
    "a",
    "B",
    "begun",
    "über",
    "a\0b",
    "\ufdd0",
    "%s %(a)s :b",
    "'\"\\",
    "\U0001f600",
    "x" * 3000,
)
KINDS: Final = {"access.kind": ("member", "role"), "key_mark.id": (1,)}


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it printed."""

    exit_code: int
    output: str


def environment(database: Path | str) -> dict[str, str]:
    """Return the settings of a process; its server's address has a password."""
    url = f"sqlite:///{database}" if isinstance(database, Path) else with_password(database)
    return {
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "PATCHBAY_DATABASE_URL": url,
        "PATCHBAY_ENCRYPTION_KEYS": KEYS,
        "PATCHBAY_DISCORD_TOKEN": "FAKE-TOKEN-OF-NOBODY",
        "PATCHBAY_DISCORD_API_URL": "http://127.0.0.1:1/api/v10",
    }


def with_password(url: str) -> str:
    """Return a server's address with a password."""
    return url.replace("@", f":{PASSWORD}@", 1)


def patchbay(database: Path | str, *words: str, told: str = "") -> Ended:
    """Run a command in a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-m", "bot", *words],
        env=environment(database),
        input=told,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    assert PASSWORD not in ended.stdout
    return Ended(ended.returncode, ended.stdout)


def settings(database: Path | str) -> Settings:
    """Return the settings with a database."""
    url = f"sqlite:///{database}" if isinstance(database, Path) else database
    return Settings(database_url=url, encryption_keys=KEYS)  # type: ignore[arg-type]


def address(database: Path | str) -> str:
    """Return what names a database for the command."""
    return f"sqlite:///{database}" if isinstance(database, Path) else database


def fill(path: Path, seed: int, rows: int = 60) -> None:
    """Put rows into every table of a file: those that it takes of many."""
    made = random.Random(seed)  # noqa: S311 - the same rows each time

    def value(name: str, kind: str) -> object:
        if (known := KINDS.get(name)) is not None:
            return made.choice(known)
        if kind == "TEXT":
            return made.choice(WORDS)
        if kind == "BLOB":
            return made.randbytes(made.randrange(40))
        return made.choice((None, -(2**63), -1, 0, 1, 2, 3, 2**31, 2**63 - 1))

    with closing(SqliteSide(path)) as side:
        tables = side.moved_tables()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA foreign_keys = ON")
        for table in tables:
            columns = {row[1]: row[2] for row in database.execute(f"PRAGMA table_info({table.name})")}
            marks = ", ".join("?" * len(columns))
            for _ in range(rows):
                row = [value(f"{table.name}.{name}", kind) for name, kind in columns.items()]
                if table.name in {"integration", "ignored"}:
                    parents = database.execute("SELECT guild_id, provider, name FROM connection").fetchall()
                    row[0], row[1], row[3] = made.choice(parents)
                database.execute(f"INSERT OR IGNORE INTO {table.name} VALUES ({marks})", row)  # noqa: S608


def contents(where: Path | str) -> dict[str, list[Row]]:
    """Return all rows of all tables that are moved."""
    with closing(open_side(where)) as side:
        names = side.tables()
        own = {"alembic_version", "moved", "trace_mark"}
        return {
            name: sorted(side.rows(f"SELECT * FROM {name}"), key=repr)  # noqa: S608
            for name in names
            if name not in own and side.rows(f"SELECT 1 FROM {name} LIMIT 1")  # noqa: S608
        }


def change(where: Path | str, *statements: str) -> None:
    """Change a database beside everything else."""
    connection: Any = sqlite3.connect(where) if isinstance(where, Path) else psycopg.connect(where)
    with closing(connection):
        for statement in statements:
            connection.execute(statement)
        connection.commit()
