"""Chooses how much of each agent a board shows, so that all of them fit into one message."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, NamedTuple

from bot.discord.text import length
from bot.i18n.catalog import Texts


class Size(Enum):
    """How much is shown of an agent."""

    FULL = auto()
    """Its name with its state, and its last day, in a line each; and the reason of its state."""
    LINE = auto()
    """Its last day and its name in one line, below the state that it shares with the next ones."""
    NAME = auto()
    """Its name, after those of others in the same state."""


@dataclass(frozen=True, slots=True)
class Row:
    """An agent on a board.

    forms: what is shown of it, as Discord's markdown. heading: its state, which stands above the lines and
    before the names of all agents in the same state. is_problem: whether somebody should look at it. is_calm:
    whether it was in this state for the whole last day, as far as that is known.
    """

    forms: Mapping[Size, str]
    heading: str
    is_problem: bool
    is_calm: bool


class _Sizes(NamedTuple):
    """The sizes of an agent that is a problem, of a calm one that is none, and of any other."""

    problem: Size
    calm: Size
    other: Size

    def of(self, row: Row) -> Size:
        """Return the size of a row."""
        if row.is_problem:
            return self.problem
        return self.calm if row.is_calm else self.other


_WHOLE: Final = (
    _Sizes(Size.FULL, Size.FULL, Size.FULL),
    _Sizes(Size.FULL, Size.LINE, Size.LINE),
    _Sizes(Size.FULL, Size.NAME, Size.LINE),
)
"""The sizes in which all agents are shown or none, the richest first."""
_CUT: Final = (_Sizes(Size.FULL, Size.NAME, Size.NAME), _Sizes(Size.LINE, Size.NAME, Size.NAME))
"""The sizes in which agents that are no problem may be counted instead of shown."""


def fit(rows: Sequence[Row], texts: Texts, room: int) -> str:
    """Return the rows as rich as they fit, all problems before all others.

    What there is no room for is counted at the end: first agents that are no problem, and problems only where
    a line for each of them is too much.

    Args:
        rows: In the order in which they are shown.
        texts: The words for how many more there are.
        room: UTF-16 code units.
    """
    problems = sum(row.is_problem for row in rows)
    for sizes in (*_WHOLE, *_CUT):
        pieces = list(_pieces(rows, sizes))
        shown, text = _cut(pieces, texts, room)
        if shown >= (problems if sizes in _CUT else len(rows)):
            break
    return text


def _pieces(rows: Sequence[Row], sizes: _Sizes) -> Iterator[str]:
    """Yield what each row adds to the text, with what separates it from the one before.

    Problems come first. Names come last, those of one state together.
    """
    named: dict[str, list[str]] = {}
    separator = above = ""
    for row in sorted(rows, key=lambda row: not row.is_problem):
        size = sizes.of(row)
        if size is Size.NAME:
            named.setdefault(row.heading, []).append(row.forms[size])
            continue
        heading = row.heading if size is Size.LINE else ""
        yield separator + (f"{heading}\n" if heading != above and heading else "") + row.forms[size]
        separator, above = "\n", heading
    for heading, names in named.items():
        yield f"{separator}{heading} · {names[0]}"
        yield from (f", {name}" for name in names[1:])
        separator = "\n"


def _cut(pieces: Sequence[str], texts: Texts, room: int) -> tuple[int, str]:
    """Return how many of the first pieces fit, and their text, which counts the others at its end."""
    text = "".join(pieces)
    if length(text) <= room:
        return len(pieces), text
    shown, used = 0, 0
    for number, piece in enumerate(pieces):
        more = length(f"\n{texts.plural('list.more', len(pieces) - number)}")
        if used + more > room:
            break
        shown, used = number, used + length(piece)
    rest = texts.plural("list.more", len(pieces) - shown)
    return shown, "\n".join(filter(None, ("".join(pieces[:shown]), rest)))
