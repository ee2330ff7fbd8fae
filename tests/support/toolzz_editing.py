"""The steps in which a manager changes a Toolzz integration."""

from __future__ import annotations

from typing import Any, Final

import simcord

from tests.support.english import english
from tests.support.harness import BotHarness, final, shown
from tests.support.toolzz_steps import fields_of

EDIT: Final = "Edit"
AGAIN: Final = english("toolzz.edit.again_button")
WRITE: Final = english("toolzz.edit.yes")
KEEP: Final = english("confirm.keep")
TITLE: Final = "Suporte da loja"
"""The title of the integration that is edited by default."""


async def edit(harness: BotHarness, integration: str | None = None) -> simcord.InteractionResult:
    """Have the manager run `/toolzz edit`."""
    return await harness.manager.slash(
        harness.channel, "toolzz edit", integration=integration or harness.toolzz.CONNECTED
    )


async def open_form(
    harness: BotHarness, offer: simcord.InteractionResult, label: str = EDIT
) -> simcord.InteractionResult:
    """Have the manager press the button that opens the form."""
    form = await harness.manager.click(final(offer).message, label=label)
    assert form.modal is not None, shown(form)
    return form


def today(harness: BotHarness, form: simcord.InteractionResult) -> dict[str, Any]:
    """Return the values that Discord sends if the member changes nothing in the form."""
    inputs = fields_of(form)
    channels = {channel.id: channel for channel in server_channels(harness)}
    return {
        "title": inputs["title"].get("value", ""),
        "channels": [channels[int(each["id"])] for each in inputs["channels"].get("default_values", [])],
        "scope": next(option["value"] for option in inputs["scope"]["options"] if option["default"]),
        "switches": [option["value"] for option in inputs["switches"]["options"] if option["default"]],
    }


def server_channels(harness: BotHarness) -> list[simcord.ChannelHandle]:
    """Return handles of all channels of the server."""
    guild = harness.env.backend.get_guild(harness.guild.id)
    return [
        simcord.ChannelHandle(harness.env, harness.guild, harness.env.backend.get_channel(each))
        for each in guild.channel_ids
    ]


async def fill_in(
    harness: BotHarness, form: simcord.InteractionResult, **changes: object
) -> simcord.InteractionResult:
    """Have the manager send the form with some values changed; the answer is the question."""
    return await harness.manager.submit_modal(form, {**today(harness, form), **changes})


async def propose(
    harness: BotHarness, integration: str | None = None, **changes: object
) -> simcord.InteractionResult:
    """Have the manager run `/toolzz edit`, open the form and send it with some values changed."""
    return await fill_in(harness, await open_form(harness, await edit(harness, integration)), **changes)


async def press(
    harness: BotHarness, asked: simcord.InteractionResult, label: str = WRITE
) -> simcord.InteractionResult:
    """Have the manager press a button of the question; its message then shows the outcome."""
    return await harness.manager.click(final(asked).message, label=label)
