"""Proves which integrations a guild ignores, and that what is linked is not ignored."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.features.connections.service import Connection, ConnectionService
from bot.features.integrations.service import IntegrationService
from bot.features.integrations.store import Ignored, IntegrationStore
from bot.providers.sensay.simulator import SensaySimulator
from bot.store.database import Database
from tests.support.clock import Clock
from tests.support.ids import GUILD, MEMBER, OTHER_GUILD

ODD = "\u202e'; DROP\n\0"


@pytest.fixture
def integrations(database: Database, clock: Clock) -> IntegrationService:
    """The service without records."""
    return IntegrationService(IntegrationStore(database), clock)


async def connect(service: ConnectionService, guild_id: int, name: str = "default") -> Connection:
    """Connect a guild with Sensay."""
    await service.add(guild_id, "sensay", name, SensaySimulator.credentials, member_id=MEMBER)
    return await service.open(guild_id, "sensay", name)


@pytest.fixture
async def connection(service: ConnectionService) -> Connection:
    """A connection of the guild."""
    return await connect(service, GUILD)


async def ignore(integrations: IntegrationService, integration: str = "a", guild: int = GUILD) -> bool:
    """Ignore an integration."""
    return await integrations.ignore(guild, "sensay", "default", integration, ODD, member_id=MEMBER)


async def test_what_is_ignored_has_name_member_and_time(
    integrations: IntegrationService, connection: Connection, clock: Clock
) -> None:
    """It is returned by its id, with the connection that shows it; once is enough."""
    assert await ignore(integrations)
    expected = Ignored("a", connection.name, ODD, MEMBER, int(clock.now))
    clock.now += 60
    assert not await ignore(integrations)
    assert await integrations.ignored(GUILD, "sensay") == {"a": expected}


async def test_ignoring_can_be_stopped_once(integrations: IntegrationService, connection: Connection) -> None:
    """The second time the result is False; it is not linked by that."""
    await ignore(integrations)
    assert await integrations.stop_ignoring(GUILD, connection.provider, "a")
    assert not await integrations.stop_ignoring(GUILD, connection.provider, "a")
    assert await integrations.ignored(GUILD, "sensay") == {}
    assert await integrations.of_guild(GUILD, "sensay") == {}


async def test_linking_ends_ignoring(integrations: IntegrationService, connection: Connection) -> None:
    """Whoever links an integration wants to see it."""
    await ignore(integrations)
    await integrations.record(connection, "a", "Nora", bot_id=None, member_id=MEMBER)
    assert await integrations.ignored(GUILD, "sensay") == {}
    assert set(await integrations.of_guild(GUILD, "sensay")) == {"a"}


async def test_ignoring_ends_the_link(integrations: IntegrationService, connection: Connection) -> None:
    """Other links stay."""
    for each in "ab":
        await integrations.record(connection, each, "Nora", bot_id=None, member_id=MEMBER)
    await ignore(integrations)
    assert set(await integrations.of_guild(GUILD, "sensay")) == {"b"}
    assert set(await integrations.ignored(GUILD, "sensay")) == {"a"}


async def test_a_connection_that_is_gone_changes_nothing(
    integrations: IntegrationService, service: ConnectionService, connection: Connection
) -> None:
    """Neither a link nor a record of ignoring is lost for one that cannot be stored."""
    second = await connect(service, GUILD, "second")
    await service.remove(GUILD, "sensay", "second")
    await ignore(integrations)
    await integrations.record(connection, "b", "Nora", bot_id=None, member_id=MEMBER)
    await integrations.record(second, "a", "Nora", bot_id=None, member_id=MEMBER)
    assert not await integrations.ignore(GUILD, "sensay", "second", "b", "Nora", member_id=MEMBER)
    assert set(await integrations.ignored(GUILD, "sensay")) == {"a"}
    assert set(await integrations.of_guild(GUILD, "sensay")) == {"b"}


async def test_another_guild_ignores_for_itself(
    integrations: IntegrationService, service: ConnectionService, connection: Connection
) -> None:
    """No guild reads or ends what another one ignores, and no link of another guild ends it."""
    theirs = await connect(service, OTHER_GUILD)
    await ignore(integrations)
    assert await integrations.ignored(OTHER_GUILD, "sensay") == {}
    assert not await integrations.stop_ignoring(OTHER_GUILD, "sensay", "a")
    await integrations.record(theirs, "a", "Nora", bot_id=None, member_id=MEMBER)
    assert set(await integrations.ignored(GUILD, connection.provider)) == {"a"}


async def test_a_removed_connection_takes_its_records_along(
    integrations: IntegrationService, service: ConnectionService, connection: Connection
) -> None:
    """What another connection shows stays ignored; a rotation keeps everything."""
    await connect(service, GUILD, "second")
    await ignore(integrations)
    await integrations.ignore(GUILD, "sensay", "second", "b", "Nora", member_id=MEMBER)
    await service.rotate(GUILD, "sensay", "default", SensaySimulator.credentials, member_id=MEMBER)
    assert set(await integrations.ignored(GUILD, "sensay")) == {"a", "b"}
    await service.remove(GUILD, "sensay", connection.name)
    assert set(await integrations.ignored(GUILD, "sensay")) == {"b"}


async def test_subscribers_hear_of_every_change(
    integrations: IntegrationService, service: ConnectionService, connection: Connection
) -> None:
    """They get the guild's id, whichever guild it is and whatever changed."""
    theirs = await connect(service, OTHER_GUILD)
    told: list[int] = []
    integrations.subscribe(told.append)
    await integrations.record(connection, "a", "Nora", bot_id=None, member_id=MEMBER)
    await integrations.record(theirs, "a", "Nora", bot_id=None, member_id=MEMBER)
    await ignore(integrations)
    await integrations.stop_ignoring(GUILD, "sensay", "a")
    await integrations.forget(OTHER_GUILD, "sensay", "a")
    assert told == [GUILD, OTHER_GUILD, GUILD, GUILD, OTHER_GUILD]


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(["link", "unlink", "ignore", "stop"]), st.sampled_from("ab")), max_size=9
    )
)
async def test_nothing_is_linked_and_ignored(
    integrations: IntegrationService, connection: Connection, steps: list[tuple[str, str]]
) -> None:
    """After any steps each integration is as the last step left it."""
    linked, ignored = set[str](), set[str]()
    for each in "ab":
        await integrations.forget(GUILD, "sensay", each)
        await integrations.stop_ignoring(GUILD, "sensay", each)
    for step, each in steps:
        match step:
            case "link":
                await integrations.record(connection, each, "Nora", bot_id=None, member_id=MEMBER)
                linked.add(each)
                ignored.discard(each)
            case "unlink":
                assert await integrations.forget(GUILD, "sensay", each) is (each in linked)
                linked.discard(each)
            case "ignore":
                assert await ignore(integrations, each) is (each not in ignored)
                ignored.add(each)
                linked.discard(each)
            case _:
                assert await integrations.stop_ignoring(GUILD, "sensay", each) is (each in ignored)
                ignored.discard(each)
    assert set(await integrations.of_guild(GUILD, "sensay")) == linked
    assert set(await integrations.ignored(GUILD, "sensay")) == ignored
