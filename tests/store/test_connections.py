"""Rows of connections: each belongs to one guild, one provider and one name."""

from dataclasses import replace

import pytest

from bot.store.connections import ConnectionRow, ConnectionStore
from bot.store.database import Database

ROW = ConnectionRow(
    1102345678901234567,
    "sensay",
    "default",
    b"sealed",
    set_by=298765432109870001,
    set_at=100,
    verified_at=100,
)
GUILD = ROW.guild_id


@pytest.fixture
def store(database: Database) -> ConnectionStore:
    """The store with no rows."""
    return ConnectionStore(database)


async def test_a_row_comes_back_as_it_was_stored(store: ConnectionStore) -> None:
    """Every column survives, ids beyond 53 bits and any byte of the secret among them."""
    row = replace(ROW, guild_id=2**63 - 1, set_by=9007199254740993, secret=bytes(range(256)))
    await store.insert(row)
    assert await store.of_guild(2**63 - 1) == [row]


async def test_a_taken_name_is_not_overwritten(store: ConnectionStore) -> None:
    """Inserting a second time changes nothing and says so."""
    assert await store.insert(ROW) is True
    assert await store.insert(replace(ROW, secret=b"other", set_by=1)) is False
    assert await store.of_guild(GUILD) == [ROW]


async def test_a_name_is_taken_only_in_its_guild_and_provider(store: ConnectionStore) -> None:
    """Two guilds, two providers and two names can each have the same of the other two."""
    rows = [ROW, replace(ROW, guild_id=2), replace(ROW, provider="toolzz"), replace(ROW, name="second")]
    assert [await store.insert(row) for row in rows] == [True] * 4


async def test_another_guilds_rows_are_never_returned(store: ConnectionStore) -> None:
    """Whatever is asked for in guild 2's name gives, changes and deletes guild 2's rows alone."""
    await store.insert(ROW)
    theirs = replace(ROW, guild_id=2)
    assert await store.of_guild(2) == []
    assert await store.replace_secret(replace(theirs, secret=b"other")) is False
    await store.mark_verified(theirs, 999)
    assert await store.delete(2, "sensay", "default") is False
    assert await store.of_guild(GUILD) == [ROW]


async def test_a_guilds_rows_are_in_order(store: ConnectionStore) -> None:
    """They come by provider and name, in whatever order they were stored."""
    keys = [("toolzz", "a"), ("sensay", "b"), ("toolzz", "0"), ("sensay", "a")]
    for provider, name in keys:
        await store.insert(replace(ROW, provider=provider, name=name))
    assert [(row.provider, row.name) for row in await store.of_guild(GUILD)] == sorted(keys)


async def test_a_new_secret_takes_the_place_of_the_old(store: ConnectionStore) -> None:
    """A replaced row has the new secret, member and times; the neighbours keep theirs."""
    second = replace(ROW, name="second")
    await store.insert(ROW)
    await store.insert(second)
    new = replace(ROW, secret=b"new", set_by=5, set_at=200, verified_at=201)
    assert await store.replace_secret(new) is True
    assert await store.of_guild(GUILD) == [new, second]


async def test_a_secret_is_not_put_where_there_is_no_row(store: ConnectionStore) -> None:
    """Replacing says no when the connection is gone, and does not bring it back."""
    assert await store.replace_secret(ROW) is False
    assert await store.of_guild(GUILD) == []


async def test_a_check_is_noted(store: ConnectionStore) -> None:
    """The time of the last good check is all that it changes."""
    await store.insert(ROW)
    await store.mark_verified(ROW, 150)
    assert await store.of_guild(GUILD) == [replace(ROW, verified_at=150)]


async def test_a_check_of_old_credentials_does_not_vouch_for_new_ones(store: ConnectionStore) -> None:
    """When a rotation came in while the old credentials were tried, the new ones are not marked."""
    await store.insert(ROW)
    rotated = replace(ROW, secret=b"new", set_at=120, verified_at=120)
    await store.replace_secret(rotated)
    await store.mark_verified(ROW, 150)
    assert await store.of_guild(GUILD) == [rotated]


async def test_a_deleted_row_is_gone(store: ConnectionStore) -> None:
    """Deleting takes one row, says so, and the second time says that there was none."""
    await store.insert(ROW)
    await store.insert(replace(ROW, name="second"))
    assert await store.delete(GUILD, "sensay", "default") is True
    assert await store.delete(GUILD, "sensay", "default") is False
    assert [row.name for row in await store.of_guild(GUILD)] == ["second"]


def test_a_row_does_not_show_its_secret() -> None:
    """Even sealed, the secret stays out of a row's repr."""
    assert "sealed" not in repr(ROW)


async def test_a_refusal_is_marked_once(store: ConnectionStore) -> None:
    """Of two processes that find out, one is first, and its time stays; new credentials are not marked."""
    await store.insert(ROW)
    assert await store.mark_refused(ROW, 200) is True
    assert await store.mark_refused(ROW, 300) is False
    assert await store.of_guild(GUILD) == [replace(ROW, refused_at=200)]
    rotated = replace(ROW, secret=b"sealed anew")
    await store.replace_secret(rotated)
    assert await store.mark_refused(ROW, 400) is False
    assert await store.mark_refused(replace(rotated, guild_id=2), 400) is False
    assert await store.of_guild(GUILD) == [rotated]
