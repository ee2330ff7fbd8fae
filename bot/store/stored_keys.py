"""Reads everything that an encryption key has sealed or signed, from a database of any schema."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from bot.store.vault import Place


@dataclass(frozen=True, slots=True)
class StoredSeal:
    """A signed hash of an audit log. kind: "former" for one that an earlier release has signed."""

    kind: str
    guild_id: int
    number: int
    hash: bytes
    signature: bytes


def key_mark(connection: sqlite3.Connection) -> tuple[str, bytes] | None:
    """Return the mark of the keys in use and its signature, None if there is none. Blocks."""
    if not _columns(connection, "key_mark"):
        return None
    row = connection.execute("SELECT key_ids, signature FROM key_mark").fetchone()
    return None if row is None else (str(row[0]), bytes(row[1]))


def stored_secrets(connection: sqlite3.Connection) -> Iterator[tuple[bytes, Place]]:
    """Return all credentials that were not erased, and the rows that they are bound to. Blocks."""
    columns = _columns(connection, "connection")
    if not columns:
        return
    generation = "generation" if "generation" in columns else "0"
    query = f"SELECT secret, guild_id, provider, name, set_at, {generation} FROM connection"  # noqa: S608
    for secret, *place in connection.execute(query):
        if secret:
            yield secret, Place(*place)


def stored_seals(connection: sqlite3.Connection) -> Iterator[StoredSeal]:
    """Return the seals of all audit logs, those of earlier releases too. Blocks."""
    for table, kind in (("audit_seal", "kind"), ("audit_head", "'former'")):
        if _columns(connection, table):
            query = f"SELECT {kind}, guild_id, number, hash, signature FROM {table}"  # noqa: S608
            for row in connection.execute(query):
                yield StoredSeal(*row)


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    """Return the names of a table's columns, none if there is no such table."""
    return {str(name) for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}
