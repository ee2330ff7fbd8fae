"""The embed of an alert about several incidents that began together."""

from collections.abc import Iterator, Sequence

import discord

from bot.discord.names import mention_member
from bot.discord.text import length
from bot.discord.theme import DESCRIPTION, Field, card, when
from bot.features.alerts.incident_store import RECOVERED, Incident, Kind
from bot.features.alerts.messenger import Notice
from cogs.alerts.messages.alert_embed import status_lines
from cogs.alerts.messages.fixes import shared_fix_of
from cogs.alerts.messages.incident_rows import (
    acknowledged_mark,
    footer_of,
    limited,
    open_of,
    open_row,
    over_of,
    over_row,
    state_of,
    symbol_of,
    tone_of,
)
from cogs.alerts.messages.rendering import Rendering
from cogs.monitoring.formatting import quiet_marks, why

_MAX_OPEN = 10
_MAX_OVER = 5
_ROOM_FOR_OVER = 1000
"""The part of the description for what is over, in UTF-16 code units: it never crowds out what is open."""
_TOGETHER_SECONDS = 120
"""Incidents whose beginnings are no further apart have one time for all."""


def group_embed(notice: Notice, rendering: Rendering) -> discord.Embed:
    """Show several incidents as they are now, the worst first and what is over last."""
    texts, services = rendering.texts, rendering.services
    open_ones, over = open_of(notice.incidents), over_of(notice.incidents)
    common = _Common(open_ones, rendering)
    head = "\n".join(filter(None, _head(open_ones, over, common, rendering)))
    foot = "\n".join(status_lines(notice, rendering))
    rows_over = limited([over_row(each, rendering) for each in over], _MAX_OVER, texts, _ROOM_FOR_OVER)
    room = DESCRIPTION - sum(map(length, (head, rows_over, foot))) - 6
    rows = [_row(each, notice, common, rendering) for each in open_ones]
    rows_open = limited(rows, _MAX_OPEN, texts, room)
    return card(
        tone_of(open_ones, over),
        _title(open_ones, over, rendering),
        "\n\n".join(filter(None, [head, rows_open, rows_over, foot])),
        fields=[Field(texts("next_step"), services.links.link(_step(open_ones, common, rendering)))],
        footer=footer_of(notice.incidents, notice.reference, rendering),
        symbol=symbol_of(open_ones[0]) if open_ones else None,
    )


class _Common:
    """What all open incidents of a group have in common; empty where they differ."""

    def __init__(self, open_ones: Sequence[Incident], rendering: Rendering) -> None:
        texts, providers = rendering.texts, rendering.services.providers
        is_one_kind = len({each.kind for each in open_ones}) == 1
        self.state = _only(state_of(each, texts) for each in open_ones) if is_one_kind else ""
        self.why = _only(why(each, texts, providers) for each in open_ones)
        # A link leads to one agent's bot, and what is said to all of them has none.
        self.fix = _only(shared_fix_of(each, rendering) for each in open_ones) or _only(
            shared_fix_of(each, rendering.without_bots()) for each in open_ones
        )
        self.acknowledged_by = _only(
            "" if each.acknowledged_by is None else mention_member(each.acknowledged_by, texts)
            for each in open_ones
        )
        begun = [each.opened_at for each in open_ones]
        self.since = min(begun) if begun and max(begun) - min(begun) <= _TOGETHER_SECONDS else None


def _only(values: Iterator[str]) -> str:
    """Return the one value that all have; nothing where they differ."""
    found = set(values)
    return found.pop() if len(found) == 1 else ""


def _title(open_ones: Sequence[Incident], over: Sequence[Incident], rendering: Rendering) -> str:
    texts, are_agents = rendering.texts, _are_agents(open_ones or over)
    if open_ones:
        return texts.plural("alerts.group.agents" if are_agents else "alerts.group.incidents", len(open_ones))
    if are_agents and all(each.ended == RECOVERED for each in over):
        return texts.plural("alerts.group.recovered", len(over))
    return texts.plural("alerts.group.over", len(over))


def _are_agents(incidents: Sequence[Incident]) -> bool:
    return all(each.kind == Kind.INTEGRATION for each in incidents)


def _head(
    open_ones: Sequence[Incident], over: Sequence[Incident], common: _Common, rendering: Rendering
) -> Iterator[str]:
    """Yield what is true of the whole group."""
    texts = rendering.texts
    if not open_ones:
        return
    if recovered := sum(each.ended == RECOVERED for each in over):
        yield texts("alerts.group.counts", open=len(open_ones), recovered=recovered)
    state = common.state and f"**{common.state}**"
    yield " · ".join(filter(None, [state, common.why]))
    if common.since is not None:
        yield texts("alerts.message.since", time=when(common.since, exact=True))
    if common.acknowledged_by:
        latest = max(each.acknowledged_at or 0 for each in open_ones)
        yield texts("alerts.message.acknowledged", member=common.acknowledged_by, time=when(latest))


def _row(incident: Incident, notice: Notice, common: _Common, rendering: Rendering) -> str:
    """Return the row of an open incident, with what it does not have in common with the others."""
    texts = rendering.texts
    marks = [
        *([] if common.acknowledged_by else acknowledged_mark(incident, texts)),
        *quiet_marks(notice.muted.get(incident.number), notice.maintenance.get(incident.number), texts),
    ]
    opened = [texts("alerts.row.opened", time=when(incident.opened_at))] if common.since is None else []
    row = open_row(incident, rendering, *opened, *marks, state=not common.state)
    cause = "" if common.why else why(incident, texts, rendering.services.providers)
    return f"{row}\n↳ {cause}" if cause else row


def _step(open_ones: Sequence[Incident], common: _Common, rendering: Rendering) -> str:
    texts = rendering.texts
    if not open_ones:
        return texts("alerts.message.next_overview")
    if not common.fix:
        return texts("alerts.group.next_one")
    # What repairs several connections or providers is said as it is: they are no agents.
    is_of_each = len(open_ones) > 1 and _are_agents(open_ones)
    return texts("alerts.group.each", fix=common.fix) if is_of_each else common.fix
