"""Fixtures of a recorder and of a poller."""

import pytest

from bot.features.connections.service import ConnectionService
from bot.providers.toolzz.simulator import ToolzzSimulator
from bot.store.database import Database
from bot.store.vault import Vault
from tests.support.check_recorder import RecordedChecks
from tests.support.clock import Clock
from tests.support.ids import GUILD
from tests.support.rounds import Rounds


@pytest.fixture
async def checks(database: Database) -> RecordedChecks:
    """A guild with one connection, which was not checked yet, and no route."""
    checks = RecordedChecks(database)
    await checks.connect("default")
    return checks


@pytest.fixture
def rounds(service: ConnectionService, database: Database, vault: Vault, clock: Clock) -> Rounds:
    """A poller without connections yet."""
    return Rounds.of(service, database, vault, clock)


@pytest.fixture
async def watched(rounds: Rounds, toolzz: ToolzzSimulator) -> Rounds:
    """A poller with one connection with Toolzz, which was checked twice: each agent's bot is known."""
    toolzz.place_in_guild(str(GUILD), "Harbour Ops", [])
    del toolzz.integrations[toolzz.UNREACHABLE]
    await rounds.tick()
    await rounds.connect("toolzz")
    await rounds.tick()
    await rounds.round()
    toolzz.requests.clear()
    return rounds
