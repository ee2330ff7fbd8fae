"""Settings that tests write to Toolzz, and a call of every operation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from bot.providers.toolzz.client import ToolzzClient
from bot.providers.toolzz.models import Channel, Integration, IntegrationSettings
from bot.providers.toolzz.simulator import ToolzzSimulator

UNIT: Final = ToolzzSimulator.credentials["unit_id"]
TOKEN: Final = "FAKE-TOKEN-FOR-TESTS.not-a-real.value-00000000000000000000000007"
GUILD: Final = "1102345678901234568"
SETTINGS: Final = IntegrationSettings(
    agent_id=ToolzzSimulator.AGENT,
    unit_id=UNIT,
    title="Island Line",
    guild_id=GUILD,
    guild_name="Island Line Passengers",
    channels=(Channel(id="1197654321098765432", name="timetable"), Channel(id="1197654321098765433")),
    permissions=9007199254740993,
    reply_on_mention=True,
    create_threads=False,
    scope="mentions",
)
CHANNELS: Final[list[dict[str, Any]]] = [
    {
        "id": "1197654321098765432",
        "guild_id": GUILD,
        "name": "timetable",
        "type": 0,
        "position": 3,
        "parent_id": None,
        "nsfw": False,
        "permission_overwrites": [],
    },
    {"id": "1197654321098765433", "guild_id": GUILD, "name": "lost-property", "type": 5},
]
"""The channels of the settings, as Discord describes channels."""


async def _listed(client: ToolzzClient) -> tuple[Integration, ...]:
    return (await client.integrations()).data


OPERATIONS: Final[dict[str, Callable[[ToolzzClient], Awaitable[object]]]] = {
    "createDiscordIntegration": lambda client: client.create(SETTINGS, CHANNELS, TOKEN),
    "getDiscordIntegration": lambda client: client.integration(ToolzzSimulator.CONNECTED),
    "updateDiscordIntegration": lambda client: client.update(ToolzzSimulator.CONNECTED, SETTINGS),
    "listDiscordIntegrationsByUnit": _listed,
    "listAgentsByUnit": lambda client: client.agents(),
}
"""A call of each operation, by its name in the contract."""
