"""Makes PostgreSQL's values and rows what SQLite's are."""

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format
from psycopg.types.string import StrDumperUnknown, TextBinaryLoader, TextLoader

_ESCAPE: Final = "\ufdd0"
"""Stands before what replaces a NUL in text, which PostgreSQL takes nowhere. Unicode leaves this character to
programs' own use."""
_NUL: Final = f"{_ESCAPE}0"
_LONE: Final = f"{_ESCAPE}1"
JSON_ROWS: Final = "coalesce(json_agg(json_build_array({})), '[]')"
"""See ``ReadingConnection.json_rows``."""
_LONG: Final = struct.Struct("!q")


class _IntegerDumper(Dumper):
    """Sends each integer with 64 bits, and a boolean as one: so one query is one prepared statement."""

    format = Format.BINARY
    oid = psycopg.postgres.types["int8"].oid

    def dump(self, obj: int) -> bytes:
        return _LONG.pack(obj)


class _TextDumper(StrDumperUnknown):
    """Sends text of any kind. PostgreSQL decides by the place what the value is."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(escaped(obj))


class _TextLoader(TextLoader):
    def load(self, data: Buffer) -> str:
        return unescaped(str(super().load(data)))


class _TextBinaryLoader(TextBinaryLoader):
    def load(self, data: Buffer) -> str:
        return unescaped(str(super().load(data)))


class _JsonLoader(Loader):
    """Leaves JSON to whoever reads it."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode().replace(_NUL, r"\u0000").replace(_LONE, _ESCAPE)


class _TruthLoader(Loader):
    """SQLite has numbers in the place of booleans."""

    def load(self, data: Buffer) -> int:
        return int(bytes(data) == b"t")


def escaped(text: str) -> str:
    """Return text without NUL, from which ``unescaped`` makes the same text again."""
    if "\0" in text or _ESCAPE in text:
        return text.replace(_ESCAPE, _LONE).replace("\0", _NUL)
    return text


def unescaped(text: str) -> str:
    """Return what ``escaped`` was given."""
    if _ESCAPE in text:
        return text.replace(_NUL, "\0").replace(_LONE, _ESCAPE)
    return text


def adapt(connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any]) -> None:
    """Let a connection send and read values as SQLite does."""
    made = connection.adapters
    for kind in (int, bool):
        made.register_dumper(kind, _IntegerDumper)
    made.register_dumper(str, _TextDumper)
    for name in ("text", "varchar", "name"):
        made.register_loader(name, _TextLoader)
        made.register_loader(name, _TextBinaryLoader)
    made.register_loader("json", _JsonLoader)
    made.register_loader("bool", _TruthLoader)


class PostgresRow:
    """A ``StoredRow``."""

    __slots__ = ("_places", "_values")

    def __init__(self, places: dict[str, int], values: Sequence[Any]) -> None:
        """places: the number of each column, by its name."""
        self._places = places
        self._values = values

    def __getitem__(self, key: str | int, /) -> Any:  # noqa: ANN401 - as the query says
        return self._values[self._places[key] if isinstance(key, str) else key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def keys(self) -> list[str]:
        """Return the names of the columns."""
        return list(self._places)


def stored_rows(
    cursor: psycopg.Cursor[Any] | psycopg.AsyncCursor[Any],
) -> Callable[[Sequence[Any]], PostgresRow]:
    """Return what makes rows of a result; it is a row factory of the driver's."""
    places = {column.name: number for number, column in enumerate(cursor.description or ())}
    return lambda values: PostgresRow(places, values)
