"""What Toolzz's support has to know of an integration: see ``diagnosis_file`` for what may be in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cogs.toolzz.channels import odd_channels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.providers.toolzz.models import Integration
    from cogs.toolzz.sight import Sight


def report_facts(report: Integration) -> Iterator[tuple[str, object]]:
    """Yield what Toolzz reports."""
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


def discord_facts(sight: Sight) -> Iterator[tuple[str, object]]:
    """Yield what Discord says to it."""
    yield "server that asks", sight.guild_id
    if sight.reach is not None:
        yield "bot", sight.reach.bot_id
        yield "bot is a member", sight.reach.member
    for channel, access in sight.channels:
        finding = "not checked" if access is None else " ".join([access.finding, *access.missing])
        yield "channel", f"{channel.id} {finding}"
