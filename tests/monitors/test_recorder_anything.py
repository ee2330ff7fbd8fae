"""Any readings of several guilds and connections, restarts and pauses between them, held against a model."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.kit.integration import State
from bot.monitors.incidents import Sign
from bot.monitors.reading import Outcome
from bot.monitors.recorder import Recorder
from bot.services.watching import Kind
from tests.monitors.model import Checked, Told, incidents
from tests.monitors.watch import FAULTY, INTERVAL, LOST, OFF, WELL, Watch, report

if TYPE_CHECKING:
    from bot.store.database import Database
    from bot.store.watching import IncidentRow, WatchedRow

NAMES = ("first", "second")
SIGNS = {LOST: Sign.BAD, FAULTY: Sign.BAD, WELL: Sign.GOOD, OFF: Sign.GOOD, State.UNKNOWN: Sign.NEITHER}
"""To a guild that hears of what it hears of by default, but for what is switched off."""
UNASKED = (Outcome.DOWN, Outcome.REFUSED, Outcome.RESTING, Outcome.FAILED)
GUILDS = count(1)
"""Each example has two of its own."""


@dataclass(frozen=True)
class Turn:
    """One reading of a connection. found: of its two integrations, or why there was no answer."""

    guild: int
    name: str
    found: tuple[State, State] | Outcome
    after: int
    restart: bool


TURNS = st.lists(
    st.builds(
        Turn,
        st.integers(0, 1),
        st.sampled_from(NAMES),
        st.tuples(*[st.sampled_from([LOST, LOST, FAULTY, WELL, WELL, OFF, State.UNKNOWN])] * 2)
        | st.sampled_from(UNASKED),
        st.sampled_from([0, 15, 30, 30, 60, 400]),
        st.booleans(),
    ),
    min_size=10,
    max_size=40,
)


@dataclass
class Expected:
    """What is known of one integration. line: since when it was in which state."""

    checks: list[Checked] = field(default_factory=list)
    line: dict[int, State] = field(default_factory=dict)

    def saw(self, at: int, state: State, sign: Sign, last: int | None) -> None:
        """Note one more check. last: when its connection was checked before."""
        missed = last is not None and at - last > 5 * INTERVAL
        if missed and last is not None and self.line:
            self.line[last + INTERVAL] = State.UNKNOWN
        self.line[at] = state
        self.checks.append(Checked(at, sign, missed))


class Both:
    """Two guilds, as they are recorded and as the model has them."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._guilds = [next(GUILDS), next(GUILDS)]
        self._expected: dict[tuple[int, str], Expected] = {}
        self._last: dict[tuple[int, str], int] = {}

    async def connect(self) -> None:
        """Give each guild connections and a route."""
        for guild in self._guilds:
            await self._watch.connect(*NAMES, guild=guild)
            await self._watch.route(LOST, FAULTY, guild=guild)

    async def take(self, turn: Turn) -> None:
        """Take one reading."""
        guild, watch = self._guilds[turn.guild], self._watch
        ids = [f"{turn.name}-{number}" for number in range(2)]
        if turn.restart:
            watch.recorder = Recorder(watch.store, INTERVAL)
        if isinstance(turn.found, Outcome):
            await watch.fail(turn.found, connection=turn.name, guild=guild, after=turn.after)
            states = {each: State.UNKNOWN for each in ids if (guild, each) in self._expected}
        else:
            states = dict(zip(ids, turn.found, strict=True))
            found = [report(state, each) for each, state in states.items()]
            await watch.read(*found, connection=turn.name, guild=guild, after=turn.after)
        last = self._last.get((guild, turn.name))
        for each, state in states.items():
            self._expected.setdefault((guild, each), Expected()).saw(watch.now, state, SIGNS[state], last)
        self._last[guild, turn.name] = watch.now

    async def compare(self) -> None:
        """Fail where the two differ."""
        for guild in self._guilds:
            opened = await self._watch.incidents(guild)
            assert [each.number for each in opened] == list(range(1, len(opened) + 1))
            assert None not in [await self._watch.alerts.alert(guild, each.number) for each in opened]
            rows = await self._watch.rows(guild=guild)
            assert rows.keys() == {each for owner, each in self._expected if owner == guild}
            for row in rows.values():
                mine = [each for each in opened if (each.kind, each.id) == (Kind.INTEGRATION, row.id)]
                await self._compare(self._expected[guild, row.id], mine, row)

    async def _compare(self, expected: Expected, opened: list[IncidentRow], row: WatchedRow) -> None:
        found = [Told(each.opened_at, each.closed_at, each.reopened) for each in opened]
        assert found == incidents(expected.checks, 2)
        history = await self._watch.store.history(row.guild_id, row.provider, row.id, 0)
        for at, state in expected.line.items():
            assert [each.state for each in history if each.at <= at][-1] == state
        assert row.state == history[-1].state
        assert len(history) <= len(expected.line)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=TURNS)
async def test_any_sequence_ends_as_the_model_says(database: Database, turns: list[Turn]) -> None:
    """No incident is lost, doubled or opened too soon; history tells each check's state and each pause."""
    await database._writer.execute("PRAGMA synchronous = OFF")
    both = Both(Watch(database))
    await both.connect()
    for turn in turns:
        await both.take(turn)
    await both.compare()
