"""Makes one database's rows equal to the other's, table by table, in the order of the primary keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from bot.setup_errors import DatabaseUnusableError
from bot.store.moving.side import Row, Side, Table

_AT_ONCE: Final = 1000
"""The rows that are read, or written in one transaction, at once."""

Differences = Iterator[tuple[Row | None, Row | None]]
"""Rows that are not the same on both sides, with None for the side that has none of its key."""
Report = Callable[[str, int, int], None]
"""It is told what happens, how many rows of the source that is done for, and how many there are."""

# The statements below are made of names from the schema and of nothing that comes from outside: hence S608.


def differences(source: Iterable[Row], target: Iterable[Row], key_size: int) -> Differences:
    """Yield each row of the source that is not the same in the target, and that of the target.

    Both sides come in the order of the key, which is the first ``key_size`` values of each row.
    """
    wanted, found = iter(source), iter(target)
    ours, theirs = next(wanted, None), next(found, None)
    while ours is not None or theirs is not None:
        is_ours = theirs is None or (ours is not None and ours[:key_size] <= theirs[:key_size])
        is_theirs = ours is None or (theirs is not None and theirs[:key_size] <= ours[:key_size])
        if not (is_ours and is_theirs and ours == theirs):
            yield (ours if is_ours else None, theirs if is_theirs else None)
        if is_ours:
            ours = next(wanted, None)
        if is_theirs:
            theirs = next(found, None)


class Merge:
    """Makes the target's tables equal to the source's. Interrupted, it can be begun anew."""

    def __init__(self, source: Side, target: Side, tables: Sequence[Table], report: Report) -> None:
        self._source = source
        self._target = target
        self._tables = tables
        self._report = report
        self._done = 0
        self._total = 0

    def run(self) -> int:
        """Make them equal; return how many rows the source has. Raises DatabaseUnusableError."""
        self._total = sum(_count(self._source, table) for table in self._tables)
        # What is outdated goes first: a row may have another one's value where a value may be there once.
        if any(_count(self._target, table) for table in self._tables):
            self._each("Looking for outdated rows", self._remove)
        self._each("Copying", self._add)
        return self._total

    def compare(self) -> None:
        """Compare every row. Raises DatabaseUnusableError if any is not the same on both sides."""
        self._each("Comparing", self._require_equal)

    def _each(self, step: str, work: Callable[[Table, Differences], None]) -> None:
        self._done = 0
        for table in self._tables:
            size = len(table.key)
            for read in (_uneven_rows, _even_rows):
                rows = self._counted(step, read(self._source, table))
                work(table, differences(rows, read(self._target, table), size))
        self._report(step, self._done, self._total)

    def _counted(self, step: str, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self._done += 1
            if not self._done % _AT_ONCE:
                self._report(step, self._done, self._total)
            yield row

    def _remove(self, table: Table, found: Differences) -> None:
        """Delete what the source has not, or not so."""
        parameter = self._target.parameter
        where = " AND ".join(f"{name} = {parameter}" for name in table.key)
        size = len(table.key)
        for keys in _portions(theirs[:size] for _, theirs in found if theirs is not None):
            with self._target.alone():
                self._target.change_many(f"DELETE FROM {table.name} WHERE {where}", keys)  # noqa: S608
                self._target.mark_traces()

    def _add(self, table: Table, found: Differences) -> None:
        """Insert what is missing."""
        marks = ", ".join([self._target.parameter] * len(table.columns))
        insert = f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})"  # noqa: S608
        for rows in _portions(ours for ours, _ in found if ours is not None):
            with self._target.alone():
                self._target.change_many(insert, rows)

    def _require_equal(self, table: Table, found: Differences) -> None:
        if next(found, None) is not None:
            reason = f"a row of its table {table.name} is not as in {self._source.place}"
            raise DatabaseUnusableError(path=self._target.place, reason=reason)


def _portions(rows: Iterator[Row]) -> Iterator[list[Row]]:
    portion: list[Row] = []
    for row in rows:
        portion.append(row)
        if len(portion) == _AT_ONCE:
            yield portion
            portion = []
    if portion:
        yield portion


def _count(side: Side, table: Table) -> int:
    ((number,),) = side.rows(f"SELECT count(*) FROM {table.name}")  # noqa: S608
    return int(number)


def _even_rows(side: Side, table: Table) -> Iterator[Row]:
    """Yield the rows in the order of their keys, which is that of all engines and of Python."""
    key = ", ".join(table.key)
    after = ", ".join(f":key{number}" for number in range(len(table.key)))
    select = f"SELECT {', '.join(table.columns)} FROM {table.name} WHERE NOT ({_is_uneven(side, table)})"  # noqa: S608
    order = f"ORDER BY {key} LIMIT {_AT_ONCE}"
    rows = side.rows(f"{select} {order}")
    while rows:
        yield from rows
        if len(rows) < _AT_ONCE:
            return
        last = {f"key{number}": rows[-1][number] for number in range(len(table.key))}
        rows = side.rows(f"{select} AND ({key}) > ({after}) {order}", last)


def _uneven_rows(side: Side, table: Table) -> Sequence[Row]:
    """Return the rows whose keys hold characters that one engine has to replace; there are hardly any."""
    if not table.texts:
        return []
    size = len(table.key)
    select = f"SELECT {', '.join(table.columns)} FROM {table.name} WHERE {_is_uneven(side, table)}"  # noqa: S608
    return sorted(side.rows(select), key=lambda row: row[:size])


def _is_uneven(side: Side, table: Table) -> str:
    return " OR ".join(side.is_uneven.format(name) for name in table.texts) or "1 = 0"
