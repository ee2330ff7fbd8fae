"""No message is lost and none doubled, whatever happens and in whatever order."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Collection, Coroutine
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

from bot.errors import InvalidInputError
from bot.features.alerts.incident_store import Incident, IncidentStore
from bot.features.alerts.messenger import Notice, NotSentError
from bot.features.alerts.outbox import Outbox
from bot.features.alerts.service import AlertService, Route
from bot.features.alerts.store import AlertStore, BoardRow, MessageKind, OutboxRow
from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.features.guilds.changes import GuildChanges
from bot.features.history.store import HistoryStore
from bot.features.integrations.service import IntegrationService
from bot.features.integrations.store import IntegrationStore
from bot.features.monitoring.check_result import CheckOutcome, CheckResult
from bot.features.monitoring.recorder import Recorder
from bot.features.monitoring.service import MonitoringService
from bot.features.monitoring.store import MonitoringStore
from bot.providers.base.integration import State
from bot.providers.base.report import Report, Reports
from bot.store.database import Database
from bot.store.vault import Vault
from tests.support.channels import FakeMessenger, KilledError
from tests.support.clock import Clock

GUILD: Final = 1
MEMBER: Final = 7
ROLE: Final = 9
REMIND: Final = 3600
CHANNELS: Final = (100, 200)
INTERVAL: Final = 60
IDS: Final = ("a", "b")
STATES: Final = (State.CONNECTED, State.DISCONNECTED, State.ERROR, State.UNKNOWN)
CONNECTION: Final = ConnectionRow(GUILD, "toolzz", "default", b"", MEMBER, 0, 0)
NOT_SENT: Final = "not sent"
FAULTS: Final = ("", "", "", NOT_SENT, "down", "broken", "unanswered", "late", "killed", "killed_after")

faults = st.sampled_from(FAULTS)


class OutboxMachine(RuleBasedStateMachine):
    """A guild whose agents come and go, its managers, a bot that is killed, and a Discord that fails."""

    empty: Path

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._clock = Clock()
        self._messenger = FakeMessenger(self._clock)
        self._expected: set[int] = set()
        """Incidents that need a message."""
        self._over_while_muted: set[int] = set()
        """Incidents that were over while they were muted, before they had a message."""
        self._deleted: set[int] = set()
        """Incidents whose message a member has deleted."""
        self._board_version = 0
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
        self.route(CHANNELS[0], 0, NOT_SENT, mentions=True)

    def restart(self) -> None:
        """Start with nothing but what the database knows."""
        database = self._database
        self._alerts, self._incident_store = AlertStore(database), IncidentStore(database)
        monitoring, changes = MonitoringStore(database), GuildChanges()
        self._service = AlertService(self._alerts, self._incident_store, changes, self._clock)
        history = HistoryStore(database)
        self._monitoring = MonitoringService(
            monitoring,
            self._incident_store,
            history,
            IntegrationService(IntegrationStore(database), self._clock),
            changes,
            self._clock,
            interval=INTERVAL,
            history_days=90,
        )
        self._recorder = Recorder(monitoring, changes, INTERVAL)
        audit = AuditService(AuditStore(database), Vault({"k1": bytes(32)}), self._clock)
        self._outbox = Outbox(self._alerts, self._incident_store, audit, self._clock)
        changes.subscribe(self._outbox.wake)

    @rule(states=st.tuples(*[st.sampled_from(STATES)] * len(IDS)), times=st.integers(1, 4), fault=faults)
    def answered(self, states: tuple[State, ...], times: int, fault: str) -> None:
        """Have some checks report the same states."""
        found = zip(IDS, states, strict=True)
        reports = Reports(tuple(Report(each, each, state, guild_id=str(GUILD)) for each, state in found))
        self._record(CheckOutcome.ANSWERED, reports, times)
        self.send(fault, 0)

    @rule(outcome=st.sampled_from([CheckOutcome.DOWN, CheckOutcome.REFUSED]), fault=faults)
    def unanswered(self, outcome: CheckOutcome, fault: str) -> None:
        """Have two checks without an answer."""
        self._record(outcome, None, 2)
        self.send(fault, 0)

    @rule(fault=faults)
    def disconnect(self, fault: str) -> None:
        """Run `/connections remove`, and connect again."""
        connections = ConnectionStore(self._database)
        self._run(connections.delete(GUILD, "toolzz", "default"))
        self._run(self._recorder.remove_orphans(int(self._clock.now)))
        self._run(connections.insert(CONNECTION))
        self.send(fault, 0)

    @rule(channel=st.sampled_from(CHANNELS), refuses=st.booleans())
    def shut(self, channel: int, *, refuses: bool) -> None:
        """Take permissions from the bot in a channel, or give them back."""
        (self._messenger.refusing.add if refuses else self._messenger.refusing.discard)(channel)

    @rule(refused=st.booleans())
    def refuse_edits(self, *, refused: bool) -> None:
        """Have Discord take no more edits, or take them again."""
        self._messenger.edits_refused = refused

    @rule()
    def change_board(self) -> None:
        """Change what the board has to show."""
        self._board_version += 1
        self._messenger.board = {"title": str(self._board_version)}
        self._outbox.wake(GUILD)

    @rule(channel=st.sampled_from(CHANNELS), fault=faults)
    def put_up_board(self, channel: int, fault: str) -> None:
        """Run `/integrations board` with a channel; no two commands come in the same second."""
        self._clock.now += 1
        self._messenger.fault = fault
        try:
            message_id = self._run(
                self._outbox.put_up_board(self._messenger, GUILD, channel, member_id=MEMBER)
            )
        except KilledError:
            self.restart()
        except InvalidInputError:
            assert channel in self._messenger.refusing
            assert self._board() is None
        else:
            assert message_id is None or self._messenger.boards()[message_id].channel_id == channel
            assert message_id is not None or fault
        finally:
            self._messenger.fault = ""

    @rule(fault=faults)
    def take_down_board(self, fault: str) -> None:
        """Run `/integrations board` without a channel."""
        self._messenger.fault = fault
        try:
            self._run(self._outbox.take_down_board(self._messenger, GUILD))
        except KilledError:
            self.restart()
        except (NotSentError, RuntimeError):
            assert self._board() is not None
        else:
            assert self._board() is None
        finally:
            self._messenger.fault = ""

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
        self._messenger.routed, self._closed_to = channel, None
        self._messenger.mentions.clear()  # A new route mentions anew.
        self._expected |= {each.number for each in self._incidents() if each.closed_at is None}
        self.send(fault, 0)

    @precondition(lambda self: self._route() is not None)
    @rule()
    def no_route(self) -> None:
        """Run `/alerts remove`."""
        self._run(self._service.remove_route(GUILD))
        self._closed_to = self._messenger.routed = None

    @rule(which=st.sampled_from(IDS), seconds=st.sampled_from([0, 300, 5000]), fault=faults)
    def mute(self, which: str, seconds: int, fault: str) -> None:
        """Run `/alerts mute`, once there is something to mute."""
        for each in self._run(self._monitoring.integrations(GUILD)):
            if each.id == which:
                self._run(self._monitoring.mute(GUILD, each, seconds, member_id=MEMBER))
        self.send(fault, 0)

    @rule(fault=faults)
    def acknowledge(self, fault: str) -> None:
        """Press the button under the newest alert."""
        for each in self._incidents()[:1]:
            self._run(self._service.acknowledge(GUILD, each.number, member_id=MEMBER))
        self.send(fault, 0)

    @rule(pick=st.integers(0, 9))
    def delete(self, pick: int) -> None:
        """Have a member delete a message."""
        for message_id in sorted(self._messenger.messages)[pick : pick + 1]:
            deleted = self._messenger.messages.pop(message_id)
            if isinstance(deleted, Notice):
                self._deleted.add(deleted.incident.number)

    @rule(fault=faults, seconds=st.sampled_from([5, 200, 700, 4000]))
    def send(self, fault: str, seconds: int) -> None:
        """Wait; then send what is due, until the bot is killed or nothing more is due."""
        self._clock.now += seconds
        if fault == NOT_SENT:
            return
        self._messenger.fault = fault
        seen, lost = len(self._messenger.calls), len(self._messenger.lost_routes)
        board, board_calls = self._board(), len(self._messenger.board_calls)
        try:
            self._run(self._outbox.pump(self._messenger, lambda _: True))
        except* KilledError:
            is_killed = True
            self._run(self._finish_writes())
            self.restart()
        else:
            is_killed = False
            self._note_over_while_muted()
        assert board is not None or len(self._messenger.board_calls) == board_calls
        calls = self._messenger.calls[seen:]
        assert self._closed_to not in {channel for _, channel in calls}
        closed = self._messenger.refusing & {self._messenger.routed}
        refused = [call for call in calls if call[1] in closed]
        assert len(refused) <= 1
        # A board's failure can kill the bot before the refusal of an alert is stored and reported.
        assert is_killed or len(self._messenger.lost_routes) - lost == len(refused)
        route = self._route()
        if refused and (not is_killed or (route is not None and route.lost)):
            self._closed_to = refused[0][1]

    @invariant()
    def no_message_is_doubled(self) -> None:
        """Every message is known, but for one that was sent just when something failed."""
        messages: list[tuple[OutboxRow | None, Collection[int]]] = [
            (row, self._messenger.alerts(row.number)) for row in self._alert_rows()
        ]
        board: OutboxRow | None = self._run(self._alerts.message(GUILD, MessageKind.BOARD))
        messages.append((board, self._messenger.boards()))
        for row, found in messages:
            known = set() if row is None else {row.message_id, row.old_message_id}
            unknown = set(found) - known - self._messenger.unreachable
            assert len(unknown) <= (row is not None and row.tried_at is not None), row

    @invariant()
    def nobody_is_mentioned_in_vain(self) -> None:
        """A mention is about an open incident, and comes once, or as a reminder."""
        for at, notice in self._messenger.mentions:
            assert notice.role_id == ROLE
            assert notice.incident.closed_at is None
            assert notice.incident.acknowledged_by is None
            assert notice.muted_until is None
            others = [
                when
                for when, each in self._messenger.mentions
                if each.incident.number == notice.incident.number and when != at
            ]
            # If a message was deleted before the bot had its id, nobody can know that it was there.
            is_deleted = notice.incident.number in self._deleted
            assert is_deleted or all(abs(at - when) >= REMIND for when in others)

    def teardown(self) -> None:
        """Let everything work again: each incident and the board have one message that shows how it is."""
        try:
            self._settle()
        finally:
            self._runner.run(self._stack.aclose())
            self._runner.close()

    def _settle(self) -> None:
        self._messenger.edits_refused = False
        self._messenger.refusing.clear()
        route = self._route()
        if route is None or route.lost:
            self.route(CHANNELS[1], 0, NOT_SENT, mentions=True)
        self.change_board()
        for _ in range(3):
            self.send("", 6000)
        incidents = self._incidents()
        assert self._expected <= {each.number for each in incidents}
        for incident in incidents:
            found = self._messenger.alerts(incident.number)
            reachable = set(found) - self._messenger.unreachable
            assert len(reachable) <= 1
            is_free = incident.number in self._over_while_muted | self._deleted
            if incident.number in self._expected and not is_free and reachable == set(found):
                assert reachable, incident
            for message_id in reachable:
                notice = found[message_id]
                assert notice.incident == incident
                assert incident.closed_at is not None or notice.channel_id == self._messenger.routed
        board, shown = self._board(), self._messenger.boards()
        standing = [shown[message_id] for message_id in set(shown) - self._messenger.unreachable]
        expected = [] if board is None else [(board.channel_id, self._messenger.board)]
        assert [(notice.channel_id, notice.embed) for notice in standing] == expected

    def _record(self, outcome: CheckOutcome, reports: Reports | None, times: int) -> None:
        for _ in range(times):
            self._clock.now += INTERVAL
            error = "" if outcome is CheckOutcome.ANSWERED else "timeout"
            result = CheckResult(
                GUILD, "toolzz", "default", int(self._clock.now), outcome, reports, error=error
            )
            known = {each.number for each in self._incidents() if each.closed_at is None}
            self._run(self._recorder.record(result))
            for each in self._incidents():
                if each.closed_at is None and each.number not in known:
                    self._over_while_muted.discard(each.number)
                    if self._route() is not None:
                        self._expected.add(each.number)

    def _note_over_while_muted(self) -> None:
        muted = {each.id for each in self._run(self._monitoring.integrations(GUILD)) if each.muted_until}
        for alert in self._alert_rows():
            (incident,) = [each for each in self._incidents() if each.number == alert.number]
            if incident.closed_at is not None and incident.id in muted and alert.message_id is None:
                self._over_while_muted.add(alert.number)

    async def _finish_writes(self) -> None:
        """Let a transaction that has begun end, as SQLite would at the next start."""
        await asyncio.gather(*self._database._writes, return_exceptions=True)

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - whatever it returns
        return self._runner.run(work)

    def _incidents(self) -> list[Incident]:
        return self._runner.run(self._incident_store.since(GUILD, 0))

    def _route(self) -> Route | None:
        return self._runner.run(self._service.route(GUILD))

    def _board(self) -> BoardRow | None:
        return self._runner.run(self._alerts.board(GUILD))

    def _alert_rows(self) -> list[OutboxRow]:
        numbers = [each.number for each in self._incidents()]
        rows = [self._run(self._alerts.message(GUILD, MessageKind.ALERT, number)) for number in numbers]
        return [row for row in rows if row is not None]


def test_each_incident_and_the_board_have_one_message_that_shows_how_it_is(
    empty_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No message is lost and none doubled, for any sequence of states, restarts, failures and commands."""
    monkeypatch.setattr("bot.features.alerts.outbox.MAX_A_SECOND", 10**9)
    monkeypatch.setattr(OutboxMachine, "empty", empty_database, raising=False)
    # A failure is reported as it was found: to look for a smaller one takes minutes.
    many = settings(max_examples=50, stateful_step_count=30, phases=[Phase.generate], database=None)
    with capture_logs():
        run_state_machine_as_test(OutboxMachine, settings=many)
