"""The organization of the simulated Sensay: the names of its parts, and its figures."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from bot.providers.base.simulator import load_seed, made_up_token

APPLICATION_ID: Final = "1209876543210987654"
SEED: Final = load_seed("bot.providers.sensay")
DAYS: Final = 30
_MAX_QUOTED: Final = 80
"""So many characters of a question are repeated in its answer."""

# Conversations of an average day, as a share of the busiest weekday, from Monday on.
_WEEK = (0.9, 1.0, 0.95, 0.9, 0.8, 0.45, 0.3)
_DEVIATIONS = (0.0, 0.12, -0.08, 0.2, -0.15)  # five of them, so that no two weeks are alike


class Organization:
    """Its credentials, the ids of its users and the UUIDs of replicas."""

    credentials: ClassVar[Mapping[str, str]] = {"organization_secret": "FAKE-TOKEN-sensay-organization-0001"}
    refused_credentials: ClassVar[Mapping[str, str]] = {
        "organization_secret": "FAKE-TOKEN-sensay-organization-revoked"
    }
    discord_token: ClassVar[str] = made_up_token(APPLICATION_ID, "00000000")
    OWNER: Final = "northwind-care"
    """The user who owns four of the six replicas."""
    OTHER_OWNER: Final = "northwind-port"
    """The user who owns the other two, the broken one among them."""
    NEWCOMER: Final = "northwind-new"
    """A user who owns nothing."""
    OWNER_DISCORD_ID: Final = "298765432109870001"
    ACTIVE: Final = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e401"
    """On Discord, with is_active true; it belongs to the organization's other user."""
    INACTIVE: Final = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e402"
    UNDECIDED: Final = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e403"
    """Its is_active is null."""
    UNCONNECTED: Final = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e404"
    PORTUGUESE: Final = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e405"
    """On Discord too, with texts in Portuguese."""
    BROKEN: Final = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e406"
    """Only the list can be read of it: connecting it, asking it and all other reads give 500 with a stack
    trace.
    """
    FOREIGN: Final = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e4a1"
    """Somebody else's public replica."""
    UNKNOWN: Final = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e4ff"
    """The UUID of no replica."""


def history_of(number: int, figures: Mapping[str, Any]) -> list[int]:
    """Return a replica's running total of conversations on each of ``DAYS`` days, today's last.

    number: counts the replicas, so that no two of them have the same history. figures: the conversations of
    its busiest weekday, and all of them before these days.
    """
    today = datetime.now(UTC).date()
    total, totals = figures["before"], []
    for ago in reversed(range(DAYS)):
        day = today - timedelta(days=ago)
        deviation = _DEVIATIONS[(day.toordinal() + 3 * number) % len(_DEVIATIONS)]
        total += round(figures["busiest_weekday"] * (_WEEK[day.weekday()] * (1 + deviation)))
        totals.append(total)
    return totals


def sources_of(total: int, percentages: Mapping[str, int]) -> dict[str, int]:
    """Return a replica's conversations by platform; the first one also gets what rounding leaves over."""
    counts = {platform: total * percent // 100 for platform, percent in percentages.items()}
    if counts:
        counts[next(iter(counts))] += total - sum(counts.values())
    return counts


def answer_of(replica: Mapping[str, Any], question: str) -> str:
    """Return what a replica answers; the same question gets the same answer."""
    piece = " ".join(question.split())
    if len(piece) > _MAX_QUOTED:
        piece = f"{piece[:_MAX_QUOTED].rstrip()} …"
    answer: str = SEED["answers"].get(replica["uuid"], SEED["answers"]["default"])
    return answer.format(name=replica["name"], tagline=replica["shortDescription"], question=piece)
