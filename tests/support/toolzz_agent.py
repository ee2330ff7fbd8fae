"""An integration of Toolzz whose bot is in the server, its status, and the buttons below that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import simcord

from tests.support.harness import BotHarness, buttons, final

ENOUGH = ["Details", "Refresh", "Channels", "Diagnose", "Link to this server"]
"""The buttons below the status of an integration that runs in the server and is not linked."""


def add_agent_bot(harness: BotHarness, roles: Sequence[simcord.RoleHandle] = ()) -> simcord.MemberActor:
    """Add a bot to the server, as the bot of every integration. roles: the bot's."""
    bot = harness.guild.add_member(harness.env.create_user("loja-bot", bot=True), roles=roles)
    for integration in harness.toolzz.integrations.values():
        integration["botClientId"] = str(bot.id)
    return bot


def change(harness: BotHarness, **changes: object) -> None:
    """Change what Toolzz reports of the integration that is connected. changes: by Toolzz's names."""
    harness.toolzz.integrations[harness.toolzz.CONNECTED].update(changes)


async def look_at(
    harness: BotHarness, integration: str | None = None, *, share: bool = False
) -> simcord.InteractionResult:
    """Have the manager run `/toolzz status`, by default for the integration that is connected."""
    wanted = integration or harness.toolzz.CONNECTED
    return await harness.manager.slash(harness.channel, "toolzz status", integration=wanted, share=share)


async def look_closely(harness: BotHarness, integration: str | None = None) -> simcord.InteractionResult:
    """Have the manager do what ``look_at`` does, and press Details."""
    return await press(harness, await look_at(harness, integration), harness.texts("status.details"))


def button(result: simcord.InteractionResult, label: str) -> dict[str, Any]:
    """Return the button of an answer with this label."""
    (found,) = (item for item in buttons(result) if item.get("label") == label)
    return found


async def press(
    harness: BotHarness,
    asked: simcord.InteractionResult,
    label: str,
    actor: simcord.MemberActor | None = None,
) -> simcord.InteractionResult:
    """Have somebody, by default the manager, press the button of an answer with this label."""
    custom_id = button(asked, label)["custom_id"]
    return await (actor or harness.manager).click(final(asked).message, custom_id=custom_id)
