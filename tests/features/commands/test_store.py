"""Proves what is stored of the commands that were registered with Discord."""

from bot.features.commands.store import CommandStore, SyncedCommands
from bot.store.database import Database

SENT = SyncedCommands("5f2c", {"connections": 1219876543210987654, "help": 1219876543210987655})


async def test_nothing_is_known_of_a_new_application(database: Database) -> None:
    """Before the first synchronisation there is nothing to compare with."""
    assert await CommandStore(database).get(1) is None


async def test_what_was_sent_is_remembered(database: Database) -> None:
    """The hash and the ids come back unchanged, large numbers included."""
    store = CommandStore(database)
    await store.put(1219876543210987654, SENT)
    assert await store.get(1219876543210987654) == SENT


async def test_only_the_last_synchronisation_counts(database: Database) -> None:
    """It replaces the one before, and leaves those of other applications alone."""
    store = CommandStore(database)
    newer = SyncedCommands("77aa", {"help": 3})
    await store.put(1, SENT)
    await store.put(2, SENT)
    await store.put(1, newer)
    assert (await store.get(1), await store.get(2)) == (newer, SENT)
