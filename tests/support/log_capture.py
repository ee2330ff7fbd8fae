"""Reads what the bot logs."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import structlog

from bot import logs
from bot.providers.base.redaction import Redactor
from tests.support.logging_state import logging_restored


@contextmanager
def logging_to_memory(
    style: str, level: str = "DEBUG", redactor: Redactor | None = None
) -> Iterator[io.StringIO]:
    """Set up the logs as `patchbay run` does, with a stream in the place of standard error."""
    written = io.StringIO()
    with logging_restored(), mock.patch.object(sys, "stderr", written):
        logs.set_up_logs(level, style, redactor or Redactor())
        # A logger that kept this configuration would take it into other tests.
        structlog.configure(cache_logger_on_first_use=False)
        yield written


def log_lines(log: io.StringIO, event: str) -> list[dict[str, Any]]:
    """Return the lines of the log for an event."""
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    return [line for line in lines if line["event"] == event]
