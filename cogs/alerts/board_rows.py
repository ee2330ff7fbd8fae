"""What a board shows of one agent, and what the squares of its last day mean."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from bot.discord.names import mention_member
from bot.discord.theme import duration, state_word, when
from bot.features.history.service import DAY
from bot.features.history.store import Transition
from bot.features.history.strips import strip_of
from bot.features.monitoring.service import Watched
from bot.i18n.catalog import Texts
from bot.providers.base.integration import DOWN_STATES, State
from bot.providers.base.provider import Provider
from cogs.alerts.board_fit import Row, Size
from cogs.monitoring.formatting import name_of, quiet_marks, symbol, why, word

_BLOCKS: Final = 8
"""The blocks of the last day: their squares and a name fit into a phone's line. A square means as much on
every board, however many agents there are.
"""
_SQUARES: Final[Mapping[State | None, str]] = {
    State.CONNECTED: "🟩",
    **dict.fromkeys(DOWN_STATES, "🟥"),
    State.UNKNOWN: "🟨",
    State.INACTIVE: "⬜",
    None: "▫️",
}
SQUARES: Final = "".join(_SQUARES.values())
"""A text with all squares."""


def row_of(
    watched: Watched,
    transitions: Sequence[Transition],
    now: int,
    texts: Texts,
    providers: Mapping[str, Provider],
) -> Row:
    """Return an agent's row. transitions: of its last day, the oldest first. now: seconds since 1970."""
    is_up = watched.state is State.CONNECTED and not watched.is_stale
    is_problem = watched.incident is not None or not (is_up or watched.state is State.INACTIVE)
    name, state = name_of(watched, providers), word(watched, texts)
    title = [f"**{name}**"] if is_up else [f"**{name}**", state]
    since, marks = list(since_of(watched, texts)), list(marks_of(watched, texts))
    # The reason of an unknown state stands above, with the connection or the provider.
    cause = "" if watched.state is State.UNKNOWN else why(watched, texts, providers)
    strip = strip_of(transitions, now, _BLOCKS)
    squares = "".join(_SQUARES[each] for each in strip)
    # On a phone there is no room for it beside the word for a state.
    below = _joined(*(since if is_problem else ()), *marks, cause)
    lines = [
        f"{symbol(watched)} {_joined(*title, *(() if is_problem else since))}",
        squares,
        f"↳ {below}" if below else "",
    ]
    return Row(
        {
            Size.FULL: "\n".join(filter(None, lines)),
            Size.LINE: f"{symbol(watched)} {squares} {_joined(*title, *marks)}",
            Size.NAME: " ".join((name, *marks)),
        },
        heading=f"{symbol(watched)} **{state}**",
        is_problem=is_problem,
        is_calm={*strip} <= {watched.state, None},
    )


def since_of(watched: Watched, texts: Texts) -> Iterator[str]:
    """Yield since when it is so, unless it is out of date: the reason of that says since when."""
    if not watched.is_stale:
        yield texts("board.since", time=when(watched.changed_at))


def marks_of(watched: Watched, texts: Texts) -> Iterator[str]:
    """Yield the number of an open incident, who looks after it, until when it is muted or in maintenance."""
    if watched.incident is not None:
        yield f"#{watched.incident.number}"
        if watched.incident.acknowledged_by is not None:
            yield f"🙋 {mention_member(watched.incident.acknowledged_by, texts)}"
    yield from quiet_marks(watched.muted_until, watched.maintenance_until, texts)


def legend(shown: str, integrations: Iterable[Watched], texts: Texts) -> str:
    """Say what the squares in a text mean, in the words of the integrations' providers, if there are any."""
    providers = dict.fromkeys(each.provider for each in integrations)
    meanings: dict[str, str] = {}
    for state, square in _SQUARES.items():
        if square not in shown:
            continue
        if state is None:
            meanings[square] = texts("board.no_data")
        elif state in DOWN_STATES:
            meanings[square] = texts("board.down")
        else:
            words = dict.fromkeys(state_word(texts, provider, state) for provider in providers)
            meanings[square] = " / ".join(words)
    if not meanings:
        return ""
    meaning = _joined(*(f"{square} {meaning}" for square, meaning in meanings.items()))
    return texts("board.legend", duration=duration(DAY // _BLOCKS, texts), meanings=meaning)


def _joined(*parts: str) -> str:
    return " · ".join(filter(None, parts))
