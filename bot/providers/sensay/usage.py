"""Counts the conversations of several replicas: Sensay reports one replica at a time, and running totals."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

from bot.errors import ProviderError
from bot.providers.sensay.client import SensayClient
from bot.providers.sensay.models import History, Sources, Usage

_MAX_AT_ONCE: Final = 2
"""Replicas; each takes two requests."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The conversations of several replicas together.

    by_source: Sensay's word for a platform (hostile text) -> all conversations. by_day: days are in UTC.
    not_counted: the UUIDs of replicas that could not be read; the numbers contain nothing of theirs.
    month: the account's own counters, or why they could not be read; None where the credentials name no user.
    """

    by_source: Mapping[str, int]
    by_day: Mapping[date, int]
    not_counted: tuple[str, ...]
    month: Usage | ProviderError | None


async def count(client: SensayClient, replicas: Sequence[str]) -> Counted:
    """Read and add up the conversations of these replicas, by UUID.

    A replica that cannot be read is left out. Raises the first one's ProviderError where none can be read.
    """
    # Only a few at a time: a request's deadline includes its wait for a place, and others need places too.
    turns = asyncio.Semaphore(_MAX_AT_ONCE)
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
    """Return each day's conversations: its running total less that of the entry before.

    Entries may come in any order; of several for one day the highest counts. The first day is left out, as
    there is nothing to compare it with. A day without an entry is left out too; its conversations count for
    the next day that has one. Where a total falls, that day has 0, and the next day is compared with the
    lower total.
    """
    totals: dict[date, int] = {}
    for entry in history.items:
        totals[entry.date] = max(entry.cumulative, totals.get(entry.date, 0))
    return {day: max(0, total - before) for (_, before), (day, total) in pairwise(sorted(totals.items()))}


def latest(by_day: Mapping[date, int], days: int) -> dict[date, int]:
    """Return the given number of days up to the last one that there is, in order."""
    last = max((day.toordinal() for day in by_day), default=0)
    return {day: by_day[day] for day in sorted(by_day) if last - day.toordinal() < days}


def largest(counts: Mapping[str, int], limit: int) -> tuple[dict[str, int], int | None]:
    """Return the largest counts, largest first, and the sum of the others, None where there are no others.

    limit: how many numbers to return at most, the sum of the others included.
    """
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    if len(ordered) <= limit:
        return dict(ordered), None
    return dict(ordered[: limit - 1]), sum(number for _, number in ordered[limit - 1 :])


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
