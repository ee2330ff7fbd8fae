"""What is known of a guild itself: one greeting each time that it is joined, and the audit log's channel."""

from datetime import UTC, datetime

import pytest

from bot.services.guilds import GuildService
from bot.store.database import Database
from bot.store.guilds import GuildStore
from tests.services.pace import Clock

GUILD, OTHER, CHANNEL = 1102345678901234567, 1102345678901234568, 298765432109870001


@pytest.fixture
def guilds(database: Database, clock: Clock) -> GuildService:
    """Nothing is known yet."""
    return GuildService(GuildStore(database), clock)


async def test_a_guild_is_greeted_once_for_each_time_that_it_is_joined(
    guilds: GuildService, database: Database
) -> None:
    """The second question is answered with no, until the bot was removed and joins anew."""
    await guilds.set_audit_channel(GUILD, CHANNEL)
    assert [await guilds.arrived(GUILD) for _ in range(3)] == [True, False, False]
    assert await guilds.arrived(OTHER)
    await GuildStore(database).remove(GUILD, 5)
    await GuildStore(database).restore(GUILD)
    assert [await guilds.arrived(GUILD) for _ in range(2)] == [True, False]


async def test_the_audit_channel_is_what_was_set_last(guilds: GuildService, database: Database) -> None:
    """None until it is set, and again afterwards; to set none of a guild that is not known stores nothing."""
    assert await guilds.audit_channel(GUILD) is None
    await guilds.set_audit_channel(GUILD, None)
    assert await GuildStore(database).all() == {}
    for channel in (CHANNEL, CHANNEL + 1, None):
        await guilds.set_audit_channel(GUILD, channel)
        assert await guilds.audit_channel(GUILD) == channel
    assert await guilds.audit_channel(OTHER) is None


@pytest.mark.parametrize(("seconds", "recent"), [(0, True), (86_399, True), (86_400, False)])
def test_a_day_after_joining_a_greeting_is_too_late(
    guilds: GuildService, clock: Clock, seconds: int, recent: bool
) -> None:
    """Up to a day is recent."""
    assert guilds.is_recent(datetime.fromtimestamp(clock.now - seconds, UTC)) is recent
