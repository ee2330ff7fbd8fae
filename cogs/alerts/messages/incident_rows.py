"""Rows of incidents, for messages that show several."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bot.discord.names import mention_member
from bot.discord.text import length, listed, plain
from bot.discord.theme import Tone, duration
from bot.features.alerts.incident_store import RECOVERED, Incident, Kind
from bot.i18n.catalog import Texts
from bot.providers.base.integration import WORST_FIRST, State
from cogs.alerts.messages.rendering import Rendering
from cogs.monitoring.formatting import name_of, provider_name, symbol, tone, word

OVER_SYMBOLS: Final = {RECOVERED: "✅"}
_OTHER_OVER: Final = "💤"


def worst_first(incident: Incident) -> tuple[int, int]:
    """Return the sort key that puts the highest severity first, then the longest incident."""
    return WORST_FIRST.index(State(incident.state)), incident.opened_at


def open_of(incidents: Iterable[Incident]) -> list[Incident]:
    """Return those that are not over, the worst first."""
    return sorted((each for each in incidents if each.closed_at is None), key=worst_first)


def over_of(incidents: Iterable[Incident]) -> list[Incident]:
    """Return those that are over, the latest first."""
    return sorted(
        (each for each in incidents if each.closed_at is not None), key=lambda each: -(each.closed_at or 0)
    )


def lasted(incident: Incident) -> int:
    """Return how long an incident lasted that is over, in seconds."""
    return (incident.closed_at or incident.opened_at) - incident.opened_at


def is_partial(incident: Incident) -> bool:
    """Tell whether the agent can answer in some of its channels only."""
    return incident.kind == Kind.INTEGRATION and incident.state == State.CONNECTED


def state_of(incident: Incident, texts: Texts) -> str:
    """Return the word for the state, which says what is wrong even where the agent is connected."""
    return texts("alerts.message.partial") if is_partial(incident) else word(incident, texts)


def symbol_of(incident: Incident) -> str:
    """Return the symbol that stands before an open incident."""
    return Tone.WARNING.symbol if is_partial(incident) else symbol(incident)


def tone_of(open_ones: Sequence[Incident], over: Sequence[Incident]) -> Tone:
    """Return the tone of what is worst."""
    if open_ones:
        return tone(open_ones[0])
    return Tone.GOOD if any(each.ended == RECOVERED for each in over) else Tone.QUIET


def footer_of(incidents: Iterable[Incident], reference: str, rendering: Rendering) -> str:
    """Return the footer of a message: the providers, and the reference if the message has one."""
    names = sorted({plain(provider_name(each, rendering.services.providers)) for each in incidents})
    shown = rendering.texts("alerts.message.footer", reference=reference) if reference else ""
    return " · ".join(filter(None, [*names, shown]))


def open_row(incident: Incident, rendering: Rendering, *extra: str, state: bool = True) -> str:
    """Return the row of an open incident. extra: what else it says; state: whether it says the state."""
    parts = [
        f"#{incident.number}",
        f"**{name_of(incident, rendering.services.providers)}**",
        *([state_of(incident, rendering.texts)] if state else []),
        *extra,
    ]
    return f"{symbol_of(incident)} {' · '.join(parts)}"


def over_row(incident: Incident, rendering: Rendering) -> str:
    """Return the row of an incident that is over, with how long it lasted."""
    parts = [
        f"#{incident.number}",
        f"**{name_of(incident, rendering.services.providers)}**",
        duration(lasted(incident), rendering.texts),
    ]
    return f"{OVER_SYMBOLS.get(incident.ended, _OTHER_OVER)} {' · '.join(parts)}"


def limited(rows: Sequence[str], most: int, texts: Texts, limit: int) -> str:
    """Join rows, so many at most, and say how many more there are. limit: in UTF-16 code units."""
    # One more row takes no more room than to say that there is one more.
    if len(rows) <= most + 1:
        return listed(rows, texts, limit)
    room = limit - length(texts.plural("list.more", len(rows))) - 1
    shown = list(_fitting(rows[:most], room))
    return "\n".join([*shown, texts.plural("list.more", len(rows) - len(shown))])


def _fitting(rows: Iterable[str], room: int) -> Iterator[str]:
    """Yield the first rows that fit."""
    for row in rows:
        room -= length(row) + 1
        if room < 0:
            return
        yield row


def acknowledged_mark(incident: Incident, texts: Texts) -> list[str]:
    """Return who looks after an incident, if anybody does."""
    by = incident.acknowledged_by
    return [] if by is None else [f"🙋 {mention_member(by, texts)}"]
