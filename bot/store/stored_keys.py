"""Reads everything that an encryption key has sealed or signed, from a database of any schema."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.setup_errors import DatabaseUnusableError
from bot.store.connection import ReadingConnection
from bot.store.sqlite.copies import opened
from bot.store.vault import Place


@dataclass(frozen=True, slots=True)
class StoredSeal:
    """A signed hash of an audit log. kind: "former" for one that an earlier release has signed."""

    kind: str
    guild_id: int
    number: int
    hash: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class StoredKeys:
    """What keys have sealed and signed.

    mark: the ids of the keys in use, and the signature of that, None if there is no mark. secrets: all
    credentials that were not erased, and the rows that they are bound to.
    """

    mark: tuple[str, bytes] | None
    secrets: Sequence[tuple[bytes, Place]]
    seals: Sequence[StoredSeal]


def stored_keys(connection: ReadingConnection) -> StoredKeys:
    """Read all of it. Blocks."""
    return StoredKeys(_mark(connection), list(_secrets(connection)), list(_seals(connection)))


def stored_keys_in(path: Path) -> StoredKeys:
    """Read all of it from a file, which stays as it is. Blocks. Raises DatabaseUnusableError."""
    try:
        with opened(path) as connection:
            return stored_keys(connection)
    except sqlite3.Error as error:
        raise DatabaseUnusableError(path=str(path), reason=str(error)) from None


def _mark(connection: ReadingConnection) -> tuple[str, bytes] | None:
    if not connection.columns("key_mark"):
        return None
    rows = connection.rows("SELECT key_ids, signature FROM key_mark")
    return next(((str(key_ids), bytes(signature)) for key_ids, signature in rows), None)


def _secrets(connection: ReadingConnection) -> Iterator[tuple[bytes, Place]]:
    columns = connection.columns("connection")
    if not columns:
        return
    generation = "generation" if "generation" in columns else "0"
    query = f"SELECT secret, guild_id, provider, name, set_at, {generation} FROM connection"  # noqa: S608
    for secret, *place in connection.rows(query):
        if secret:
            yield secret, Place(*place)


def _seals(connection: ReadingConnection) -> Iterator[StoredSeal]:
    for table, kind in (("audit_seal", "kind"), ("audit_head", "'former'")):
        if connection.columns(table):
            query = f"SELECT {kind}, guild_id, number, hash, signature FROM {table}"  # noqa: S608
            for row in connection.rows(query):
                yield StoredSeal(*row)
