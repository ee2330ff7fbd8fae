"""Proves that a board fits into a message whatever it has to show, and what it leaves out first."""

import re
from collections.abc import Sequence

import discord
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.discord.sync import CommandLinks
from bot.discord.text import length, plain
from bot.discord.theme import DESCRIPTION, TOTAL, total
from bot.features.alerts.incident_store import Incident, Kind
from bot.features.alerts.messenger import RenderedBoard
from bot.features.history.store import Transition
from bot.features.monitoring.service import GuildStatus, Watched
from bot.i18n.catalog import LOCALES, load_catalog
from bot.providers.base.integration import State
from cogs.alerts.board_embed import REFRESH_SECONDS, render_board
from cogs.alerts.board_fit import Row, Size, fit
from tests.support.english import english
from tests.support.hostile import ATTACKS, marks

NOW = 1_764_028_800
HOUR = 3600
CATALOG = load_catalog()
MORE = re.compile(r"^(?:\+|e mais )(\d+)(?: more)?$", re.MULTILINE)
SQUARES = re.compile("[🟩🟥🟨⬜]|▫️")

NAMES = st.sampled_from([*ATTACKS, "Front desk", "*" * 100, "\\" * 100, "🦜" * 50, "x" * 100, ""])
AGENTS = st.lists(st.tuples(NAMES, st.sampled_from(State), st.booleans(), st.booleans()), max_size=200)
ROWS = st.lists(
    st.tuples(st.integers(1, 90), st.sampled_from("ab"), st.booleans(), st.booleans()), max_size=200
)
"""The length of each row's name, its heading, whether it is a problem, and whether it is calm."""


def rows_of(drawn: Sequence[tuple[int, str, bool, bool]]) -> list[Row]:
    """Return rows whose forms tell which row it is, and in which size."""
    return [
        Row(
            {
                Size.FULL: f"<{number}F>{'🟩' * size}\n{'x' * 60}",
                Size.LINE: f"<{number}L>{'🟩' * size}",
                Size.NAME: f"<{number}N>{'x' * size}",
            },
            heading=heading,
            is_problem=is_problem,
            is_calm=is_calm,
        )
        for number, (size, heading, is_problem, is_calm) in enumerate(drawn)
    ]


@given(ROWS, st.sampled_from(LOCALES), st.integers(50, 4096))
def test_each_row_is_shown_or_counted(
    drawn: list[tuple[int, str, bool, bool]], locale: str, room: int
) -> None:
    """Nothing is longer than the room. Problems come first, in full while all of them fit so."""
    rows = rows_of(drawn)
    text = fit(rows, CATALOG[locale], room)
    assert length(text) <= room
    shown = [(int(number), size) for number, size in re.findall(r"<(\d+)([FLN])>", text)]
    counted = sum(int(count) for count in MORE.findall(text))
    assert len(shown) == len({number for number, _ in shown})
    assert len(shown) + counted == len(rows)
    are_problems = [rows[number].is_problem for number, _ in shown]
    assert are_problems == sorted(are_problems, reverse=True)
    problems = [(number, size) for number, size in shown if rows[number].is_problem]
    assert [number for number, _ in problems] == sorted(number for number, _ in problems)
    are_all_full = {size for _, size in problems} <= {"F"}
    assert are_all_full or {size for _, size in problems} == {"L"}
    if len(problems) < sum(row.is_problem for row in rows):
        assert len(shown) == len(problems), "others are shown only if all problems are"
    in_full = "\n".join(row.forms[Size.FULL] for row in rows if row.is_problem)
    if length(f"{in_full}\n{CATALOG[locale].plural('list.more', 200)}") <= room:
        assert are_all_full


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (4096, "<0F> <1F> <2F> <3F>"),
        (250, "<0F> <1L> <2L> <3L>"),
        (158, "<0F> <1L> <3L> <2N>"),
        (140, "<0F> <1N> <3N> <2N>"),
        (120, "<0F> <1N> +2"),
        (60, "<0L> <1N> +2"),
    ],
)
def test_what_is_shown_less_of_first(room: int, shown: str) -> None:
    """All in full, then others in a line, then calm ones by name, then others by name, then some counted."""
    rows = rows_of(
        [(10, "a", True, False), (10, "a", False, False), (10, "b", False, True), (10, "a", False, False)]
    )
    text = fit(rows, CATALOG["en-US"], room)
    assert " ".join(re.findall(r"<\w+>|\+\d+", text)) == shown


def agent(
    number: int, name: str, state: State, *, is_marked: bool = False, is_stale: bool = False
) -> Watched:
    """Return an agent whose name begins with its number. is_marked: it has an incident and is muted."""
    label = plain(f"{number:03} {name}", 97)
    incident = Incident(
        1, number, Kind.INTEGRATION, "toolzz", str(number), "default", label, state, "", opened_at=NOW - 9000
    )
    return Watched(
        guild_id=1,
        kind=Kind.INTEGRATION,
        provider="toolzz",
        id=str(number),
        connection="default",
        label=label,
        state=state,
        detail="no_channel" if state is State.BLOCKED else "",
        changed_at=NOW - 9000,
        answered_at=NOW - 40,
        is_stale=is_stale,
        incident=incident if is_marked else None,
        muted_until=NOW + HOUR if is_marked else None,
    )


def board(*agents: Watched, locale: str = "en-US", checked_at: int | None = NOW - 40) -> RenderedBoard:
    """Return the board of these agents, of which each second one was down some hours ago."""
    days = {}
    for number, each in enumerate(agents):
        days[each.key] = [Transition(NOW - 90_000, each.state, "")]
        if number % 2:
            days[each.key] += [
                Transition(NOW - 9 * HOUR, State.ERROR, ""),
                Transition(NOW - 8 * HOUR, each.state, ""),
            ]
    status = GuildStatus(
        now=NOW,
        troubles=[],
        integrations=sorted(agents, key=lambda each: each.severity),
        last_day=days,
        answered_at=checked_at,
    )
    return render_board(status, (), CATALOG[locale], {}, CommandLinks())


def text_of(*agents: Watched) -> str:
    """Return the text of the board of these agents."""
    text: str = board(*agents).embed["description"]
    return text


@settings(max_examples=60, deadline=None)
@given(AGENTS, st.sampled_from(LOCALES))
def test_any_agents_fit_into_a_message(found: list[tuple[str, State, bool, bool]], locale: str) -> None:
    """Names of any kind are shown as they are, and nothing is cut off in the middle."""
    agents = [
        agent(number, name, state, is_marked=is_marked, is_stale=is_stale and state is not State.UNKNOWN)
        for number, (name, state, is_marked, is_stale) in enumerate(found)
    ]
    embed = discord.Embed.from_dict(board(*agents, locale=locale).embed)
    text = embed.description or ""
    assert length(text) <= DESCRIPTION
    assert total(embed) <= TOTAL
    assert set(marks(text)) <= {"bold", "time", "code", "command in code"}
    assert text.endswith(CATALOG[locale]("board.more" if agents else "board.none"))


@pytest.mark.parametrize(("count", "lines"), [(1, 1), (12, 12), (80, 80)])
def test_each_agent_has_its_last_day(count: int, lines: int) -> None:
    """With names as people give them, up to eighty agents keep their strips."""
    agents = [agent(number, "Front desk", State.CONNECTED) for number in range(count)]
    strips = [line for line in text_of(*agents).splitlines() if len(SQUARES.findall(line)) == 8]
    assert len(strips) == lines


def test_who_is_down_stays_in_full() -> None:
    """Beside agents whose names fill the message, a problem has its state, its reason and its incident."""
    agents = [agent(number, "x" * 90, State.CONNECTED) for number in range(150)]
    text = text_of(*agents, agent(150, "Night desk", State.BLOCKED, is_marked=True))
    top = text.split("\n")[2:6]
    assert top[0] == "⛔ **150 Night desk** · Blocked"
    assert len(SQUARES.findall(top[1])) == 8
    assert top[2] == f"↳ {english('state.why.no_channel')}"
    assert top[3].startswith(f"↳ changed <t:{NOW - 9000}:R> · #150 · 🔕 ends <t:{NOW + HOUR}:R>")
    assert MORE.findall(text)


@pytest.mark.parametrize("count", [3, 40, 150])
def test_every_state_is_a_word(count: int) -> None:
    """In whichever size an agent is shown, its state stands in words beside it or above it."""
    states = [State.CONNECTED, State.INACTIVE, State.DISCONNECTED]
    agents = [agent(number, "Front desk", states[number % 3]) for number in range(count)]
    words = {state: english(f"state.{state}") for state in states}
    above = ""
    named = set()
    for line in text_of(*agents).splitlines():
        above = line if line.startswith(("🔴", "⚪", "🟢")) else above
        for number in map(int, re.findall(r"(\d{3}) Front desk", line)):
            assert words[states[number % 3]] in above
            named.add(number)
    assert named == set(range(count))


def test_the_legend_explains_what_is_shown() -> None:
    """Squares that no strip has are not explained."""
    up = agent(0, "Front desk", State.CONNECTED)
    assert "Last 24 hours from left to right, 3 h per square: 🟩 Connected\n" in text_of(up)
    off = agent(1, "Night desk", State.INACTIVE)
    assert "per square: 🟩 Connected · 🟥 Down · ⬜ Inactive\n" in text_of(up, off)


def test_the_time_of_a_check_is_compared_by_the_quarter_of_an_hour() -> None:
    """Each check is shown by the next edit, and causes one only if the last one shown is older than that."""
    quarter = NOW - NOW % REFRESH_SECONDS
    agents = [agent(0, "Front desk", State.CONNECTED)]
    first, last, next_ = (
        board(*agents, checked_at=quarter + after) for after in (0, REFRESH_SECONDS - 1, REFRESH_SECONDS)
    )
    assert f"Checked <t:{quarter}:R> · " in first.embed["description"]
    assert first.embed != last.embed
    assert first.content == last.content
    assert last.content != next_.content
    assert "Checked" not in board(*agents, checked_at=None).embed["description"]
    other = board(agent(0, "Front desk", State.BLOCKED), checked_at=quarter)
    assert other.content != first.content
