"""Sets up logging: structlog over the standard library, with secrets masked in every line."""

import logging
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final

import structlog

from bot.providers.base.redaction import Redactor

# At DEBUG (httpx: at INFO) these libraries log URLs, headers, SQL parameters and whole gateway messages.
_QUIET: Final[Mapping[str, int]] = {
    "aiohttp": logging.INFO,
    "aiosqlite": logging.WARNING,
    "alembic": logging.WARNING,
    "asyncio": logging.INFO,
    "discord": logging.INFO,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "matplotlib": logging.ERROR,  # it warns if it cannot write its cache, as in a container
    "sqlalchemy": logging.WARNING,
}


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    logging.getLogger(__name__).critical("uncaught", exc_info=(kind, error, traceback))


def set_up_logs(level: str, style: str, redactor: Redactor) -> None:
    """Send all logs to standard error. level: DEBUG, INFO, WARNING or ERROR. style: console or json."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    # JSON is cleaned field by field, because masking in the finished line could remove quotes and commas.
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
    # Both would write to standard error without the handlers: a record that cannot be formatted, an uncaught
    # error.
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
