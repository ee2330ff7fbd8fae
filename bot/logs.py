"""Sets up logging: structlog over the standard library, with secrets masked in every line."""

import logging
import re
import sys
import threading
from collections.abc import Mapping
from functools import partial
from types import TracebackType
from typing import Any, Final

import structlog
from structlog.typing import EventDict

from bot.errors import UnavailableError
from bot.providers.base.current_guild import CURRENT_GUILD, working_for
from bot.providers.base.redaction import ANY_GUILD, Redactor
from bot.repeated_lines import SUPPRESSED, RepeatLimitHandler, error_in

_LIBRARIES: Final = logging.INFO
"""The level that no library goes below: at DEBUG they log URLs, headers, SQL parameters and whole gateway
messages, and a library that is new here would be no better.
"""
_OWN: Final = ("bot", "cogs")
"""The loggers that do go below it."""
# Some do the same at INFO.
_QUIET: Final[Mapping[str, int]] = {
    "aiosqlite": logging.WARNING,
    "alembic": logging.WARNING,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "psycopg": logging.WARNING,
    "sqlalchemy": logging.WARNING,
}


_EVENT: Final = re.compile(r"[a-z_]+")
"""The name of an event of ours."""
_OURS: Final = frozenset({"level", "logger", "timestamp", "_record", "_from_structlog"})
"""What the logs themselves write into a line."""
_TRACEBACKS: Final = frozenset({"exception", "stack"})
_FATAL: Final = "fatal"


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    logging.getLogger(__name__).critical("uncaught", exc_info=(kind, error, traceback))


def _log_uncaught_in_thread(raised: threading.ExceptHookArgs) -> None:
    if raised.exc_type is not SystemExit and raised.exc_value is not None:
        _log_goes_on("uncaught_in_thread", raised.exc_value)


def _log_unraisable(raised: "sys.UnraisableHookArgs") -> None:
    if raised.exc_value is not None:
        _log_goes_on("uncaught_in_cleanup", raised.exc_value)


def _log_goes_on(event: str, error: BaseException) -> None:
    """Log an error that ends a thread, or the removal of an object, and not the process."""
    structlog.get_logger(__name__).error(event, exc_info=error)


def _clean(redactor: Redactor, _logger: Any, _method: str, fields: EventDict) -> EventDict:  # noqa: ANN401
    """Mask secrets in the values of a line, before it is rendered: masking must not remove quotes or names.

    The line is for the guild that it names, else for the one that the work is for. A traceback of nobody's
    may be of anybody's.
    """
    ours = set(_OURS)
    if fields["_from_structlog"] and _EVENT.fullmatch(str(fields["event"])):
        ours.add("event")  # what a library logs is a text, even if it is a single word
    named = fields.get("guild")
    guild = named if isinstance(named, int) else CURRENT_GUILD.get()
    if guild is None and not fields.keys().isdisjoint(_TRACEBACKS):
        guild = ANY_GUILD
    with working_for(guild):
        cleaned = redactor.clean_fields({name: each for name, each in fields.items() if name not in ours})
    return {name: fields[name] if name in ours else cleaned[name] for name in fields}


def _without_told(_logger: Any, _method: str, fields: EventDict) -> EventDict:  # noqa: ANN401
    """Leave out the traceback where the database is unavailable: one line has said so, with the reason."""
    error = error_in(fields.get("exc_info"))
    if isinstance(error, UnavailableError):
        del fields["exc_info"]
        fields.setdefault("error", error.key)
    return fields


def _count(_logger: Any, _method: str, fields: EventDict) -> EventDict:  # noqa: ANN401
    """Tell in a line how many equal ones were held back before it."""
    if held := getattr(fields["_record"], SUPPRESSED, 0):
        fields[SUPPRESSED] = held
    return fields


def _for_people(render: structlog.dev.ConsoleRenderer, logger: Any, method: str, fields: EventDict) -> str:  # noqa: ANN401
    """Render a line for a terminal. Why the process ends stands there as with every other command line."""
    return f"Error: {fields['text']}" if fields["event"] == _FATAL else render(logger, method, fields)


def log_fatal(error: str, text: str, exit_code: int) -> None:
    """Say in one line why the process ends. error: its key. text: what happened, and what to do."""
    structlog.get_logger(__name__).critical(_FATAL, error=error, text=text, exit_code=exit_code)


def set_up_logs(level: str, style: str, redactor: Redactor) -> None:
    """Send all logs to standard error, equal ones once a minute.

    level: DEBUG, INFO, WARNING or ERROR. style: console or json.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else partial(
            _for_people,
            structlog.dev.ConsoleRenderer(
                # A process may be started without standard error.
                colors=sys.stderr is not None and sys.stderr.isatty(),
                exception_formatter=structlog.dev.plain_traceback,
            ),
        )
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            _without_told,
            structlog.processors.format_exc_info,
            _count,
            partial(_clean, redactor),
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            renderer,
        ],
    )
    handler = RepeatLimitHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _OWN:
        logging.getLogger(name).setLevel(root.level)
    root.setLevel(max(root.level, _LIBRARIES))
    # All of these would write to standard error without the handlers: a record that cannot be formatted, an
    # uncaught error, a warning of Python's.
    logging.raiseExceptions = False
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    sys.unraisablehook = _log_unraisable
    logging.captureWarnings(capture=True)
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(max(quiet, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
