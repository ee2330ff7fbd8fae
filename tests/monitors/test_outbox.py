"""Proves that no incident goes untold and none is told twice, whatever happens and in whatever order."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from structlog.testing import capture_logs

from bot.kit.integration import State
from bot.kit.report import Report, Reports
from bot.monitors.outbox import Outbox
from bot.monitors.reading import Outcome, Reading
from bot.monitors.recorder import Recorder
from bot.services.alerts import AlertService, Route
from bot.services.audit import AuditService
from bot.services.watching import Incident, WatchService
from bot.store.alerts import AlertRow, AlertStore
from bot.store.audit import AuditStore
from bot.store.connections import ConnectionRow, ConnectionStore
from bot.store.database import Database
from bot.store.migrations import migrate
from bot.store.vault import Vault
from bot.store.watching import WatchStore
from tests.monitors.channels import Channels, KilledError
from tests.services.pace import Clock

GUILD: Final = 1
MEMBER: Final = 7
ROLE: Final = 9
REMIND: Final = 3600
CHANNELS: Final = (100, 200)
INTERVAL: Final = 60
IDS: Final = ("a", "b")
STATES: Final = (State.CONNECTED, State.DISCONNECTED, State.ERROR, State.UNKNOWN)
CONNECTION: Final = ConnectionRow(GUILD, "toolzz", "default", b"", MEMBER, 0, 0)
ASLEEP: Final = "asleep"
FAULTS: Final = ("", "", "", ASLEEP, "down", "broken", "unanswered", "late", "killed", "killed_after")

faults = st.sampled_from(FAULTS)


class Incidents(RuleBasedStateMachine):
    """A guild whose agents come and go, its managers, a bot that is killed, and Discord that fails it."""

    empty: Path

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._clock = Clock()
        self._channels = Channels(self._clock)
        self._expected: set[int] = set()
        """Incidents that somebody has to be told of."""
        self._unheard: set[int] = set()
        """Incidents that were over while they were muted, before anybody was told."""
        self._deleted: set[int] = set()
        """Incidents whose message a member has deleted."""
        self._closed_to: int | None = None
        """The channel that is known to refuse alerts."""

    @initialize()
    def begin(self) -> None:
        """Open the database, and start."""
        folder = Path(self._stack.enter_context(TemporaryDirectory()))
        shutil.copy(self.empty, folder / "patchbay.db")

        async def work() -> None:
            self._database = await self._stack.enter_async_context(Database.open(folder / "patchbay.db"))
            # No test cuts the power.
            await self._database._writer.execute("PRAGMA synchronous = OFF")
            await ConnectionStore(self._database).insert(CONNECTION)

        self._runner.run(work())
        self.restart()
        self.route(CHANNELS[0], 0, ASLEEP, mentions=True)

    def restart(self) -> None:
        """Start with nothing but what the database knows."""
        self._alerts, self._watched = AlertStore(self._database), WatchStore(self._database)
        self._service = AlertService(self._alerts, self._watched, self._clock)
        self._watching = WatchService(self._watched, self._clock, INTERVAL, 90)
        self._recorder = Recorder(self._watched, INTERVAL)
        audit = AuditService(AuditStore(self._database), Vault({"k1": bytes(32)}), self._clock)
        self._outbox = Outbox(self._alerts, self._watched, audit, self._clock)

    @rule(states=st.tuples(*[st.sampled_from(STATES)] * len(IDS)), times=st.integers(1, 4), fault=faults)
    def answered(self, states: tuple[State, ...], times: int, fault: str) -> None:
        """Have the provider say the same for some checks."""
        reports = Reports(tuple(map(Report, IDS, IDS, states)), complete=True)
        self._read(Outcome.ANSWERED, reports, times)
        self.send(fault, 0)

    @rule(outcome=st.sampled_from([Outcome.DOWN, Outcome.REFUSED]), fault=faults)
    def unanswered(self, outcome: Outcome, fault: str) -> None:
        """Have the provider answer nothing."""
        self._read(outcome, None, 2)
        self.send(fault, 0)

    @rule(fault=faults)
    def disconnect(self, fault: str) -> None:
        """Run `/connections remove`, and connect anew."""
        connections = ConnectionStore(self._database)
        self._run(connections.delete(GUILD, "toolzz", "default"))
        self._run(self._recorder.tidy(int(self._clock.now)))
        self._run(connections.insert(CONNECTION))
        self.send(fault, 0)

    @rule(channel=st.sampled_from(CHANNELS), refuses=st.booleans())
    def shut(self, channel: int, *, refuses: bool) -> None:
        """Take permissions from the bot in a channel, or give them back."""
        (self._channels.refusing.add if refuses else self._channels.refusing.discard)(channel)

    @rule(sealed=st.booleans())
    def seal(self, *, sealed: bool) -> None:
        """Have Discord take no more edits, or take them again."""
        self._channels.sealed = sealed

    @rule(
        channel=st.sampled_from(CHANNELS),
        remind=st.sampled_from([0, REMIND]),
        mentions=st.booleans(),
        fault=faults,
    )
    def route(self, channel: int, remind: int, fault: str, *, mentions: bool) -> None:
        """Run `/alerts set`."""
        role = ROLE if mentions else None
        self._run(self._service.set_route(GUILD, channel, member_id=MEMBER, role_id=role, remind=remind))
        self._channels.routed, self._closed_to = channel, None
        self._channels.mentions.clear()  # of what was said elsewhere, or to somebody else
        self._expected |= {each.number for each in self._incidents() if each.closed_at is None}
        self.send(fault, 0)

    @precondition(lambda self: self._route() is not None)
    @rule()
    def no_route(self) -> None:
        """Run `/alerts remove`."""
        self._run(self._service.remove_route(GUILD))
        self._closed_to = self._channels.routed = None

    @rule(which=st.sampled_from(IDS), seconds=st.sampled_from([0, 300, 5000]), fault=faults)
    def mute(self, which: str, seconds: int, fault: str) -> None:
        """Run `/alerts mute`, once there is something to mute."""
        for each in self._run(self._watching.integrations(GUILD)):
            if each.id == which:
                self._run(self._service.mute(GUILD, each, seconds, member_id=MEMBER))
        self.send(fault, 0)

    @rule(fault=faults)
    def acknowledge(self, fault: str) -> None:
        """Press the button under the newest alert."""
        for each in self._incidents()[:1]:
            self._run(self._service.acknowledge(GUILD, each.number, member_id=MEMBER))
        self.send(fault, 0)

    @rule(pick=st.integers(0, 9))
    def delete(self, pick: int) -> None:
        """Have a member delete an alert."""
        for message_id in sorted(self._channels.messages)[pick : pick + 1]:
            self._deleted.add(self._channels.messages.pop(message_id).incident.number)

    @rule(fault=faults, seconds=st.sampled_from([5, 200, 700, 4000]))
    def send(self, fault: str, seconds: int) -> None:
        """Wait; then have the outbox work, until it is killed or there is nothing more to do now."""
        self._clock.now += seconds
        if fault == ASLEEP:
            return
        self._channels.fault = fault
        seen, told = len(self._channels.calls), len(self._channels.told)
        try:
            self._run(self._outbox.pump(self._channels, lambda _: True))
        except* KilledError:
            self.restart()
        else:
            self._note_unheard()
        calls = self._channels.calls[seen:]
        assert self._closed_to not in {channel for _, channel in calls}
        closed = self._channels.refusing & {self._channels.routed}
        refused = [call for call in calls if call[1] in closed]
        assert len(refused) <= 1
        assert len(self._channels.told) - told == len(refused)
        if refused:
            self._closed_to = refused[0][1]

    @invariant()
    def none_is_told_twice(self) -> None:
        """Whatever stands in the channels is known, but for one that was sent just when something failed."""
        for alert in self._alert_rows():
            known = {alert.message_id, alert.old_message_id}
            unknown = set(self._channels.of(alert.number)) - known - self._channels.left
            assert len(unknown) <= (alert.tried_at is not None), alert

    @invariant()
    def nobody_is_mentioned_in_vain(self) -> None:
        """A mention is for something that is open, and comes once, or when it was to be reminded of."""
        for at, notice in self._channels.mentions:
            assert notice.role_id == ROLE
            assert notice.incident.closed_at is None
            assert notice.incident.acknowledged_by is None
            assert notice.muted_until is None
            others = [
                when
                for when, each in self._channels.mentions
                if each.incident.number == notice.incident.number and when != at
            ]
            # Of one that was deleted before anybody had its id, nobody can know that it was there.
            is_deleted = notice.incident.number in self._deleted
            assert is_deleted or all(abs(at - when) >= REMIND for when in others)

    def teardown(self) -> None:
        """Let everything work again: each incident has its message, and that shows how it is."""
        try:
            self._settle()
        finally:
            self._runner.run(self._stack.aclose())
            self._runner.close()

    def _settle(self) -> None:
        self._channels.sealed = False
        self._channels.refusing.clear()
        route = self._route()
        if route is None or route.lost:
            self.route(CHANNELS[1], 0, ASLEEP, mentions=True)
        for _ in range(3):
            self.send("", 6000)
        incidents = self._incidents()
        assert self._expected <= {each.number for each in incidents}
        for incident in incidents:
            told = set(self._channels.of(incident.number))
            standing = told - self._channels.left
            assert len(standing) <= 1
            if incident.number in self._expected - self._unheard - self._deleted and standing == told:
                assert standing, incident
            for message_id in standing:
                notice = self._channels.messages[message_id]
                assert notice.incident == incident
                assert incident.closed_at is not None or notice.channel_id == self._channels.routed

    def _read(self, outcome: Outcome, reports: Reports | None, times: int) -> None:
        for _ in range(times):
            self._clock.now += INTERVAL
            error = "" if outcome is Outcome.ANSWERED else "timeout"
            reading = Reading(GUILD, "toolzz", "default", int(self._clock.now), outcome, reports, error=error)
            known = {each.number for each in self._incidents() if each.closed_at is None}
            self._run(self._recorder.take(reading))
            for each in self._incidents():
                if each.closed_at is None and each.number not in known:
                    self._unheard.discard(each.number)
                    if self._route() is not None:
                        self._expected.add(each.number)

    def _note_unheard(self) -> None:
        muted = {each.id for each in self._run(self._watching.integrations(GUILD)) if each.muted_until}
        for alert in self._alert_rows():
            (incident,) = [each for each in self._incidents() if each.number == alert.number]
            if incident.closed_at is not None and incident.id in muted and alert.message_id is None:
                self._unheard.add(alert.number)

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - whatever it returns
        return self._runner.run(work)

    def _incidents(self) -> list[Incident]:
        return self._runner.run(self._watched.incidents(GUILD, 0))

    def _route(self) -> Route | None:
        return self._runner.run(self._service.route(GUILD))

    def _alert_rows(self) -> list[AlertRow]:
        rows = [self._run(self._alerts.alert(GUILD, each.number)) for each in self._incidents()]
        return [row for row in rows if row is not None]


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all its tables; copying it is faster than to migrate for each example."""
    path = tmp_path_factory.mktemp("outbox") / "empty.db"
    migrate(path)
    return path


def test_each_incident_has_one_message_that_shows_how_it_is(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No alert is lost and none doubled, for any sequence of states, restarts, failures and commands."""
    monkeypatch.setattr("bot.monitors.outbox.MOST_A_SECOND", 10**9)
    monkeypatch.setattr(Incidents, "empty", empty, raising=False)
    # A failure is told as it was found: to look for a smaller one takes minutes.
    many = settings(max_examples=50, stateful_step_count=30, phases=[Phase.generate], database=None)
    with capture_logs():
        run_state_machine_as_test(Incidents, settings=many)
