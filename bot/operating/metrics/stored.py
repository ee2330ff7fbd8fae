"""Reads what the database and files know, which may be slow, hang or fail."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Final

import structlog

from bot.discord.client import PatchbayBot
from bot.features.alerts.incident_store import Kind
from bot.features.alerts.store import MessageKind
from bot.operating.backups.folder import made_at, newest_backup
from bot.operating.metrics import declared
from bot.operating.metrics.declared import Declared
from bot.operating.metrics.reading import Reading
from bot.providers.base.integration import State
from bot.settings import Settings

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

OTHER: Final = "other"
"""Stands for a word of the database that this version does not know."""
_SECONDS: Final = 3.0
"""How long the page waits, before it leaves something out."""
_HOUR: Final = 3600
_INCIDENT_KINDS: Final = (Kind.INTEGRATION, Kind.CONNECTION, Kind.PROVIDER)


class Question:
    """Something that is asked for each page, but only once at a time: one that hangs takes up one thread."""

    def __init__(
        self, name: str, ask: Callable[[], Awaitable[list[Reading]]], otherwise: Sequence[Reading] = ()
    ) -> None:
        """name: for the log. otherwise: what counts while the answer is not known."""
        self._name = name
        self._ask = ask
        self._otherwise = otherwise
        self._asking: asyncio.Task[Sequence[Reading]] | None = None
        self._is_failing = False

    async def answer(self) -> Sequence[Reading]:
        """Return what is known, ``otherwise`` where that fails or takes too long."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._try())
        await asyncio.wait((self._asking,), timeout=_SECONDS)
        return self._asking.result() if self._asking.done() else self._otherwise

    async def _try(self) -> Sequence[Reading]:
        try:
            readings = await self._ask()
        except Exception as error:  # noqa: BLE001 - the rest of the page is wanted most when something fails
            if not self._is_failing:
                _log.warning("metrics_incomplete", lacks=self._name, error=type(error).__name__)
            self._is_failing = True
            return self._otherwise
        self._is_failing = False
        return readings


def questions(bot: PatchbayBot, settings: Settings) -> list[Question]:
    """Return what has to be asked for each page."""
    totals, providers = bot.services.figures.totals, bot.services.providers

    async def agents() -> list[Reading]:
        return _in_all(declared.AGENTS, await totals.agents(), providers, list(State))

    async def incidents() -> list[Reading]:
        counts = {(each.provider, each.kind): each.count for each in await totals.open_incidents()}
        return _in_all(declared.INCIDENTS, counts, providers, _INCIDENT_KINDS)

    async def messages() -> list[Reading]:
        by_kind = {each.kind: each for each in await totals.waiting_messages()}
        readings = []
        for kind in MessageKind:
            found = by_kind.get(kind)
            readings.append(Reading(declared.ALERTS_WAITING, found.due if found else 0, (kind,)))
            readings.append(Reading(declared.ALERTS_FAILING, found.failing if found else 0, (kind,)))
        return readings

    async def identifies() -> list[Reading]:
        used, allowed = await bot.starts.budget()
        return [Reading(declared.IDENTIFIES_USED, used), Reading(declared.IDENTIFIES_ALLOWED, allowed)]

    asked = [Question(each.__name__, each) for each in (agents, incidents, messages, identifies)]
    if isinstance(database := settings.database, Path):  # a server has metrics of its own

        async def sizes() -> list[Reading]:
            return await asyncio.to_thread(_sizes, database)

        asked.append(Question(sizes.__name__, sizes))
    if (folder := settings.backup_folder) is not None:
        hours = settings.backup_hours

        async def backups() -> list[Reading]:
            return _backups(await asyncio.to_thread(newest_backup, folder), hours)

        # A folder that does not answer is no backup: an alert needs a number.
        asked.append(Question(backups.__name__, backups, _backups(None, hours)))
    return asked


def _in_all(
    metric: Declared,
    counts: Mapping[tuple[str, str], int],
    providers: Collection[str],
    words: Collection[str],
) -> list[Reading]:
    """Return a reading for each provider and word, 0 included, and one for what nobody here knows."""
    named: Counter[tuple[str, str]] = Counter(dict.fromkeys(product(providers, map(str, words)), 0))
    for (provider, word), count in counts.items():
        known = provider if provider in providers else OTHER, word if word in words else OTHER
        named[known] += count
    return [Reading(metric, count, labels) for labels, count in named.items()]


def _sizes(database: Path) -> list[Reading]:
    log = database.with_name(f"{database.name}-wal")
    files = (("database", database), ("log", log))
    return [
        Reading(declared.DATABASE_BYTES, path.stat().st_size if path.exists() else 0, (name,))
        for name, path in files
    ]


def _backups(newest: Path | None, hours: int) -> list[Reading]:
    return [
        Reading(declared.BACKUP_AT, 0 if newest is None else made_at(newest)),
        Reading(declared.BACKUP_INTERVAL, hours * _HOUR),
    ]
