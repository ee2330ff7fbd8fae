"""The embed of an alert about one incident, from its beginning to its end."""

from collections.abc import Iterator

import discord

from bot.discord.names import mention_member
from bot.discord.theme import Field, Tone, card, duration, when
from bot.features.alerts.incident_store import UNWATCHED, Incident, Kind
from bot.features.alerts.messenger import Notice
from bot.providers.base.integration import State
from cogs.alerts.messages.fixes import fix_of
from cogs.alerts.messages.incident_rows import footer_of, lasted, state_of, symbol_of, tone_of
from cogs.alerts.messages.rendering import Rendering
from cogs.monitoring.formatting import name_of, provider_name, quiet_marks, why


def alert_embed(notice: Notice, rendering: Rendering) -> discord.Embed:
    """Show the notice's first incident as it is now."""
    texts, incident = rendering.texts, notice.incidents[0]
    is_open = incident.closed_at is None
    lines = _open_lines(notice, rendering) if is_open else _over_lines(incident, rendering)
    step = _open_step(notice, rendering) if is_open else _over_step(incident, rendering)
    return card(
        tone_of([incident], []) if is_open else Tone.QUIET if incident.ended == UNWATCHED else Tone.GOOD,
        texts(
            "alerts.message.title",
            number=incident.number,
            state=state_of(incident, texts) if is_open else texts(f"alerts.message.{incident.ended}"),
            name=name_of(incident, rendering.services.providers),
        ),
        "\n".join(filter(None, lines)),
        fields=[Field(texts("next_step"), rendering.services.links.link(step))],
        footer=footer_of([incident], notice.reference, rendering),
        symbol=symbol_of(incident) if is_open else None,
    )


def status_lines(notice: Notice, rendering: Rendering) -> Iterator[str]:
    """Yield what is true of the whole message: who was mentioned later, and which role could not be."""
    texts, second = rendering.texts, notice.second_role_id
    if notice.escalated_at is not None and second is not None and second not in rendering.mentions.refused:
        role = f"<@&{second}>"
        yield texts("alerts.message.escalated", role=role, time=when(notice.escalated_at))
    yield from rendering.mentions.problems(texts)


def _open_lines(notice: Notice, rendering: Rendering) -> Iterator[str]:
    texts, incident = rendering.texts, notice.incidents[0]
    providers = rendering.services.providers
    yield texts("alerts.message.since", time=when(incident.opened_at, exact=True))
    yield why(incident, texts, providers)
    yield _consequence(incident, rendering)
    if incident.acknowledged_by is not None:
        member = mention_member(incident.acknowledged_by, texts)
        time = when(incident.acknowledged_at or 0)
        yield texts("alerts.message.acknowledged", member=member, time=time)
    number = incident.number
    yield " · ".join(quiet_marks(notice.muted.get(number), notice.maintenance.get(number), texts))
    if incident.reopened:
        yield texts.plural("alerts.message.reopened", incident.reopened)
    yield from status_lines(notice, rendering)


def _consequence(incident: Incident, rendering: Rendering) -> str:
    """Say what the incident means where that goes beyond its state."""
    if incident.state == State.UNKNOWN:
        return rendering.texts("alerts.message.unknown")
    if incident.kind == Kind.INTEGRATION:
        return ""
    provider = provider_name(incident, rendering.services.providers)
    return rendering.texts(f"alerts.message.on_{incident.kind}", provider=provider)


def _over_lines(incident: Incident, rendering: Rendering) -> Iterator[str]:
    texts, providers = rendering.texts, rendering.services.providers
    yield texts(f"alerts.message.{incident.ended}_how")
    state = f"{symbol_of(incident)} {state_of(incident, texts)}"
    took, ended = duration(lasted(incident), texts), when(incident.closed_at or 0, exact=True)
    yield texts("alerts.message.was", state=state, lasted=took, time=ended)
    yield why(incident, texts, providers)
    if incident.acknowledged_by is not None:
        member = mention_member(incident.acknowledged_by, texts)
        time = when(incident.acknowledged_at or 0)
        yield texts("alerts.message.acknowledged", member=member, time=time)
    if incident.reopened:
        yield texts.plural("alerts.message.reopened", incident.reopened)


def _open_step(notice: Notice, rendering: Rendering) -> str:
    incident = notice.incidents[0]
    step = fix_of(incident, rendering)
    # While alerts are held, no reminders come that acknowledging it would stop.
    is_held = incident.number in {*notice.muted, *notice.maintenance}
    if incident.acknowledged_by is not None or incident.kind == Kind.PROVIDER or is_held:
        return step
    button = rendering.texts("alerts.acknowledge.button")
    return f"{step}\n{rendering.texts('alerts.message.next_acknowledge', button=button)}"


def _over_step(incident: Incident, rendering: Rendering) -> str:
    has_history = incident.kind == Kind.INTEGRATION and incident.ended != UNWATCHED
    return rendering.texts("alerts.message.next_history" if has_history else "alerts.message.next_overview")
