"""What the process of the bot says of itself at its start, and the signals that must not end it."""

import os
import platform
import signal
import sys
from importlib.metadata import version
from typing import Final, NoReturn

import structlog

from bot.i18n.catalog import DEFAULT_LOCALE, load_catalog
from bot.logs import log_fatal
from bot.settings import Settings
from bot.setup_errors import SetupError
from bot.store.revision import newest_revision

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_IGNORED: Final = ("SIGHUP", "SIGUSR1", "SIGUSR2")
"""Sent when a terminal is closed, or by what rotates logs and reloads settings. By default they end a process
without closing anything.
"""


def set_up_signals() -> None:
    """Ignore some signals, also in child processes; end in good order if told to stop before the bot runs.

    Call it in the main thread.
    """
    for name in _IGNORED:
        if (number := getattr(signal, name, None)) is not None:  # not on every system
            signal.signal(number, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))


def log_start(settings: Settings) -> None:
    """Say which release starts with what. The schema is the one that the database has once it is open."""
    _log.info(
        "starting",
        version=version("patchbay"),
        schema=newest_revision(settings.database),
        database=settings.database_name,
        shards=list(settings.shard_ids) or "all",
        shard_count=settings.shard_count or "as Discord recommends",
        python=platform.python_version(),
        discord_py=version("discord.py"),
    )


def end_at_once(error: SetupError) -> NoReturn:
    """Say why the process ends, and end it here: nothing that is under way goes on, and nothing is closed."""
    try:
        log_fatal(
            error.key, load_catalog()[DEFAULT_LOCALE](f"setup.{error.key}", **error.values), error.exit_code
        )
    finally:
        os._exit(error.exit_code)
