"""Proves that alerts do not get into each other's way, and that nothing that comes meanwhile is missed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from bot.monitors.messenger import Notice
from bot.monitors.outbox import Outbox
from bot.services.audit import AuditService
from bot.store.audit import AuditStore
from tests.monitors.channels import NONCE_SECONDS, Channels
from tests.monitors.watch import FAULTY, GUILD, OTHER, WELL, Watch, report

if TYPE_CHECKING:
    from bot.store.alerts import AlertRow
    from bot.store.database import Database
    from bot.store.vault import Vault
    from tests.services.pace import Clock


@dataclass
class Slow(Channels):
    """Channels in which something else happens, or one guild waits, while a message is posted."""

    meanwhile: Callable[[Notice], object] = lambda _: None
    held: set[int] = field(default_factory=set)
    """Guilds whose posts wait until ``let_go``."""
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def post(self, notice: Notice) -> int:
        """Post, with all that comes with it."""
        if notice.incident.guild_id in self.held:
            await self.let_go.wait()
        happening = self.meanwhile(notice)
        if asyncio.iscoroutine(happening):
            await happening
        return await super().post(notice)


@dataclass
class Post:
    """A guild with incidents, an outbox, and channels."""

    watch: Watch
    outbox: Outbox
    channels: Slow
    clock: Clock

    async def fall_ill(self, *integrations: str, guild: int = GUILD) -> None:
        """Have these fail until each is an incident."""
        for _ in range(2):
            await self.watch.read(*[report(FAULTY, each) for each in integrations], guild=guild)
        self.clock.now = self.watch.now

    def restarted(self) -> Post:
        """Put an outbox in the place of this one that knows nothing but what is stored."""
        outbox = self.outbox
        self.outbox = Outbox(self.watch.alerts, self.watch.store, outbox._audit, self.clock)
        return self

    async def pump(self) -> None:
        """Send what is due."""
        await self.outbox.pump(self.channels, lambda _: True)

    def shown(self, number: int) -> Notice:
        """Return the one message that tells of an incident."""
        (message,) = self.channels.of(number)
        return self.channels.messages[message]


@pytest.fixture
async def post(
    database: Database, watch: Watch, clock: Clock, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> Post:
    """A guild whose alerts go to a channel, and another such guild."""
    monkeypatch.setattr("bot.monitors.outbox.MOST_A_SECOND", 10**9)
    await watch.connect("default", guild=OTHER)
    await watch.route()
    await watch.route(guild=OTHER)
    outbox = Outbox(watch.alerts, watch.store, AuditService(AuditStore(database), vault, clock), clock)
    return Post(watch, outbox, Slow(clock), clock)


@contextlib.asynccontextmanager
async def running(post: Post) -> AsyncIterator[None]:
    """Have the outbox run, and end it."""
    task = asyncio.create_task(post.outbox.run(post.channels, lambda _: True))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(happened: Callable[[], bool]) -> None:
    """Wait for something, but not for ever."""
    async with asyncio.timeout(5):
        while not happened():  # noqa: ASYNC110 - what happens stands in a table of the channels' or the log
            await asyncio.sleep(0.001)


async def test_what_changes_while_it_is_sent_is_shown(post: Post) -> None:
    """Who acknowledges an incident just while its message is posted stands in it a moment later."""
    await post.fall_ill("a")
    post.channels.meanwhile = lambda _: post.watch.store.acknowledge(GUILD, 1, 7, post.watch.now)
    await post.pump()
    assert post.shown(1).incident.acknowledged_by == 7


@pytest.mark.parametrize("fault", ["unanswered", "killed_after"])
async def test_what_arrived_unknown_to_the_bot_is_found(post: Post, fault: str) -> None:
    """A message whose answer was lost is looked for, long after Discord has forgotten its nonce."""
    await post.fall_ill("a")
    post.channels.fault = fault
    with capture_logs(), contextlib.suppress(BaseExceptionGroup):
        await post.pump()
    post.clock.now, post.channels.fault = post.clock.now + 10 * NONCE_SECONDS, ""
    await post.restarted().pump()
    assert len(post.channels.of(1)) == 1


async def test_what_ends_while_it_is_moved_is_told(post: Post) -> None:
    """Discord fails while an alert is taken to another channel: it says there that all is well again."""
    await post.fall_ill("a")
    await post.pump()
    row = await post.watch.alerts.route(GUILD)
    assert row is not None
    await post.watch.alerts.put_route(replace(row, channel_id=8), post.watch.now)
    post.channels.fault = "down"
    with capture_logs():
        await post.pump()
    for _ in range(2):
        await post.watch.read(report(WELL))
    post.clock.now, post.channels.fault = post.watch.now, ""
    await post.pump()
    assert post.shown(1).channel_id == 8
    assert post.shown(1).incident.closed_at is not None


async def test_what_becomes_due_at_the_last_moment_is_sent(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ring is not lost between a guild's last look at what is due and the end of its turn."""
    due = post.watch.alerts.due

    async def look(guild_id: int, now: int) -> list[AlertRow]:
        rows = await due(guild_id, now)
        if not rows and len(post.channels.messages) == 1:
            await post.fall_ill("a", "b")
            post.outbox.ring()
            await asyncio.sleep(0.05)
        return rows

    monkeypatch.setattr(post.watch.alerts, "due", look)
    await post.fall_ill("a")
    async with running(post):
        await until(lambda: len(post.channels.messages) == 2)


async def test_what_arrives_late_is_brought_up_to_date(post: Post) -> None:
    """Where Discord knows a second try for the first one, which said something else, it is edited."""
    await post.fall_ill("a")
    post.channels.fault = "late"
    await post.pump()
    await post.watch.store.acknowledge(GUILD, 1, 7, post.watch.now)
    post.clock.now, post.channels.fault = post.clock.now + 10, ""
    await post.pump()
    assert post.shown(1).incident.acknowledged_by == 7


async def test_one_that_fails_keeps_back_no_other(post: Post) -> None:
    """An alert that nobody can send is tried again, later each time; the guild's others are sent."""

    def stumble(notice: Notice) -> None:
        if notice.incident.number == 1:
            raise RuntimeError

    await post.fall_ill("a", "b")
    post.channels.meanwhile = stumble
    with capture_logs() as logs:
        pauses = []
        for _ in range(9):
            await post.pump()
            alert = await post.watch.alert(1)
            assert alert is not None
            assert alert.next_at is not None
            pauses.append(alert.next_at - int(post.clock.now))
            post.clock.now = alert.next_at
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 600, 600]
    assert len(post.channels.of(2)) == 1
    assert post.channels.of(1) == []
    assert {(entry["event"], entry["number"]) for entry in logs} == {("alert_not_sent", 1)}


async def test_a_guild_that_takes_long_keeps_back_no_other(post: Post) -> None:
    """While one guild's channel is slow another guild is told; what comes for the slow one is not missed."""
    post.channels.held = {GUILD}
    async with running(post):
        await post.fall_ill("a")
        post.outbox.ring()
        await until(lambda: GUILD in post.outbox._busy)
        await post.fall_ill("c", guild=OTHER)
        post.outbox.ring()
        await until(lambda: len(post.channels.messages) == 1)
        assert post.shown(1).incident.guild_id == OTHER
        await post.watch.read(report(FAULTY), report(FAULTY, "b"))
        await post.watch.read(report(FAULTY), report(FAULTY, "b"))
        post.clock.now = post.watch.now
        post.outbox.ring()
        post.channels.let_go.set()
        await until(lambda: len(post.channels.messages) == 3)


async def test_a_database_that_fails_for_a_while_ends_nothing(
    post: Post, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outbox goes on when its tables can be read again."""
    monkeypatch.setattr("bot.monitors.outbox.FIRST_PAUSE", 0.001)
    await post.fall_ill("a")
    await database._writer.execute("ALTER TABLE alert RENAME TO elsewhere")
    with capture_logs() as logs:
        async with running(post):
            await until(lambda: len(logs) > 1)
            await database._writer.execute("ALTER TABLE elsewhere RENAME TO alert")
            await until(lambda: len(post.channels.messages) == 1)
    assert {entry["event"] for entry in logs} == {"outbox_failed"}


async def test_a_guild_that_is_not_here_is_left_alone(post: Post) -> None:
    """What another process serves, or nobody any more, is neither sent nor put off."""
    await post.fall_ill("a")
    await post.outbox.pump(post.channels, lambda guild_id: guild_id == OTHER)
    assert post.channels.calls == []
    await post.watch.read(report(WELL))
    await post.pump()
    assert len(post.channels.messages) == 1


async def test_a_channel_that_refuses_is_asked_once(post: Post) -> None:
    """Ten alerts for a channel that takes none are one refusal, one entry in the log, and told once."""
    await post.fall_ill(*"abcdefghij")
    post.channels.refusing.add(7)
    post.channels.routed = 7
    await post.pump()
    assert post.channels.calls == [("post", 7)]
    assert [(route.channel_id, route.lost) for route in post.channels.told] == [(7, "forbidden")]
    page = await post.outbox._audit.page(GUILD, 1, 10)
    assert [(each.action, each.target, each.result) for each in page.entries] == [
        ("alerts.lost", "channel · 7", "refused:forbidden")
    ]
