"""What ``/integrations history`` answers."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from statistics import mean
from typing import Final

import discord

from bot.discord.text import listed
from bot.discord.theme import Field, card, duration, state_symbol, state_word, when
from bot.features.alerts.incident_summary import IncidentSummary
from bot.features.history.service import DAY, Past, Span
from bot.features.monitoring.service import Watched
from bot.i18n.catalog import Texts
from bot.providers.base.integration import DOWN_STATES
from bot.providers.base.provider import Provider
from cogs.integrations.history_files import MAX_SPANS, word_without_figure
from cogs.monitoring.formatting import name, symbol, tone, why, word

_MAX_CHANGES: Final = 10
_CHANGES_LENGTH: Final = 2500
"""A part of the 6,000 characters that an embed may have in all."""


def history_embed(
    watched: Watched,
    past: Past,
    incidents: IncidentSummary,
    providers: Mapping[str, Provider],
    texts: Texts,
    *,
    kept: int,
    reported: Iterable[Field] = (),
) -> discord.Embed:
    """Show the newest changes, the availability and the incidents.

    reported: the fields about reported answers. kept: days for which history is kept.
    """
    state = f"{symbol(watched)} **{word(watched, texts)}**"
    now = " · ".join(filter(None, (state, why(watched, texts, providers))))
    newest = past.spans[: -_MAX_CHANGES - 1 : -1]
    changes = listed(
        (_change(watched, span, past, providers, texts) for span in newest), texts, _CHANGES_LENGTH
    )
    next_step = "bad_next" if watched.state in DOWN_STATES and not watched.is_stale else "next"
    return card(
        tone(watched),
        texts("integrations.history.title", name=name(watched.label, watched.id)),
        f"{now}\n\n**{texts('integrations.history.changes')}**\n{changes}",
        fields=[
            *_availability(watched.provider, past, texts),
            *_period(watched.provider, past, incidents, texts),
            *reported,
            Field(texts("next_step"), texts(f"integrations.history.{next_step}")),
        ],
        footer=texts("integrations.history.footer", kept=duration(kept * DAY, texts)),
        symbol="📈",
    )


def _change(watched: Watched, span: Span, past: Past, providers: Mapping[str, Provider], texts: Texts) -> str:
    then = replace(watched, state=span.state, detail=span.detail, is_stale=False)
    lasts = "so_far" if span.end == past.now else "lasted"
    parts = [
        f"{symbol(then)} **{word(then, texts)}**",
        when(span.start, exact=True),
        texts(f"integrations.history.{lasts}", duration=duration(span.seconds, texts)),
        why(then, texts, providers),
    ]
    return " · ".join(filter(None, parts))


def _availability(provider: str, past: Past, texts: Texts) -> Iterator[Field]:
    for days, tally in past.periods.items():
        period = texts("integrations.history.availability", period=duration(days * DAY, texts))
        known = texts("integrations.history.known", share=texts.percent(tally.known))
        figure = "" if tally.availability is None else f"**{texts.percent(tally.availability)}**"
        shown = figure or word_without_figure(provider, tally, texts)
        yield Field(period, f"{shown}\n{known}", inline=True)


def _period(provider: str, past: Past, incidents: IncidentSummary, texts: Texts) -> Iterator[Field]:
    """Yield the fields about the period that the member asked for."""
    period = duration(past.now - past.since, texts)
    times = [
        f"{state_symbol(state)} {state_word(texts, provider, state)}: **{duration(seconds, texts)}**"
        for state, seconds in past.tally.seconds.items()
        if seconds
    ]
    if past.tally.maintenance:
        times.append(
            texts("integrations.history.maintenance", duration=duration(past.tally.maintenance, texts))
        )
    yield Field(texts("integrations.history.times", period=period), "\n".join(times), inline=True)
    yield Field(
        texts("integrations.history.incidents", period=period),
        "\n".join(_incidents(incidents, texts)),
        inline=True,
    )
    if len(past.spans) > MAX_SPANS:
        yield Field(
            texts("integrations.history.file"),
            texts("integrations.history.cut", most=texts.number(MAX_SPANS)),
        )


def _incidents(incidents: IncidentSummary, texts: Texts) -> Iterator[str]:
    if not incidents.count:
        yield texts("integrations.history.no_incident")
        return
    yield texts.plural("integrations.history.incident", incidents.count)
    yield texts("integrations.history.longest", duration=duration(incidents.longest, texts))
    if incidents.is_open:
        yield texts("integrations.history.open")
    if waited := incidents.acknowledged_after:
        after = duration(mean(waited), texts)
        yield texts.plural("integrations.history.acknowledged", len(waited), duration=after)
