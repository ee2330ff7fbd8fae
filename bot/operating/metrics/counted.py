"""Reads what the parts of the bot have counted in memory."""

import math
import platform
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from itertools import product
from typing import Final

import discord

from bot.discord.client import PatchbayBot
from bot.features.alerts.store import MessageKind
from bot.operating.health.loop_lag import LoopLag
from bot.operating.health.readiness import Readiness
from bot.operating.metrics import declared
from bot.operating.metrics.reading import Distribution, Reading

_VERSIONS: Final = (version("patchbay"), platform.python_version(), discord.__version__)


def counted(bot: PatchbayBot, readiness: Readiness, lag: LoopLag, schema: str) -> Iterator[Reading]:
    """Yield every series that costs no waiting. schema: the database's revision."""
    yield Reading(declared.BUILD, 1, (*_VERSIONS, schema))
    yield Reading(declared.READY, not readiness.reasons())
    yield Reading(declared.SERVERS, len(bot.guilds))
    yield Reading(declared.LAG, Distribution.of(lag.durations))
    yield from _interactions(bot)
    yield from _requests(bot)
    yield from _checks(bot)
    yield from _messages(bot)
    yield from _database(bot)
    yield from _discord(bot)


def _interactions(bot: PatchbayBot) -> Iterator[Reading]:
    tally = bot.services.figures.interactions
    for labels, count in tally.ended.items():
        yield Reading(declared.INTERACTIONS, count, labels)
    for kind, acknowledged in tally.acknowledged.items():
        yield Reading(declared.ACKNOWLEDGED, Distribution.of(acknowledged), (kind,))
    for names, completed in tally.completed.items():
        yield Reading(declared.COMPLETED, Distribution.of(completed), names)
    yield Reading(declared.UNDER_WAY, tally.under_way)


def _requests(bot: PatchbayBot) -> Iterator[Reading]:
    for slug, provider in bot.services.providers.items():
        for host, slots in provider.slots:
            answers = sum((each.answers for each in slots), Counter[str]())
            for status, count in answers.items():
                yield Reading(declared.REQUESTS, count, (slug, host, status))
            durations = Distribution.of(*(each.durations for each in slots))
            yield Reading(declared.REQUEST_SECONDS, durations, (slug, host))
            yield Reading(declared.REQUESTS_WAITING, sum(each.waiting for each in slots), (slug, host))
            checked = bot.services.poller.hosts.get(host)
            is_open = checked is not None and checked.breaker.is_open
            yield Reading(declared.BREAKER, is_open, (slug, host))


def _checks(bot: PatchbayBot) -> Iterator[Reading]:
    for (provider, outcome), count in bot.services.figures.recorder.outcomes.items():
        yield Reading(declared.CHECKS, count, (provider, outcome.name.lower()))
    if bot.services.poller.overdue is not None:
        yield Reading(declared.CHECKS_OVERDUE, bot.services.poller.overdue)


def _messages(bot: PatchbayBot) -> Iterator[Reading]:
    sent = bot.services.outbox.sent
    for kind, is_sent in product(MessageKind, (True, False)):
        yield Reading(declared.ALERTS_SENT, sent[kind, is_sent], (kind, "sent" if is_sent else "failed"))


def _database(bot: PatchbayBot) -> Iterator[Reading]:
    services = bot.services
    load = services.figures.database
    yield Reading(declared.DATABASE_SECONDS, Distribution.of(load.reads), ("read",))
    yield Reading(declared.DATABASE_SECONDS, Distribution.of(load.writes), ("write",))
    yield Reading(declared.DATABASE_WRITABLE, not services.write_state.is_refused)
    yield Reading(declared.QUEUE, load.reading(), ("reads",))
    yield Reading(declared.QUEUE, load.writing(), ("writes",))
    yield Reading(declared.QUEUE, services.figures.recorder.waiting, ("results",))
    yield Reading(declared.QUEUE, services.guild_access.waiting, ("questions",))


def _discord(bot: PatchbayBot) -> Iterator[Reading]:
    for shard_id, latency in bot.latencies:
        if math.isfinite(latency):  # there is none before the first heartbeat
            yield Reading(declared.LATENCY, latency, (str(shard_id),))
    yield Reading(declared.SHARDS_HELD, len(bot.held.ids))
    if bot.held.lease_age is not None:
        yield Reading(declared.LEASE_AGE, bot.held.lease_age)
    yield Reading(declared.SHARDS_DOWN, sum(1 for _ in bot.sessions.faults()))
    yield Reading(declared.INVALID, bot.services.preflight.budget.used)
