"""The picture of ``/integrations history``: a strip of the period, and its days' availability."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from bot.kit.integration import State
from bot.services.history import DAY, IN_USE, within
from bot.ui.durations import duration
from bot.ui.text import clamp
from bot.ui.timeline import Days, Legend, Stretch, Strip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.i18n.catalog import Texts
    from bot.services.history import Past, Tally
    from bot.ui.sheet import Panel

_THREE_HOURS: Final = 10_800
_LONGEST_ALT: Final = 1024


def panels(past: Past, texts: Texts) -> tuple[Panel, ...]:
    """Return what there is to draw."""
    columns = [_column(tally) for tally in past.days.values()]
    stretches = list(_stretches(past))
    there = {each.state for each in stretches}.union(*columns)
    return (
        Strip(
            texts("integrations.history.strip", period=duration(past.now - past.since, texts)),
            stretches,
            list(_marks(past, texts)),
            texts("integrations.history.now"),
        ),
        Legend({state: texts(f"state.{state}") for state in State if state in there}),
        Days(
            texts("integrations.history.per_day"),
            [texts.day(day) for day in past.days],
            columns,
            [_figure(tally, texts) for tally in past.days.values()],
        ),
    )


def described(past: Past, texts: Texts) -> str:
    """Say what the picture shows, for those who do not see it."""
    days = (
        f"{texts.day(day)} {_figure(tally, texts) or texts(f'state.{_not_in_use(tally)}')}"
        for day, tally in reversed(list(past.days.items()))
    )
    return clamp(f"{texts('integrations.history.per_day')}: {', '.join(days)}", _LONGEST_ALT)


def _stretches(past: Past) -> Iterator[Stretch]:
    whole = past.now - past.since

    def stretch(start: int, end: int, state: State) -> Stretch:
        return Stretch((start - past.since) / whole, (end - past.since) / whole, state)

    known_since = past.spans[0].start
    if known_since > past.since:
        yield stretch(past.since, known_since, State.UNKNOWN)
    for each in within(past.spans, past.since, past.now):
        yield stretch(each.start, each.end, each.state)


def _marks(past: Past, texts: Texts) -> Iterator[tuple[float, str]]:
    """Yield the beginning of each day, of a single day every third hour."""
    whole = past.now - past.since
    step = DAY if whole > DAY else _THREE_HOURS
    for at in range(past.since - past.since % step + step, past.now, step):
        time = datetime.fromtimestamp(at, UTC)
        yield (at - past.since) / whole, f"{time:%H:%M}" if step < DAY else texts.day(time.date())


def _column(tally: Tally) -> Mapping[State, float]:
    """Return the parts of a day's time in use; without any, what it was instead for most of the time."""
    in_use = sum(tally.seconds[state] for state in IN_USE)
    if in_use:
        return {state: tally.seconds[state] / in_use for state in IN_USE if tally.seconds[state]}
    return {_not_in_use(tally): 1.0}


def _not_in_use(tally: Tally) -> State:
    return max((State.UNKNOWN, State.INACTIVE), key=lambda state: tally.seconds[state])


def _figure(tally: Tally, texts: Texts) -> str:
    return "" if tally.availability is None else texts.percent(tally.availability)
