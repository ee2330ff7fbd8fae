"""Sets up logging: structlog over the standard library, with secrets masked in every line."""

import logging
import re
import sys
from collections.abc import Mapping
from functools import partial
from types import TracebackType
from typing import Any, Final

import structlog
from structlog.typing import EventDict

from bot.providers.base.current_guild import CURRENT_GUILD, working_for
from bot.providers.base.redaction import ANY_GUILD, Redactor

# At DEBUG (httpx: at INFO) these libraries log URLs, headers, SQL parameters and whole gateway messages.
_QUIET: Final[Mapping[str, int]] = {
    "aiohttp": logging.INFO,
    "aiosqlite": logging.WARNING,
    "alembic": logging.WARNING,
    "asyncio": logging.INFO,
    "discord": logging.INFO,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "PIL": logging.INFO,
    "sqlalchemy": logging.WARNING,
}


_EVENT: Final = re.compile(r"[a-z_]+")
"""The name of an event of ours."""
_OURS: Final = frozenset({"level", "logger", "timestamp", "_record", "_from_structlog"})
"""What the logs themselves write into a line."""
_TRACEBACKS: Final = frozenset({"exception", "stack"})


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    logging.getLogger(__name__).critical("uncaught", exc_info=(kind, error, traceback))


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
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.processors.format_exc_info,
            partial(_clean, redactor),
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            renderer,
        ],
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
