"""Runs what reads a whole table, and changes some of it, in steps that others can write between."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from bot.store.connection import WritingConnection
from bot.store.database import Database
from bot.store.rows import Query

STEP: Final = 500
"""Rows that are read in one transaction: a few milliseconds."""
_PAUSE: Final = 3
"""Times as long as the step before it."""

# The statements below are made of names from the schema and of nothing that comes from outside: hence S608.


async def write_in_steps(database: Database, table: str, query: Query, /, **values: object) -> None:
    """Run a writing query on all rows of a table, ``STEP`` of them at a time, in the order of their key.

    Each step is a transaction of its own, and the pause after it is longer than it took, so that writes of
    others wait for one step at most, and commands have most of the processor. Rows that come or go meanwhile
    are met or not. query: its last clause is a WHERE to which a condition can be added with AND.
    """
    key = await database.examine(lambda connection: connection.key(table))
    columns = ", ".join(key)
    last: Sequence[object] | None = None

    async def step(connection: WritingConnection) -> Sequence[object] | None:
        """Return the key of the step's last row, None after the end."""
        bounds, conditions = dict(values), []
        if last is not None:
            bounds |= {f"after_{column}": value for column, value in zip(key, last, strict=True)}
            conditions.append(f"({columns}) > ({', '.join(f':after_{column}' for column in key)})")
        where = f"WHERE {conditions[0]}" if conditions else ""
        found = await connection.rows(
            f"SELECT {columns} FROM {table} {where} ORDER BY {columns} LIMIT 1 OFFSET {STEP - 1}",  # noqa: S608
            bounds,
        )
        until = next((tuple(row) for row in found), None)
        if until is not None:
            bounds |= {f"until_{column}": value for column, value in zip(key, until, strict=True)}
            conditions.append(f"({columns}) <= ({', '.join(f':until_{column}' for column in key)})")
        await connection.change(" AND ".join([query.sql.removesuffix(";"), *conditions]), bounds)
        return until

    while True:
        began = time.monotonic()
        last = await database.transact(step)
        if last is None:
            return
        await asyncio.sleep(_PAUSE * (time.monotonic() - began))
