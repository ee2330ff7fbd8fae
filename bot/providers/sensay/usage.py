"""Counts conversations out of what Sensay tells: one replica at a time, and running totals for days."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from bot.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from bot.providers.sensay.client import SensayClient
    from bot.providers.sensay.models import History, Sources, Usage

_AT_ONCE: Final = 2
"""Replicas, of which each takes two requests."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What several replicas have had together. Days are UTC."""

    by_source: Mapping[str, int]
    """Sensay's word for a platform (hostile text) -> conversations ever."""
    by_day: Mapping[date, int]
    not_counted: tuple[str, ...]
    """The UUIDs of those that could not be read; nothing of theirs is in the numbers."""
    month: Usage | ProviderError | None
    """The account's own counters, why they could not be read, or None: the credentials name no user."""


async def count(client: SensayClient, replicas: Sequence[str]) -> Counted:
    """Read and add up the conversations of these replicas, by UUID.

    One that cannot be read is left out. Raises the first one's ProviderError where none can be read.
    """
    # A few at a time: a request's deadline includes its wait for a free place, and others want one too.
    turns = asyncio.Semaphore(_AT_ONCE)
    reports, month = await asyncio.gather(
        asyncio.gather(*(_report(client, uuid, turns) for uuid in replicas), return_exceptions=True),
        _month(client),
    )
    by_source: Counter[str] = Counter()
    by_day: Counter[date] = Counter()
    failures: dict[str, ProviderError] = {}
    for uuid, report in zip(replicas, reports, strict=True):
        if isinstance(report, ProviderError):
            failures[uuid] = report
        elif isinstance(report, BaseException):
            raise report
        else:
            sources, history = report
            by_source.update(by_platform(sources))
            by_day.update(per_day(history))
    if failures and len(failures) == len(replicas):
        raise next(iter(failures.values()))
    return Counted(by_source, by_day, tuple(failures), month)


def by_platform(sources: Sources) -> dict[str, int]:
    """Return conversations by platform; entries with the same word are added up."""
    counts: Counter[str] = Counter()
    for entry in sources.items:
        counts[entry.source] += entry.conversations
    return dict(counts)


def per_day(history: History) -> dict[date, int]:
    """Return how many conversations each day brought: its running total less that of the entry before.

    Entries may come in any order; of several for one day the highest counts. The first day has nothing to
    be compared with and is left out. A day without an entry is left out as well, and what it brought stands
    with the next one that has. Where a total falls, that day has brought 0 and the next one is counted
    from there.
    """
    totals: dict[date, int] = {}
    for entry in history.items:
        totals[entry.date] = max(entry.cumulative, totals.get(entry.date, 0))
    return {day: max(0, total - before) for (_, before), (day, total) in pairwise(sorted(totals.items()))}


def latest(by_day: Mapping[date, int], days: int) -> dict[date, int]:
    """Return what lies within that many days up to the last one that there is, in order."""
    last = max((day.toordinal() for day in by_day), default=0)
    return {day: by_day[day] for day in sorted(by_day) if last - day.toordinal() < days}


def largest(counts: Mapping[str, int], most: int) -> tuple[dict[str, int], int | None]:
    """Return the largest counts, largest first, and what the others come to, None where there are none.

    most: how many numbers that is at most, that of the others included.
    """
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    if len(ordered) <= most:
        return dict(ordered), None
    return dict(ordered[: most - 1]), sum(number for _, number in ordered[most - 1 :])


async def _report(client: SensayClient, uuid: str, turns: asyncio.Semaphore) -> tuple[Sources, History]:
    async with turns:
        return await asyncio.gather(client.sources(uuid), client.history(uuid))


async def _month(client: SensayClient) -> Usage | ProviderError | None:
    if not client.acts_as_user:
        return None
    try:
        return await client.usage()
    except ProviderError as error:
        return error
