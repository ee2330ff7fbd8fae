"""Changes a database as somebody can who has its file, or the server's password: Patchbay does not notice."""

import re
from typing import Any

from bot.store.database import Database
from bot.store.postgres.engine import PostgresEngine

_PATIENCE = 2.0


async def run(database: Database, statement: str, *values: object) -> None:
    """Run a statement. values: those of its ``?``. A blob is written as SQLite has it, such as x'00'."""
    named = {f"value_{number}": value for number, value in enumerate(values)}
    names = iter(named)
    sql = re.sub(r"\?", lambda _: f":{next(names)}", statement)
    if is_on_postgres(database):
        sql = re.sub(r"\bx'([0-9a-f]*)'", r"'\\x\1'::bytea", sql)
    async with database._turn:
        await database._engine.transact(lambda connection: connection.change(sql, named), _PATIENCE)


async def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    async with database._turn:
        return [tuple(row) for row in await database._engine.connection.rows(query)]


async def refuse(database: Database, event: str, table: str, condition: str = "1 = 1") -> None:
    """Let a table refuse what is done to its rows. event: INSERT or UPDATE."""
    trigger = f"CREATE TRIGGER refusing BEFORE {event} ON {table}"
    if not is_on_postgres(database):
        await run(database, f"{trigger} WHEN {condition} BEGIN SELECT raise(ABORT, 'refused'); END")
        return
    body = "BEGIN RAISE EXCEPTION 'refused'; END"
    await run(database, f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    await run(database, f"{trigger} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION refuse()")


async def take(database: Database) -> None:
    """End what ``refuse`` has begun."""
    dropped = "FUNCTION refuse() CASCADE" if is_on_postgres(database) else "TRIGGER refusing"
    await run(database, f"DROP {dropped}")


async def hurry(database: Database) -> None:
    """Let no write wait for the disk: a test with many of them needs none that survives a power cut."""
    if not is_on_postgres(database):  # its server waits for none
        await database._engine.connection.execute("PRAGMA synchronous = OFF")


def is_on_postgres(database: Database) -> bool:
    """Tell which engine a database has."""
    return isinstance(database._engine, PostgresEngine)
