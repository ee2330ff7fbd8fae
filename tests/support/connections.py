"""Adds connections with the simulators' credentials, and has Sensay refuse one."""

from collections.abc import Mapping

from bot.features.connections.service import ConnectionService, Summary
from bot.providers.base.simulator import Answer
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.ids import GUILD, MEMBER

SENSAY, TOOLZZ = SensaySimulator.credentials, ToolzzSimulator.credentials


async def add(
    service: ConnectionService,
    provider: str = "sensay",
    name: str = "default",
    values: Mapping[str, str] | None = None,
    guild_id: int = GUILD,
) -> Summary:
    """Add a connection, with the credentials that its simulator accepts unless others are given."""
    values = values or {"sensay": SENSAY, "toolzz": TOOLZZ}[provider]
    return await service.add(guild_id, provider, name, values, member_id=MEMBER)


async def report_refusal(service: ConnectionService, sensay: SensaySimulator, status: int = 401) -> bool:
    """Call ``confirm_refusal`` while Sensay refuses all requests, and return its result."""
    connection = await service.open(GUILD, "sensay")
    sensay.fail(Answer(status, {"error": "no"}), times=None)
    try:
        return await service.confirm_refusal(connection)
    finally:
        sensay.heal()
