"""What a manager does with `/toolzz list`, and what Toolzz lists then."""

from __future__ import annotations

from typing import Final

import simcord

from tests.support.harness import BotHarness, embed_of
from tests.support.toolzz_settings import UNIT

OTHER_UNIT: Final = "u" * 64


async def listing(harness: BotHarness, **options: object) -> simcord.InteractionResult:
    """Have the manager run `/toolzz list`."""
    return await harness.manager.slash(harness.channel, "toolzz list", **options)


async def without_unit(harness: BotHarness, name: str | None = None) -> None:
    """Have the manager connect Toolzz with credentials that name no unit."""
    form = await harness.open_form("add", "toolzz", name)
    await harness.manager.submit_modal(form, {"access_token": harness.toolzz.credentials["access_token"]})


def fill_unit(harness: BotHarness, number: int, unit: str = UNIT) -> None:
    """Give a unit this number of integrations, and every other unit none."""
    first = {**next(iter(harness.toolzz.integrations.values())), "unitId": unit}
    uuids = [f"7c1f9e5a-4b3d-4c2a-8e6f-{index:012}" for index in range(number)]
    harness.toolzz.integrations = {
        uuid: {**first, "id": uuid, "title": f"Agent {uuid[-3:]} " + "🚀*_" * 30, "guildName": "n" * 100}
        for uuid in uuids
    }


def lines(result: simcord.InteractionResult) -> list[str]:
    """Return the lines above the fields."""
    return (embed_of(result).description or "").splitlines()
