"""What the host is told of: faults of the bot as a whole, by keys that stay the same while they last."""

import threading
from pathlib import Path

import pytest

from bot.discord.sync import SYNC_REFUSAL
from bot.errors import UnreachableError
from bot.features.handover.budget import IN_ALL
from bot.features.monitoring.breaker import MAX_FAILURES
from bot.features.monitoring.host import Host
from bot.operating.backups.folder import BACKUP_GRACE
from bot.operating.backups.schedule import scheduled_backups
from bot.operating.health.readiness import Readiness
from bot.operating.operator_channel.faults import Faults
from bot.settings import Settings
from tests.support.clock import Clock
from tests.support.english import english
from tests.support.harness import BotHarness
from tests.support.waiting import until

HOST = "api.provider.example"


@pytest.fixture
def now() -> Clock:
    """The clock of faults."""
    return Clock()


def of(harness: BotHarness, settings: Settings, now: Clock) -> Faults:
    """Return what looks for faults of a bot."""
    services = harness.bot.services
    readiness = Readiness(harness.bot, services.write_state, services.poller)
    return Faults(harness.bot, readiness, settings, english, now)


async def test_while_all_is_well_there_is_no_fault(
    harness: BotHarness, settings: Settings, now: Clock
) -> None:
    """A bot that is ready has none."""
    assert await of(harness, settings, now).look() == {}


async def test_a_database_that_takes_no_writes(harness: BotHarness, settings: Settings, now: Clock) -> None:
    """It is one fault until it is over, with the reason."""
    faults, state = of(harness, settings, now), harness.bot.services.write_state
    state.refused("disk full")
    ((key, text),) = (await faults.look()).items()
    assert "disk full" in text
    state.accepted()
    assert await faults.look() == {}
    state.refused("disk full")
    assert list(await faults.look()) == [key]


async def test_a_lost_connection_is_one_fault(harness: BotHarness, settings: Settings, now: Clock) -> None:
    """Whatever keeps a shard from its session, the key is the same."""
    harness.bot.sessions._connections.clear()
    assert list(await of(harness, settings, now).look()) == ["discord"]


async def test_a_shard_that_may_not_identify_is_another_fault(
    harness: BotHarness, settings: Settings, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the day's identifies are used up is told although the connection was lost before."""
    harness.bot.sessions._connections.clear()
    monkeypatch.setitem(harness.bot.starts._waiting, 0, "Shard 0 waits: 800 of 1000 identifies are used up.")
    found = await of(harness, settings, now).look()
    assert found == {"starts": "Shard 0 waits: 800 of 1000 identifies are used up."}


async def test_commands_that_discord_does_not_take(
    harness: BotHarness, settings: Settings, now: Clock
) -> None:
    """The reason is Discord's route, status and code; it is over once Discord has taken them."""
    faults = of(harness, settings, now)
    state = harness.bot.state
    known = {
        "error": "HTTPException",
        "route": "PUT /applications/{id}/commands",
        "status": 400,
        "code": 30034,
    }
    await state.put(SYNC_REFUSAL, known)
    reason = "HTTPException, PUT /applications/{id}/commands, 400, 30034"
    assert await faults.look() == {"commands": english("operator.commands", reason=reason)}
    await state.put(SYNC_REFUSAL, {})
    assert await faults.look() == {}


async def test_a_host_that_answers_nobody(harness: BotHarness, settings: Settings, now: Clock) -> None:
    """It is told while the breaker is open, by the host's name."""
    faults = of(harness, settings, now)
    harness.bot.services.poller.hosts[HOST] = host = Host(HOST, now, 60)
    for _ in range(MAX_FAILURES):
        assert await faults.look() == {}
        with pytest.raises(UnreachableError), host.report_to_breaker(harness.guild.id):
            raise UnreachableError("toolzz")
    assert await faults.look() == {f"host {HOST}": english("operator.host_down", host=f"`{HOST}`")}
    with host.report_to_breaker(harness.guild.id):
        pass
    assert await faults.look() == {}


async def test_too_many_invalid_requests(harness: BotHarness, settings: Settings, now: Clock) -> None:
    """Long before Discord blocks the machine, its host knows."""
    budget = harness.bot.services.preflight.budget
    faults = of(harness, settings, now)
    for _ in range(IN_ALL - 1):
        budget.count_own(403)
    assert await faults.look() == {}
    budget.count_own(429)
    assert await faults.look() == {"requests": english("operator.requests", count=IN_ALL)}


async def test_a_backup_that_is_missing(
    harness: BotHarness, settings: Settings, now: Clock, tmp_path: Path
) -> None:
    """A backup that is late, or that never was, is told once it cannot be under way any more."""
    folder = tmp_path / "backups"
    settings = settings.model_copy(update={"backup_folder": folder, "backup_hours": 24})
    faults = of(harness, settings, now)
    assert await faults.look() == {}
    now.now += BACKUP_GRACE
    assert await faults.look() == {"backup": english("operator.no_backup")}
    async with scheduled_backups(settings, harness.bot.services.write_state, now):
        await until(lambda: folder.is_dir() and any(each.suffix == ".db" for each in folder.iterdir()))
    made = int(now.now)
    assert await faults.look() == {}
    now.now += 24 * 3600 + BACKUP_GRACE
    text = english("operator.old_backup", time=f"<t:{made}:f>", hours=24)
    assert await faults.look() == {"backup": text}


async def test_a_folder_that_hangs_silences_nothing(
    harness: BotHarness, settings: Settings, now: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a fault of its own beside the others, takes up one thread, and is over once it answers."""
    asked, let_go = [], threading.Event()

    def hang(folder: Path) -> None:
        asked.append(folder)
        let_go.wait(5)

    settings = settings.model_copy(update={"backup_folder": tmp_path / "backups"})
    faults = of(harness, settings, now)
    now.now += BACKUP_GRACE
    harness.bot.services.write_state.refused("disk full")
    monkeypatch.setattr("bot.operating.operator_channel.faults._SECONDS", 0.05)
    monkeypatch.setattr("bot.operating.operator_channel.faults.newest_backup", hang)
    for _ in range(3):
        found = await faults.look()
        assert len(found) == 2
        assert found["backup"] == english("operator.silent_backups")
    assert len(asked) == 1
    let_go.set()
    monkeypatch.setattr("bot.operating.operator_channel.faults._SECONDS", 5.0)
    assert (await faults.look())["backup"] == english("operator.no_backup")


async def test_a_folder_that_cannot_be_read_is_a_missing_backup(
    harness: BotHarness, settings: Settings, now: Clock, tmp_path: Path
) -> None:
    """What is no folder holds no backup."""
    (tmp_path / "backups").touch()
    settings = settings.model_copy(update={"backup_folder": tmp_path / "backups"})
    faults = of(harness, settings, now)
    now.now += BACKUP_GRACE
    assert await faults.look() == {"backup": english("operator.no_backup")}
