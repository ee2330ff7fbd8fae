"""Proves which agents are recorded, and that a record lives as long as its connection."""

import pytest

from bot.features.connections.service import Connection, ConnectionService
from bot.features.integrations.service import IntegrationService
from bot.features.integrations.store import IntegrationStore, Placed
from bot.providers.sensay.simulator import SensaySimulator
from bot.store.database import Database
from tests.support.clock import Clock
from tests.support.ids import GUILD, MEMBER, OTHER_GUILD

REPLICA = SensaySimulator.ACTIVE


@pytest.fixture
def integrations(database: Database, clock: Clock) -> IntegrationService:
    """The service without records."""
    return IntegrationService(IntegrationStore(database), clock)


@pytest.fixture
async def connection(service: ConnectionService) -> Connection:
    """A connection of the guild."""
    return await connect(service, GUILD)


async def connect(service: ConnectionService, guild_id: int, name: str = "default") -> Connection:
    """Connect a guild with Sensay."""
    await service.add(guild_id, "sensay", name, SensaySimulator.credentials, member_id=MEMBER)
    return await service.open(guild_id, "sensay", name)


async def test_a_record_has_agent_bot_member_and_time(
    integrations: IntegrationService, connection: Connection, clock: Clock
) -> None:
    """It is returned by the integration's id, with its connection and a time in whole seconds."""
    await integrations.record(connection, REPLICA, "Nora", bot_id=7, member_id=MEMBER)
    assert await integrations.of_guild(GUILD, "sensay") == {
        REPLICA: Placed(
            id=REPLICA,
            connection="default",
            label="Nora",
            bot_id=7,
            placed_by=MEMBER,
            placed_at=int(clock.now),
        )
    }


async def test_a_newer_record_replaces_an_older_one(
    integrations: IntegrationService, service: ConnectionService, connection: Connection, clock: Clock
) -> None:
    """An agent has one record, with the connection of the last time and the bot that was learned."""
    second = await connect(service, GUILD, "second")
    await integrations.record(connection, REPLICA, "Nora", bot_id=7, member_id=MEMBER)
    clock.now += 60
    await integrations.record(second, REPLICA, "Nora II", bot_id=None, member_id=8)
    (row,) = (await integrations.of_guild(GUILD, "sensay")).values()
    assert (row.label, row.connection, row.bot_id, row.placed_by) == ("Nora II", "second", 7, 8)
    assert row.placed_at == int(clock.now)


async def test_no_guild_reaches_anothers_records(
    integrations: IntegrationService, service: ConnectionService, connection: Connection
) -> None:
    """Two guilds with the same agent read, replace and delete only their own records."""
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
    """The second time the result is False."""
    await integrations.record(connection, REPLICA, "Nora", bot_id=None, member_id=MEMBER)
    assert await integrations.forget(GUILD, "sensay", REPLICA) is True
    assert await integrations.forget(GUILD, "sensay", REPLICA) is False
    assert await integrations.of_guild(GUILD, "sensay") == {}


async def test_a_removed_connection_takes_its_records_along(
    integrations: IntegrationService, service: ConnectionService, connection: Connection
) -> None:
    """Records of other connections stay."""
    second = await connect(service, GUILD, "second")
    await integrations.record(connection, REPLICA, "Nora", bot_id=None, member_id=MEMBER)
    await integrations.record(second, SensaySimulator.INACTIVE, "Iris", bot_id=None, member_id=MEMBER)
    await service.remove(GUILD, "sensay", "default")
    assert set(await integrations.of_guild(GUILD, "sensay")) == {SensaySimulator.INACTIVE}


async def test_a_rotation_keeps_the_records(
    integrations: IntegrationService, service: ConnectionService, connection: Connection
) -> None:
    """New credentials belong to the same connection."""
    await integrations.record(connection, REPLICA, "Nora", bot_id=None, member_id=MEMBER)
    await service.rotate(GUILD, "sensay", "default", SensaySimulator.credentials, member_id=MEMBER)
    assert set(await integrations.of_guild(GUILD, "sensay")) == {REPLICA}


async def test_nothing_is_recorded_for_a_removed_connection(
    integrations: IntegrationService, service: ConnectionService, connection: Connection
) -> None:
    """This is no error."""
    await service.remove(GUILD, "sensay", "default")
    await integrations.record(connection, REPLICA, "Nora", bot_id=None, member_id=MEMBER)
    assert await integrations.of_guild(GUILD, "sensay") == {}


async def test_listeners_are_called_on_changes(
    integrations: IntegrationService, service: ConnectionService, connection: Connection
) -> None:
    """They are called after each record and each deletion in their guild, until the block ends."""
    calls: list[str] = []
    elsewhere = await connect(service, OTHER_GUILD)
    with integrations.on_change(GUILD, lambda: calls.append("changed")):
        await integrations.record(elsewhere, REPLICA, "Nora", bot_id=7, member_id=MEMBER)
        assert calls == []
        await integrations.record(connection, REPLICA, "Nora", bot_id=7, member_id=MEMBER)
        await integrations.forget(GUILD, "sensay", REPLICA)
        assert calls == ["changed"] * 2
    await integrations.record(connection, REPLICA, "Nora", bot_id=7, member_id=MEMBER)
    assert len(calls) == 2
