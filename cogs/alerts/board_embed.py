"""What a board shows: a server's agents, problems first, in lines that fit a phone."""

from collections.abc import Iterable, Mapping
from typing import Final

from bot.discord.sync import CommandLinks
from bot.discord.text import length, listed
from bot.discord.theme import DESCRIPTION, card, when
from bot.features.alerts.messenger import RenderedBoard
from bot.features.monitoring.service import GuildStatus
from bot.i18n.catalog import Texts
from bot.providers.base.provider import Provider
from cogs.alerts.board_rows import GAP, agent_rows, counted, title_of, trouble_line, worst_tone

REFRESH_SECONDS: Final = 15 * 60
"""A board that shows nothing new but the time of the last check is edited once in so many seconds."""


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
    troubles = (trouble_line(each, texts, providers) for each in status.troubles)
    head = listed(filter(None, (counted(agents, texts), *lost, *troubles)), texts, DESCRIPTION // 4)
    checked = "" if status.answered_at is None else texts("board.checked", time=when(status.answered_at))
    more = links.link(texts("board.more" if agents else "board.none"))
    end = " · ".join(filter(None, (checked, more)))
    room = DESCRIPTION - sum(length(part) + length(GAP) for part in (head, end))
    body, squares = agent_rows(agents, status, texts, providers, room)
    embed = card(
        worst_tone([*status.troubles, *agents]),
        title_of(agents, texts),
        GAP.join(filter(None, (head, body, "\n".join(filter(None, (squares, end)))))),
        footer=texts("board.footer"),
        symbol="📡",
    ).to_dict()
    # Each check would be an edit otherwise.
    refreshed = None if status.answered_at is None else status.answered_at // REFRESH_SECONDS
    return RenderedBoard(embed, {**embed, "description": [head, body, squares, more, refreshed]})
