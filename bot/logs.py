"""Logging: structlog over the standard library, redacted where lines leave the process."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from bot.kit.redaction import Redactor

# At these libraries' DEBUG (httpx: INFO) go URLs, headers, bound SQL parameters and whole gateway messages.
_QUIET: Final[Mapping[str, int]] = {
    "aiohttp": logging.INFO,
    "aiosqlite": logging.WARNING,
    "alembic": logging.WARNING,
    "asyncio": logging.INFO,
    "discord": logging.INFO,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "matplotlib": logging.ERROR,  # it warns where it may not keep its cache, in a container for one
    "sqlalchemy": logging.WARNING,
}


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    logging.getLogger(__name__).critical("uncaught", exc_info=(kind, error, traceback))


def set_up_logs(level: str, style: str, redactor: Redactor) -> None:
    """Send everything that is logged to standard error. level: DEBUG to ERROR. style: console or json."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    # JSON is cleaned field by field: masking the finished line would take the marks between fields along.
    renderers: list[Any] = (
        [
            structlog.processors.format_exc_info,
            lambda _logger, _name, fields: redactor.clean_all(fields),
            structlog.processors.JSONRenderer(),
        ]
        if style == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
            lambda _logger, _name, line: redactor.clean(line),
        ]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Both would print past the handlers: a record that cannot be formatted, and what nobody caught.
    logging.raiseExceptions = False
    sys.excepthook = _log_uncaught
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
