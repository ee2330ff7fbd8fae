"""A disk that knows what was written and what was synchronised, so that a power cut can be carried out.

In the process whose power will be cut, ``record`` notes in a log each write, truncation, synchronisation and
deletion of SQLite's files. The bot's code above SQLite stays as it is. After that process was killed,
``after_power_cut`` makes the files that a disk would hold. SQLite's crash tests (src/test6.c) do the same.
"""

from __future__ import annotations

import ctypes
import os
import random
import struct
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

SECTOR: Final = 512
"""Bytes that a disk writes as a whole."""
_OK: Final = 0
_HEADER: Final = struct.Struct("<BqHI")
"""Kind, position, length of the name, length of the data."""

_Open = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p
)
_Delete = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int)
_Write = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64)
_Truncate = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int64)
_Sync = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)


class _Files(ctypes.Structure):
    """The beginning of ``sqlite3_vfs`` (https://www.sqlite.org/c3ref/vfs.html)."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("data", ctypes.c_void_p),
        ("open", ctypes.c_void_p),
        ("delete", ctypes.c_void_p),
    )


class _Methods(ctypes.Structure):
    """``sqlite3_io_methods`` of version 3 (https://www.sqlite.org/c3ref/io_methods.html)."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("close", ctypes.c_void_p),
        ("read", ctypes.c_void_p),
        ("write", ctypes.c_void_p),
        ("truncate", ctypes.c_void_p),
        ("sync", ctypes.c_void_p),
        ("others", ctypes.c_void_p * 13),
    )


class Kind(IntEnum):
    """What is done to a file."""

    WRITE = 1
    TRUNCATE = 2
    SYNC = 3
    DELETE = 4


class _Recorder:
    """Stands between SQLite and its files. Everything that SQLite may call is kept from being freed."""

    def __init__(self, log: Path) -> None:
        self._log = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        self._names: dict[int, bytes] = {}
        self._methods: dict[int, _Methods] = {}
        self._kept: list[object] = []

    def stand_between(self) -> None:
        """Take the place of the functions of SQLite's default file system that open and delete."""
        import _sqlite3  # noqa: PLC0415 - the library that the module of Python is linked with

        library = ctypes.CDLL(getattr(_sqlite3, "__file__", sys.executable))
        library.sqlite3_vfs_find.restype = ctypes.POINTER(_Files)
        files = library.sqlite3_vfs_find(None).contents
        original_open, original_delete = _Open(files.open), _Delete(files.delete)

        def open_file(vfs: int, name: bytes | None, file: int, flags: int, out: int) -> int:
            result: int = original_open(vfs, name, file, flags, out)
            if result == _OK and name is not None:
                self._names[file] = name
                self._watch(file)
            return result

        def delete(vfs: int, name: bytes, sync: int) -> int:
            self._note(Kind.DELETE, name)
            result: int = original_delete(vfs, name, sync)
            return result

        files.open = self._pointer(_Open(open_file))
        files.delete = self._pointer(_Delete(delete))

    def _watch(self, file: int) -> None:
        """Exchange the functions that change an opened file."""
        methods = ctypes.c_void_p.from_address(file)
        if methods.value not in self._methods:
            self._methods[methods.value or 0] = self._exchanged(_Methods.from_address(methods.value or 0))
        methods.value = ctypes.addressof(self._methods[methods.value or 0])

    def _exchanged(self, original: _Methods) -> _Methods:
        write_, truncate_, sync_ = _Write(original.write), _Truncate(original.truncate), _Sync(original.sync)

        def write(file: int, data: int, size: int, offset: int) -> int:
            self._note(Kind.WRITE, self._names[file], offset, ctypes.string_at(data, size))
            result: int = write_(file, data, size, offset)
            return result

        def truncate(file: int, size: int) -> int:
            self._note(Kind.TRUNCATE, self._names[file], size)
            result: int = truncate_(file, size)
            return result

        def sync(file: int, flags: int) -> int:
            # What another thread writes meanwhile is not covered.
            covered = os.fstat(self._log).st_size
            result: int = sync_(file, flags)
            if result == _OK:
                self._note(Kind.SYNC, self._names[file], covered)
            return result

        exchanged = _Methods.from_buffer_copy(original)
        exchanged.write = self._pointer(_Write(write))
        exchanged.truncate = self._pointer(_Truncate(truncate))
        exchanged.sync = self._pointer(_Sync(sync))
        return exchanged

    def _pointer(self, function: Any) -> int | None:  # noqa: ANN401 - ctypes names no type for it
        self._kept.append(function)
        return ctypes.cast(function, ctypes.c_void_p).value

    def _note(self, kind: Kind, name: bytes, position: int = 0, data: bytes = b"") -> None:
        # One call for one record: the process may be killed between any two.
        os.write(self._log, _packed(kind, name, position, data))


_RECORDERS: Final[list[_Recorder]] = []


def record(log: Path) -> None:
    """Note from now on in a log what this process does to the files of the databases that it opens."""
    recorder = _Recorder(log)
    recorder.stand_between()
    _RECORDERS.append(recorder)


@dataclass(frozen=True, slots=True)
class _Step:
    """A change of a file that is not on the disk yet. at: where the log notes it.

    change: takes the file, and from which to which byte of the file the change reaches the disk. begin, end:
    where the whole of it begins and ends.
    """

    at: int
    change: Callable[[bytearray, int, int], None]
    begin: int
    end: int

    def sectors(self) -> Iterator[tuple[int, int]]:
        """Yield the beginning and the end of each part that a disk writes as a whole."""
        for sector in range(self.begin - self.begin % SECTOR, self.end, SECTOR):
            yield max(sector, self.begin), min(sector + SECTOR, self.end)


@dataclass(frozen=True, slots=True)
class PowerCut:
    """What was left. dropped: how many changes of files had not been synchronised."""

    files: Mapping[str, bytes]
    dropped: int


def note(kind: Kind, name: str, position: int = 0, data: bytes = b"") -> bytes:
    """Return a record of a log.

    position: where a write begins; how long a truncated file is; before which byte of the log a write must be
    noted to be covered by a synchronisation. All in bytes.
    """
    return _packed(kind, os.fsencode(name), position, data)


def _packed(kind: Kind, name: bytes, position: int, data: bytes) -> bytes:
    return _HEADER.pack(kind, position, len(name), len(data)) + name + data


def after_power_cut(log: bytes, before: Mapping[str, bytes], chance: random.Random | None = None) -> PowerCut:
    """Return the files that a disk holds after the power was cut where the log ends.

    Whatever was not synchronised is gone. A new file is there once it was synchronised for the first time,
    because SQLite then synchronises its folder too. before: the files when the log began, by path. chance:
    with it the disk has written a random half of the sectors that were not synchronised, as it may.
    """
    files = defaultdict(bytearray, {name: bytearray(content) for name, content in before.items()})
    waiting: defaultdict[str, list[_Step]] = defaultdict(list)
    for at, kind, name, position, data in _records(log):
        if kind is Kind.DELETE:
            # The bot deletes no file of SQLite's while it writes, so this waits for no synchronisation.
            files.pop(name, None)
            waiting.pop(name, None)
        elif kind is Kind.SYNC:
            for step in [each for each in waiting[name] if each.at < position]:
                step.change(files[name], step.begin, step.end)
            waiting[name] = [each for each in waiting[name] if each.at >= position]
            files.setdefault(name, bytearray())  # it is there, even if it is empty
        elif kind is Kind.WRITE:
            waiting[name].append(_Step(at, _writing(position, data), position, position + len(data)))
        else:
            waiting[name].append(_Step(at, _truncating(position), position, position + 1))
    for name in [each for each in waiting if each in files and chance]:
        for step in waiting[name]:
            for begin, end in step.sectors():
                if chance and chance.random() < 0.5:  # noqa: PLR2004 - half of them
                    step.change(files[name], begin, end)
    dropped = sum(len(steps) for steps in waiting.values())
    return PowerCut({name: bytes(content) for name, content in files.items()}, dropped)


def _writing(offset: int, data: bytes) -> Callable[[bytearray, int, int], None]:
    def write(file: bytearray, begin: int, end: int) -> None:
        file.extend(bytes(max(0, end - len(file))))
        file[begin:end] = data[begin - offset : end - offset]

    return write


def _truncating(size: int) -> Callable[[bytearray, int, int], None]:
    def truncate(file: bytearray, _begin: int, _end: int) -> None:
        del file[size:]

    return truncate


def _records(log: bytes) -> Iterator[tuple[int, Kind, str, int, bytes]]:
    at = 0
    while at + _HEADER.size <= len(log):
        kind, position, name_size, data_size = _HEADER.unpack_from(log, at)
        begin = at + _HEADER.size
        end = begin + name_size + data_size
        name = os.fsdecode(log[begin : begin + name_size])
        yield at, Kind(kind), name, position, log[begin + name_size : end]
        at = end
