"""The rows of agents on the board and in the overview, and what the squares of their last day mean."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from bot.discord.names import mention_member
from bot.discord.text import length
from bot.discord.theme import Tone, duration, state_word, when
from bot.features.history.service import DAY
from bot.features.history.store import Transition
from bot.features.history.strips import strip_of
from bot.features.monitoring.service import GuildStatus, Watched
from bot.i18n.catalog import Texts
from bot.providers.base.integration import DOWN_STATES, State
from bot.providers.base.provider import Provider
from cogs.alerts.board_fit import Row, Size, fit
from cogs.monitoring.formatting import name_of, quiet_marks, symbol, tone, why, word

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
_ALL_SQUARES: Final = "".join(_SQUARES.values())
_GROUPS: Final = dict.fromkeys(DOWN_STATES, "attention")
"""How states are counted that are not counted by themselves."""
GAP: Final = "\n\n"


def title_of(agents: Iterable[Watched], texts: Texts) -> str:
    """Say how many of the agents are connected."""
    ups = [_is_up(each) for each in agents]
    return texts.plural("board.title", len(ups), connected=sum(ups)) if ups else texts("board.empty")


def counted(agents: Iterable[Watched], texts: Texts) -> str:
    """Count those that are not connected, the worst first; return nothing where all are."""
    counts = Counter("stale" if each.is_stale else _GROUPS.get(each.state, each.state) for each in agents)
    kinds = (kind for kind in ("attention", "unknown", "stale", "inactive") if counts[kind])
    parts = _joined(*(texts.plural(f"board.{kind}", counts[kind]) for kind in kinds))
    return f"**{parts}**" if parts else ""


def worst_tone(shown: Iterable[Watched]) -> Tone:
    """Return the tone of what is worst; what is switched off on purpose is not worse than what works."""
    judged = sorted(
        (each for each in shown if each.state is not State.INACTIVE), key=lambda each: each.severity
    )
    return tone(judged[0]) if judged else Tone.QUIET


def trouble_line(trouble: Watched, texts: Texts, providers: Mapping[str, Provider]) -> str:
    """Return the line of a connection or a provider that is not well."""
    name, state = name_of(trouble, providers), word(trouble, texts)
    parts = (f"**{name}**", state, *_since(trouble, texts), *_marks(trouble, texts))
    return f"{symbol(trouble)} {_joined(*parts)}"


def problems_first(agents: Iterable[Watched]) -> list[Watched]:
    """Put those first that somebody should look at, and keep the order among them and among the others."""
    return sorted(agents, key=lambda each: not _is_problem(each))


def agent_rows(
    agents: Sequence[Watched],
    status: GuildStatus,
    texts: Texts,
    providers: Mapping[str, Provider],
    room: int,
) -> tuple[str, str]:
    """Return the rows of agents, and what the squares in them mean; both fit into the room.

    agents: all of the status, or some of them. room: UTF-16 code units.
    """
    # The trouble of a connection or provider is not repeated for each of its agents.
    explained = {(each.provider, each.connection) for each in status.troubles}
    rows = [
        _row(each, status.last_day.get(each.key, ()), status.now, explained, texts, providers)
        for each in agents
    ]
    body = fit(rows, texts, room - length(_legend(_ALL_SQUARES, agents, texts)) - length(GAP))
    return body, _legend(body, agents, texts)


def _row(
    watched: Watched,
    transitions: Sequence[Transition],
    now: int,
    explained: AbstractSet[tuple[str, str]],
    texts: Texts,
    providers: Mapping[str, Provider],
) -> Row:
    """Return an agent's row.

    transitions: of its last day, the oldest first. now: seconds since 1970. explained: the provider and
    connection of each trouble that is shown; a provider's own has no connection.
    """
    is_problem = _is_problem(watched)
    name, state = name_of(watched, providers), word(watched, texts)
    marks = list(_marks(watched, texts))
    is_explained = not explained.isdisjoint({(watched.provider, watched.connection), (watched.provider, "")})
    cause = "" if watched.state is State.UNKNOWN and is_explained else why(watched, texts, providers)
    strip = strip_of(transitions, now, _BLOCKS)
    squares = "".join(_SQUARES[each] for each in strip)
    # Of what is well, the squares say enough.
    below = _joined(*(_since(watched, texts) if is_problem else ()), *marks)
    lines = [
        f"{symbol(watched)} {_joined(f'**{name}**', state)}",
        squares,
        f"↳ {cause}" if cause else "",
        f"↳ {below}" if below else "",
    ]
    return Row(
        {
            Size.FULL: "\n".join(filter(None, lines)),
            Size.LINE: f"{squares} {_joined(f'**{name}**', *marks)}",
            Size.NAME: " ".join((name, *marks)),
        },
        heading=f"{symbol(watched)} **{state}**",
        is_problem=is_problem,
        is_calm={*strip} <= {watched.state, None},
    )


def _is_up(watched: Watched) -> bool:
    return watched.state is State.CONNECTED and not watched.is_stale


def _is_problem(watched: Watched) -> bool:
    return watched.incident is not None or not (_is_up(watched) or watched.state is State.INACTIVE)


def _since(watched: Watched, texts: Texts) -> Iterator[str]:
    """Yield since when it is so, unless it is out of date: the reason of that says since when."""
    if not watched.is_stale:
        yield texts("board.since", time=when(watched.changed_at))


def _marks(watched: Watched, texts: Texts) -> Iterator[str]:
    """Yield the number of an open incident, who looks after it, until when it is muted or in maintenance."""
    if watched.incident is not None:
        yield f"#{watched.incident.number}"
        if watched.incident.acknowledged_by is not None:
            yield f"🙋 {mention_member(watched.incident.acknowledged_by, texts)}"
    yield from quiet_marks(watched.muted_until, watched.maintenance_until, texts)


def _legend(shown: str, agents: Iterable[Watched], texts: Texts) -> str:
    """Say what the squares in a text mean, in the words of the agents' providers, if there are any."""
    providers = dict.fromkeys(each.provider for each in agents)
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
