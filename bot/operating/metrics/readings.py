"""Reads what the parts of the bot have counted, and waits for nothing but the database and its folder."""

import asyncio
import math
import platform
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.metadata import version
from itertools import chain, product
from pathlib import Path
from typing import Final, NamedTuple

import discord
import structlog

from bot.discord.client import PatchbayBot
from bot.durations import BOUNDS, Durations
from bot.features.alerts.incident_store import Kind
from bot.features.alerts.store import MessageKind
from bot.operating.backups import made_at, newest_backup
from bot.operating.health import Readiness
from bot.operating.metrics import declared
from bot.operating.metrics.declared import Declared
from bot.providers.base.integration import State
from bot.settings import Settings
from bot.store.revision import HEAD

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

OTHER: Final = "other"
"""Stands for a word of the database that this version does not know."""
_VERSIONS: Final = (version("patchbay"), platform.python_version(), discord.__version__, HEAD)
_DATABASE_SECONDS: Final = 3.0
"""How long the page waits for the database, before it leaves out what that counts."""
_HOUR: Final = 3600
_INCIDENT_KINDS: Final = (Kind.INTEGRATION, Kind.CONNECTION, Kind.PROVIDER)


class Distribution(NamedTuple):
    """The value of a histogram: see ``Durations``."""

    counts: Sequence[int]
    total: float

    @classmethod
    def of(cls, *durations: Durations) -> "Distribution":
        """Return what several have counted together, as of now."""
        counts = [sum(each) for each in zip(*(each.counts for each in durations), strict=True)]
        return cls(counts or [0] * (len(BOUNDS) + 1), sum(each.total for each in durations))


class Reading(NamedTuple):
    """One series of a metric now. labels: the values of its labels, in their order."""

    metric: Declared
    value: float | Distribution
    labels: tuple[str, ...] = ()


class Readings:
    """Takes all readings of one bot."""

    def __init__(self, bot: PatchbayBot, readiness: Readiness, settings: Settings, lag: Durations) -> None:
        self._bot = bot
        self._readiness = readiness
        self._settings = settings
        self._lag = lag
        self._is_database_silent = False

    async def take(self) -> list[Reading]:
        """Return every series as it is now; without what the database counts where that does not answer."""
        files = await asyncio.to_thread(self._files)
        totals = await self._totals()
        used, allowed = await self._bot.starts.budget()
        counted = (
            self._state(),
            self._interactions(),
            self._requests(),
            self._checks(),
            self._alerts(),
            self._database(),
            self._discord(),
        )
        identifies = (
            Reading(declared.IDENTIFIES_USED, used),
            Reading(declared.IDENTIFIES_ALLOWED, allowed),
        )
        return [*chain.from_iterable(counted), *identifies, *totals, *files]

    def _state(self) -> Iterator[Reading]:
        yield Reading(declared.BUILD, 1, _VERSIONS)
        yield Reading(declared.READY, not self._readiness.reasons())
        yield Reading(declared.SERVERS, len(self._bot.guilds))
        yield Reading(declared.LAG, Distribution.of(self._lag))

    def _interactions(self) -> Iterator[Reading]:
        tally = self._bot.services.figures.interactions
        for labels, count in tally.ended.items():
            yield Reading(declared.INTERACTIONS, count, labels)
        for kind, acknowledged in tally.acknowledged.items():
            yield Reading(declared.ACKNOWLEDGED, Distribution.of(acknowledged), (kind,))
        for names, completed in tally.completed.items():
            yield Reading(declared.COMPLETED, Distribution.of(completed), names)
        yield Reading(declared.UNDER_WAY, tally.under_way)

    def _requests(self) -> Iterator[Reading]:
        services = self._bot.services
        for slug, provider in services.providers.items():
            for host in sorted({name for name, _ in provider.slots}):
                slots = [each for name, each in provider.slots if name == host]
                answers = sum((each.answers for each in slots), Counter[str]())
                for status, count in answers.items():
                    yield Reading(declared.REQUESTS, count, (slug, host, status))
                durations = Distribution.of(*(each.durations for each in slots))
                yield Reading(declared.REQUEST_SECONDS, durations, (slug, host))
                yield Reading(declared.REQUESTS_WAITING, sum(each.waiting for each in slots), (slug, host))
                checked = services.poller.hosts.get(host)
                is_open = checked is not None and checked.breaker.is_open
                yield Reading(declared.BREAKER, is_open, (slug, host))

    def _checks(self) -> Iterator[Reading]:
        services = self._bot.services
        for (provider, outcome), count in services.figures.recorder.outcomes.items():
            yield Reading(declared.CHECKS, count, (provider, outcome.name.lower()))
        if services.poller.overdue is not None:
            yield Reading(declared.CHECKS_OVERDUE, services.poller.overdue)

    def _alerts(self) -> Iterator[Reading]:
        sent = self._bot.services.outbox.sent
        for kind, is_sent in product(MessageKind, (True, False)):
            labels = (kind, "sent" if is_sent else "failed")
            yield Reading(declared.ALERTS_SENT, sent[kind, is_sent], labels)

    def _database(self) -> Iterator[Reading]:
        services = self._bot.services
        load = services.figures.database
        yield Reading(declared.DATABASE_SECONDS, Distribution.of(load.reads), ("read",))
        yield Reading(declared.DATABASE_SECONDS, Distribution.of(load.writes), ("write",))
        yield Reading(declared.DATABASE_WRITABLE, not services.write_state.is_refused)
        yield Reading(declared.QUEUE, load.reading(), ("reads",))
        yield Reading(declared.QUEUE, load.writing(), ("writes",))
        yield Reading(declared.QUEUE, services.figures.recorder.waiting, ("results",))
        yield Reading(declared.QUEUE, services.guild_access.waiting, ("questions",))

    def _discord(self) -> Iterator[Reading]:
        for shard_id, latency in self._bot.latencies:
            if math.isfinite(latency):  # there is none before the first heartbeat
                yield Reading(declared.LATENCY, latency, (str(shard_id),))
        yield Reading(declared.SHARDS_DOWN, sum(1 for _ in self._bot.sessions.faults()))
        yield Reading(declared.INVALID, self._bot.services.preflight.budget.used)

    async def _totals(self) -> list[Reading]:
        try:
            async with asyncio.timeout(_DATABASE_SECONDS):
                found = [*await self._agents(), *await self._incidents(), *await self._waiting()]
        except Exception as error:  # noqa: BLE001 - the rest of the page is wanted most when something fails
            if not self._is_database_silent:
                _log.warning("metrics_incomplete", error=type(error).__name__)
            self._is_database_silent = True
            return []
        self._is_database_silent = False
        return found

    async def _agents(self) -> list[Reading]:
        counts = await self._bot.services.figures.totals.agents()
        return _in_all(declared.AGENTS, counts, self._bot.services.providers, list(State))

    async def _incidents(self) -> list[Reading]:
        found = await self._bot.services.figures.totals.open_incidents()
        counts = Counter({(each.provider, each.kind): each.count for each in found})
        return _in_all(declared.INCIDENTS, counts, self._bot.services.providers, _INCIDENT_KINDS)

    async def _waiting(self) -> list[Reading]:
        by_kind = {each.kind: each for each in await self._bot.services.figures.totals.waiting_messages()}
        readings = []
        for kind in MessageKind:
            found = by_kind.get(kind)
            readings.append(Reading(declared.ALERTS_WAITING, found.due if found else 0, (kind,)))
            readings.append(Reading(declared.ALERTS_FAILING, found.failing if found else 0, (kind,)))
        return readings

    def _files(self) -> list[Reading]:
        path = self._settings.database_path
        log = path.with_name(f"{path.name}-wal")
        readings = [
            Reading(declared.DATABASE_BYTES, _size(path), ("database",)),
            Reading(declared.DATABASE_BYTES, _size(log), ("log",)),
        ]
        if self._settings.backup_folder is not None:
            newest = newest_backup(self._settings.backup_folder)
            readings.append(Reading(declared.BACKUP_AT, 0 if newest is None else made_at(newest)))
            readings.append(Reading(declared.BACKUP_INTERVAL, self._settings.backup_hours * _HOUR))
        return readings


def _in_all(
    metric: Declared,
    counts: Mapping[tuple[str, str], int],
    providers: Collection[str],
    words: Collection[str],
) -> list[Reading]:
    """Return a reading for each provider and word, 0 included, and one for what this version knows not."""
    named: Counter[tuple[str, str]] = Counter(dict.fromkeys(product(providers, map(str, words)), 0))
    for (provider, word), count in counts.items():
        known = provider if provider in providers else OTHER, word if word in words else OTHER
        named[known] += count
    return [Reading(metric, count, labels) for labels, count in named.items()]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
