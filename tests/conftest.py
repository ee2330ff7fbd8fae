"""The fixtures of every test: an event loop that must not be blocked, and the providers' simulators."""

import functools
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from unittest import mock

import httpx
import pytest
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import HealthCheck, settings

from bot.providers.base.redaction import Redactor
from bot.providers.base.simulator import Simulator
from bot.providers.base.simulator import simulators as simulator_classes
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.logging_state import logging_restored

pytest_plugins = ["tests.support.bot_fixtures", "tests.support.engine", "tests.support.postgres"]
SIMULATORS = simulator_classes()

# By default Python looks for garbage so often that it takes a tenth of the suite's time.
gc.set_threshold(50_000, 20, 100)

# How long an example takes depends on what else the machine does.
settings.register_profile(
    "patchbay", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patchbay")


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[BlockBuster]:
    """Raise BlockingError if `bot` or `cogs` waits for the disk, a socket or a lock in the event loop.

    What happens once, while the process starts and nobody waits yet, is no such wait: imports, settings, and
    the composition root. Nor is the traceback of an unexpected error, which is read from the source.
    """
    with blockbuster_ctx(["bot", "cogs"]) as detector:
        for function in detector.functions.values():
            function.can_block_in("<frozen importlib._bootstrap>", {"_find_and_load"})
            function.can_block_in("bot/settings.py", {"load_settings"})
            function.can_block_in("bot/app.py", {"build_bot"})
            function.can_block_in("bot/discord/client.py", {"load_cogs"})
            function.can_block_in("bot/discord/reporting.py", {"_log_error"})
        yield detector


@pytest.fixture(autouse=True)
def logging_state() -> Iterator[None]:
    """Restore the logging that a command line, run in this process, has changed."""
    with logging_restored():
        yield


@pytest.fixture(scope="session", autouse=True)
def certificates() -> Iterator[None]:
    """Read the machine's certificates once, because it takes as long as a whole test."""
    with mock.patch.object(httpx, "create_ssl_context", functools.cache(httpx.create_ssl_context)):
        yield


@pytest.fixture
def redactor() -> Redactor:
    """The redactor of a test's bot."""
    return Redactor()


@pytest.fixture
async def simulators() -> AsyncIterator[dict[str, Simulator]]:
    """Every provider on loopback, by slug."""
    async with AsyncExitStack() as stack:
        yield {kind.slug: await stack.enter_async_context(kind()) for kind in SIMULATORS}


@pytest.fixture
def sensay(simulators: dict[str, Simulator]) -> SensaySimulator:
    """Sensay on loopback."""
    simulator = simulators["sensay"]
    assert isinstance(simulator, SensaySimulator)
    return simulator


@pytest.fixture
def toolzz(simulators: dict[str, Simulator]) -> ToolzzSimulator:
    """Toolzz on loopback."""
    simulator = simulators["toolzz"]
    assert isinstance(simulator, ToolzzSimulator)
    return simulator


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have recorded about themselves."""
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")
