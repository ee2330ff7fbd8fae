"""What the tests of Toolzz's commands share."""

import pytest

from tests.support.harness import BotHarness
from tests.support.toolzz_steps import move_here


@pytest.fixture
async def here(harness: BotHarness) -> BotHarness:
    """A server with Toolzz connected, in which all of the simulator's integrations except two run."""
    await harness.connect("toolzz")
    move_here(harness)
    return harness
