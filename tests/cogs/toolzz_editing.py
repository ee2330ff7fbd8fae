"""The steps in which a manager changes a Toolzz integration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import simcord

from tests.cogs.toolzz_steps import fields_of
from tests.cogs.town import final, shown

if TYPE_CHECKING:
    from tests.cogs.town import Town

EDIT: Final = "Edit"
AGAIN: Final = "Read it again"
WRITE: Final = "Write the changes"
KEEP: Final = "Keep it"
TITLE: Final = "Suporte da loja"
"""Of the integration that is edited where no other is named."""


async def edit(town: Town, integration: str | None = None) -> simcord.InteractionResult:
    """Have the manager run `/toolzz edit`."""
    return await town.manager.slash(
        town.channel, "toolzz edit", integration=integration or town.toolzz.CONNECTED
    )


async def open_form(
    town: Town, offer: simcord.InteractionResult, label: str = EDIT
) -> simcord.InteractionResult:
    """Press the button that opens the form."""
    form = await town.manager.click(final(offer).message, label=label)
    assert form.modal is not None, shown(form)
    return form


def today(town: Town, form: simcord.InteractionResult) -> dict[str, Any]:
    """Return what a client sends that has changed nothing in the form."""
    inputs = fields_of(form)
    channels = {channel.id: channel for channel in town_channels(town)}
    return {
        "title": inputs["title"].get("value", ""),
        "channels": [channels[int(each["id"])] for each in inputs["channels"].get("default_values", [])],
        "scope": next(option["value"] for option in inputs["scope"]["options"] if option["default"]),
        "switches": [option["value"] for option in inputs["switches"]["options"] if option["default"]],
    }


def town_channels(town: Town) -> list[simcord.ChannelHandle]:
    """Return handles of all the town's channels."""
    guild = town.env.backend.get_guild(town.guild.id)
    return [
        simcord.ChannelHandle(town.env, town.guild, town.env.backend.get_channel(each))
        for each in guild.channel_ids
    ]


async def fill_in(
    town: Town, form: simcord.InteractionResult, **changes: object
) -> simcord.InteractionResult:
    """Send the form with today's values but for what is to change; the answer is the question."""
    return await town.manager.submit_modal(form, {**today(town, form), **changes})


async def propose(town: Town, integration: str | None = None, **changes: object) -> simcord.InteractionResult:
    """Read, open the form and fill it in."""
    return await fill_in(town, await open_form(town, await edit(town, integration)), **changes)


async def press(
    town: Town, asked: simcord.InteractionResult, label: str = WRITE
) -> simcord.InteractionResult:
    """Answer the question; what becomes of it stands in its message."""
    return await town.manager.click(final(asked).message, label=label)
