"""The embed of an alert, from the beginning of an incident to its end."""

from collections.abc import Iterator, Mapping

import discord

from bot.discord.sync import CommandLinks
from bot.discord.theme import Field, Tone, card, duration, when
from bot.features.alerts.incident_store import UNWATCHED, Incident, Kind
from bot.features.alerts.messenger import Notice
from bot.i18n.catalog import Texts
from bot.providers.base.integration import State
from bot.providers.base.provider import Provider
from cogs.monitoring.formatting import name_of, provider_name, symbol, tone, why, word


def alert_embed(
    notice: Notice, texts: Texts, providers: Mapping[str, Provider], links: CommandLinks
) -> discord.Embed:
    """Show an incident as it is now."""
    incident = notice.incidents[0]
    is_open = incident.closed_at is None
    state = word(incident, texts) if is_open else texts(f"alerts.message.{incident.ended}")
    step = links.link(_next_step(incident, texts, providers))
    return card(
        tone(incident) if is_open else Tone.QUIET if incident.ended == UNWATCHED else Tone.GOOD,
        texts("alerts.message.title", state=state, name=name_of(incident, providers)),
        texts(f"alerts.message.{_meaning(incident)}", provider=provider_name(incident, providers)),
        fields=[*_fields(notice, texts, providers), Field(texts("next_step"), step)],
        footer=texts("alerts.message.footer", reference=notice.reference),
        symbol=symbol(incident) if is_open else None,
    )


def _meaning(incident: Incident) -> str:
    """Return the key of the sentence that says what the incident means."""
    if incident.closed_at is not None:
        return f"{incident.ended}_how"
    if incident.kind == Kind.INTEGRATION and incident.state in {State.BLOCKED, State.CONNECTED}:
        return f"on_{incident.state}"
    return "unknown" if incident.state == State.UNKNOWN else f"on_{incident.kind}"


def _fields(notice: Notice, texts: Texts, providers: Mapping[str, Provider]) -> Iterator[Field]:
    incident = notice.incidents[0]
    cause = why(incident, texts, providers)
    if incident.closed_at is None:
        yield Field(texts("alerts.message.since"), when(incident.opened_at, exact=True), inline=True)
        if cause:
            yield Field(texts("alerts.message.why"), cause)
    else:
        was = f"{symbol(incident)} {word(incident, texts)}"
        lasted = duration(incident.closed_at - incident.opened_at, texts)
        yield Field(texts("alerts.message.was"), f"{was}\n{cause}".strip())
        yield Field(texts("alerts.message.lasted"), lasted, inline=True)
        yield Field(texts("alerts.message.began"), when(incident.opened_at, exact=True), inline=True)
        yield Field(texts("alerts.message.ended"), when(incident.closed_at, exact=True), inline=True)
    if incident.reopened:
        times = texts.plural("alerts.message.reopened", incident.reopened)
        yield Field(texts("alerts.message.flapping"), times)
    if incident.acknowledged_by is not None:
        member = f"<@{incident.acknowledged_by}> · {when(incident.acknowledged_at or 0)}"
        yield Field(texts("alerts.message.acknowledged"), member, inline=True)
    if incident.closed_at is None and incident.number in notice.muted:
        yield Field(
            texts("alerts.message.muted"), when(notice.muted[incident.number], exact=True), inline=True
        )


def _next_step(incident: Incident, texts: Texts, providers: Mapping[str, Provider]) -> str:
    if incident.closed_at is not None:
        has_history = incident.kind == Kind.INTEGRATION and incident.ended != UNWATCHED
        return texts("alerts.message.next_history" if has_history else "alerts.message.next_overview")
    match incident.kind:
        case Kind.PROVIDER:
            return texts("alerts.message.next_provider")
        case Kind.CONNECTION if incident.state == State.ERROR:
            return texts(
                "alerts.message.next_rotate",
                button=texts("connections.rotate.button"),
                provider=provider_name(incident, providers),
            )
        case Kind.CONNECTION:
            return texts("alerts.message.next_connection")
    diagnose = texts("alerts.message.next_diagnose", button=texts("integrations.diagnose.button"))
    if incident.acknowledged_by is not None:
        return diagnose
    acknowledge = texts("alerts.message.next_acknowledge", button=texts("alerts.acknowledge.button"))
    return f"{diagnose} {acknowledge}"
