"""Holds back log lines that say within a minute what was said already, and tells how many there were."""

import contextvars
import logging
import re
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TextIO

WINDOW: Final = 60.0
"""For so many seconds after a line, equal ones are counted and not written."""
MAX_KEPT: Final = 1000
"""How many different lines are remembered; of more, those that were written first are written again."""
SUPPRESSED: Final = "suppressed"
"""The field with the number of equal lines that were held back before this one."""

_EVENT: Final = "lines_suppressed"
# They differ although two lines say the same.
_MEASURED: Final = frozenset(
    {
        "exc_info", "failed_starts", "ms", "retry_after", "retry_in", "seconds", "timestamp",
        "tries", "unlogged_before",
    }
)  # fmt: skip
_REFERENCES: Final = ("reference", "request_id")
"""What a member may have read, and the host looks for."""
_SHOWN: Final = ("guild", "provider", "error")
"""What the line about lines that were held back says of them, besides the name of their event."""
_PASSING: Final = re.compile(r"0x[0-9a-f]+|Task-\d+|\d+(?:\.\d+)?s\b")
"""What a library's text names an object by, and seconds."""
_MAX_TEXT: Final = 200


@dataclass(frozen=True, slots=True)
class Line:
    """A line that can be held back. key: the same for those that say the same. shown: see ``_SHOWN``.

    context: of whoever wrote it, which decides whose secrets are masked.
    """

    key: object
    level: int
    logger: str
    event: str
    shown: Mapping[str, object] = field(compare=False, default_factory=dict)
    context: contextvars.Context = field(compare=False, default_factory=contextvars.copy_context)


def line_of(record: logging.LogRecord) -> Line | None:
    """Return what a record says, None if it is always written.

    Always written is what is no warning, what ends the process, what a member was given a reference to, and
    what concerns an audit log. Lines about two servers never say the same.
    """
    if not logging.WARNING <= record.levelno < logging.CRITICAL:
        return None
    if not isinstance(record.msg, dict):
        text = _PASSING.sub("", record.getMessage())
        key = (record.levelno, record.name, hash(text), _cause(record.exc_info))
        return Line(key, record.levelno, record.name, text[:_MAX_TEXT])
    fields = record.msg
    event = str(fields.get("event"))
    if any(fields.get(name) is not None for name in _REFERENCES) or event.startswith("audit_"):
        return None
    said = hash(tuple(sorted((name, repr(fields[name])) for name in fields if name not in _MEASURED)))
    shown = {name: fields[name] for name in _SHOWN if name in fields}
    key = (record.levelno, record.name, said, _cause(fields.get("exc_info")))
    return Line(key, record.levelno, record.name, event[:_MAX_TEXT], shown)


def error_in(raised: object) -> object:
    """Return the error that a line's ``exc_info`` means, None or False if it has none."""
    return raised[1] if isinstance(raised, tuple) else sys.exc_info()[1] if raised is True else raised


def _cause(raised: object) -> tuple[object, ...]:
    """Return the type of an error and where it was raised. raised: as for ``exc_info``."""
    error = error_in(raised)
    if not isinstance(error, BaseException):
        return ()
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return (type(error), *(() if at is None else (at.tb_frame.f_code.co_filename, at.tb_lineno)))


@dataclass(slots=True)
class _Kept:
    line: Line
    since: float
    held: int = 0


class Repeats:
    """Counts equal lines: each one is admitted, or counted in what ``admit`` or ``ended`` tell later."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: in seconds, and never set back."""
        self._clock = clock
        self._kept: OrderedDict[object, _Kept] = OrderedDict()  # those that were written first come first
        self._dropped: list[tuple[Line, int]] = []

    def admit(self, line: Line) -> int | None:
        """Return how many equal lines were held back since the last one, None to hold back this one too."""
        now = self._clock()
        kept = self._kept.get(line.key)
        if kept is not None and now - kept.since < WINDOW:
            kept.held += 1
            return None
        self._kept.pop(line.key, None)
        self._kept[line.key] = _Kept(line, now)
        if len(self._kept) > MAX_KEPT:
            _, oldest = self._kept.popitem(last=False)
            self._drop(oldest)
        return 0 if kept is None else kept.held

    def ended(self, *, all_of_them: bool = False) -> list[tuple[Line, int]]:
        """Return each line that was not admitted again once its minute was over, and how many were held back.

        all_of_them: also those whose minute is not over. They are forgotten, and so told only once.
        """
        now = self._clock()
        while self._kept:
            key, kept = next(iter(self._kept.items()))
            if not all_of_them and now - kept.since < WINDOW:
                break
            del self._kept[key]
            self._drop(kept)
        ended, self._dropped = self._dropped, []
        return ended

    @property
    def is_holding(self) -> bool:
        """Whether any line was held back that nothing has told of yet."""
        return bool(self._dropped) or any(kept.held for kept in self._kept.values())

    def _drop(self, kept: _Kept) -> None:
        if kept.held:
            self._dropped.append((kept.line, kept.held))


class RepeatLimitHandler(logging.StreamHandler[TextIO]):
    """Writes each line once a minute.

    What was held back stands in the next equal line, or in one of its own if there is none for a minute more,
    or if the process ends.
    """

    def __init__(self, stream: TextIO, repeats: Repeats | None = None) -> None:
        super().__init__(stream)
        self._repeats = repeats or Repeats()
        self._timer: threading.Timer | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or count it."""
        try:
            line = line_of(record)
        except Exception:  # noqa: BLE001 - a value that cannot be shown; the formatter copes with it
            line = None
        if line is not None:
            held = self._repeats.admit(line)
            if held is None:
                self._tell_later()
                return
            setattr(record, SUPPRESSED, held)
        super().emit(record)

    def close(self) -> None:
        """Tell what was held back. The interpreter calls this at its end."""
        with self._locked():
            if self._timer is not None:
                self._timer.cancel()
            self._tell(all_of_them=True)
        super().close()

    def _tell_later(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(WINDOW, self._tell_in_time)
            self._timer.daemon = True
            self._timer.start()

    def _tell_in_time(self) -> None:
        with self._locked():
            self._timer = None
            self._tell()
            if self._repeats.is_holding:
                self._tell_later()

    def _tell(self, *, all_of_them: bool = False) -> None:
        for line, held in self._repeats.ended(all_of_them=all_of_them):
            line.context.run(super().emit, _about(line, held))

    def _locked(self) -> AbstractContextManager[object]:
        assert self.lock is not None  # noqa: S101 - tells mypy
        return self.lock


def _about(line: Line, held: int) -> logging.LogRecord:
    """Return a record about lines that were held back, as structlog makes them."""
    level = logging.getLevelName(line.level)
    fields = {
        **line.shown,
        "event": _EVENT,
        "of": line.event,
        SUPPRESSED: held,
        "level": level.lower(),
        "logger": line.logger,
        "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
    }
    return logging.makeLogRecord(
        {"name": line.logger, "levelno": line.level, "levelname": level, "msg": fields, "_logger": None,
         "_name": level.lower()}
    )  # fmt: skip
