"""What is remembered of the commands that Discord knows."""

from bot.store.commands import CommandStore, SyncedCommands
from bot.store.database import Database

SENT = SyncedCommands("5f2c", {"connections": 1219876543210987654, "help": 1219876543210987655})


async def test_nothing_is_known_of_a_new_application(database: Database) -> None:
    """Before the first synchronisation there is nothing to compare with."""
    assert await CommandStore(database).get(1) is None


async def test_what_was_sent_is_remembered(database: Database) -> None:
    """Hash and ids come back as numbers and words, not rounded."""
    store = CommandStore(database)
    await store.put(1219876543210987654, SENT)
    assert await store.get(1219876543210987654) == SENT


async def test_only_the_last_synchronisation_counts(database: Database) -> None:
    """A second one replaces the first, and leaves another application's alone."""
    store = CommandStore(database)
    newer = SyncedCommands("77aa", {"help": 3})
    await store.put(1, SENT)
    await store.put(2, SENT)
    await store.put(1, newer)
    assert (await store.get(1), await store.get(2)) == (newer, SENT)
