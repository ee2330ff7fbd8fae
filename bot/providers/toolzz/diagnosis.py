"""Finds out, one check after the other, why an integration does not answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bot.errors import ForbiddenError, NotFoundError, ProviderError, UnauthorizedError
from bot.providers.base.diagnosis import Check, Verdict
from bot.providers.base.integration import State
from bot.providers.base.snowflake import read_snowflake
from bot.providers.toolzz.client import ToolzzClient
from bot.providers.toolzz.models import Integration

_OK, _FAILED, _UNKNOWN = Verdict.OK, Verdict.FAILED, Verdict.UNKNOWN
_CONNECTED: Final = {State.CONNECTED: _OK, State.UNKNOWN: _UNKNOWN}
CHECKS: Final = ("credentials", "integration", "active", "connected", "server", "bot", "channels", "error")
"""All checks, in the order in which they are made."""


@dataclass(frozen=True, slots=True)
class DiscordFacts:
    """What Discord shows of an integration, and whether the integration is of the server that asks.

    is_here: None where the report names no server. is_bot_known: whether it is known which bot the agent
    speaks as. is_member: whether that bot is in the server, None where it is not known. is_timed_out: whether
    a moderator keeps it from writing for a while. channels, usable, inconclusive: how many channels are
    monitored, in how many of them the bot can work, and for how many that is not known.
    """

    is_here: bool | None
    is_bot_known: bool = False
    is_member: bool | None = None
    is_timed_out: bool = False
    channels: int = 0
    usable: int = 0
    inconclusive: int = 0


async def ask(client: ToolzzClient, integration_id: str) -> Integration | ProviderError:
    """Read an integration; return the error if that fails, because a diagnosis explains it."""
    try:
        return await client.integration(integration_id)
    except ProviderError as failure:
        return failure


def diagnose(answer: Integration | ProviderError, facts: DiscordFacts | None = None) -> tuple[Check, ...]:
    """Return all checks, in order. facts: needed for a report only."""
    made = {check.name: check for check in _made(answer, facts or DiscordFacts(None))}
    return tuple(made.get(name, Check(name, Verdict.SKIPPED, "skipped")) for name in CHECKS)


def _made(answer: Integration | ProviderError, facts: DiscordFacts) -> Iterator[Check]:
    if isinstance(answer, (UnauthorizedError, ForbiddenError)):
        yield Check("credentials", _FAILED, "refused")
    elif isinstance(answer, ProviderError) and not isinstance(answer, NotFoundError):
        yield Check("credentials", _UNKNOWN, "unanswered")
    else:
        yield Check("credentials", _OK, "accepted")
        if isinstance(answer, ProviderError):
            yield Check("integration", _FAILED, "missing")
        elif answer.is_deleted:
            yield Check("integration", _FAILED, "deleted")
        else:
            yield Check("integration", _OK, "there")
            yield from _of_report(answer, facts)


def _of_report(report: Integration, facts: DiscordFacts) -> Iterator[Check]:
    if report.is_active is False:
        yield Check("active", _FAILED, "off")  # then it is not expected to be connected
    else:
        yield Check("active", _OK, "on") if report.is_active else Check("active", _UNKNOWN, "untold")
        verdict = _UNKNOWN if report.lost_connection_later else _CONNECTED.get(report.state, _FAILED)
        yield Check("connected", verdict, report.state)
    if facts.is_here is False:
        yield Check("server", _FAILED, "elsewhere")
    else:
        yield Check("server", _OK, "here") if facts.is_here else Check("server", _UNKNOWN, "untold")
        yield from _bot(report, facts)
    yield _error(report)


def _bot(report: Integration, facts: DiscordFacts) -> Iterator[Check]:
    if facts.is_member is False:
        yield Check("bot", _FAILED, "absent")
        return
    if facts.is_timed_out:
        yield Check("bot", _FAILED, "timed_out")
        return
    if facts.is_member:
        yield Check("bot", _OK, "member")
    elif facts.is_bot_known:
        yield Check("bot", _UNKNOWN, "untold")
    else:
        yield Check("bot", _UNKNOWN, "old_id" if read_snowflake(report.bot_client_id) else "nameless")
    if not facts.channels:
        yield Check("channels", _UNKNOWN, "none")
    elif facts.usable == facts.channels:
        yield Check("channels", _OK, "usable")
    elif facts.usable + facts.inconclusive < facts.channels:
        yield Check("channels", _FAILED, "usable")
    else:
        yield Check("channels", _UNKNOWN, "untold")


def _error(report: Integration) -> Check:
    if not (report.error_code or report.error_message):
        return Check("error", _OK, "none")
    if report.state is State.CONNECTED:
        return Check("error", _OK, "past")
    if report.known_code is not None:
        return Check("error", _FAILED, "known")
    return Check("error", _UNKNOWN, "unknown")
