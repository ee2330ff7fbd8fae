"""An outbox over a real database, with a messenger without Discord."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from bot.features.alerts.incident_store import Incident, IncidentStore
from bot.features.alerts.messenger import AnyNotice, BoardNotice, Notice
from bot.features.alerts.outbox import Outbox
from bot.features.alerts.quiet_hours_store import QuietHoursRow, QuietHoursStore
from bot.features.alerts.store import MessageKind, OutboxRow
from bot.features.audit.service import AuditService
from tests.support.alert_parts import make_outbox
from tests.support.channels import FakeMessenger
from tests.support.check_recorder import FAULTY, WELL, RecordedChecks, report
from tests.support.clock import Clock
from tests.support.ids import GUILD, MEMBER

BOARD_CHANNEL = 9
ROLE, SECOND_ROLE = 21, 22
HOUR = 3600


@dataclass
class SlowMessenger(FakeMessenger):
    """A messenger with which something else happens, or one guild waits, while a message is posted."""

    meanwhile: Callable[[AnyNotice], object] = lambda _: None
    held: set[int] = field(default_factory=set)
    """Guilds whose posts wait until ``released``."""
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def post(self, notice: AnyNotice) -> int:
        """Post, after what happens meanwhile."""
        if notice.guild_id in self.held:
            await self.released.wait()
        happening = self.meanwhile(notice)
        if asyncio.iscoroutine(happening):
            await happening
        return await super().post(notice)


@dataclass
class OutboxSetup:
    """Guilds with recorded checks, an outbox and its messenger."""

    checks: RecordedChecks
    outbox: Outbox
    messenger: SlowMessenger
    clock: Clock
    audit: AuditService

    async def open_incidents(self, *integrations: str, guild: int = GUILD) -> None:
        """Record failing checks of these integrations until each has an incident."""
        for _ in range(2):
            await self.checks.answer(
                *[report(FAULTY, each, guild=guild) for each in integrations], guild=guild
            )
        self.clock.now = self.checks.now

    async def acknowledge(self) -> None:
        """Acknowledge the first incident."""
        await IncidentStore(self.checks.database).acknowledge(GUILD, 1, MEMBER, self.checks.now)

    def restarted(self) -> OutboxSetup:
        """Replace the outbox by one that knows nothing but what is stored."""
        self.outbox = make_outbox(self.checks.database, self.clock, self.checks.alerts, self.audit)
        return self

    async def pump(self, seconds: float = 0) -> None:
        """Send what is due so many seconds later."""
        self.clock.now += seconds
        await self.outbox.pump(self.messenger, lambda _: True)

    def shown(self, number: int) -> Notice:
        """Return the one alert that tells of an incident."""
        (notice,) = self.messenger.alerts(number).values()
        return notice

    def incident(self, number: int) -> Incident:
        """Return an incident as its one alert shows it."""
        (incident,) = [each for each in self.shown(number).incidents if each.number == number]
        return incident

    def shown_board(self) -> object:
        """Return what the one board shows."""
        (notice,) = self.messenger.boards().values()
        return notice.embed

    async def put_up_board(self) -> int | None:
        """Put the board up; return its message's id, None if it is posted later."""
        return await self.outbox.put_up_board(self.messenger, GUILD, BOARD_CHANNEL, member_id=MEMBER)

    async def has_board(self) -> bool:
        """Tell whether the guild's board is kept."""
        store = self.checks.alerts
        board, row = await store.board(GUILD), await self.board_row()
        assert (board is None) is (row is None)
        return board is not None

    async def board_row(self) -> OutboxRow | None:
        """Return the row of the board's message."""
        return await self.checks.alerts.message(GUILD, MessageKind.BOARD)

    async def audited(self) -> list[tuple[str, str, str]]:
        """Return action, target and result of the guild's audit log, the newest first."""
        page = await self.audit.page(GUILD, 10)
        return [(each.action, each.target, each.result) for each in page.entries]


@contextlib.asynccontextmanager
async def running(setup: OutboxSetup) -> AsyncIterator[None]:
    """Run the outbox, and end it."""
    task = asyncio.create_task(setup.outbox.run(setup.messenger, lambda _: True))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def recover(setup: OutboxSetup, *integrations: str) -> None:
    """Record good checks of these integrations until their incidents are over."""
    for _ in range(2):
        await setup.checks.answer(*[report(WELL, each) for each in integrations])
    setup.clock.now = setup.checks.now


async def be_quiet(setup: OutboxSetup, hours: int) -> None:
    """Begin quiet hours now that last so long."""
    minute = int(setup.clock.now) // 60 % 1440
    row = QuietHoursRow(GUILD, minute, (minute + hours * 60) % 1440, "UTC", MEMBER, int(setup.clock.now))
    await QuietHoursStore(setup.checks.database).put(row)


def mentioned(setup: OutboxSetup) -> list[list[int]]:
    """Return the roles that were mentioned, one message after the other."""
    return [
        list(notice.role_ids) for _, notice in setup.messenger.mentions if not isinstance(notice, BoardNotice)
    ]


def channels(setup: OutboxSetup) -> set[int]:
    """Return where messages are."""
    return {notice.channel_id for notice in setup.messenger.messages.values()}


def turns_of(setup: OutboxSetup, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list that grows by each turn that the outbox takes of the limit for all guilds."""
    turns: list[float] = []
    pause = setup.outbox._rate_limiter.pause

    def take(now: float) -> float:
        turns.append(now)
        return pause(now)

    monkeypatch.setattr(setup.outbox._rate_limiter, "pause", take)
    return turns


async def open_apart(setup: OutboxSetup, *integrations: str) -> None:
    """Open incidents that have an alert each."""
    for each in integrations:
        await setup.open_incidents(each)
        await setup.pump()
        setup.checks.now += HOUR
    setup.clock.now = setup.checks.now
