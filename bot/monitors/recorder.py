"""Writes down what checks found, many at a time, and with it what begins, goes on or ends by them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.kit.integration import State
from bot.monitors.incidents import Sign, Step, counted, sign_of, step
from bot.monitors.reading import Outcome
from bot.services.alerts import DEFAULT_CHECKS, DEFAULT_STATES, Route
from bot.services.watching import GONE, NOT_CHECKED, RECOVERED, STALE_CHECKS, UNWATCHED, Kind
from bot.store.database import UnavailableError
from bot.store.watching import CheckRow, IncidentRow, WatchedRow

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from bot.kit.report import Report, Reports
    from bot.monitors.reading import Reading
    from bot.store.watching import Ledger, WatchStore

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_JITTER: Final = 0.25
"""Of an interval, at most: by so much two checks can be closer to each other."""
MOST_AT_ONCE: Final = 2000
"""Reports in one transaction, more only if they are of one reading: commands wait for it to end."""
_NEWS: Final = frozenset({Outcome.ANSWERED, Outcome.REFUSED, Outcome.DOWN})
"""Of the provider itself."""


class Recorder:
    """Takes readings, in any order of connections; those of one connection one after the other."""

    def __init__(self, store: WatchStore, interval: int) -> None:
        """interval: seconds between two checks."""
        self._store = store
        self._interval = interval
        self._waiting: list[tuple[Reading, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[int], None]] = []

    def subscribe(self, listener: Callable[[int], None]) -> None:
        """Have a guild's id handed over whenever something has changed there. It must return at once."""
        self._listeners.append(listener)

    async def take(self, reading: Reading) -> None:
        """Return once it is written, with whatever else came in while others were.

        Raises what writing raised.
        """
        written = asyncio.get_running_loop().create_future()
        self._waiting.append((reading, written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await written

    async def tidy(self, at: int) -> None:
        """Let go of what belongs to connections that were removed. at: seconds since 1970."""

        async def work(ledger: Ledger) -> set[int]:
            orphans = await ledger.orphans()
            for row in orphans:
                await _let_go(ledger, row, at)
            await ledger.forget_checks()
            return {row.guild_id for row in orphans}

        self._tell(await self._store.transact(work))

    async def _write(self) -> None:
        while self._waiting:
            size = _as_many_as_fit([reading for reading, _ in self._waiting])
            batch, self._waiting = self._waiting[:size], self._waiting[size:]
            self._tell(await self._settle(batch))

    async def _settle(self, batch: Sequence[tuple[Reading, asyncio.Future[None]]]) -> set[int]:
        """Write them and say so to those that wait; return the guilds in which something has changed."""
        error: Exception | None = None
        changed: set[int] = set()
        try:
            changed = await self._apply([reading for reading, _ in batch])
        except Exception as failed:  # noqa: BLE001 - raised by ``take``, for each that it belongs to
            if len(batch) > 1 and not isinstance(failed, UnavailableError):
                # One that cannot be written keeps back no other; a file that takes nothing takes none.
                return set().union(*[await self._settle([each]) for each in batch])
            error = failed
        for _, written in batch:
            if written.done():  # whoever waited has been cancelled
                continue
            if error is None:
                written.set_result(None)
            else:
                written.set_exception(error)
        return changed

    async def _apply(self, readings: Sequence[Reading]) -> set[int]:
        """Write all or nothing; return the guilds in which something has changed."""

        async def work(ledger: Ledger) -> set[int]:
            entries = [(each.guild_id, _Entry(ledger, each, self._interval)) for each in readings]
            return {guild_id for guild_id, entry in entries if await entry.write()}

        return await self._store.transact(work)

    def _tell(self, guilds: Collection[int]) -> None:
        for guild_id in guilds:
            for listener in self._listeners:
                try:
                    listener(guild_id)
                except Exception:  # noqa: BLE001 - the next one must hear of it all the same
                    _log.exception("listener_failed", guild=guild_id)


class _Entry:
    """Writes one reading down."""

    def __init__(self, ledger: Ledger, reading: Reading, interval: int) -> None:
        self._ledger = ledger
        self._reading = reading
        self._interval = interval
        self._changed = False
        self._alarming: Collection[State] = DEFAULT_STATES
        self._checks = DEFAULT_CHECKS
        self._tells = False
        self._missed_from: int | None = None
        self._open: dict[tuple[str, str], IncidentRow] = {}

    async def write(self) -> bool:
        """Return whether anything but the time has changed."""
        reading, ledger = self._reading, self._ledger
        last = await ledger.checks(reading.guild_id, reading.provider)
        answered_at = reading.at if reading.outcome is Outcome.ANSWERED else None
        if not await ledger.check(
            CheckRow(
                reading.guild_id, reading.provider, reading.connection, reading.at, answered_at, reading.error
            )
        ):
            return False  # with the connection, or the guild, all of this was erased meanwhile
        route = await ledger.route(reading.guild_id)
        if route is not None:
            self._alarming, self._checks = Route.of(route).states, route.checks
            self._tells = True
        mine = last.get(reading.connection)
        rows = {
            (Kind(row.kind), row.id): row for row in await ledger.subjects(reading.guild_id, reading.provider)
        }
        self._open = {
            (incident.kind, incident.id): incident
            for incident in await ledger.open_incidents(reading.guild_id, reading.provider)
        }
        if mine is not None and reading.at - mine.checked_at > STALE_CHECKS * self._interval:
            self._missed_from = mine.checked_at + self._interval
        await self._surroundings(rows, self._outcome(last))
        known = {row.id: row for (kind, _), row in rows.items() if kind is Kind.INTEGRATION}
        if reading.reports is None:
            await self._unasked(known)
        else:
            await self._asked(reading.reports, known, _theirs(reading, known, last))
        return self._changed

    def _outcome(self, last: Mapping[str, CheckRow]) -> Outcome:
        """Return what became of the reading, held against the provider's other connections.

        Where they were answered since it failed before, it is not the provider that is down.
        """
        reading = self._reading
        mine = last.get(reading.connection)
        if reading.outcome is Outcome.DOWN and mine is not None and mine.error:
            answers = [each.answered_at for each in last.values() if each.answered_at is not None]
            if answers and max(answers) > mine.checked_at:
                return Outcome.FAILED
        return reading.outcome

    async def _surroundings(self, rows: Mapping[tuple[Kind, str], WatchedRow], outcome: Outcome) -> None:
        """Note how the provider and the connection are doing."""
        reading = self._reading
        provider = rows.get((Kind.PROVIDER, reading.provider))
        down = outcome is Outcome.DOWN
        # Where it was perhaps not even asked there is no news of the provider. And its other connections are
        # read in the same interval: they are not one more bad check.
        if outcome in _NEWS and (provider is None or not down or self._is_next(provider)):
            await self._found(
                provider,
                self._row(Kind.PROVIDER, reading.provider, State.DISCONNECTED if down else State.CONNECTED),
            )
        if down:
            return
        state = {
            Outcome.ANSWERED: State.CONNECTED,
            Outcome.REFUSED: State.ERROR,
            Outcome.RESTING: State.ERROR,
            Outcome.FAILED: State.UNKNOWN,
        }[outcome]
        await self._found(
            rows.get((Kind.CONNECTION, reading.connection)),
            self._row(Kind.CONNECTION, reading.connection, state),
        )

    def _is_next(self, provider: WatchedRow) -> bool:
        """Tell whether an interval is over since the last bad check, give or take the jitter."""
        counted_for = (provider.bad - _JITTER) * self._interval
        return provider.bad_at is None or self._reading.at - provider.bad_at >= counted_for

    async def _unasked(self, known: Mapping[str, WatchedRow]) -> None:
        for row in known.values():
            if row.connection == self._reading.connection:
                unknown = replace(row, state=State.UNKNOWN, detail=self._reading.error)
                await self._found(row, unknown, asked=False)

    async def _asked(
        self, reports: Reports, known: Mapping[str, WatchedRow], theirs: Collection[str]
    ) -> None:
        reading = self._reading
        listed = {report.id for report in reports.items}
        here = {
            report.id: report
            for report in reports.items
            if report.guild_id in {None, str(reading.guild_id)} or report.id in reading.own
        }
        for report in here.values():
            if report.id not in theirs:
                before = known.get(report.id)
                # Without a label it is one that could not be read, for the error in its detail.
                await self._found(before, self._reported(report, before), asked=bool(report.label))
        for row in known.values():
            if row.id in here or row.connection != reading.connection:
                continue
            if not reports.complete and row.id not in listed:
                await self._found(row, replace(row, state=State.UNKNOWN, detail="beyond"), asked=False)
            elif row.id in reading.own:
                await self._found(row, replace(row, state=State.INACTIVE, detail=GONE))
            else:
                await _let_go(self._ledger, row, reading.at)
                self._changed = True

    def _reported(self, report: Report, before: WatchedRow | None) -> WatchedRow:
        row = self._row(Kind.INTEGRATION, report.id, report.state)
        label = report.label or (report.id if before is None else before.label)
        return replace(row, label=label, detail=report.detail)

    def _row(self, kind: Kind, subject: str, state: State) -> WatchedRow:
        reading = self._reading
        return WatchedRow(
            guild_id=reading.guild_id,
            kind=kind,
            provider=reading.provider,
            id=subject,
            connection="" if kind is Kind.PROVIDER else reading.connection,
            label=subject,
            state=state,
            detail="" if state is State.CONNECTED else reading.error,
            changed_at=reading.at,
        )

    async def _found(self, before: WatchedRow | None, now: WatchedRow, *, asked: bool = True) -> None:
        """Note how something was found. asked: False where it could not be found out at all."""
        at = self._reading.at
        kind, state = Kind(now.kind), State(now.state)
        sign = sign_of(kind, state, self._alarming, before) if asked else Sign.NEITHER
        moved = before is None or before.state != now.state
        is_open = (now.kind, now.id) in self._open
        if before is not None:
            now = replace(
                now,
                changed_at=at if moved else before.changed_at,
                muted_until_at=before.muted_until_at,
                muted_by=before.muted_by,
                bad=before.bad,
                good=before.good,
                bad_at=before.bad_at,
                found=before.found,
            )
            if self._missed_from is not None and not is_open and sign is not Sign.NEITHER:
                # What was counted before says nothing of now.
                now = replace(now, bad=0, bad_at=None)
        if before is not None and kind is Kind.INTEGRATION and self._missed_from is not None:
            await self._missed(before)
        now = counted(now, sign, at, is_open=is_open)
        if state is not State.UNKNOWN:
            now = replace(now, found=state)
        if now != before:
            await self._ledger.put(now)
            self._changed = True
        if kind is Kind.INTEGRATION and (
            moved or before is None or before.detail != now.detail or self._missed_from is not None
        ):
            await self._ledger.transition(now, at)
        await self._go_on(now, sign)

    async def _missed(self, before: WatchedRow) -> None:
        """Note that nobody checked for a while, so that no time counts as well that nobody saw."""
        assert self._missed_from is not None  # noqa: S101 - asked before
        if before.state != State.UNKNOWN:
            unseen = replace(before, state=State.UNKNOWN, detail=NOT_CHECKED)
            await self._ledger.transition(unseen, self._missed_from)

    async def _go_on(self, row: WatchedRow, sign: Sign) -> None:
        """Open, change or close the incident of what was found."""
        ledger, at = self._ledger, self._reading.at
        latest = self._open.get((row.kind, row.id))
        if latest is None and row.bad >= self._checks:
            latest = await ledger.latest_incident(row)
        match step(row, sign, latest, self._checks):
            case Step.NOTHING:
                return
            case Step.OPEN:
                await ledger.open(_opened(row), announce_at=at if self._tells else None)
            case Step.CLOSE if latest is not None:
                await ledger.change(replace(latest, closed_at=at, ended=RECOVERED), at)
            case Step.REOPEN if latest is not None:
                again = replace(_retold(latest, row), closed_at=None, ended="", reopened=latest.reopened + 1)
                if self._tells:  # there may have been no route when it began
                    await ledger.announce(again.guild_id, again.number, at)
                await ledger.change(again, at)
            case Step.CHANGE if latest is not None:
                await ledger.change(_retold(latest, row), at)
        self._changed = True


def _theirs(
    reading: Reading, known: Mapping[str, WatchedRow], last: Mapping[str, CheckRow]
) -> Collection[str]:
    """Return the integrations that another connection looks after.

    Several may show the same one. It stays with the first, as long as that one can be read and has it.
    """
    others = {name for name, check in last.items() if not check.error} - {reading.connection}
    return {
        row.id
        for row in known.values()
        if row.connection in others and (row.state, row.detail) != (State.INACTIVE, GONE)
    }


def _as_many_as_fit(readings: Sequence[Reading]) -> int:
    """Return how many readings are written in one transaction."""
    reports = 0
    for number, reading in enumerate(readings):
        # Each also writes of its connection and its provider.
        reports += 2 + (0 if reading.reports is None else len(reading.reports.items))
        if reports > MOST_AT_ONCE:
            return max(1, number)
    return len(readings)


async def _let_go(ledger: Ledger, row: WatchedRow, at: int) -> None:
    """Watch it no longer; nobody can tell any more how its incident goes on."""
    latest = await ledger.latest_incident(row)
    if latest is not None and latest.closed_at is None:
        await ledger.change(replace(latest, closed_at=at, ended=UNWATCHED), at)
    await ledger.drop(row)


def _opened(row: WatchedRow) -> IncidentRow:
    assert row.bad_at is not None  # noqa: S101 - only bad checks open one
    return IncidentRow(
        guild_id=row.guild_id,
        number=0,
        kind=row.kind,
        provider=row.provider,
        id=row.id,
        connection=row.connection,
        label=row.label,
        state=row.state,
        detail=row.detail,
        opened_at=row.bad_at,
    )


def _retold(incident: IncidentRow, row: WatchedRow) -> IncidentRow:
    return replace(incident, label=row.label, state=row.state, detail=row.detail, connection=row.connection)
