"""Sensay is asked once for the user whom credentials name, and no two connections share the answer."""

import asyncio
from collections import Counter

import pytest

from bot.errors import ServerFaultError, UnauthorizedError
from bot.features.connections import service as module
from bot.features.connections.service import ConnectionService
from bot.features.connections.store import ConnectionStore
from bot.providers.base.provider import Provider
from bot.providers.base.redaction import Redactor
from bot.providers.base.report import Wanted
from bot.providers.base.response_cache import ResponseCache
from bot.providers.base.simulator import Answer
from bot.providers.sensay.simulator import SensaySimulator
from bot.store.database import Database
from bot.store.key_marks import KeyMarks
from bot.store.vault import Vault
from tests.support.clock import Clock
from tests.support.connections import SENSAY, add
from tests.support.ids import GUILD, MEMBER, OTHER_GUILD

OWNED = {**SENSAY, "user_id": SensaySimulator.OWNER}


def asked(sensay: SensaySimulator) -> int:
    """Return how often Sensay was asked who the user is."""
    return Counter(request.path for request in sensay.requests)["/v1/users/me"]


async def use(service: ConnectionService, guild_id: int = GUILD, name: str | None = None) -> set[str]:
    """Open a connection as a command does, use it as commands and checks do; return the listed replicas."""
    connection = await service.open(guild_id, "sensay", name)
    provider = service.provider("sensay")
    await provider.reports(connection.credentials, Wanted(), ResponseCache())
    return {choice.id for choice in await provider.choices(connection.credentials)}


async def rotate(service: ConnectionService, user: str) -> None:
    """Replace the credentials by those of another user."""
    values = {**SENSAY, "user_id": user}
    await service.rotate(GUILD, "sensay", "default", values, member_id=MEMBER)


async def test_adding_is_the_only_time(service: ConnectionService, sensay: SensaySimulator) -> None:
    """The request with which new credentials are verified tells who the user is, for all that follows."""
    await add(service, values=OWNED)
    for _ in range(5):
        await use(service)
        await service.summaries(GUILD)
    assert asked(sensay) == 1


async def test_a_new_process_asks_once(
    store: ConnectionStore,
    database: Database,
    vault: Vault,
    clients: dict[str, Provider],
    redactor: Redactor,
    clock: Clock,
    service: ConnectionService,
    sensay: SensaySimulator,
) -> None:
    """Nothing of it is stored: a process that was restarted asks again, once however many come at once."""
    await add(service, values=OWNED)
    sensay.requests.clear()
    restarted = ConnectionService(store, vault, clients, redactor, clock, KeyMarks(database, vault))
    await asyncio.gather(*(use(restarted) for _ in range(10)))
    assert asked(sensay) == 1


async def test_new_credentials_are_asked_about_anew(
    service: ConnectionService, sensay: SensaySimulator
) -> None:
    """After a rotation within the same second, the new user's replicas are listed, after one more request."""
    await add(service, values=OWNED)
    before = await use(service)
    await rotate(service, SensaySimulator.OTHER_OWNER)
    assert not await use(service) & before
    await use(service)
    assert asked(sensay) == 2


async def test_a_command_under_way_keeps_its_own_user(
    service: ConnectionService, sensay: SensaySimulator
) -> None:
    """What was opened before a rotation still means the old user, and tells the new credentials nothing."""
    await add(service, values=OWNED)
    old = await service.open(GUILD, "sensay")
    await rotate(service, SensaySimulator.OTHER_OWNER)
    theirs = {choice.id for choice in await service.provider("sensay").choices(old.credentials)}
    assert SensaySimulator.UNCONNECTED in theirs
    assert SensaySimulator.UNCONNECTED not in await use(service)
    assert asked(sensay) == 2


async def test_a_failed_rotation_changes_nothing(service: ConnectionService, sensay: SensaySimulator) -> None:
    """Refused credentials leave the known user as it is."""
    await add(service, values=OWNED)
    sensay.fail(Answer(401, {"error": "no"}), path="/users/me")
    with pytest.raises(UnauthorizedError):
        await rotate(service, SensaySimulator.OTHER_OWNER)
    sensay.requests.clear()
    assert SensaySimulator.UNCONNECTED in await use(service)
    assert asked(sensay) == 0


async def test_connections_share_nothing(service: ConnectionService, sensay: SensaySimulator) -> None:
    """Two servers, and two connections of one, with equal credentials: each has its own request."""
    await add(service, values=OWNED)
    await add(service, name="second", values=OWNED)
    await add(service, values=OWNED, guild_id=OTHER_GUILD)
    assert asked(sensay) == 3
    facts = [
        (await service.open(guild_id, "sensay", name)).credentials.facts
        for guild_id, name in ((GUILD, "default"), (GUILD, "second"), (OTHER_GUILD, "default"))
    ]
    assert len(set(map(id, facts))) == 3


async def test_a_failure_is_not_kept(service: ConnectionService, sensay: SensaySimulator) -> None:
    """Who the user is may fail to be read; the next command asks again."""
    await add(service, values=OWNED)
    service.forget_facts(GUILD)
    sensay.requests.clear()
    sensay.fail(Answer(500), path="/users/me")
    with pytest.raises(ServerFaultError):
        await use(service)
    await use(service)
    await use(service)
    assert asked(sensay) == 2


@pytest.mark.parametrize("removed", [True, False])
async def test_what_is_removed_is_forgotten(
    service: ConnectionService, sensay: SensaySimulator, removed: bool
) -> None:
    """Nothing is kept of a connection that was removed, or of a server whose data was erased."""
    await add(service, values=OWNED)
    await add(service, values=OWNED, guild_id=OTHER_GUILD)
    if removed:
        await service.remove(GUILD, "sensay", "default")
    else:
        service.forget_facts(GUILD)
    assert (len(service._facts.of(GUILD)), len(service._facts.of(OTHER_GUILD))) == (0, 1)
    sensay.requests.clear()
    await use(service, OTHER_GUILD)
    assert asked(sensay) == 0


async def test_memory_is_bounded(
    store: ConnectionStore,
    database: Database,
    vault: Vault,
    clients: dict[str, Provider],
    redactor: Redactor,
    clock: Clock,
    sensay: SensaySimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server's connection that was used longest ago makes room, and is asked about again."""
    monkeypatch.setattr(module, "_KEPT_FACTS", 2)
    service = ConnectionService(store, vault, clients, redactor, clock, KeyMarks(database, vault))
    await add(service, values=OWNED, guild_id=OTHER_GUILD)
    for name in ("a", "b", "c"):
        await add(service, name=name, values=OWNED)
    sensay.requests.clear()
    for name in ("c", "b", "a"):
        await use(service, name=name)
    assert len(service._facts.of(GUILD)) == 2
    await use(service, OTHER_GUILD)
    assert asked(sensay) == 1


async def test_an_organization_is_no_user(service: ConnectionService, sensay: SensaySimulator) -> None:
    """Credentials without a user id ask for none."""
    await add(service)
    await use(service)
    assert asked(sensay) == 0
