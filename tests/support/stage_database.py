"""Looks into the database of a bot that is another process, whichever engine it has."""

import sqlite3
from contextlib import closing
from typing import Any

from bot.demo.stage import Stage
from tests.support.postgres import execute


def run(stage: Stage, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement; return its rows."""
    if isinstance(stage.database, str):
        return execute(stage.database, statement)
    with closing(sqlite3.connect(stage.database)) as database, database:
        return database.execute(statement).fetchall()


def end_leases(stage: Stage) -> None:
    """Let no process have a lease any more, as when time has passed since they were killed."""
    if isinstance(stage.database, str):
        run(stage, "UPDATE bot_process SET expires_at = now()")
