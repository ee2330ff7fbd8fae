"""Compares the recorder with a model for any checks of several guilds, with restarts and gaps between
them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.features.alerts.incident_store import Incident, Kind
from bot.features.monitoring.check_result import CheckOutcome
from bot.features.monitoring.incidents import Health
from bot.features.monitoring.store import WatchedRow
from bot.providers.base.integration import State
from bot.store.database import Database
from tests.support.alert_parts import INTERVAL
from tests.support.by_hand import hurry
from tests.support.check_recorder import FAULTY, LOST, OFF, START, WELL, RecordedChecks, report
from tests.support.incident_model import Checked, ExpectedIncident, expected_incidents

NAMES = ("first", "second")
HEALTH = {
    LOST: Health.BAD,
    FAULTY: Health.BAD,
    WELL: Health.GOOD,
    OFF: Health.GOOD,
    State.UNKNOWN: Health.NEITHER,
}
"""For a route that names ``disconnected`` and ``error``."""
WITHOUT_REPORTS = (CheckOutcome.DOWN, CheckOutcome.REFUSED, CheckOutcome.STILL_REFUSED, CheckOutcome.FAILED)
GUILDS = count(1)
"""Each example uses two new guilds."""


@dataclass(frozen=True)
class Turn:
    """One check of a connection. found: the states of its two integrations, or the outcome without
    reports.
    """

    guild: int
    name: str
    found: tuple[State, State] | CheckOutcome
    after: int
    restart: bool


TURNS = st.lists(
    st.builds(
        Turn,
        st.integers(0, 1),
        st.sampled_from(NAMES),
        st.tuples(*[st.sampled_from([LOST, LOST, FAULTY, WELL, WELL, OFF, State.UNKNOWN])] * 2)
        | st.sampled_from(WITHOUT_REPORTS),
        st.sampled_from([0, 15, 30, 30, 60, 400]),
        st.booleans(),
    ),
    min_size=10,
    max_size=40,
)


@dataclass
class Expected:
    """The expected checks of one integration, and its expected states by the time since when they hold."""

    checks: list[Checked] = field(default_factory=list)
    states: dict[int, State] = field(default_factory=dict)

    def saw(self, at: int, state: State, health: Health, last: int | None) -> None:
        """Add a check. last: when its connection was checked before."""
        after_gap = last is not None and at - last > 5 * INTERVAL
        if after_gap and last is not None and self.states:
            self.states[last + INTERVAL] = State.UNKNOWN
        self.states[at] = state
        self.checks.append(Checked(at, health, after_gap))


class RecorderAndModel:
    """Two guilds, once as the recorder stores them and once as the model expects them."""

    def __init__(self, recorded: RecordedChecks) -> None:
        self._recorded = recorded
        self._guilds = [next(GUILDS), next(GUILDS)]
        self._expected: dict[tuple[int, str], Expected] = {}
        self._last: dict[tuple[int, str], int] = {}

    async def connect(self) -> None:
        """Add connections and a route to each guild."""
        for guild in self._guilds:
            await self._recorded.connect(*NAMES, guild=guild)
            await self._recorded.route(LOST, FAULTY, guild=guild)

    async def check(self, turn: Turn) -> None:
        """Record a check, and add it to the model."""
        guild, recorded = self._guilds[turn.guild], self._recorded
        ids = [f"{turn.name}-{number}" for number in range(2)]
        if turn.restart:
            recorded.restart()
        if isinstance(turn.found, CheckOutcome):
            await recorded.fail(turn.found, connection=turn.name, guild=guild, after=turn.after)
            states = {each: State.UNKNOWN for each in ids if (guild, each) in self._expected}
        else:
            states = dict(zip(ids, turn.found, strict=True))
            found = [report(state, each, guild=guild) for each, state in states.items()]
            await recorded.answer(*found, connection=turn.name, guild=guild, after=turn.after)
        last = self._last.get((guild, turn.name))
        for each, state in states.items():
            self._expected.setdefault((guild, each), Expected()).saw(recorded.now, state, HEALTH[state], last)
        self._last[guild, turn.name] = recorded.now

    async def compare(self) -> None:
        """Fail if the recorder and the model differ."""
        for guild in self._guilds:
            opened = await self._recorded.incidents(guild)
            assert [each.number for each in opened] == list(range(1, len(opened) + 1))
            assert await self._recorded.reported(guild) == [each.number for each in opened]
            rows = await self._recorded.rows(guild=guild)
            assert rows.keys() == {each for owner, each in self._expected if owner == guild}
            for row in rows.values():
                mine = [each for each in opened if (each.kind, each.id) == (Kind.INTEGRATION, row.id)]
                await self._compare(self._expected[guild, row.id], mine, row)

    async def _compare(self, expected: Expected, opened: list[Incident], row: WatchedRow) -> None:
        found = [ExpectedIncident(each.opened_at, each.closed_at, each.reopened) for each in opened]
        assert found == expected_incidents(expected.checks, 2)
        history = await self._recorded.history(row.id, row.guild_id)
        for at, state in expected.states.items():
            assert [found for since, found, _ in history if START + since <= at][-1] == state
        assert row.state == history[-1][1]
        assert len(history) <= len(expected.states)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(turns=TURNS)
async def test_any_sequence_ends_as_the_model_says(database: Database, turns: list[Turn]) -> None:
    """No incident is missing, doubled or too early; the history contains the state of each check and each
    gap.
    """
    await hurry(database)
    both = RecorderAndModel(RecordedChecks(database))
    await both.connect()
    for turn in turns:
        await both.check(turn)
    await both.compare()
