"""What a manager does about alerts, and what checks report meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord
import simcord

from bot.features.monitoring.check_result import CheckOutcome, CheckResult
from bot.providers.base.integration import State
from bot.providers.base.report import Report, Reports
from tests.support.harness import BotHarness

DOWN = {"Front desk": State.DISCONNECTED}
"""One integration, as ``record_checks`` takes it: its key is ``KEY``."""
UP = {"Front desk": State.CONNECTED}
KEY = "toolzz:agent-0"


async def connect_toolzz(harness: BotHarness) -> None:
    """Connect Toolzz without a command."""
    values, member = harness.toolzz.credentials, harness.manager.id
    await harness.bot.services.connections.add(
        harness.guild.id, "toolzz", "default", values, member_id=member
    )


async def record_checks(harness: BotHarness, states: Mapping[str, State], times: int = 2) -> None:
    """Record so many checks that report these integrations of Toolzz, by name; two open an incident."""
    here = str(harness.guild.id)
    reports = Reports(
        tuple(Report(f"agent-{number}", *each, guild_id=here) for number, each in enumerate(states.items()))
    )
    at = int(harness.env.now().timestamp())
    for _ in range(times):
        await harness.bot.services.poller._recorder.record(
            CheckResult(harness.guild.id, "toolzz", "default", at, CheckOutcome.ANSWERED, reports)
        )
    await harness.env.settle()


async def run_alerts(harness: BotHarness, command: str, **options: Any) -> simcord.InteractionResult:  # noqa: ANN401 - as in a command
    """Have the manager run one of the commands."""
    return await harness.manager.slash(harness.channel, f"alerts {command}", **options)


def embed_messages(channel: simcord.ChannelHandle) -> list[discord.Message]:
    """Return the messages with embeds in a channel, the oldest first."""
    return [message for message in channel.history() if message.embeds]


async def audited_changes(harness: BotHarness) -> list[tuple[str, str, str]]:
    """Return action, target and result of the audit log's entries about alerts, the oldest first."""
    entries, _ = await harness.bot.services.audit.export(harness.guild.id)
    return [(each.action, each.target, each.result) for each in entries if each.action.startswith("alerts.")]


async def suspend_routes(
    harness: BotHarness,
    channel: simcord.ChannelHandle,
    why: str = "forbidden",
    *,
    is_reported: bool = False,
) -> None:
    """Note that Discord takes no alerts in a channel, for another hour."""
    now = int(harness.env.now().timestamp())
    await harness.bot.services.outbox._store.suspend_routes(
        harness.guild.id, channel.id, why=why, now=now, retry_at=now + 3600, is_reported=is_reported
    )
