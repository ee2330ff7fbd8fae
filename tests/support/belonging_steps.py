"""What a manager does to decide which integrations belong to the server, and what is watched then."""

from __future__ import annotations

import json
from typing import Any, Final

import simcord

from bot.features.monitoring.service import Watched
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.harness import BotHarness, buttons, final
from tests.support.sensay_steps import component_of

HERE: Final = f"toolzz:{ToolzzSimulator.CONNECTED}"
BROKEN: Final = f"toolzz:{ToolzzSimulator.DISCONNECTED}"
MAYBE: Final = f"toolzz:{ToolzzSimulator.HOMELESS}"
ELSEWHERE: Final = f"toolzz:{ToolzzSimulator.ELSEWHERE}"
REPLICA: Final = f"sensay:{SensaySimulator.ACTIVE}"
NAMES: Final = {
    HERE: "Suporte da loja",
    BROKEN: ToolzzSimulator().integrations[ToolzzSimulator.DISCONNECTED]["title"],
    MAYBE: ToolzzSimulator().integrations[ToolzzSimulator.HOMELESS]["title"],
    ELSEWHERE: ToolzzSimulator().integrations[ToolzzSimulator.ELSEWHERE]["title"],
    REPLICA: SensaySimulator().replicas[SensaySimulator.ACTIVE]["name"],
}
MENU: Final = "setup:maybe"


async def check(harness: BotHarness) -> None:
    """Check everything now, as it happens in every interval."""
    await harness.bot.services.poller.check_guild(harness.guild.id)
    await harness.env.settle()


async def overview(
    harness: BotHarness, actor: simcord.MemberActor | None = None, **options: object
) -> simcord.InteractionResult:
    """Have somebody, by default the manager, run `/integrations overview`."""
    return await (actor or harness.manager).slash(harness.channel, "integrations overview", **options)


async def watched(harness: BotHarness) -> dict[str, Watched]:
    """Return what the server watches, by key."""
    found = await harness.bot.services.monitoring.integrations(harness.guild.id)
    return {each.key: each for each in found}


async def candidates(harness: BotHarness) -> set[str]:
    """Return the keys of what may run here."""
    return {each.key for each in await harness.bot.services.monitoring.candidates(harness.guild.id)}


async def ask_about(
    harness: BotHarness, key: str, shown_in: simcord.InteractionResult | None = None
) -> simcord.InteractionResult:
    """Have the manager pick what may run here, by default in the overview; the answer is the question."""
    shown_in = shown_in or await overview(harness)
    custom_id = component_of(shown_in, MENU)["custom_id"]
    return await harness.manager.select(final(shown_in).message, [key], custom_id=custom_id)


async def press(
    harness: BotHarness,
    asked: simcord.InteractionResult,
    key: str,
    actor: simcord.MemberActor | None = None,
) -> simcord.InteractionResult:
    """Press the button whose label has this key."""
    return await (actor or harness.manager).click(final(asked).message, label=harness.texts(key))


async def ignore(harness: BotHarness, key: str) -> simcord.InteractionResult:
    """Have the manager ignore something that is watched, or that may run here."""
    if key in await candidates(harness):
        asked = await ask_about(harness, key)
    else:
        asked = await harness.manager.slash(harness.channel, "integrations status", integration=key)
    return await press(harness, asked, "belonging.ignore.button")


async def pick_to_see(
    harness: BotHarness, listed: simcord.InteractionResult, key: str
) -> simcord.InteractionResult:
    """Stop ignoring something by the menu below a provider's list."""
    provider, _, thing = key.partition(":")
    custom_id = component_of(listed, f"setup:seen:{provider}~")["custom_id"]
    return await harness.manager.select(final(listed).message, [thing], custom_id=custom_id)


def options(asked: simcord.InteractionResult, custom_id: str) -> list[str]:
    """Return the values that a menu offers; none where there is no such menu."""
    found = [item for item in buttons(asked) if item.get("custom_id", "").startswith(custom_id)]
    return [option["value"] for item in found for option in item["options"]]


async def suggested(harness: BotHarness) -> str:
    """Return all that commands suggest for an integration or a replica, as JSON."""
    found: list[Any] = []
    for command in ("integrations status", "integrations history", "integrations diagnose", "alerts mute"):
        found += await harness.manager.autocomplete(harness.channel, command, "integration", "")
    for command in ("toolzz status", "toolzz link", "toolzz edit"):
        found += await harness.manager.autocomplete(harness.channel, command, "integration", "")
    found += await harness.manager.autocomplete(harness.channel, "sensay status", "replica", "")
    return json.dumps(found)


async def entries(harness: BotHarness) -> list[tuple[str, str, str]]:
    """Return action, target and result of the audit log's entries about what belongs here."""
    found, _ = await harness.bot.services.audit.export(harness.guild.id)
    return [
        (each.action, each.target, each.result) for each in found if each.action.startswith("integrations.")
    ]
