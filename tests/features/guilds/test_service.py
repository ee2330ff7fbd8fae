"""Proves that a guild is greeted once, and that the channel of its audit log is stored."""

from datetime import UTC, datetime

import pytest

from bot.features.guilds.service import GuildService
from bot.features.privacy.store import PrivacyStore
from bot.store.database import Database
from tests.support.clock import Clock
from tests.support.ids import GUILD, OTHER_GUILD

CHANNEL = 298765432109870001


@pytest.fixture
def guilds(database: Database, clock: Clock) -> GuildService:
    """The service, which knows no guild yet."""
    return GuildService(database, clock)


async def test_a_guild_is_greeted_once_after_each_join(guilds: GuildService, database: Database) -> None:
    """Only the first call returns True, until the bot was removed and joins again."""
    await guilds.set_audit_channel(GUILD, CHANNEL)
    assert [await guilds.arrived(GUILD) for _ in range(3)] == [True, False, False]
    assert await guilds.arrived(OTHER_GUILD)
    await PrivacyStore(database).remove(GUILD, 5)
    await PrivacyStore(database).restore(GUILD)
    assert [await guilds.arrived(GUILD) for _ in range(2)] == [True, False]


async def test_the_audit_channel_that_was_set_last_counts(guilds: GuildService, database: Database) -> None:
    """It is None before it is set, and can be set to None again. Setting None for a new guild stores
    nothing.
    """
    assert await guilds.audit_channel(GUILD) is None
    await guilds.set_audit_channel(GUILD, None)
    assert await PrivacyStore(database).all() == {}
    for channel in (CHANNEL, CHANNEL + 1, None):
        await guilds.set_audit_channel(GUILD, channel)
        assert await guilds.audit_channel(GUILD) == channel
    assert await guilds.audit_channel(OTHER_GUILD) is None


@pytest.mark.parametrize(("seconds", "recent"), [(0, True), (86_399, True), (86_400, False)])
def test_a_greeting_may_be_a_day_late(guilds: GuildService, clock: Clock, seconds: int, recent: bool) -> None:
    """A join less than a day ago is recent."""
    assert guilds.is_recent(datetime.fromtimestamp(clock.now - seconds, UTC)) is recent
