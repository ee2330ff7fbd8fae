"""Stores the results of checks, and with them what begins, changes or ends because of them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from bot.errors import UnavailableError
from bot.features.guilds.changes import GuildChanges
from bot.features.monitoring.check_result import CheckOutcome, CheckResult
from bot.features.monitoring.check_writer import CheckWriter, check_row
from bot.features.monitoring.store import MonitoringStore, UnitOfWork
from bot.providers.base.current_guild import working_for

MAX_REPORTS: Final = 2000
"""So many reports are stored in one transaction: commands wait until it ends. A result is never split."""
_Waiting = tuple[CheckResult, asyncio.Future[bool]]


class Recorder:
    """Stores results that arrive at the same time in one transaction.

    The results of one connection must arrive one after the other; connections are independent of each other.
    """

    def __init__(
        self,
        store: MonitoringStore,
        changes: GuildChanges,
        interval: int,
        may_act_for: Callable[[int], bool] = lambda _: True,
    ) -> None:
        """interval: seconds between two checks. may_act_for: tells whether this process may write for a
        guild; the results of others are dropped.
        """
        self._store = store
        self._changes = changes
        self._interval = interval
        self._may_act_for = may_act_for
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None
        self.outcomes: Counter[tuple[str, CheckOutcome]] = Counter()
        """How many checks were stored, by provider and outcome."""

    @property
    def waiting(self) -> int:
        """How many results wait to be stored."""
        return len(self._waiting)

    async def record(self, result: CheckResult) -> bool:
        """Store a result; return once it is durable whether more than the time of the last check changed.

        Raises what storing it raises.
        """
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append((result, stored))
        if self._writing is None or self._writing.done():
            with working_for(None):  # whatever has come in meanwhile, of any guild
                self._writing = asyncio.create_task(self._write())
        changed: bool = await stored
        if result.is_check and self._may_act_for(result.guild_id):
            self.outcomes[result.provider, result.outcome] += 1
        return changed

    async def remove_orphans(self, at: int) -> None:
        """Stop watching what belongs to connections that were removed. at: seconds since 1970."""
        for guild_id in await self._store.guilds_with_orphans():
            if await self._store.transact(partial(_remove_orphans, guild_id, at)):
                self._changes.announce([guild_id])

    async def _write(self) -> None:
        while self._waiting:
            size = _batch_size([result for result, _ in self._waiting])
            batch, self._waiting = self._waiting[:size], self._waiting[size:]
            self._changes.announce(await self._write_batch(batch))

    async def _write_batch(self, batch: Sequence[_Waiting]) -> set[int]:
        """Store results and resolve their futures; return the guilds in which something changed."""
        error: Exception | None = None
        changed = [False] * len(batch)
        try:
            changed = await self._store_all([result for result, _ in batch])
        except Exception as failed:  # noqa: BLE001 - ``record`` raises it
            if len(batch) > 1 and not isinstance(failed, UnavailableError):
                # A result that cannot be stored must not keep back the others. A locked or full file stores
                # none.
                return set().union(*[await self._write_batch([each]) for each in batch])
            error = failed
        for (_, stored), is_changed in zip(batch, changed, strict=True):
            if stored.done():  # its caller was cancelled
                continue
            if error is None:
                stored.set_result(is_changed)
            else:
                stored.set_exception(error)
        return {result.guild_id for (result, _), is_changed in zip(batch, changed, strict=True) if is_changed}

    async def _store_all(self, results: Sequence[CheckResult]) -> list[bool]:
        """Store all results or none; return of each whether something changed."""

        async def work(unit: UnitOfWork) -> list[bool]:
            # No shard changes hands while this transaction runs: it may be asked here, and not before.
            own = {result.guild_id for result in results if self._may_act_for(result.guild_id)}
            await unit.repeat_checks(
                [check_row(result) for result in results if result.is_repeated and result.guild_id in own]
            )
            return [
                result.guild_id in own
                and not result.is_repeated
                and await CheckWriter(unit, result, self._interval).write()
                for result in results
            ]

        return await self._store.transact(work)


async def _remove_orphans(guild_id: int, at: int, unit: UnitOfWork) -> bool:
    """Return whether anything was watched."""
    orphans = await unit.orphans(guild_id)
    for row in orphans:
        await unit.stop_watching(row, at)
    await unit.forget_checks(guild_id)
    return bool(orphans)


def _batch_size(results: Sequence[CheckResult]) -> int:
    """Return how many of the results fit into one transaction: one at least."""
    reports = 0
    for number, result in enumerate(results):
        # The rows of the connection and of the provider count as well.
        reports += 2 + (0 if result.reports is None or result.is_repeated else len(result.reports.items))
        if reports > MAX_REPORTS:
            return max(1, number)
    return len(results)
