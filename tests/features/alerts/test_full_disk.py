"""Whenever the disk is full, what is open is told of once: nothing is doubled, and nothing is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from bot.errors import UnavailableError
from bot.features.alerts.messenger import Notice
from bot.store.database import Database
from tests.support.channels import NONCE_SECONDS
from tests.support.check_recorder import FAULTY, WELL, report
from tests.support.full_disk import FullDisk
from tests.support.outbox import OutboxSetup, running
from tests.support.waiting import until

LASTS = NONCE_SECONDS + 20
"""Seconds for which the disk is full: Discord would take the same post for a new one."""
REMIND = 3600
ROLE = 5
WRITES = 17
"""Of the story, if nothing fails."""


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the outbox look again at once."""
    monkeypatch.setattr("bot.features.alerts.outbox.FIRST_PAUSE", 0)


class Story:
    """An agent breaks, its alert is posted and repeated, the agent is well again, and a reply says so."""

    def __init__(self, setup: OutboxSetup, disk: FullDisk, *, restarts: bool) -> None:
        """restarts: whether the bot is restarted while the disk is full."""
        self._setup = setup
        self._disk = disk
        self._restarts = restarts

    async def run(self) -> None:
        """Tell it; what a full disk has prevented is tried again once there is room."""
        setup = self._setup
        await self._step(self._until_open)
        await self._step(setup.pump)
        setup.clock.now += REMIND
        await self._step(setup.pump)
        await self._step(self._until_closed)
        await self._step(setup.pump)
        await self._step(setup.pump)

    async def _step(self, step: Callable[[], Awaitable[None]]) -> None:
        setup, failed = self._setup, self._disk.failures
        try:
            await step()
        except* UnavailableError:
            assert self._disk.failures > failed
        if self._disk.failures > failed:
            if self._restarts:
                setup.restarted()
                setup.checks.restart()
            setup.clock.now += LASTS
            await self._disk.free()
            await step()

    async def _until_open(self) -> None:
        while not [each for each in await self._setup.checks.incidents() if each.closed_at is None]:
            await self._check(report(FAULTY))

    async def _until_closed(self) -> None:
        while [each for each in await self._setup.checks.incidents() if each.closed_at is None]:
            await self._check(report(WELL))

    async def _check(self, *reports: object) -> None:
        setup = self._setup
        setup.checks.now = int(setup.clock.now)
        await setup.checks.answer(*reports)  # type: ignore[arg-type]
        setup.clock.now = setup.checks.now


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("write", range(WRITES + 1))
async def test_whichever_write_fails_everything_is_told_once(
    setup: OutboxSetup, database: Database, write: int, *, restarts: bool
) -> None:
    """With the disk full from any write on: an alert, repeated once, with a mention each, and one reply."""
    await setup.checks.route(role_id=ROLE, remind=REMIND)
    disk = FullDisk(database)
    disk.fill(after=write)
    with capture_logs() as logs:
        await Story(setup, disk, restarts=restarts).run()
    assert (disk.failures > 0) is (write < WRITES)
    alerts = [notice for _, notice in setup.messenger.posts if isinstance(notice, Notice)]
    assert [notice.role_ids for notice in alerts] == [[ROLE], [ROLE]]
    assert len(setup.messenger.alerts(1)) == 1
    assert setup.incident(1).closed_at is not None
    assert len(setup.messenger.recoveries()) == 1
    assert len(setup.messenger.posts) == len(alerts) + 1
    assert {entry["event"] for entry in logs} <= {"writes_failing"}


async def test_nothing_is_posted_while_it_cannot_be_noted(setup: OutboxSetup, database: Database) -> None:
    """An alert that is due waits, without a request to Discord or a line in the log, and is posted then."""
    disk = FullDisk(database)
    await setup.open_incidents("a")
    disk.fill()
    with capture_logs() as logs:
        async with running(setup):
            await until(lambda: disk.failures > 5)
            assert setup.messenger.calls == []
            await disk.free()
            setup.outbox.wake()
            await until(lambda: len(setup.messenger.alerts(1)) == 1)
    assert len(setup.messenger.posts) == 1
    assert [entry["event"] for entry in logs] == ["writes_failing", "writes_back"]
