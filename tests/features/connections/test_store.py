"""Proves that a row of a connection belongs to one guild, one provider and one name."""

from dataclasses import replace

import pytest

from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.store.database import Database
from tests.support.ids import GUILD, MEMBER

ROW = ConnectionRow(GUILD, "sensay", "default", b"sealed", set_by=MEMBER, set_at=100, verified_at=100)


@pytest.fixture
def store(database: Database) -> ConnectionStore:
    """The store without rows."""
    return ConnectionStore(database)


async def test_a_row_comes_back_as_it_was_stored(store: ConnectionStore) -> None:
    """All columns survive, including ids beyond 53 bits and any byte of the secret."""
    row = replace(ROW, guild_id=2**63 - 1, set_by=9007199254740993, secret=bytes(range(256)))
    await store.insert(row)
    assert await store.of_guild(2**63 - 1) == [row]


async def test_a_taken_name_is_not_overwritten(store: ConnectionStore) -> None:
    """A second insert changes nothing and returns False."""
    assert await store.insert(ROW) is True
    assert await store.insert(replace(ROW, secret=b"other", set_by=1)) is False
    assert await store.of_guild(GUILD) == [ROW]


async def test_a_name_is_taken_only_in_its_guild_and_provider(store: ConnectionStore) -> None:
    """Rows that differ in guild, provider or name do not conflict."""
    rows = [ROW, replace(ROW, guild_id=2), replace(ROW, provider="toolzz"), replace(ROW, name="second")]
    assert [await store.insert(row) for row in rows] == [True] * 4


async def test_another_guilds_rows_are_never_returned(store: ConnectionStore) -> None:
    """A guild reads, changes and deletes only its own rows."""
    await store.insert(ROW)
    theirs = replace(ROW, guild_id=2)
    assert await store.of_guild(2) == []
    assert await store.replace_secret(replace(theirs, secret=b"other")) is False
    await store.mark_verified(theirs, 999)
    assert await store.delete(2, "sensay", "default") is False
    assert await store.of_guild(GUILD) == [ROW]


async def test_a_guilds_rows_are_in_order(store: ConnectionStore) -> None:
    """They are sorted by provider and name."""
    keys = [("toolzz", "a"), ("sensay", "b"), ("toolzz", "0"), ("sensay", "a")]
    for provider, name in keys:
        await store.insert(replace(ROW, provider=provider, name=name))
    assert [(row.provider, row.name) for row in await store.of_guild(GUILD)] == sorted(keys)


async def test_a_new_secret_replaces_the_old(store: ConnectionStore) -> None:
    """The row has the new secret, member and times; other rows keep theirs."""
    second = replace(ROW, name="second")
    await store.insert(ROW)
    await store.insert(second)
    new = replace(ROW, secret=b"new", set_by=5, set_at=200, verified_at=201)
    assert await store.replace_secret(new) is True
    assert await store.of_guild(GUILD) == [new, second]


async def test_a_secret_is_not_stored_without_a_row(store: ConnectionStore) -> None:
    """The result is False if the connection is gone, and it does not come back."""
    assert await store.replace_secret(ROW) is False
    assert await store.of_guild(GUILD) == []


async def test_a_verification_is_stored(store: ConnectionStore) -> None:
    """Only the time of the last verification changes."""
    await store.insert(ROW)
    await store.mark_verified(ROW, 150)
    assert await store.of_guild(GUILD) == [replace(ROW, verified_at=150)]


async def test_a_verification_of_old_credentials_does_not_count_for_new_ones(store: ConnectionStore) -> None:
    """Credentials that were stored while the old ones were verified are not marked."""
    await store.insert(ROW)
    rotated = replace(ROW, secret=b"new", set_at=120, verified_at=120)
    await store.replace_secret(rotated)
    await store.mark_verified(ROW, 150)
    assert await store.of_guild(GUILD) == [rotated]


async def test_a_deleted_row_is_gone(store: ConnectionStore) -> None:
    """Only this row is deleted, and the second time the result is False."""
    await store.insert(ROW)
    await store.insert(replace(ROW, name="second"))
    assert await store.delete(GUILD, "sensay", "default") is True
    assert await store.delete(GUILD, "sensay", "default") is False
    assert [row.name for row in await store.of_guild(GUILD)] == ["second"]


def test_a_row_does_not_show_its_secret() -> None:
    """The repr does not contain even the encrypted secret."""
    assert "sealed" not in repr(ROW)


async def test_a_refusal_is_marked_once(store: ConnectionStore) -> None:
    """The first time stays, and new credentials are not marked."""
    await store.insert(ROW)
    assert await store.mark_refused(ROW, 200) is True
    assert await store.mark_refused(ROW, 300) is False
    assert await store.of_guild(GUILD) == [replace(ROW, refused_at=200)]
    rotated = replace(ROW, secret=b"sealed anew")
    await store.replace_secret(rotated)
    assert await store.mark_refused(ROW, 400) is False
    assert await store.mark_refused(replace(rotated, guild_id=2), 400) is False
    assert await store.of_guild(GUILD) == [rotated]
