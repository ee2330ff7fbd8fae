"""Every incident is told of, no message is lost or doubled, and nobody is mentioned in vain."""

from __future__ import annotations

import contextlib
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from structlog.testing import capture_logs

from bot.errors import InvalidInputError, UnreachableError
from bot.features.alerts.messenger import BoardNotice, Notice, SummaryNotice
from bot.features.alerts.routes import Recovery
from bot.features.alerts.service import RouteSettings
from bot.features.alerts.store import MessageKind
from bot.features.connections.store import ConnectionStore
from bot.features.monitoring.check_result import CheckOutcome
from bot.providers.base.integration import State
from bot.providers.base.report import Report, Reports
from tests.support.channels import KilledError
from tests.support.outbox_world import CONNECTION, GUILD, MEMBER, OutboxWorld

ROLES: Final = {1: 91, 2: 92}
"""The role of each route."""
SECOND_ROLE: Final = 99
REMIND: Final = 3600
ESCALATE: Final = 1800
CHANNELS: Final = (100, 200)
IDS: Final = ("a", "b", "c")
STATES: Final = (State.CONNECTED, State.DISCONNECTED, State.ERROR, State.UNKNOWN)
NOT_SENT: Final = "not sent"
FAULTS: Final = ("", "", "", NOT_SENT, "down", "broken", "unanswered", "late", "killed", "killed_after")

faults = st.sampled_from(FAULTS)


class OutboxMachine(OutboxWorld, RuleBasedStateMachine):
    """A guild whose agents come and go, its managers, a bot that is killed, and a Discord that fails.

    Route 1 tells of everything, route 2 of errors of one agent.
    """

    @initialize()
    def begin(self) -> None:
        """Open the database, and start."""
        self.open()
        self.route(1, CHANNELS[0], 0, NOT_SENT, mentions=True, escalates=False)

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

    @rule()
    def notice_permissions(self) -> None:
        """Have Discord say that something has changed in the guild."""
        self._run(self._outbox.retry(GUILD))

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
        except (UnreachableError, RuntimeError):
            assert self._board() is not None
        else:
            assert self._board() is None
        finally:
            self._messenger.fault = ""

    @rule(
        number=st.sampled_from([1, 1, 2]),
        channel=st.sampled_from(CHANNELS),
        remind=st.sampled_from([0, REMIND]),
        mentions=st.booleans(),
        escalates=st.booleans(),
        fault=faults,
    )
    def route(
        self, number: int, channel: int, remind: int, fault: str, *, mentions: bool, escalates: bool
    ) -> None:
        """Run `/alerts set`."""
        wanted = RouteSettings(
            provider="" if number == 1 else "toolzz",
            integration="" if number == 1 else "a",
            states=(State.DISCONNECTED, State.ERROR) if number == 1 else (State.ERROR,),
            role_id=ROLES[number] if mentions else None,
            remind=remind,
            second_role_id=SECOND_ROLE if escalates else None,
            escalate=ESCALATE if escalates else 0,
            recovery=Recovery.QUIET if mentions else Recovery.OFF,
        )
        known = {route.number for route in self._routes()}
        replaced = next((each for each in sorted(known) if (each == 1) == (number == 1)), 0)
        try:
            self._run(self._service.set_route(GUILD, channel, wanted, member_id=MEMBER, number=replaced))
        except InvalidInputError as refused:
            assert refused.field == "same_rule"  # noqa: PT017 - what it must be, where it is refused
        self._follow_routes()
        self.send(fault, 0)

    @rule(which=st.integers(0, 1))
    def no_route(self, which: int) -> None:
        """Run `/alerts remove`."""
        for route in self._routes()[which : which + 1]:
            self._run(self._service.remove_route(GUILD, route.number))
        self._follow_routes()

    @rule(which=st.sampled_from(IDS), seconds=st.sampled_from([0, 300, 5000]), fault=faults)
    def mute(self, which: str, seconds: int, fault: str) -> None:
        """Run `/alerts mute`, once there is something to mute."""
        for each in self._run(self._monitoring.integrations(GUILD)):
            if each.id == which:
                self._run(self._monitoring.mute(GUILD, each, seconds, member_id=MEMBER))
        self.send(fault, 0)

    @rule(
        which=st.sampled_from(["", *IDS]),
        seconds=st.sampled_from([300, 5000]),
        wait=st.sampled_from([None, 600]),
        fault=faults,
    )
    def maintain(self, which: str, seconds: int, wait: int | None, fault: str) -> None:
        """Run `/alerts maintenance`."""
        starts_at = None if wait is None else int(self._clock.now) + wait
        provider = "toolzz" if which else ""
        # There may be as many windows as there can be.
        with contextlib.suppress(InvalidInputError):
            self._run(
                self._maintenance.add(GUILD, provider, which, seconds, member_id=MEMBER, starts_at=starts_at)
            )
        self.send(fault, 0)

    @rule(is_on=st.booleans(), fault=faults)
    def quiet_hours(self, fault: str, *, is_on: bool) -> None:
        """Run `/alerts quiet-hours`: they begin now and last three hours, or there are none."""
        if is_on:
            minute = int(self._clock.now) // 60 % 1440
            self._run(self._quiet_hours.set(GUILD, minute, (minute + 180) % 1440, "UTC", member_id=MEMBER))
        else:
            self._run(self._quiet_hours.remove(GUILD))
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
            if not isinstance(deleted, BoardNotice):
                self._deleted |= {each.number for each in deleted.incidents}

    @rule(fault=faults, seconds=st.sampled_from([5, 200, 700, 4000, 11_000]))
    def send(self, fault: str, seconds: int) -> None:
        """Wait; then send what is due, until the bot is killed or nothing more is due."""
        self._clock.now += seconds
        if fault == NOT_SENT:
            return
        self._messenger.fault = fault
        seen, posted = len(self._messenger.calls), len(self._messenger.posts)
        board, board_calls = self._board(), len(self._messenger.board_calls)
        before, now = self._routes(), int(self._clock.now)
        open_channels = {route.channel_id for route in before if not route.is_suspended(now)}
        waiting = {route.channel_id for route in before} - open_channels
        try:
            self._run(self._outbox.pump(self._messenger, lambda _: True))
        except* KilledError:
            self._run(self._finish_writes())
            self.restart()
        assert board is not None or len(self._messenger.board_calls) == board_calls
        calls = self._messenger.calls[seen:]
        routed = [route.channel_id for route in self._routes()]
        assert not waiting & {channel for what, channel in calls if what == "post"}
        refused = [
            channel for what, channel in calls if what == "post" and channel in self._messenger.refusing
        ]
        for channel in set(routed) & set(refused):
            assert refused.count(channel) <= routed.count(channel)
        self._check_posts(posted)

    def _check_posts(self, posted: int) -> None:
        """Fail if something was posted, or somebody mentioned, that should not have been."""
        hours = self._run(self._quiet_hours.get(GUILD))
        now = int(self._clock.now)
        held = self._run(self._holds.of(GUILD, self._incidents(), now)).until
        for at, notice in self._messenger.posts[posted:]:
            assert int(at) == now
            if isinstance(notice, Notice):
                # Nothing begins that maintenance or a mute keeps quiet.
                assert any(each.number not in held for each in notice.incidents)
            if isinstance(notice, BoardNotice) or not notice.role_ids:
                continue
            assert hours is None or hours.until(now) is None
            assert isinstance(notice, (Notice, SummaryNotice))
            assert any(
                each.closed_at is None and each.acknowledged_by is None and each.number not in held
                for each in notice.incidents
            )

    @invariant()
    def no_message_is_doubled(self) -> None:
        """Every message is known, but for one that was sent just when something failed."""
        rows = {(row.kind, row.route, row.number): row for row in self._rows()}
        found: dict[tuple[str, int, int], set[int]] = {}
        for message_id, notice in self._messenger.messages.items():
            match notice:
                case BoardNotice():
                    key = (MessageKind.BOARD.value, 0, 0)
                case SummaryNotice():
                    key = (MessageKind.SUMMARY.value, notice.route, int(notice.reference.split("-")[1]))
                case Notice():
                    key = (MessageKind.ALERT.value, notice.route, notice.number)
                case _:
                    key = (MessageKind.RECOVERY.value, notice.route, notice.number)
            found.setdefault(key, set()).add(message_id)
        for key, messages in found.items():
            row = rows.get(key)
            known = set() if row is None else {row.message_id, row.old_message_id}
            unknown = messages - known - self._messenger.unreachable
            assert len(unknown) <= (row is not None and row.tried_at is not None), (key, row)

    @invariant()
    def nobody_is_mentioned_too_often(self) -> None:
        """A role hears of an incident once and by reminders; the second role once, after a while."""
        heard: dict[tuple[int, int], list[float]] = {}
        for at, notice in self._messenger.mentions:
            assert not isinstance(notice, BoardNotice)
            for role in notice.role_ids:
                assert role in {*ROLES.values(), SECOND_ROLE}
                for each in notice.incidents:
                    if each.closed_at is None and each.acknowledged_by is None:
                        heard.setdefault((role, each.number), []).append(at)
        for (role, number), times in heard.items():
            # If a message was deleted before the bot had its id, nobody can know that it was there.
            if number in self._deleted or role == SECOND_ROLE:
                continue
            gaps = [later - earlier for earlier, later in pairwise(times)]
            assert all(gap >= REMIND for gap in gaps), (role, number, times)

    def teardown(self) -> None:
        """Let everything work again: what is open is told of, and each message shows how it is."""
        try:
            self._settle()
        finally:
            self.close()

    def _settle(self) -> None:
        self._messenger.edits_refused = False
        self._messenger.refusing.clear()
        if not any(route.number == 1 or not route.integration for route in self._routes()):
            self.route(1, CHANNELS[1], 0, NOT_SENT, mentions=True, escalates=False)
        self.change_board()
        for _ in range(4):
            self.send("", 11_000)
        incidents = {each.number: each for each in self._incidents()}
        now = int(self._clock.now)
        open_ones = [each for each in incidents.values() if each.closed_at is None]
        assert not self._run(self._holds.of(GUILD, open_ones, now)).until
        alerts = [
            (message_id, notice)
            for message_id, notice in self._messenger.messages.items()
            if isinstance(notice, Notice) and message_id not in self._messenger.unreachable
        ]
        for _, notice in alerts:
            assert list(notice.incidents) == [incidents[each.number] for each in notice.incidents]
        for route in self._routes():
            told = [
                each.number
                for _, notice in alerts
                if notice.route == route.number
                for each in notice.incidents
            ]
            assert len(told) == len(set(told))
            for each in open_ones:
                if route.tells_of(each) and each.number not in self._deleted:
                    shown = [n for _, n in alerts if n.route == route.number and each in n.incidents]
                    assert [notice.channel_id for notice in shown] == [route.channel_id], each
        board, boards = self._board(), self._messenger.boards()
        standing = [boards[message_id] for message_id in set(boards) - self._messenger.unreachable]
        expected = [] if board is None else [(board.channel_id, self._messenger.board)]
        assert [(notice.channel_id, notice.embed) for notice in standing] == expected


def test_whatever_happens_what_is_open_is_told_of_and_nobody_is_mentioned_in_vain(
    empty_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Holds for any sequence of states, restarts, failures and commands."""
    monkeypatch.setattr("bot.features.alerts.outbox.MAX_A_SECOND", 10**9)
    monkeypatch.setattr(OutboxMachine, "empty", empty_database, raising=False)
    # A failure is reported as it was found: to look for a smaller one takes minutes.
    many = settings(max_examples=50, stateful_step_count=30, phases=[Phase.generate], database=None)
    with capture_logs():
        run_state_machine_as_test(OutboxMachine, settings=many)
