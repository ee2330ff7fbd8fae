"""What every test has: a loop that may not be blocked, examples that can be run again, the simulators."""

import functools
from collections.abc import AsyncIterator, Iterator
from unittest import mock

import httpx
import pytest
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import settings

from bot.kit.redaction import Redactor
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.logging_state import logging_restored

settings.register_profile("patchbay", deadline=None, print_blob=True)
settings.load_profile("patchbay")


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[BlockBuster]:
    """Raise BlockingError where `bot` or `cogs` waits for the disk, a socket or a lock in the event loop.

    What happens once, while the process starts and nobody waits yet, is no such wait: imports, settings, and
    the composition root. Nor is the traceback of an unexpected error, which is read from the source.
    """
    with blockbuster_ctx(["bot", "cogs"]) as detector:
        for function in detector.functions.values():
            function.can_block_in("<frozen importlib._bootstrap>", {"_find_and_load"})
            function.can_block_in("bot/settings.py", {"load_settings"})
            function.can_block_in("bot/app.py", {"build_bot"})
            function.can_block_in("bot/runtime/client.py", {"load_cogs"})
            function.can_block_in("bot/runtime/tree.py", {"_note"})
        yield detector


@pytest.fixture(autouse=True)
def logging_state() -> Iterator[None]:
    """Undo what a command line that was run in this process has set up."""
    with logging_restored():
        yield


@pytest.fixture(scope="session", autouse=True)
def certificates() -> Iterator[None]:
    """Read the machine's certificates once: it takes as long as many a test."""
    with mock.patch.object(httpx, "create_ssl_context", functools.cache(httpx.create_ssl_context)):
        yield


@pytest.fixture
def redactor() -> Redactor:
    """The one redactor of a test's bot."""
    return Redactor()


@pytest.fixture
async def sensay() -> AsyncIterator[SensaySimulator]:
    """Sensay on loopback."""
    async with SensaySimulator() as simulator:
        yield simulator


@pytest.fixture
async def toolzz() -> AsyncIterator[ToolzzSimulator]:
    """Toolzz on loopback."""
    async with ToolzzSimulator() as simulator:
        yield simulator


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have recorded of their own size."""
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")
