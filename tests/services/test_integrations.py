"""What a guild placed is remembered with who and when, as long as the connection that it was placed with."""

import pytest

from bot.providers.sensay.simulator import SensaySimulator
from bot.services.connections import Connection, ConnectionService
from bot.services.integrations import IntegrationService, Placed
from bot.store.database import Database
from bot.store.integrations import IntegrationStore
from tests.services.pace import Clock

GUILD, OTHER_GUILD, MEMBER = 1102345678901234567, 1102345678901234568, 298765432109870001
REPLICA = SensaySimulator.ACTIVE


@pytest.fixture
def integrations(database: Database, clock: Clock) -> IntegrationService:
    """What was placed: nothing yet."""
    return IntegrationService(IntegrationStore(database), clock)


@pytest.fixture
async def connection(service: ConnectionService) -> Connection:
    """A connection of the guild."""
    return await connect(service, GUILD)


async def connect(service: ConnectionService, guild_id: int, name: str = "default") -> Connection:
    """Connect a guild with Sensay."""
    await service.add(guild_id, "sensay", name, SensaySimulator.credentials, member_id=MEMBER)
    return await service.open(guild_id, "sensay", name)


async def test_a_record_tells_who_placed_what_and_when(
    integrations: IntegrationService, connection: Connection, clock: Clock
) -> None:
    """Agent, bot, member, connection and the moment, in whole seconds, are there by the provider's id."""
    await integrations.record(connection, REPLICA, "Nora", bot_id=7, member_id=MEMBER)
    assert await integrations.of_guild(GUILD, "sensay") == {
        REPLICA: Placed(REPLICA, "default", "Nora", bot_id=7, placed_by=MEMBER, placed_at=int(clock.now))
    }


async def test_placing_again_is_the_newest_record(
    integrations: IntegrationService, service: ConnectionService, connection: Connection, clock: Clock
) -> None:
    """The same agent is remembered as it was placed last, with the connection of that time."""
    second = await connect(service, GUILD, "second")
    await integrations.record(connection, REPLICA, "Nora", bot_id=7, member_id=MEMBER)
    clock.now += 60
    await integrations.record(second, REPLICA, "Nora II", bot_id=None, member_id=8)
    (row,) = (await integrations.of_guild(GUILD, "sensay")).values()
    assert (row.label, row.connection, row.bot_id, row.placed_by) == ("Nora II", "second", None, 8)
    assert row.placed_at == int(clock.now)


async def test_no_guild_reaches_anothers_records(
    integrations: IntegrationService, service: ConnectionService, connection: Connection
) -> None:
    """Two guilds that placed the same agent see, replace and forget each its own record."""
    theirs = await connect(service, OTHER_GUILD)
    await integrations.record(connection, REPLICA, "ours", bot_id=None, member_id=1)
    assert await integrations.of_guild(OTHER_GUILD, "sensay") == {}
    assert await integrations.forget(OTHER_GUILD, "sensay", REPLICA) is False
    await integrations.record(theirs, REPLICA, "theirs", bot_id=None, member_id=2)
    assert await integrations.forget(OTHER_GUILD, "sensay", REPLICA) is True
    assert (await integrations.of_guild(GUILD, "sensay"))[REPLICA].label == "ours"


async def test_a_record_can_be_forgotten_once(
    integrations: IntegrationService, connection: Connection
) -> None:
    """The first time it is gone, the second time there was none."""
    await integrations.record(connection, REPLICA, "Nora", bot_id=None, member_id=MEMBER)
    assert await integrations.forget(GUILD, "sensay", REPLICA) is True
    assert await integrations.forget(GUILD, "sensay", REPLICA) is False
    assert await integrations.of_guild(GUILD, "sensay") == {}


async def test_with_a_connection_go_its_records(
    integrations: IntegrationService, service: ConnectionService, connection: Connection
) -> None:
    """Removing a connection forgets what was placed with it, and nothing of the others."""
    second = await connect(service, GUILD, "second")
    await integrations.record(connection, REPLICA, "Nora", bot_id=None, member_id=MEMBER)
    await integrations.record(second, SensaySimulator.INACTIVE, "Iris", bot_id=None, member_id=MEMBER)
    await service.remove(GUILD, "sensay", "default")
    assert set(await integrations.of_guild(GUILD, "sensay")) == {SensaySimulator.INACTIVE}


async def test_a_rotation_keeps_the_records(
    integrations: IntegrationService, service: ConnectionService, connection: Connection
) -> None:
    """New credentials are the same connection."""
    await integrations.record(connection, REPLICA, "Nora", bot_id=None, member_id=MEMBER)
    await service.rotate(GUILD, "sensay", "default", SensaySimulator.credentials, member_id=MEMBER)
    assert set(await integrations.of_guild(GUILD, "sensay")) == {REPLICA}


async def test_a_connection_that_was_removed_meanwhile_is_no_error(
    integrations: IntegrationService, service: ConnectionService, connection: Connection
) -> None:
    """What was placed with a connection that is gone by now is not remembered, and nobody is bothered."""
    await service.remove(GUILD, "sensay", "default")
    await integrations.record(connection, REPLICA, "Nora", bot_id=None, member_id=MEMBER)
    assert await integrations.of_guild(GUILD, "sensay") == {}


async def test_who_waits_for_a_change_is_told(
    integrations: IntegrationService, service: ConnectionService, connection: Connection
) -> None:
    """Each record and each removal in this guild is told at once, until nobody waits any more."""
    told: list[str] = []
    elsewhere = await connect(service, OTHER_GUILD)
    with integrations.on_change(GUILD, lambda: told.append("changed")):
        await integrations.record(elsewhere, REPLICA, "Nora", bot_id=7, member_id=MEMBER)
        assert told == []
        await integrations.record(connection, REPLICA, "Nora", bot_id=7, member_id=MEMBER)
        await integrations.forget(GUILD, "sensay", REPLICA)
        assert told == ["changed"] * 2
    await integrations.record(connection, REPLICA, "Nora", bot_id=7, member_id=MEMBER)
    assert len(told) == 2
