"""Fixtures of services over a real database, real clients and the providers' simulators."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot.features.connections.choices import ChoiceService
from bot.features.connections.service import ConnectionService
from bot.features.connections.store import ConnectionStore
from bot.providers import providers
from bot.providers.base.api_client import open_http
from bot.providers.base.provider import Provider
from bot.providers.base.redaction import Redactor
from bot.providers.base.simulator import Simulator
from bot.store.database import Database
from bot.store.key_marks import KeyMarks
from bot.store.vault import Vault
from tests.support.clock import Clock
from tests.support.engine import Address

PROVIDERS = providers()


@pytest.fixture
async def clients(
    simulators: dict[str, Simulator], redactor: Redactor, clock: Clock
) -> AsyncIterator[dict[str, Provider]]:
    """All providers, which send their requests to their simulators."""
    urls = {name: url for each in simulators.values() for name, url in each.environment().items()}
    async with open_http(httpx.create_ssl_context(), clock=clock) as http:
        yield {
            provider.slug: provider(
                http, urls, {switch.setting: False for switch in provider.switches}, redactor
            )
            for provider in PROVIDERS
        }


@pytest.fixture
def path(tmp_path: Path, empty_database: Path) -> Path:
    """The path of a database without rows. Copying one is faster than migrating a new one."""
    return Path(shutil.copy(empty_database, tmp_path / "patchbay.db"))


@pytest.fixture
async def database(address: Address) -> AsyncIterator[Database]:
    """The open database."""
    async with Database.open(address) as database:
        yield database


@pytest.fixture
def store(database: Database) -> ConnectionStore:
    """The store of connections."""
    return ConnectionStore(database)


@pytest.fixture
def vault() -> Vault:
    """A vault with one key."""
    return Vault({"k1": bytes(32)})


@pytest.fixture
def clock() -> Clock:
    """The clock of the services."""
    return Clock()


@pytest.fixture
def service(
    store: ConnectionStore,
    vault: Vault,
    clients: dict[str, Provider],
    redactor: Redactor,
    clock: Clock,
    database: Database,
) -> ConnectionService:
    """The service of connections, without any connection yet."""
    return ConnectionService(store, vault, clients, redactor, clock, KeyMarks(database, vault))


@pytest.fixture
def choices(clients: dict[str, Provider]) -> ChoiceService:
    """The service of lists, with nothing cached yet."""
    return ChoiceService(clients)
