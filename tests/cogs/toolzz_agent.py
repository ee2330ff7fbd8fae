"""An integration of Toolzz whose bot is in the town, and what hangs under its status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.cogs.town import Town, buttons, final

if TYPE_CHECKING:
    from collections.abc import Sequence

    import simcord

ENOUGH = ["Refresh", "Channels", "Diagnose", "Link to this server"]
"""The buttons under the status of an integration that runs here and is not linked."""


def enlist(town: Town, roles: Sequence[simcord.RoleHandle] = ()) -> simcord.MemberActor:
    """Bring in a bot that may do what everybody may, and let it be the one of every integration."""
    bot = town.guild.add_member(town.env.create_user("loja-bot", bot=True), roles=roles)
    for integration in town.toolzz.integrations.values():
        integration["botClientId"] = str(bot.id)
    return bot


def move_here(town: Town, *channels: simcord.ChannelHandle) -> None:
    """Put the simulator's integrations, but for two, into the town and its channels; into one by default."""
    there = channels or (town.channel,)
    town.toolzz.place_in_guild(
        str(town.guild.id), "Harbour Ops", [(str(channel.id), channel.name or "") for channel in there]
    )


def change(town: Town, **changes: object) -> None:
    """Let Toolzz report something else of the integration that is well."""
    town.toolzz.integrations[town.toolzz.CONNECTED].update(changes)


async def look_at(
    town: Town, integration: str | None = None, *, share: bool = False
) -> simcord.InteractionResult:
    """Have the manager ask for a status, of the integration that is well unless told otherwise."""
    wanted = integration or town.toolzz.CONNECTED
    return await town.manager.slash(town.channel, "toolzz status", integration=wanted, share=share)


def button(result: simcord.InteractionResult, label: str) -> dict[str, Any]:
    """Return the button of an answer that says this."""
    (found,) = (item for item in buttons(result) if item.get("label") == label)
    return found


async def press(
    town: Town, asked: simcord.InteractionResult, label: str, actor: simcord.MemberActor | None = None
) -> simcord.InteractionResult:
    """Press a button of an answer."""
    custom_id = button(asked, label)["custom_id"]
    return await (actor or town.manager).click(final(asked).message, custom_id=custom_id)
