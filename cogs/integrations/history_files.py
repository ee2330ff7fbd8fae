"""The files of ``/integrations history``: a picture of the period, and a table for spreadsheets."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from bot.discord.text import clamp, plain
from bot.discord.theme import duration, state_word
from bot.features.history.service import DAY, IN_USE, NO_MAINTENANCE, Past, Span, Tally, within
from bot.features.maintenance.windows import MaintenanceTime
from bot.i18n.catalog import Texts
from bot.pictures.canvas import Panel
from bot.pictures.timeline import DailyColumns, Legend, Timeline, TimelinePart
from bot.providers.base.integration import State

_THREE_HOURS: Final = 10_800
_MAX_ALT: Final = 1024
MAX_SPANS: Final = 50_000
"""The newest spans, which make some 8 MB; Discord takes 10 MB."""
COLUMNS: Final = ("from", "to", "seconds", "maintenance_seconds", "state", "detail")


def panels(provider: str, past: Past, texts: Texts) -> tuple[Panel, ...]:
    """Return the picture's panels, from top to bottom. provider: the slug, for the words of the states."""
    columns = [_column(tally) for tally in past.days.values()]
    parts = list(_parts(past))
    shown = {each.state for each in parts}.union(*columns)
    return (
        Timeline(
            texts(
                f"integrations.history.strip{'_maintenance' if past.tally.maintenance else ''}",
                period=duration(past.now - past.since, texts),
            ),
            parts,
            list(_marks(past, texts)),
            texts("integrations.history.now"),
            list(_maintenance(past)),
        ),
        Legend({state: state_word(texts, provider, state) for state in State if state in shown}),
        DailyColumns(
            texts("integrations.history.per_day"),
            [texts.day(day) for day in past.days],
            columns,
            [_figure(tally, texts) for tally in past.days.values()],
        ),
    )


def description(provider: str, past: Past, texts: Texts) -> str:
    """Return what the picture shows, for those who cannot see it. provider: see ``panels``."""
    days = (
        f"{texts.day(day)} {_figure(tally, texts) or word_without_figure(provider, tally, texts)}"
        for day, tally in reversed(list(past.days.items()))
    )
    return clamp(f"{texts('integrations.history.per_day')}: {', '.join(days)}", _MAX_ALT)


def _parts(past: Past) -> Iterator[TimelinePart]:
    whole = past.now - past.since

    def part(start: int, end: int, state: State) -> TimelinePart:
        return TimelinePart((start - past.since) / whole, (end - past.since) / whole, state)

    known_since = past.spans[0].start
    if known_since > past.since:
        yield part(past.since, known_since, State.UNKNOWN)
    for each in within(past.spans, past.since, past.now):
        yield part(each.start, each.end, each.state)


def _maintenance(past: Past) -> Iterator[tuple[float, float]]:
    """Yield the parts of the period that were in maintenance: 0 is its beginning, 1 its end."""
    whole = past.now - past.since
    for start, end in past.maintenance.intervals:
        if end > past.since:
            yield (max(start, past.since) - past.since) / whole, (end - past.since) / whole


def _marks(past: Past, texts: Texts) -> Iterator[tuple[float, str]]:
    """Yield the beginning of each day, or every third hour if the period is a single day."""
    whole = past.now - past.since
    step = DAY if whole > DAY else _THREE_HOURS
    for at in range(past.since - past.since % step + step, past.now, step):
        time = datetime.fromtimestamp(at, UTC)
        yield (at - past.since) / whole, f"{time:%H:%M}" if step < DAY else texts.day(time.date())


def _column(tally: Tally) -> Mapping[State, float]:
    """Return each state's part of the time in use; if there is none, the other state that lasted longest.

    Time in maintenance is left out, unless there is no other.
    """
    for seconds in (tally.counted, tally.seconds):
        in_use = sum(seconds[state] for state in IN_USE)
        if in_use:
            return {state: seconds[state] / in_use for state in IN_USE if seconds[state]}
    return {_state_not_in_use(tally): 1.0}


def _state_not_in_use(tally: Tally) -> State:
    """Return the state that stands for a time in which the integration was never in use."""
    return max((State.UNKNOWN, State.INACTIVE), key=lambda state: tally.seconds[state])


def word_without_figure(provider: str, tally: Tally, texts: Texts) -> str:
    """Say why a time has no availability: it was in use in maintenance only, or not at all."""
    if any(tally.seconds[state] for state in IN_USE):
        return texts("integrations.history.only_maintenance")
    return state_word(texts, provider, _state_not_in_use(tally))


def _figure(tally: Tally, texts: Texts) -> str:
    return "" if tally.availability is None else texts.percent(tally.availability)


def write_table(
    provider: str, spans: Sequence[Span], texts: Texts, maintenance: MaintenanceTime = NO_MAINTENANCE
) -> bytes:
    """Return the spans as CSV, oldest first: times in UTC as ISO 8601, details as stored.

    provider: see ``panels``. The file begins with a byte order mark, without which Excel takes UTF-8 for
    another encoding.
    """
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    words = {state: state_word(texts, provider, state) for state in State}
    writer.writerows(
        (
            _time(span.start),
            _time(span.end),
            span.seconds,
            maintenance.seconds(span.start, span.end),
            words[span.state],
            _cell(span.detail),
        )
        for span in spans[-MAX_SPANS:]
    )
    return table.getvalue().encode("utf-8-sig")


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _cell(detail: str) -> str:
    """Return foreign text as a cell in which no spreadsheet finds a formula or the start of another cell."""
    shown = plain(detail).replace(";", ",")  # where people write 0,5 a semicolon separates cells
    return shown if not shown or shown[0].isalnum() else f"'{shown}"
