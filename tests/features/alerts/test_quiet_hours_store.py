"""Quiet hours are kept for one guild, and a change of them is a reason to look at its alerts again."""

import pytest
from structlog.testing import capture_logs

from bot.errors import InvalidInputError
from bot.features.alerts.quiet_hours import QuietHours
from bot.features.alerts.quiet_hours_service import QuietHoursService
from bot.features.alerts.quiet_hours_store import QuietHoursRow, QuietHoursStore
from bot.features.alerts.store import MessageKind
from tests.support.ids import GUILD, MEMBER, OTHER_GUILD
from tests.support.outbox import OutboxSetup

NIGHT = QuietHours(1320, 420, "America/Sao_Paulo")


@pytest.fixture
def changed() -> list[int]:
    """The guilds that were announced."""
    return []


@pytest.fixture
def quiet_hours(setup: OutboxSetup, changed: list[int]) -> QuietHoursService:
    """The service, for two guilds that have no quiet hours yet."""
    setup.checks.changes.subscribe(changed.append)
    return QuietHoursService(QuietHoursStore(setup.checks.database), setup.checks.changes, setup.clock)


async def test_quiet_hours_are_kept(quiet_hours: QuietHoursService, changed: list[int]) -> None:
    """The newest ones count, for one guild; each change is announced."""
    assert await quiet_hours.get(GUILD) is None
    await quiet_hours.set(GUILD, 60, 120, "UTC", member_id=MEMBER)
    assert await quiet_hours.set(GUILD, 1320, 420, "America/Sao_Paulo", member_id=MEMBER) == NIGHT
    assert await quiet_hours.get(GUILD) == NIGHT
    assert await quiet_hours.get(OTHER_GUILD) is None
    assert await quiet_hours.remove(GUILD)
    assert await quiet_hours.get(GUILD) is None
    assert not await quiet_hours.remove(GUILD)
    assert changed == [GUILD] * 3


async def test_a_server_lives_in_the_zone_of_its_quiet_hours(quiet_hours: QuietHoursService) -> None:
    """Without quiet hours it is UTC."""
    await quiet_hours.set(GUILD, 1320, 420, "America/Sao_Paulo", member_id=MEMBER)
    assert (await quiet_hours.zone(GUILD)).key == "America/Sao_Paulo"
    assert (await quiet_hours.zone(OTHER_GUILD)).key == "UTC"


@pytest.mark.parametrize(
    "zone", ["", "Nowhere/Land", "America", "sao paulo", "../../etc/passwd", "Etc/GMT+3"]
)
async def test_only_zones_that_were_offered_are_taken(quiet_hours: QuietHoursService, zone: str) -> None:
    """What a member typed is looked up in a list, never read as a path."""
    with pytest.raises(InvalidInputError, match="invalid_input") as caught:
        await quiet_hours.set(GUILD, 1320, 420, zone, member_id=MEMBER)
    assert caught.value.field == "time_zone"
    assert await quiet_hours.get(GUILD) is None


async def test_a_zone_that_is_no_longer_known_means_no_quiet_hours(
    quiet_hours: QuietHoursService, setup: OutboxSetup
) -> None:
    """A machine without that zone mentions at any time, says so in its log, and takes UTC."""
    row = QuietHoursRow(GUILD, 1320, 420, "Old/Place", MEMBER, 100)
    await QuietHoursStore(setup.checks.database).put(row)
    with capture_logs() as logs:
        assert await quiet_hours.get(GUILD) is None
        assert (await quiet_hours.zone(GUILD)).key == "UTC"
    assert {(line["event"], line["zone"]) for line in logs} == {("time_zone_unknown", "Old/Place")}


async def test_alerts_are_looked_at_again(quiet_hours: QuietHoursService, setup: OutboxSetup) -> None:
    """New quiet hours, and their end, make the alerts of open incidents due; those of others stay."""
    for guild in (GUILD, OTHER_GUILD):
        await setup.open_incidents("a", guild=guild)
    await setup.pump()
    due = {}
    for act in ("set", "remove"):
        assert await setup.checks.alerts.due_lanes(int(setup.clock())) == []
        if act == "set":
            await quiet_hours.set(GUILD, 1320, 420, "UTC", member_id=MEMBER)
        else:
            await quiet_hours.remove(GUILD)
        due[act] = await setup.checks.alerts.due_lanes(int(setup.clock()))
        await setup.pump()
    assert due == {"set": [(GUILD, MessageKind.ALERT)], "remove": [(GUILD, MessageKind.ALERT)]}
