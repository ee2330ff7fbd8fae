"""Finds out, one thing after the other, why an integration does not answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.errors import ForbiddenError, NotFoundError, ProviderError, UnauthorizedError
from bot.kit.diagnosis import Check, Verdict
from bot.kit.integration import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.providers.toolzz.client import ToolzzClient
    from bot.providers.toolzz.models import Integration

KNOWN_CODES: Final = frozenset({"4004", "4013", "4014"})
"""Discord's gateway close codes, for which there is a cause and a fix to tell."""
CHECKS: Final = ("credentials", "integration", "active", "connected", "server", "bot", "channels", "error")
"""In the order in which they are made."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the report itself does not say.

    here: whether the integration is of the server that asks. bot_known: whether it is known which bot it is.
    member: whether that bot is in the server. Both are None where nobody knows. channels, usable, untold: how
    many are monitored, how many of them work, and of how many that is not known.
    """

    here: bool | None
    bot_known: bool = False
    member: bool | None = None
    channels: int = 0
    usable: int = 0
    untold: int = 0


async def ask(client: ToolzzClient, integration_id: str) -> Integration | ProviderError:
    """Read an integration; what keeps it from being read is a finding here, and no error."""
    try:
        return await client.integration(integration_id)
    except ProviderError as failure:
        return failure


def diagnose(answer: Integration | ProviderError, around: Surroundings) -> tuple[Check, ...]:
    """Return all checks, in order. around: says nothing where there is no report."""
    made = {check.name: check for check in _made(answer, around)}
    return tuple(made.get(name, Check(name, Verdict.SKIPPED, "skipped")) for name in CHECKS)


def _made(answer: Integration | ProviderError, around: Surroundings) -> Iterator[Check]:
    if isinstance(answer, (UnauthorizedError, ForbiddenError)):
        yield _failed("credentials", "refused")
    elif isinstance(answer, ProviderError) and not isinstance(answer, NotFoundError):
        yield _unknown("credentials", "unanswered")
    else:
        yield _ok("credentials", "accepted")
        if isinstance(answer, ProviderError):
            yield _failed("integration", "missing")
        elif answer.is_deleted:
            yield _failed("integration", "deleted")
        else:
            yield _ok("integration", "there")
            yield from _looked_at(answer, around)


def _looked_at(report: Integration, around: Surroundings) -> Iterator[Check]:
    if report.is_active is False:
        yield _failed("active", "off")  # and then it is not to be connected
    else:
        yield _ok("active", "on") if report.is_active else _unknown("active", "untold")
        yield _connected(report.state)
    if around.here is False:
        yield _failed("server", "elsewhere")
    else:
        yield _ok("server", "here") if around.here else _unknown("server", "untold")
        yield from _bot(around)
    yield _error(report)


def _connected(state: State) -> Check:
    if state is State.CONNECTED:
        return _ok("connected", state)
    return _unknown("connected", state) if state is State.UNKNOWN else _failed("connected", state)


def _bot(around: Surroundings) -> Iterator[Check]:
    if around.member is False:
        yield _failed("bot", "absent")
        return
    if around.member:
        yield _ok("bot", "member")
    else:
        yield _unknown("bot", "untold" if around.bot_known else "nameless")
    if not around.channels:
        yield _unknown("channels", "none")
    elif around.usable == around.channels:
        yield _ok("channels", "usable")
    elif around.usable + around.untold < around.channels:
        yield _failed("channels", "usable")
    else:
        yield _unknown("channels", "untold")


def _error(report: Integration) -> Check:
    if not (report.error_code or report.error_message):
        return _ok("error", "none")
    if report.state is State.CONNECTED:
        return _ok("error", "past")
    if report.error_code in KNOWN_CODES:
        return _failed("error", "known")
    return _unknown("error", "unknown")


def _ok(name: str, reason: str) -> Check:
    return Check(name, Verdict.OK, reason)


def _failed(name: str, reason: str) -> Check:
    return Check(name, Verdict.FAILED, reason)


def _unknown(name: str, reason: str) -> Check:
    return Check(name, Verdict.UNKNOWN, reason)
