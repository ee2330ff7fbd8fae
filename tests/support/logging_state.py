"""Restores what setting up the logs changes in the process."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import structlog

from bot import logs


@contextmanager
def logging_restored() -> Iterator[None]:
    """Restore levels, handlers and hooks, because a level that stays hides lines from another test."""
    names = [None, *logs._OWN, *logs._QUIET]
    levels = [logging.getLogger(name).level for name in names]
    handlers, configuration = logging.getLogger().handlers[:], structlog.get_config()
    with (
        mock.patch.object(sys, "excepthook", sys.excepthook),
        mock.patch.object(logging, "raiseExceptions", logging.raiseExceptions),
    ):
        try:
            yield
        finally:
            structlog.configure(**configuration)
            for handler in logging.getLogger().handlers:
                if handler not in handlers:
                    handler.close()  # it ends its timer
            logging.getLogger().handlers[:] = handlers
            for name, former in zip(names, levels, strict=True):
                logging.getLogger(name).setLevel(former)
