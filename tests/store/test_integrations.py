"""Rows of integrations: each belongs to a connection of its guild, and goes with it."""

from dataclasses import replace

import pytest

from bot.store.connections import ConnectionRow, ConnectionStore
from bot.store.database import Database
from bot.store.integrations import IntegrationRow, IntegrationStore

GUILD, OTHER_GUILD = 1102345678901234567, 1102345678901234568
ROW = IntegrationRow(
    GUILD,
    "sensay",
    "a0000000-0000-4000-8000-000000000001",
    "default",
    "Nora",
    bot_id=1209876543210987654,
    placed_by=298765432109870001,
    placed_at=100,
)
PLACES = [
    (GUILD, "sensay", "default"),
    (GUILD, "sensay", "second"),
    (GUILD, "toolzz", "default"),
    (OTHER_GUILD, "sensay", "default"),
]


@pytest.fixture
async def connections(database: Database) -> ConnectionStore:
    """The connections that integrations belong to, in two guilds."""
    connections = ConnectionStore(database)
    for place in PLACES:
        assert await connections.insert(ConnectionRow(*place, b"sealed", set_by=1, set_at=1, verified_at=1))
    return connections


@pytest.fixture
def store(database: Database, connections: ConnectionStore) -> IntegrationStore:
    """The store with no rows, beside the connections."""
    return IntegrationStore(database)


async def test_a_row_comes_back_as_it_was_stored(store: IntegrationStore) -> None:
    """Every column survives: a label of any characters, a bot that is not known, ids beyond 53 bits."""
    odd = replace(ROW, id="", label="\u202e'; DROP\n\0", bot_id=None, placed_by=2**63 - 1)
    assert await store.put(odd)
    assert await store.put(ROW)
    assert await store.of_guild(GUILD, "sensay") == [odd, ROW]


async def test_a_newer_record_takes_the_place_of_the_older(store: IntegrationStore) -> None:
    """One agent has one record in a guild, the last one, under whichever connection that is."""
    newer = replace(ROW, connection="second", label="Nora II", bot_id=None, placed_by=2**60, placed_at=200)
    assert await store.put(ROW)
    assert await store.put(newer)
    assert await store.of_guild(GUILD, "sensay") == [newer]


async def test_another_guilds_rows_are_never_reached(store: IntegrationStore) -> None:
    """The same agent in two guilds is two records; whatever one guild does leaves the other's alone."""
    theirs = replace(ROW, guild_id=OTHER_GUILD, label="theirs")
    await store.put(ROW)
    assert await store.of_guild(OTHER_GUILD, "sensay") == []
    assert await store.delete(OTHER_GUILD, "sensay", ROW.id) is False
    await store.put(theirs)
    assert await store.of_guild(GUILD, "sensay") == [ROW]
    assert await store.of_guild(OTHER_GUILD, "sensay") == [theirs]
    assert await store.delete(OTHER_GUILD, "sensay", ROW.id) is True
    assert await store.of_guild(GUILD, "sensay") == [ROW]


async def test_another_providers_rows_are_apart(store: IntegrationStore) -> None:
    """An id is a provider's own: the same one of two providers is two records."""
    theirs = replace(ROW, provider="toolzz")
    await store.put(ROW)
    await store.put(theirs)
    assert await store.delete(GUILD, "sensay", ROW.id) is True
    assert await store.of_guild(GUILD, "sensay") == []
    assert await store.of_guild(GUILD, "toolzz") == [theirs]


async def test_a_removed_connection_takes_its_integrations_along(
    store: IntegrationStore, connections: ConnectionStore
) -> None:
    """They go with it, and only they: those of other names, providers and guilds stay."""
    rows = [
        replace(ROW, guild_id=guild_id, provider=provider, connection=connection, id=f"{index}")
        for index, (guild_id, provider, connection) in enumerate(PLACES)
    ]
    for row in rows:
        await store.put(row)
    assert await connections.delete(GUILD, "sensay", "default")
    assert await store.of_guild(GUILD, "sensay") == [rows[1]]
    assert await store.of_guild(GUILD, "toolzz") == [rows[2]]
    assert await store.of_guild(OTHER_GUILD, "sensay") == [rows[3]]


async def test_a_connection_that_comes_back_comes_without_them(
    store: IntegrationStore, connections: ConnectionStore
) -> None:
    """A new connection of an old name knows nothing of what the old one had placed."""
    await store.put(ROW)
    await connections.delete(*PLACES[0])
    await connections.insert(ConnectionRow(*PLACES[0], b"new", set_by=2, set_at=2, verified_at=2))
    assert await store.of_guild(GUILD, "sensay") == []


@pytest.mark.parametrize(
    "gone",
    [{"guild_id": 1}, {"provider": "other"}, {"connection": "third"}],
    ids=["guild", "provider", "name"],
)
async def test_nothing_is_recorded_for_a_connection_that_is_gone(
    store: IntegrationStore, gone: dict[str, object]
) -> None:
    """Where it was removed meanwhile the answer is no, without an error, and nothing is stored."""
    row = replace(ROW, **gone)  # type: ignore[arg-type] # one field of its own type
    assert await store.put(row) is False
    assert await store.of_guild(row.guild_id, row.provider) == []


async def test_an_older_record_outlives_a_newer_one_for_a_connection_that_is_gone(
    store: IntegrationStore,
) -> None:
    """What cannot be recorded does not overwrite what was."""
    await store.put(ROW)
    assert await store.put(replace(ROW, connection="third", label="other")) is False
    assert await store.of_guild(GUILD, "sensay") == [ROW]


async def test_new_credentials_keep_the_integrations(
    store: IntegrationStore, connections: ConnectionStore
) -> None:
    """A rotation is no removal."""
    await store.put(ROW)
    rotated = ConnectionRow(*PLACES[0], b"new", set_by=2, set_at=2, verified_at=2)
    assert await connections.replace_secret(rotated)
    assert await store.of_guild(GUILD, "sensay") == [ROW]


async def test_a_deleted_record_is_gone(store: IntegrationStore) -> None:
    """Deleting takes one record, says so, and the second time says that there was none."""
    second = replace(ROW, id="b")
    await store.put(ROW)
    await store.put(second)
    assert await store.delete(GUILD, "sensay", ROW.id) is True
    assert await store.delete(GUILD, "sensay", ROW.id) is False
    assert await store.of_guild(GUILD, "sensay") == [second]


async def test_records_come_in_order(store: IntegrationStore) -> None:
    """They come by id, in whatever order they were stored."""
    for name in "bca":
        await store.put(replace(ROW, id=name))
    assert [row.id for row in await store.of_guild(GUILD, "sensay")] == ["a", "b", "c"]
