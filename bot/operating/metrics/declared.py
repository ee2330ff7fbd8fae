"""Every metric that ``/metrics`` has: its name, its labels, and what it says.

No label has a value from outside: no server, member, connection or agent, and no name that Discord or a
provider has sent. So the number of series stays the same however many servers there are.
"""

from dataclasses import dataclass
from typing import Final, Literal

from bot.durations import BOUNDS

METRICS: Final[list["Declared"]] = []
"""In the order of the page and of the table in the documents."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One metric. kind: Prometheus's. meaning: for whoever reads the page or the documents.

    bounds: of a histogram, some of ``BOUNDS``.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    meaning: str
    bounds: tuple[float, ...] = ()


def _counter(name: str, meaning: str, *labels: str) -> Declared:
    METRICS.append(Declared(name, "counter", labels, meaning))
    return METRICS[-1]


def _gauge(name: str, meaning: str, *labels: str) -> Declared:
    METRICS.append(Declared(name, "gauge", labels, meaning))
    return METRICS[-1]


def _histogram(name: str, meaning: str, *labels: str, bounds: tuple[float, ...] = BOUNDS) -> Declared:
    METRICS.append(Declared(name, "histogram", labels, meaning, bounds))
    return METRICS[-1]


BUILD: Final = _gauge(
    "patchbay_build_info",
    "always 1; the labels say what runs",
    "version",
    "python",
    "discord_py",
    "schema",
)
READY: Final = _gauge("patchbay_ready", "1 if `/readyz` answers 200, else 0")
SERVERS: Final = _gauge("patchbay_servers", "servers that the bot is in")

INTERACTIONS: Final = _counter(
    "patchbay_interactions_total",
    "what members did, by how it ended: `ok`, `refused`, `provider_failed`, `discord_failed`,"
    " `database_failed`, `unanswered`, `failed`. `kind` is `command`, `suggestions`, `component` (a button or"
    " a menu) or `form`; `command` is the command's name, or the fixed part of a component's custom id",
    "kind",
    "command",
    "result",
)
ACKNOWLEDGED: Final = _histogram(
    "patchbay_interaction_acknowledge_seconds",
    "time until Discord had the first answer; it waits 3 seconds",
    "kind",
)
COMPLETED: Final = _histogram(
    "patchbay_interaction_seconds",
    "time until all was answered",
    "kind",
    "command",
    bounds=(0.05, 0.1, 0.25, 0.5, 1.0, 3.0, 10.0),  # there are many commands
)
UNDER_WAY: Final = _gauge("patchbay_interactions_under_way", "what members did and is not all answered yet")

REQUESTS: Final = _counter(
    "patchbay_provider_requests_total",
    "requests to a provider, by the answer's status; `other` for one that HTTP does not know, `timeout`, or"
    " `failed` where there was no whole answer",
    "provider",
    "host",
    "status",
)
REQUEST_SECONDS: Final = _histogram(
    "patchbay_provider_request_seconds",
    "how long they took, without the wait for a place",
    "provider",
    "host",
)
REQUESTS_WAITING: Final = _gauge(
    "patchbay_provider_requests_waiting", "requests that wait for a place", "provider", "host"
)
BREAKER: Final = _gauge(
    "patchbay_provider_breaker_open",
    "1 while checks ask a host only now and then, because it is down for everybody",
    "provider",
    "host",
)
CHECKS: Final = _counter(
    "patchbay_checks_total",
    "checks of connections, by outcome: `answered`, `refused` or `still_refused` (the credentials), `down`,"
    " `failed`",
    "provider",
    "result",
)
CHECKS_OVERDUE: Final = _gauge(
    "patchbay_checks_overdue_seconds", "how late the next look at which checks are due is"
)
AGENTS: Final = _gauge("patchbay_agents", "linked agents, by state", "provider", "state")
INCIDENTS: Final = _gauge(
    "patchbay_incidents_open",
    "open incidents, by what they are about: `integration`, `connection` or `provider`",
    "provider",
    "kind",
)

ALERTS_WAITING: Final = _gauge(
    "patchbay_alerts_waiting",
    "messages that are due: `alert`, `recovery`, `summary` or `board`",
    "kind",
)
ALERTS_FAILING: Final = _gauge(
    "patchbay_alerts_failing", "messages that Discord did not take and that are tried again", "kind"
)
ALERTS_SENT: Final = _counter(
    "patchbay_alert_messages_total",
    "messages posted or edited (`sent`), and tries that `failed`",
    "kind",
    "result",
)

DATABASE_SECONDS: Final = _histogram(
    "patchbay_database_seconds",
    "how long a `read` or `write` took, the wait for its turn included",
    "operation",
)
DATABASE_BYTES: Final = _gauge("patchbay_database_bytes", "size of the `database` and of its `log`", "file")
DATABASE_WRITABLE: Final = _gauge("patchbay_database_writable", "0 while writes fail, else 1")
BACKUP_AT: Final = _gauge(
    "patchbay_backup_newest_timestamp_seconds",
    "when the newest scheduled backup was made, in seconds since 1970, 0 if there is none; absent without"
    " `PATCHBAY_BACKUP_FOLDER`",
)
BACKUP_INTERVAL: Final = _gauge(
    "patchbay_backup_interval_seconds", "time between two scheduled backups; absent in the same case"
)

QUEUE: Final = _gauge(
    "patchbay_queue_length",
    "what is under way or waits in the database (`reads`, `writes`), results of checks that are not stored"
    " (`results`), questions to Discord (`questions`)",
    "queue",
)
LAG: Final = _histogram(
    "patchbay_event_loop_lag_seconds", "how late the event loop is, measured four times a second"
)
LATENCY: Final = _gauge(
    "patchbay_gateway_latency_seconds", "from a heartbeat to its acknowledgement, by shard", "shard"
)
SHARDS_DOWN: Final = _gauge(
    "patchbay_gateway_shards_down", "shards of this process that are not connected to Discord"
)
SHARDS_HELD: Final = _gauge(
    "patchbay_shards_held", "shards that this process serves; none for one that waits to take over"
)
LEASE_AGE: Final = _gauge(
    "patchbay_lease_age_seconds",
    "since this process last renewed its claim to its shards; absent without PostgreSQL, at 25 it ends",
)
IDENTIFIES_USED: Final = _gauge(
    "patchbay_identifies_used", "identifies of the last 24 hours, of all processes beside this database"
)
IDENTIFIES_ALLOWED: Final = _gauge(
    "patchbay_identifies_allowed", "how many there may be before the bot waits: 80 % of Discord's total"
)
INVALID: Final = _gauge(
    "patchbay_discord_invalid_requests",
    "answers 401, 403 and 429 of Discord in the last ten minutes; at 10,000 it blocks the address",
)
