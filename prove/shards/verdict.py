"""Says what a record of several bots shows."""

from __future__ import annotations

import bisect
import itertools
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from prove.runner import Figure
from prove.shards.database import WatchedDatabase
from prove.shards.discord import shard_of
from prove.shards.record import Asked, Record, Request
from prove.shards.servers import Servers

LEASE: Final = 30.0
"""Seconds that a lease lasts without being renewed."""
MARGIN: Final = 5.0
"""Seconds before the end of its lease after which a process does nothing more."""
ANSWERED_WITHIN: Final = 3.0
"""Seconds that a bot has to answer: a command that came so long before it ended is lost with it."""
BEGINS_WITHIN: Final = 3.0
"""Seconds from the beginning of a shard's session until its servers are known to the bot."""
PICKED_UP_WITHIN: Final = 5.0
"""Seconds from the end of a lease until another process has the shard, and checks its servers."""
HANDED_OVER_WITHIN: Final = 15.0
"""Seconds that a shard is without a session when its process is told to stop, or gives it back."""
TAKEN_WITHIN: Final = LEASE + 15.0
"""The same when its process is gone: more than one shard may have to wait for its turn to identify."""
SHOWN: Final = 20
"""How many faults of a kind are shown."""
RECOVERED: Final = "✅"
"""What the title of an alert begins with that is over."""
ON_ITS_WAY: Final = 0.1
"""Seconds from the moment at which a request is sent until it is noted."""


def verdict(record: Record, database: WatchedDatabase, servers: Servers, interval: int) -> Sequence[Figure]:
    """Return a figure for each promise. Blocks."""
    return [
        alerts(servers, database),
        checks(record, servers, interval),
        writes(record, database),
        requests(record, database),
        interactions(record),
        identifies(record),
    ]


def alerts(servers: Servers, database: WatchedDatabase) -> Figure:
    """One message for each agent that broke, which says in the end that it works again; no other one."""
    incidents = database.incidents()
    lost = doubled = unfinished = 0
    for server in servers.watched:
        messages, expected = servers.messages(server), int(server.broken_at is not None)
        lost += len(messages) < expected
        doubled += len(messages) > expected or incidents.get(server.guild_id, (0, 0))[0] > expected
        unfinished += len(messages) == expected == 1 and not messages[0].startswith(RECOVERED)
    took = [each.told_at - each.broken_at for each in servers.broken if each.told_at and each.broken_at]
    return Figure(
        "several processes: no alert is lost or doubled",
        f"{len(servers.broken)} agents broke: {lost} alerts lost, {doubled} doubled, {unfinished} without"
        f" their end; the slowest came after {max(took, default=0):.0f} s",
        holds=bool(servers.broken) and not (lost or doubled or unfinished),
    )


def checks(record: Record, servers: Servers, interval: int) -> Figure:
    """Each connection is checked again one interval and one takeover after its last check, at the latest."""
    most = 0.0
    for server in servers.watched:
        times = [at for at in record.lists[server.guild_id] if at >= record.loaded_at]
        gaps = [after - before for before, after in itertools.pairwise(times)]
        most = max(most, *gaps, 0.0)
    limit = LEASE + PICKED_UP_WITHIN + 2 * interval
    checks = sum(map(len, record.lists.values()))
    return Figure(
        "several processes: checks go on",
        f"{checks:,} checks of {len(servers.watched)} connections, one in {interval} s each: the longest time"
        f" between two of one connection was {most:.0f} s (at most {limit:.0f})",
        holds=0 < most <= limit,
    )


def writes(record: Record, database: WatchedDatabase) -> Figure:
    forbidden = database.forbidden()
    for each in forbidden:
        record.say(f"FORBIDDEN: {each}")
    return Figure(
        "several processes: none writes without its lease, or for a server of another's",
        f"{database.written():,} rows written, {sum(each.rows for each in forbidden)} of them forbidden",
        holds=not forbidden,
    )


class _Holders:
    """Who might act when."""

    def __init__(self, database: WatchedDatabase) -> None:
        self._held: defaultdict[int, list[tuple[float, int | None]]] = defaultdict(list)
        for at, shard_id, pid in database.held():
            self._held[shard_id].append((at, pid))
        self._leases: defaultdict[int, list[tuple[float, float | None]]] = defaultdict(list)
        for at, pid, until in database.leases():
            self._leases[pid].append((at, until))

    def has_lease(self, pid: int, at: float) -> bool:
        """Return whether a process had a lease that was not about to end."""
        leases = self._leases[pid]
        index = bisect.bisect(leases, at, key=lambda each: each[0]) - 1
        until = leases[index][1] if index >= 0 else None
        return until is not None and at <= until - MARGIN

    def holds(self, pid: int, shard_id: int, at: float) -> bool:
        """Return whether a process held a shard at a moment."""
        held = self._held[shard_id]
        index = bisect.bisect(held, at, key=lambda each: each[0]) - 1
        return index >= 0 and held[index][1] == pid


def requests(record: Record, database: WatchedDatabase) -> Figure:
    holders = _Holders(database)
    forbidden = [request for request in record.requests if not _is_allowed(record, holders, request)]
    for each in forbidden[:SHOWN]:
        run = record.run_of(each.bot, each.at)
        record.say(f"FORBIDDEN at {each.at - record.began:.1f} s by {run and run.pid}: {each}")
    return Figure(
        "several processes: none asks Discord or a provider without its lease, or for a server of another's",
        f"{len(record.requests):,} requests, {len(forbidden)} of them forbidden",
        holds=not forbidden,
    )


def _is_allowed(record: Record, holders: _Holders, request: Request) -> bool:
    run = record.run_of(request.bot, request.at)
    if run is None:
        return False
    shard_id = None if request.guild_id is None else shard_of(request.guild_id)
    return any(
        holders.has_lease(run.pid, at) and (shard_id is None or holders.holds(run.pid, shard_id, at))
        for at in (request.at, request.at - ON_ITS_WAY)
    )


def interactions(record: Record) -> Figure:
    unserved = _unserved(record)
    lost = [each for each in record.asked if each.answered_at is None]
    outside = [each for each in lost if not _is_unserved(unserved, each)]
    for each in outside[:SHOWN]:
        at, shard_id = each.at - record.began, shard_of(each.guild_id)
        record.say(f"NOT ANSWERED: {each.command}, asked at {at:.1f} s on shard {shard_id}")
    longest: defaultdict[str, float] = defaultdict(float)
    for since, until in itertools.chain.from_iterable(unserved.values()):
        phase = record.phase_at(since)
        longest[phase] = max(longest[phase], until - since)
    shown = ", ".join(f"{seconds:.0f} s after {phase}" for phase, seconds in longest.items())
    is_short = all(seconds <= _limit(phase) for phase, seconds in longest.items())
    return Figure(
        "several processes: commands are answered but for a takeover",
        f"{len(record.asked):,} commands, {len(lost)} without an answer, {len(outside)} of them while their"
        f" shard had a bot; the longest time without one: {shown}",
        holds=not outside and bool(record.asked) and is_short,
    )


def _limit(phase: str) -> float:
    """Return for how many seconds a shard may have no bot after something was done to one."""
    return HANDED_OVER_WITHIN if phase == "SIGTERM" else TAKEN_WITHIN


def _unserved(record: Record) -> dict[int, list[tuple[float, float]]]:
    """Return when each shard had no session with a bot that could act."""
    spans: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
    for session in record.sessions:
        end = session.until or float("inf")
        for bot, since, until in record.halted:
            if session.bot == bot and session.since < until and end > since:
                end = since  # it takes commands and answers none
        spans[session.shard_id].append((session.since, end))
    found = {}
    for shard_id, served in spans.items():
        gaps, until = [], record.began
        for since, end in sorted(served):
            if since > until:
                gaps.append((until, since))
            until = max(until, end)
        found[shard_id] = gaps[1:]  # the first one is that before the start
    return found


def _is_unserved(unserved: dict[int, list[tuple[float, float]]], asked: Asked) -> bool:
    return any(
        since - ANSWERED_WITHIN <= asked.at <= until + BEGINS_WITHIN
        for since, until in unserved.get(shard_of(asked.guild_id), ())
    )


def identifies(record: Record) -> Figure:
    early = sum(each.is_too_early for each in record.identifies)
    return Figure(
        "several processes: identifies are within Discord's limit",
        f"{len(record.identifies)} identifies in 2 buckets of one in 5 s each, {early} too early",
        holds=not early and bool(record.identifies),
    )
