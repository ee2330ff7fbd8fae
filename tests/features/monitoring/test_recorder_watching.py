"""Compares the recorder with a model for any answers of a provider and of Discord about one integration."""

from __future__ import annotations

from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.features.alerts.routes import DEFAULT_STATES
from bot.features.monitoring.access import UNKNOWN, Access, AccessKind
from bot.features.monitoring.check_result import CheckOutcome
from bot.features.monitoring.store import WatchedRow
from bot.providers.base.integration import State
from bot.providers.base.report import NOT_LISTED, Report
from bot.store.database import Database
from tests.support.by_hand import hurry
from tests.support.check_recorder import RecordedChecks, report
from tests.support.watching_model import ELSEWHERE, HERE, ExpectedIntegration, Said

GUILDS = count(1)
"""Each example uses a new guild."""
ACCESS = (
    None,
    UNKNOWN,
    Access(AccessKind.USABLE, 5, 5),
    Access(AccessKind.USABLE, 1),
    Access(AccessKind.USABLE, 3, 5),
    Access(AccessKind.ABSENT),
    Access(AccessKind.TIMED_OUT, until=1_800_000_000),
    Access(AccessKind.NO_CHANNEL, channels=2),
)
REPORTED = [State.CONNECTED, State.CONNECTED, State.DISCONNECTED, State.ERROR, State.INACTIVE, State.UNKNOWN]

said = st.builds(
    Said,
    st.sampled_from(["listed", "listed", "listed", "absent", "missing", "unlisted", "unreadable", "down"]),
    st.sampled_from(REPORTED),
    st.sampled_from([None, None, HERE, HERE, ELSEWHERE]),
    st.sampled_from(ACCESS),
    st.sampled_from([0, 60, 60, 200, 280, 1000]),
)
settings_of_all = settings(
    max_examples=80, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


class Watcher:
    """One integration of one guild, which the recorder hears of."""

    def __init__(self, recorded: RecordedChecks, *, own: bool) -> None:
        self.checks, self.guild = recorded, next(GUILDS)
        self.own = ["a"] if own else []
        self.reports: tuple[Report, ...] | None = None
        """Those of the last check, None if there were none."""
        self.missing: list[str] = []

    async def hear(self, each: Said) -> None:
        """Record a check that says so."""
        reports: list[Report] = []
        if each.how == "down":
            self.reports = None
            await self.checks.fail(CheckOutcome.DOWN, guild=self.guild, after=each.after)
            return
        if each.how == "listed":
            named = {HERE: self.guild, ELSEWHERE: self.guild + 10**9}
            reports = [report(each.state, guild=named.get(each.server or ""))]
        elif each.how == "unlisted":
            reports = [report(State.UNKNOWN, detail=NOT_LISTED, guild=None)]
        elif each.how == "unreadable":
            reports = [Report("a", "", State.UNKNOWN, "timeout")]
        self.reports, self.missing = tuple(reports), ["a"] if each.how == "missing" else []
        await self._answer(each, is_check=True)

    async def judge(self, each: Said) -> None:
        """Record that Discord says something else than at the last check."""
        assert self.reports is not None
        await self._answer(each, is_check=False)

    async def row(self) -> WatchedRow | None:
        """Return what is stored."""
        return (await self.checks.rows(guild=self.guild)).get("a")

    async def shown(self) -> tuple[str, str] | None:
        """Return the stored state and detail."""
        row = await self.row()
        return None if row is None else (row.state, row.detail)

    async def incidents(self) -> list[tuple[object, ...]]:
        """Return what is stored of its incidents."""
        found = await self.checks.incidents(self.guild)
        return [(each.state, each.detail, each.opened_at, each.ended) for each in found if each.id == "a"]

    async def _answer(self, each: Said, *, is_check: bool) -> None:
        assert self.reports is not None
        await self.checks.answer(
            *self.reports,
            guild=self.guild,
            missing=self.missing,
            own=self.own,
            access={} if each.access is None else {"a": each.access},
            is_check=is_check,
            after=each.after,
        )


async def begin(database: Database, *, own: bool) -> Watcher:
    """Connect, and have the guild told of everything that the default route names."""
    await hurry(database)
    watcher = Watcher(RecordedChecks(database), own=own)
    await watcher.checks.connect("default", guild=watcher.guild)
    await watcher.checks.route(*DEFAULT_STATES, guild=watcher.guild)
    return watcher


@settings_of_all
@given(own=st.booleans(), turns=st.lists(said, min_size=3, max_size=14))
async def test_any_answers_leave_what_the_model_says(
    database: Database, turns: list[Said], *, own: bool
) -> None:
    """Blocked comes from Discord's word alone; its silence keeps its last word; watched stays watched."""
    watcher, expected = await begin(database, own=own), ExpectedIntegration(own)
    for each in filter(expected.can_hear, turns):
        await watcher.hear(each)
        expected.hear(each, watcher.checks.now)
        assert await watcher.shown() == expected.shown
        if (row := await watcher.row()) is not None:
            assert row.access == ("" if expected.access is None else expected.access.detail)


@settings_of_all
@given(own=st.booleans(), turns=st.lists(said, min_size=2, max_size=8), again=st.sampled_from(ACCESS))
async def test_what_discord_says_between_checks_counts_nothing(
    database: Database, turns: list[Said], again: Access | None, *, own: bool
) -> None:
    """It changes the state, and neither opens nor changes nor closes an incident."""
    watcher, expected = await begin(database, own=own), ExpectedIntegration(own)
    for each in filter(expected.can_hear, turns):
        await watcher.hear(each)
        expected.hear(each, watcher.checks.now)
        if watcher.reports is None:
            continue
        before, counted = await watcher.incidents(), await watcher.row()
        judged = Said(each.how, each.state, each.server, again, after=5, is_check=False)
        for _ in range(4):
            await watcher.judge(judged)
            expected.hear(judged, watcher.checks.now)
            assert await watcher.shown() == expected.shown
        assert await watcher.incidents() == before
        row = await watcher.row()
        if counted is not None and row is not None:
            assert (row.bad, row.good, row.bad_at, row.missing) == (
                counted.bad,
                counted.good,
                counted.bad_at,
                counted.missing,
            )


@settings_of_all
@given(
    own=st.booleans(), turns=st.lists(st.sampled_from(["absent", "unlisted", "down", "seen"]), max_size=25)
)
async def test_absence_from_lists_never_alarms(database: Database, turns: list[str], *, own: bool) -> None:
    """Once it was seen connected, no sequence of lists makes it inactive, disconnected, gone or blocked."""
    watcher = await begin(database, own=own)
    await watcher.hear(Said("listed"))
    for turn in turns:
        await watcher.hear(Said("listed") if turn == "seen" else Said(turn, after=280))
        state, _ = await watcher.shown() or ("", "")
        assert state in {State.CONNECTED, State.UNKNOWN}
    assert await watcher.incidents() == []


@settings_of_all
@given(turns=st.lists(said, max_size=12))
async def test_an_alert_of_a_blocked_agent_comes_from_what_discord_said(
    database: Database, turns: list[Said]
) -> None:
    """An incident that begins as blocked follows two checks after which Discord's last word was that."""
    watcher, expected = await begin(database, own=True), ExpectedIntegration(is_own=True)
    words: list[bool] = []
    for each in turns:
        before = await watcher.incidents()
        await watcher.hear(each)
        expected.hear(each, watcher.checks.now)
        words.append(expected.access is not None and expected.access.is_blocked)
        opened = (await watcher.incidents())[len(before) :]
        if [state for state, *_ in opened] == [State.BLOCKED]:
            assert words[-1]
            assert expected.shown is not None
            assert expected.shown[0] is State.BLOCKED
