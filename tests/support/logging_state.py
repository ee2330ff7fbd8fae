"""Restores what setting up the logs changes in the process."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import structlog

from bot import logs
from bot.repeated_lines import RepeatLimitHandler


@contextmanager
def logging_restored() -> Iterator[None]:
    """Restore levels, handlers and hooks, because a level that stays hides lines from another test."""
    names = [None, *logs._OWN, *logs._QUIET]
    levels = [logging.getLogger(name).level for name in names]
    handlers, configuration = logging.getLogger().handlers[:], structlog.get_config()
    with (
        mock.patch.object(sys, "excepthook", sys.excepthook),
        mock.patch.object(sys, "unraisablehook", sys.unraisablehook),
        mock.patch.object(threading, "excepthook", threading.excepthook),
        mock.patch.object(logging, "raiseExceptions", logging.raiseExceptions),
    ):
        try:
            yield
        finally:
            structlog.configure(**configuration)
            logging.captureWarnings(capture=False)
            for handler in logging.getLogger().handlers:
                if isinstance(handler, RepeatLimitHandler) and handler not in handlers:
                    handler.close()  # it ends its timer
            logging.getLogger().handlers[:] = handlers
            for name, former in zip(names, levels, strict=True):
                logging.getLogger(name).setLevel(former)
