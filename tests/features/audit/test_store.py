"""Proves that entries are added one after the other, and whole or not at all."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.features.audit.chain import STRIDE, UNSIGNED, is_sealed
from bot.features.audit.entry import Entry, SealKind
from bot.features.audit.store import LAST, AuditStore
from bot.store.database import Database
from bot.store.vault import Vault
from tests.support.by_hand import run
from tests.support.ids import GUILD, OTHER_GUILD

VAULT = Vault({"k1": bytes(32)})


def draft(guild_id: int, **values: int) -> Entry:
    """Return an entry that is not in a chain yet."""
    return Entry(guild_id, 0, 100, None, "connection.add", "sensay · default", "done", b"", **values)


async def whole(store: AuditStore, guild_id: int) -> Sequence[Entry]:
    """Return all entries of a guild."""
    return await store.entries(guild_id, -LAST, LAST, LAST)


@pytest.fixture
def store(database: Database) -> AuditStore:
    """The store without entries."""
    return AuditStore(database)


async def test_entries_at_once_follow_one_another(store: AuditStore) -> None:
    """Of 120 entries of two guilds at the same time, each has its number; the heads are the last ones."""
    await asyncio.gather(*(store.append([draft(guild)], VAULT) for guild in (GUILD, OTHER_GUILD) * 60))
    for guild in (GUILD, OTHER_GUILD):
        rows, head = await whole(store, guild), await store.seal(guild, SealKind.HEAD)
        assert [row.number for row in rows] == list(range(1, 61))
        assert head is not None
        assert (head.number, head.hash) == (60, rows[-1].hash)
        assert {row.guild_id for row in rows} == {guild}
        (point,) = await store.points(guild, 0, LAST)
        assert (point.number, point.hash, is_sealed(point, VAULT.verify)) == (STRIDE, rows[49].hash, True)


async def test_an_entry_that_fails_leaves_nothing(store: AuditStore) -> None:
    """If the second of two entries cannot be stored, neither the first nor the head is."""
    with pytest.raises(Exception, match=r"(?i)unique"):
        await store.append([draft(GUILD, ends=1), draft(GUILD, ends=1)], VAULT)
    assert (await whole(store, GUILD), await store.seal(GUILD, SealKind.HEAD)) == ([], None)
    await store.append([draft(GUILD)], VAULT)
    assert len(await whole(store, GUILD)) == 1


async def test_the_highest_number_of_any_row_is_passed(store: AuditStore, database: Database) -> None:
    """This includes a row that somebody added after the head; the log says so."""
    await store.append([draft(GUILD)], VAULT)
    await run(database, "INSERT INTO audit VALUES (?, 9, 1, NULL, 'a', 't', 'r', x'00', NULL, 1)", GUILD)
    added = await store.append([draft(GUILD)], VAULT)
    assert [(each.number, each.action) for each in added] == [(10, UNSIGNED), (11, "connection.add")]
