"""Windows are numbered, limited, ended and kept as long as history."""

import asyncio

import pytest

from bot.errors import InvalidInputError
from bot.features.alerts.store import AlertStore, MessageKind
from bot.features.guilds.changes import GuildChanges
from bot.features.maintenance.service import DAY, MAX_WINDOWS, MaintenanceService
from bot.features.maintenance.store import MaintenanceStore
from bot.features.maintenance.windows import MaintenanceWindow
from bot.features.monitoring.store import MonitoringStore
from bot.store.database import Database
from tests.support.clock import Clock
from tests.support.ids import GUILD, MEMBER, OTHER_GUILD

HOUR = 3600


@pytest.fixture
def changed() -> list[int]:
    """The guilds that were announced."""
    return []


@pytest.fixture
def maintenance(database: Database, clock: Clock, changed: list[int]) -> MaintenanceService:
    """The service, without any window yet."""
    changes = GuildChanges()
    changes.subscribe(changed.append)
    return MaintenanceService(MaintenanceStore(database), changes, clock)


async def add(
    service: MaintenanceService, ahead: int = 0, seconds: int = HOUR, guild: int = GUILD
) -> MaintenanceWindow:
    """Set a window for the whole server that begins so many seconds from now."""
    starts_at = int(service._clock()) + ahead if ahead else None
    return await service.add(guild, "", "", seconds, member_id=MEMBER, starts_at=starts_at)


async def test_a_window_is_stored_and_announced(
    maintenance: MaintenanceService, clock: Clock, changed: list[int]
) -> None:
    """It begins now and says who set it; another guild has none."""
    now = int(clock.now)
    added = await maintenance.add(GUILD, "toolzz", "a", HOUR, member_id=MEMBER)
    assert added == MaintenanceWindow(GUILD, 1, "toolzz", "a", now, now + HOUR, MEMBER, now)
    assert await maintenance.current(GUILD) == [added]
    assert await maintenance.current(OTHER_GUILD) == []
    assert changed == [GUILD]


async def test_windows_come_in_the_order_in_which_they_begin(
    maintenance: MaintenanceService, clock: Clock
) -> None:
    """One that is over is left out of the current ones, and is found by who asks for its time."""
    first, later, sooner = await add(maintenance), await add(maintenance, 9000), await add(maintenance, 5000)
    assert await maintenance.current(GUILD) == [first, sooner, later]
    clock.now += HOUR
    assert await maintenance.current(GUILD) == [sooner, later]
    assert await maintenance.windows(GUILD, first.ends_at - 1) == [first, sooner, later]


async def test_a_number_is_never_used_again(maintenance: MaintenanceService) -> None:
    """Not that of a cancelled window, nor one of another guild's count."""
    assert (await add(maintenance, HOUR)).number == 1
    await maintenance.end(GUILD, 1)
    assert (await add(maintenance)).number == 2
    assert (await add(maintenance, guild=OTHER_GUILD)).number == 1


async def test_a_current_window_ends_early(
    maintenance: MaintenanceService, clock: Clock, changed: list[int]
) -> None:
    """What has been of it stays, for the history; it cannot be ended twice."""
    added = await add(maintenance)
    clock.now += 600
    assert await maintenance.end(GUILD, 1) == added
    assert await maintenance.current(GUILD) == []
    (kept,) = await maintenance.windows(GUILD, 0)
    assert (kept.starts_at, kept.ends_at) == (added.starts_at, added.starts_at + 600)
    assert changed == [GUILD, GUILD]
    with pytest.raises(InvalidInputError, match="invalid_input"):
        await maintenance.end(GUILD, 1)


@pytest.mark.parametrize("ahead", [0, HOUR])
async def test_a_window_without_time_leaves_no_row(maintenance: MaintenanceService, ahead: int) -> None:
    """One that is cancelled before it begins, or in its first second, was never there."""
    await add(maintenance, ahead)
    await maintenance.end(GUILD, 1)
    assert await maintenance.windows(GUILD, 0) == []


async def test_another_guild_s_window_cannot_be_ended(maintenance: MaintenanceService) -> None:
    """Its number means nothing elsewhere."""
    await add(maintenance)
    with pytest.raises(InvalidInputError, match="invalid_input"):
        await maintenance.end(OTHER_GUILD, 1)
    assert len(await maintenance.current(GUILD)) == 1


@pytest.mark.parametrize(
    ("ahead", "seconds", "field"),
    [
        (-1, HOUR, "past"),
        (90 * DAY + 1, HOUR, "ahead"),
        (0, 0, "long"),
        (0, -HOUR, "long"),
        (HOUR, 30 * DAY + 1, "long"),
    ],
)
async def test_what_is_too_much_is_refused(
    maintenance: MaintenanceService, ahead: int, seconds: int, field: str
) -> None:
    """A window begins within 90 days and lasts 30 days at most; both limits themselves are fine."""
    with pytest.raises(InvalidInputError) as caught:
        await add(maintenance, ahead, seconds)
    assert caught.value.field == f"maintenance_{field}"
    await add(maintenance, 90 * DAY, 30 * DAY)


async def test_a_guild_has_so_many_windows_at_most(maintenance: MaintenanceService, clock: Clock) -> None:
    """Also if they are set at the same time. Those that are over do not count."""
    answers = await asyncio.gather(
        *(add(maintenance, number) for number in range(MAX_WINDOWS + 5)), return_exceptions=True
    )
    refused = [each for each in answers if isinstance(each, InvalidInputError)]
    assert [each.field for each in refused] == ["maintenance_many"] * 5
    assert len(await maintenance.current(GUILD)) == MAX_WINDOWS
    clock.now += 2 * HOUR
    assert (await add(maintenance)).number == MAX_WINDOWS + 1


async def test_past_windows_are_kept_as_long_as_history(
    maintenance: MaintenanceService, database: Database, clock: Clock
) -> None:
    """One that ended before that time is deleted, and its number is not used again."""
    added = await add(maintenance)
    clock.now += DAY
    await MonitoringStore(database).compact(added.ends_at)
    assert len(await maintenance.windows(GUILD, 0)) == 1
    await MonitoringStore(database).compact(added.ends_at + 1)
    assert await maintenance.windows(GUILD, 0) == []
    assert (await add(maintenance)).number == 2


@pytest.mark.parametrize("act", ["add", "end"])
async def test_alerts_that_wait_are_looked_at_again(
    maintenance: MaintenanceService, database: Database, clock: Clock, act: str
) -> None:
    """An alert that is due later is due now, because a window that begins or ends may change that."""
    store, now = AlertStore(database), int(clock.now)
    await add(maintenance)
    await database.transact(
        lambda connection: connection.change(
            "INSERT INTO outbox (guild_id, kind, route, number, posts, desired_version, sent_version, tries,"
            " next_at, content, began_at, error) VALUES (:guild, 'alert', 1, 1, 0, 1, 0, 0, :at, '', 0, '')",
            {"guild": GUILD, "at": now + HOUR},
        )
    )
    clock.now += 60
    await (add(maintenance) if act == "add" else maintenance.end(GUILD, 1))
    row = await store.message(GUILD, MessageKind.ALERT, 1, 1)
    assert row is not None
    assert (row.next_at, row.desired_version) == (now + 60, 2)
    assert await store.due_lanes(now + 60) == [(GUILD, "alert")]


async def test_what_is_current_is_ended_together(
    maintenance: MaintenanceService, clock: Clock, changed: list[int]
) -> None:
    """For an agent its own windows, else all; none that is scheduled, and none of another guild."""
    for provider, agent in (("toolzz", "a"), ("toolzz", "a"), ("toolzz", "b"), ("", "")):
        await maintenance.add(GUILD, provider, agent, HOUR, member_id=MEMBER)
    await add(maintenance, HOUR)
    await add(maintenance, guild=OTHER_GUILD)
    clock.now += 60
    changed.clear()
    ended = [await maintenance.end_current(GUILD, *of) for of in (("toolzz", "a"), ("toolzz", "a"), ("", ""))]
    assert [[each.number for each in some] for some in ended] == [[1, 2], [], [3, 4]]
    assert [each.number for each in await maintenance.current(GUILD)] == [5]
    assert len(await maintenance.current(OTHER_GUILD)) == 1
    assert changed == [GUILD, GUILD]
