"""The services over a real database, the real clients and the providers' simulators."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from bot.kit.api_client import open_http
from bot.kit.provider import Provider
from bot.kit.redaction import Redactor
from bot.providers import providers
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from bot.services.choices import ChoiceService
from bot.services.connections import ConnectionService
from bot.store.connections import ConnectionStore
from bot.store.database import Database
from bot.store.vault import Vault
from tests.services.pace import Clock

PROVIDERS = providers()


@pytest.fixture
async def clients(
    sensay: SensaySimulator, toolzz: ToolzzSimulator, redactor: Redactor
) -> AsyncIterator[dict[str, Provider]]:
    """Every provider, pointed at its simulator."""
    urls = {**sensay.environment(), **toolzz.environment()}
    async with open_http(httpx.create_ssl_context()) as http:
        yield {
            provider.slug: provider(
                http, urls, {switch.setting: False for switch in provider.switches}, redactor
            )
            for provider in PROVIDERS
        }


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An open database with no rows."""
    async with Database.open(tmp_path / "patchbay.db") as database:
        yield database


@pytest.fixture
def store(database: Database) -> ConnectionStore:
    """The rows below the service."""
    return ConnectionStore(database)


@pytest.fixture
def vault() -> Vault:
    """A vault with one key."""
    return Vault({"k1": bytes(32)})


@pytest.fixture
def clock() -> Clock:
    """The service's clock."""
    return Clock()


@pytest.fixture
def service(
    store: ConnectionStore,
    vault: Vault,
    clients: dict[str, Provider],
    redactor: Redactor,
    clock: Callable[[], float],
) -> ConnectionService:
    """Connections, none yet."""
    return ConnectionService(store, vault, clients, redactor, clock)


@pytest.fixture
def choices(clients: dict[str, Provider]) -> ChoiceService:
    """What members can pick, nothing cached yet."""
    return ChoiceService(clients)
