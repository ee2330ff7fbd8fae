"""The file that goes with a diagnosis: what a support team needs, in English, and nothing else.

No secret, no member, no name of a server or channel: the ids tell as much to those who may look them up.
"""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from bot.errors import ProviderError
from bot.ui.text import plain
from cogs.toolzz.channels import odd_channels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.kit.redaction import Redactor
    from bot.providers.toolzz.diagnosis import Check
    from bot.providers.toolzz.models import Integration
    from cogs.toolzz.sight import Sight

_VERSION: Final = version("patchbay")
_LONGEST_VALUE: Final = 500


def write(
    integration: str,
    seen: Sight | ProviderError,
    checks: Sequence[Check],
    checked_at: int,
    redactor: Redactor,
) -> str:
    """Write a line for each thing that is known. checked_at: seconds since 1970."""
    facts: list[tuple[str, object]] = [
        ("patchbay", _VERSION),
        ("written", datetime.fromtimestamp(checked_at, UTC)),
        ("integration", integration),
        *((f"check {check.name}", f"{check.verdict} ({check.reason})") for check in checks),
    ]
    if isinstance(seen, ProviderError):
        facts += _failure(seen)
    else:
        facts += [*_report(seen.report), *_discord(seen)]
    lines = [f"{name}: {_shown(value, redactor)}" for name, value in facts if value is not None]
    return "\n".join([*lines, ""])


def _failure(failure: ProviderError) -> Iterator[tuple[str, object]]:
    yield "failure", failure.key
    yield "status", failure.status
    yield "request id", failure.request_id
    yield "code", failure.code
    yield "said", failure.detail


def _report(report: Integration) -> Iterator[tuple[str, object]]:
    yield "agent", report.agent_id
    yield "unit", report.unit_id
    yield "application", report.bot_client_id
    yield "state", report.state
    yield "state in Toolzz's word", report.connection_status
    yield "active", report.is_active
    yield "error code", report.error_code
    yield "error message", report.error_message
    yield "scope", report.scope
    yield "replies on mention", report.reply_on_mention
    yield "creates threads", report.create_threads
    yield "permissions", report.permissions
    yield "last connected", report.last_connected_at
    yield "last disconnected", report.last_disconnected_at
    yield "created", report.created_at
    yield "updated", report.updated_at
    yield "deleted", report.deleted_at
    yield "server", report.guild_id
    for name, ids in odd_channels(report):
        yield from ((f"only in {name}", channel_id) for channel_id in ids)


def _discord(sight: Sight) -> Iterator[tuple[str, object]]:
    yield "server that asks", sight.guild_id
    if sight.reach is not None:
        yield "bot", sight.reach.bot_id
        yield "bot is a member", sight.reach.member
    for channel, access in sight.channels:
        finding = "not checked" if access is None else " ".join([access.finding, *access.missing])
        yield "channel", f"{channel.id} {finding}"


def _shown(value: object, redactor: Redactor) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        # At the ends of the calendar another zone can be in a year that there is not.
        there = value if value.year in {MINYEAR, MAXYEAR} else value.astimezone(UTC)
        return there.isoformat(timespec="seconds").replace("+00:00", "Z")
    # Before it is cut: half a secret is not recognised as one.
    return plain(redactor.clean(str(value)), _LONGEST_VALUE)
