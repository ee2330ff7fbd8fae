"""What a board shows: a server's agents, problems first, in lines that fit a phone."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from bot.discord.sync import CommandLinks
from bot.discord.text import length, listed
from bot.discord.theme import DESCRIPTION, Tone, card, state_symbol, when
from bot.features.alerts.messenger import RenderedBoard
from bot.features.monitoring.service import GuildStatus, Watched
from bot.i18n.catalog import Texts
from bot.providers.base.integration import State
from bot.providers.base.provider import Provider
from cogs.alerts.board_fit import fit
from cogs.alerts.board_rows import SQUARES, legend, marks_of, row_of, since_of
from cogs.monitoring.formatting import name_of, symbol, tone, word

REFRESH_SECONDS: Final = 15 * 60
"""A board that shows nothing new but the time of the last check is edited once in so many seconds."""
_GAP: Final = "\n\n"


def render_board(
    status: GuildStatus,
    unreported: Iterable[int],
    texts: Texts,
    providers: Mapping[str, Provider],
    links: CommandLinks,
) -> RenderedBoard:
    """Return the board that shows a guild's status, however many agents there are.

    unreported: the channels in which alerts do not arrive, if nobody could be told of that.
    """
    agents = status.integrations
    lost = (texts("board.undelivered", channel=f"<#{each}>") for each in unreported)
    troubles = (_trouble(each, texts, providers) for each in status.troubles)
    head = listed(filter(None, (_counts(agents), *lost, *troubles)), texts, DESCRIPTION // 4)
    checked = "" if status.answered_at is None else texts("board.checked", time=when(status.answered_at))
    more = links.link(texts("board.more" if agents else "board.none"))
    end = " · ".join(filter(None, (checked, more)))
    longest = (head, legend(SQUARES, agents, texts), end)
    room = DESCRIPTION - sum(length(part) + length(_GAP) for part in longest)
    rows = [row_of(each, status.last_day.get(each.key, ()), status.now, texts, providers) for each in agents]
    body = fit(rows, texts, room)
    squares = legend(body, agents, texts)
    embed = card(
        _tone([*status.troubles, *agents]),
        _title(agents, texts),
        _GAP.join(filter(None, (head, body, "\n".join(filter(None, (squares, end)))))),
        footer=texts("board.footer"),
        symbol="📡",
    ).to_dict()
    # Each check would be an edit otherwise.
    refreshed = None if status.answered_at is None else status.answered_at // REFRESH_SECONDS
    return RenderedBoard(embed, {**embed, "description": [head, body, squares, more, refreshed]})


def _title(agents: Iterable[Watched], texts: Texts) -> str:
    ups = [each.state is State.CONNECTED and not each.is_stale for each in agents]
    return texts.plural("board.title", len(ups), connected=sum(ups)) if ups else texts("board.empty")


def _counts(agents: Iterable[Watched]) -> str:
    """Return how many agents are in each state, first those that are connected, then the worst."""
    up = state_symbol(State.CONNECTED)
    counts = Counter(sorted(map(symbol, agents), key=lambda each: each != up))
    return " · ".join(f"{each} {count}" for each, count in counts.items())


def _tone(shown: Iterable[Watched]) -> Tone:
    """Return the tone of what is worst; what is switched off on purpose is not worse than what works."""
    judged = sorted(
        (each for each in shown if each.state is not State.INACTIVE), key=lambda each: each.severity
    )
    return tone(judged[0]) if judged else Tone.QUIET


def _trouble(trouble: Watched, texts: Texts, providers: Mapping[str, Provider]) -> str:
    name, state = name_of(trouble, providers), word(trouble, texts)
    parts = (f"**{name}**", state, *since_of(trouble, texts), *marks_of(trouble, texts))
    return f"{symbol(trouble)} {' · '.join(parts)}"
