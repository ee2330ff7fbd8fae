"""Proves that what is linked belongs to a connection of its guild and goes with it."""

from dataclasses import asdict, replace

import pytest

from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.features.integrations.store import IntegrationStore, Linked, Placed
from bot.store.database import Database
from tests.support.ids import GUILD, OTHER_GUILD

ROW = Placed(
    id="a0000000-0000-4000-8000-000000000001",
    connection="default",
    label="Nora",
    bot_id=1209876543210987654,
    placed_by=298765432109870001,
    placed_at=100,
)
CONNECTIONS = [
    (GUILD, "sensay", "default"),
    (GUILD, "sensay", "second"),
    (GUILD, "toolzz", "default"),
    (OTHER_GUILD, "sensay", "default"),
]


@pytest.fixture
async def connections(database: Database) -> ConnectionStore:
    """The store of connections, with some in two guilds."""
    connections = ConnectionStore(database)
    for key in CONNECTIONS:
        assert await connections.insert(ConnectionRow(*key, b"sealed", set_by=1, set_at=1, verified_at=1))
    return connections


@pytest.fixture
def store(database: Database, connections: ConnectionStore) -> IntegrationStore:
    """The store without integrations, beside the connections."""
    return IntegrationStore(database)


async def test_a_row_comes_back_as_it_was_stored(store: IntegrationStore) -> None:
    """All columns survive: any label, an unknown bot, and ids beyond 53 bits."""
    odd = replace(ROW, id="", label="\u202e'; DROP\n\0", bot_id=None, placed_by=2**63 - 1)
    assert await store.put(GUILD, "sensay", odd)
    assert await store.put(GUILD, "sensay", ROW)
    assert await store.of_guild(GUILD, "sensay") == [odd, ROW]


async def test_a_newer_row_replaces_an_older_one(store: IntegrationStore) -> None:
    """An agent has one row in a guild, with the connection of the last time."""
    newer = replace(ROW, connection="second", label="Nora II", bot_id=7, placed_by=2**60, placed_at=200)
    assert await store.put(GUILD, "sensay", ROW)
    assert await store.put(GUILD, "sensay", newer)
    assert await store.of_guild(GUILD, "sensay") == [newer]


async def test_another_guilds_rows_are_never_reached(store: IntegrationStore) -> None:
    """The same agent in two guilds has two rows; a guild changes only its own."""
    theirs = replace(ROW, label="theirs")
    await store.put(GUILD, "sensay", ROW)
    assert await store.of_guild(OTHER_GUILD, "sensay") == []
    assert await store.delete(OTHER_GUILD, "sensay", ROW.id) is False
    await store.put(OTHER_GUILD, "sensay", theirs)
    assert await store.of_guild(GUILD, "sensay") == [ROW]
    assert await store.of_guild(OTHER_GUILD, "sensay") == [theirs]
    assert await store.delete(OTHER_GUILD, "sensay", ROW.id) is True
    assert await store.of_guild(GUILD, "sensay") == [ROW]


async def test_another_providers_rows_are_apart(store: IntegrationStore) -> None:
    """The same id with two providers has two rows."""
    theirs = replace(ROW, label="theirs")
    await store.put(GUILD, "sensay", ROW)
    await store.put(GUILD, "toolzz", theirs)
    assert await store.delete(GUILD, "sensay", ROW.id) is True
    assert await store.of_guild(GUILD, "sensay") == []
    assert await store.of_guild(GUILD, "toolzz") == [theirs]


async def test_a_removed_connection_takes_its_integrations_along(
    store: IntegrationStore, connections: ConnectionStore
) -> None:
    """Those of other names, providers and guilds stay."""
    rows = [replace(ROW, connection=name, id=f"{index}") for index, (_, _, name) in enumerate(CONNECTIONS)]
    for (guild_id, provider, _), row in zip(CONNECTIONS, rows, strict=True):
        await store.put(guild_id, provider, row)
    assert await connections.delete(GUILD, "sensay", "default")
    assert await store.of_guild(GUILD, "sensay") == [rows[1]]
    assert await store.of_guild(GUILD, "toolzz") == [rows[2]]
    assert await store.of_guild(OTHER_GUILD, "sensay") == [rows[3]]


async def test_a_connection_that_comes_back_comes_without_them(
    store: IntegrationStore, connections: ConnectionStore
) -> None:
    """A new connection with an old name has no integrations."""
    await store.put(GUILD, "sensay", ROW)
    await connections.delete(*CONNECTIONS[0])
    await connections.insert(ConnectionRow(*CONNECTIONS[0], b"new", set_by=2, set_at=2, verified_at=2))
    assert await store.of_guild(GUILD, "sensay") == []


@pytest.mark.parametrize(
    ("guild_id", "provider", "name"),
    [(1, "sensay", "default"), (GUILD, "other", "default"), (GUILD, "sensay", "third")],
    ids=["guild", "provider", "name"],
)
async def test_nothing_is_stored_for_a_connection_that_is_gone(
    store: IntegrationStore, guild_id: int, provider: str, name: str
) -> None:
    """The result is False, without an error."""
    assert await store.put(guild_id, provider, replace(ROW, connection=name)) is False
    assert await store.of_guild(guild_id, provider) == []


async def test_a_row_for_a_connection_that_is_gone_replaces_nothing(
    store: IntegrationStore,
) -> None:
    """The older row stays as it is."""
    await store.put(GUILD, "sensay", ROW)
    assert await store.put(GUILD, "sensay", replace(ROW, connection="third", label="other")) is False
    assert await store.of_guild(GUILD, "sensay") == [ROW]


async def test_new_credentials_keep_the_integrations(
    store: IntegrationStore, connections: ConnectionStore
) -> None:
    """A rotation does not remove the connection."""
    await store.put(GUILD, "sensay", ROW)
    rotated = ConnectionRow(*CONNECTIONS[0], b"new", set_by=2, set_at=2, verified_at=2)
    assert await connections.replace_secret(rotated)
    assert await store.of_guild(GUILD, "sensay") == [ROW]


async def test_a_deleted_row_is_gone(store: IntegrationStore) -> None:
    """Only this row is deleted, and the second time the result is False."""
    second = replace(ROW, id="b")
    await store.put(GUILD, "sensay", ROW)
    await store.put(GUILD, "sensay", second)
    assert await store.delete(GUILD, "sensay", ROW.id) is True
    assert await store.delete(GUILD, "sensay", ROW.id) is False
    assert await store.of_guild(GUILD, "sensay") == [second]


async def test_rows_come_in_order(store: IntegrationStore) -> None:
    """They are sorted by id."""
    for name in "bca":
        await store.put(GUILD, "sensay", replace(ROW, id=name))
    assert [row.id for row in await store.of_guild(GUILD, "sensay")] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((None, None), (7, 8), (7, 8)),
        ((7, 8), (None, None), (7, 8)),
        ((7, 8), (9, None), (9, None)),
        ((7, 8), (9, 10), (9, 10)),
        ((None, 8), (None, None), (None, 8)),
        ((None, None), (None, 8), (None, 8)),
    ],
)
async def test_a_bot_that_is_known_stays_known(
    store: IntegrationStore,
    first: tuple[int | None, int | None],
    second: tuple[int | None, int | None],
    expected: tuple[int | None, int | None],
) -> None:
    """A newer row without a bot keeps it, with its application; another bot has another one, or none."""
    for bot, application in (first, second):
        assert await store.put(GUILD, "sensay", replace(ROW, bot_id=bot, application_id=application))
    (row,) = await store.of_guild(GUILD, "sensay")
    assert (row.bot_id, row.application_id) == expected


async def test_a_guilds_rows_come_with_their_providers(store: IntegrationStore) -> None:
    """Those of all providers are there, and none of another guild."""
    await store.put(GUILD, "toolzz", ROW)
    await store.put(GUILD, "sensay", replace(ROW, id="b", application_id=5))
    await store.put(OTHER_GUILD, "sensay", ROW)
    assert await store.all_of_guild(GUILD) == [
        Linked(provider="sensay", **{**asdict(ROW), "id": "b", "application_id": 5}),
        Linked(provider="toolzz", **asdict(ROW)),
    ]
