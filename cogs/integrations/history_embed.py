"""What ``/integrations history`` replies."""

from __future__ import annotations

from dataclasses import replace
from statistics import mean
from typing import TYPE_CHECKING, Final

from bot.kit.integration import State
from bot.runtime.watched_words import name, symbol, tone, why, word
from bot.services.history import DAY
from bot.ui.durations import duration
from bot.ui.text import listed
from bot.ui.theme import Field, card, state_symbol, when
from cogs.integrations.history_file import MOST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import discord

    from bot.i18n.catalog import Texts
    from bot.kit.provider import Provider
    from bot.services.history import Past, Span, Tally, Troubles
    from bot.services.watching import Watched

_SHOWN: Final = 10
"""Changes, the newest."""
_CHANGES_LENGTH: Final = 2500
"""Of the 6,000 characters that an embed has in all."""
_BAD: Final = frozenset({State.DISCONNECTED, State.ERROR})


def history_embed(
    watched: Watched,
    past: Past,
    troubles: Troubles,
    providers: Mapping[str, Provider],
    texts: Texts,
    *,
    kept: int,
) -> discord.Embed:
    """Show what was, the newest first. kept: days of history."""
    said = " · ".join(
        filter(None, (f"{symbol(watched)} **{word(watched, texts)}**", why(watched, texts, providers)))
    )
    newest = past.spans[: -_SHOWN - 1 : -1]
    changes = listed(
        (_change(watched, span, past, providers, texts) for span in newest), texts, _CHANGES_LENGTH
    )
    next_step = "bad_next" if watched.state in _BAD and not watched.is_stale else "next"
    return card(
        tone(watched),
        texts("integrations.history.title", name=name(watched.label, watched.id)),
        f"{said}\n\n**{texts('integrations.history.changes')}**\n{changes}",
        fields=[
            *_availability(past, texts),
            *_period(past, troubles, texts),
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


def _availability(past: Past, texts: Texts) -> Iterator[Field]:
    for days, tally in past.periods.items():
        period = texts("integrations.history.availability", period=duration(days * DAY, texts))
        known = texts("integrations.history.known", share=texts.percent(tally.known))
        yield Field(period, f"{_figure(tally, texts)}\n{known}", inline=True)


def _figure(tally: Tally, texts: Texts) -> str:
    if tally.availability is not None:
        return f"**{texts.percent(tally.availability)}**"
    return texts("integrations.history.off" if tally.known else "integrations.history.nothing_known")


def _period(past: Past, troubles: Troubles, texts: Texts) -> Iterator[Field]:
    """Yield what only the period that is looked at has."""
    period = duration(past.now - past.since, texts)
    times = (
        f"{state_symbol(state)} {texts(f'state.{state}')}: **{duration(seconds, texts)}**"
        for state, seconds in past.tally.seconds.items()
        if seconds
    )
    yield Field(texts("integrations.history.times", period=period), "\n".join(times), inline=True)
    yield Field(
        texts("integrations.history.incidents", period=period),
        "\n".join(_incidents(troubles, texts)),
        inline=True,
    )
    if len(past.spans) > MOST:
        yield Field(
            texts("integrations.history.file"), texts("integrations.history.cut", most=texts.number(MOST))
        )


def _incidents(troubles: Troubles, texts: Texts) -> Iterator[str]:
    if not troubles.count:
        yield texts("integrations.history.no_incident")
        return
    yield texts.plural("integrations.history.incident", troubles.count)
    yield texts("integrations.history.longest", duration=duration(troubles.longest, texts))
    if troubles.is_open:
        yield texts("integrations.history.open")
    if waited := troubles.acknowledged_after:
        after = duration(mean(waited), texts)
        yield texts.plural("integrations.history.acknowledged", len(waited), duration=after)
