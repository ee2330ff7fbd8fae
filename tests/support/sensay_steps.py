"""What a manager does with `/sensay status`, and what Sensay lists then."""

from collections.abc import Mapping
from typing import Any, Final

import discord
import simcord

from bot.discord.replies import _link_commands
from bot.discord.sync import CommandLinks
from bot.features.integrations.store import Placed
from cogs.sensay.placement import Placement
from tests.support.harness import BotHarness, buttons, final

AGENT: Final = 1209876543210987654
"""A bot's user id."""
LATER: Final = 1_900_000_000
"""A time in the future, in seconds since 1970."""
RECORD: Final = Placed(
    id="r", connection="default", label="Ferry", bot_id=AGENT, placed_by=2, placed_at=1_700_000_000
)
PLACED: Final = Placement(guild_id=1, bot_id=AGENT, placed=RECORD, member=False)
_COMMAND_IDS: Final = {"sensay": 1, "connections": 2}


async def status(
    harness: BotHarness, replica: str | None = None, **options: object
) -> simcord.InteractionResult:
    """Have the manager ask for one replica's status, or for the overview."""
    if replica is not None:
        options["replica"] = replica
    return await harness.manager.slash(harness.channel, "sensay status", **options)


async def look_closely(harness: BotHarness, replica: str) -> simcord.InteractionResult:
    """Have the manager look at one replica, and press Details."""
    return await press(harness, await status(harness, replica), harness.texts("status.details"))


async def act_as(harness: BotHarness, user: str, name: str | None = None) -> None:
    """Connect Sensay with credentials that name a user. name: the connection's."""
    form = await harness.open_form("add", "sensay", name)
    await harness.manager.submit_modal(form, {**harness.sensay.credentials, "user_id": user})


async def place(harness: BotHarness, replica: str, bot_id: int | None = AGENT) -> None:
    """Record that the manager's server connected a replica."""
    opened = await harness.bot.services.connections.open(harness.guild.id, "sensay")
    await harness.bot.services.integrations.record(
        opened, replica, "x", bot_id=bot_id, member_id=harness.manager.id
    )


def add_bot_member(harness: BotHarness) -> int:
    """Add a bot to the server, and return its id."""
    return harness.guild.add_member(harness.env.create_user("desk", bot=True)).id


def fill_organization(harness: BotHarness, number: int) -> None:
    """Replace all replicas by so many of the organization's first user, all of them on Discord."""
    first = max(
        harness.sensay.replicas.values(), key=lambda replica: replica["ownerID"] == harness.sensay.OWNER
    )
    first = {**first, "discord_integration": {"service_name": "x", "is_active": True}}
    uuids = (f"5a0c7f9e-1d3b-4c2a-8e6f-{number:012}" for number in range(number))
    harness.sensay.replicas = {
        uuid: {**first, "uuid": uuid, "name": f"Replica {uuid[-3:]} " + "🚀*_" * 300} for uuid in uuids
    }


def component_of(result: simcord.InteractionResult, beginning: str) -> dict[str, Any]:
    """Return the component whose custom id begins like this."""
    (found,) = (item for item in buttons(result) if item.get("custom_id", "").startswith(beginning))
    return found


async def choose(
    harness: BotHarness,
    asked: simcord.InteractionResult,
    *values: str,
    actor: simcord.MemberActor | None = None,
) -> simcord.InteractionResult:
    """Pick from the overview's menu, also values that it does not offer."""
    data = {
        "custom_id": component_of(asked, "sensay:details:")["custom_id"],
        "component_type": 3,
        "values": values,
    }
    return await harness.interact(
        discord.InteractionType.component, actor or harness.manager, data, message=final(asked)
    )


async def press(
    harness: BotHarness, asked: simcord.InteractionResult, label: str
) -> simcord.InteractionResult:
    """Press a button of an answer."""
    return await harness.manager.click(final(asked).message, label=label)


def with_command_links(embed: discord.Embed, ids: Mapping[str, int] = _COMMAND_IDS) -> discord.Embed:
    """Turn the commands in an embed into links, as an answer has them. ids: by top-level command."""
    links = CommandLinks()
    links.ids = ids
    _link_commands(embed, links)
    return embed
