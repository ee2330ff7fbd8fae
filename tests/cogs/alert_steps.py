"""What a manager does about alerts, and what checks find meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.kit.integration import State
from bot.kit.report import Report, Reports
from bot.monitors.reading import Outcome, Reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    import discord
    import simcord

    from tests.cogs.town import Town

DOWN = {"Front desk": State.DISCONNECTED}
"""One integration, as ``found`` takes it: its key is ``KEY``."""
UP = {"Front desk": State.CONNECTED}
KEY = "toolzz:agent-0"


async def connect(town: Town) -> None:
    """Connect Toolzz without a word."""
    values, member = town.toolzz.credentials, town.manager.id
    await town.bot.connections.add(town.guild.id, "toolzz", "default", values, member_id=member)


async def found(town: Town, states: Mapping[str, State], times: int = 2) -> None:
    """Have so many checks find these integrations of Toolzz, by their names; two make an incident."""
    reports = Reports(
        tuple(Report(f"agent-{number}", *each) for number, each in enumerate(states.items())), complete=True
    )
    at = int(town.env.now().timestamp())
    for _ in range(times):
        await town.bot.recorder.take(
            Reading(town.guild.id, "toolzz", "default", at, Outcome.ANSWERED, reports)
        )
    await town.env.settle()


async def alerts(town: Town, command: str, **options: Any) -> simcord.InteractionResult:  # noqa: ANN401 - as in a command
    """Have the manager run one of the commands."""
    return await town.manager.slash(town.channel, f"alerts {command}", **options)


def posted(channel: simcord.ChannelHandle) -> list[discord.Message]:
    """Return what the bot has posted in a channel for everybody, oldest first."""
    return [message for message in channel.history() if message.embeds]


async def actions(town: Town) -> list[tuple[str, str, str]]:
    """Return what the audit log says of alerts, oldest first: action, target, result."""
    entries, _ = await town.bot.audit.export(town.guild.id)
    return [(each.action, each.target, each.result) for each in entries if each.action.startswith("alerts.")]
