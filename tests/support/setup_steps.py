"""What managers do with `/setup`, and what it shows."""

from __future__ import annotations

from typing import Any

import simcord

from tests.support.harness import BotHarness, buttons, embed_of, field, final
from tests.support.sensay_steps import component_of

BUTTON = 2
STEPS = ("credentials", "check", "agents", "alerts", "have")


async def open_setup(
    harness: BotHarness, actor: simcord.MemberActor | None = None
) -> simcord.InteractionResult:
    """Run `/setup`."""
    return await (actor or harness.manager).slash(harness.channel, "setup")


async def choose(
    harness: BotHarness,
    asked: simcord.InteractionResult,
    provider: str,
    actor: simcord.MemberActor | None = None,
) -> simcord.InteractionResult:
    """Open the steps with a provider."""
    name = harness.bot.services.providers[provider].name
    return await (actor or harness.manager).click(final(asked).message, label=name)


async def press(harness: BotHarness, asked: simcord.InteractionResult, key: str) -> simcord.InteractionResult:
    """Press the button whose label has this key."""
    return await harness.manager.click(final(asked).message, label=harness.texts(key))


def row(asked: simcord.InteractionResult, number: int) -> dict[str, Any]:
    """Return the menu in a row, from 0."""
    menu: dict[str, Any] = final(asked).components[number]["components"][0]
    return menu


async def pick(
    harness: BotHarness, asked: simcord.InteractionResult, number: int, value: str
) -> simcord.InteractionResult:
    """Pick an entry of the menu in a row, from 0."""
    custom_id = row(asked, number)["custom_id"]
    return await harness.manager.select(final(asked).message, [value], custom_id=custom_id)


async def pick_and_confirm(
    harness: BotHarness, asked: simcord.InteractionResult, number: int, value: str
) -> simcord.InteractionResult:
    """Pick an integration that names no server, and confirm that it runs here; the answer says so."""
    question = await pick(harness, asked, number, value)
    await harness.manager.click(final(question).message, label=buttons(question)[0]["label"])
    return question


async def pick_channel(
    harness: BotHarness, asked: simcord.InteractionResult, channel: simcord.ChannelHandle
) -> simcord.InteractionResult:
    """Pick the channel for alerts."""
    return await pick_place(harness, asked, "alerts", channel)


async def pick_place(
    harness: BotHarness, asked: simcord.InteractionResult, purpose: str, channel: simcord.ChannelHandle
) -> simcord.InteractionResult:
    """Pick a channel from the menu for alerts, or for the board."""
    custom_id = component_of(asked, f"setup:{purpose}:")["custom_id"]
    return await harness.manager.select(final(asked).message, [channel], custom_id=custom_id)


def menus(asked: simcord.InteractionResult) -> list[str]:
    """Return the custom ids of the menus, without the end that differs each time."""
    first = [line["components"][0] for line in final(asked).components]
    return [item["custom_id"].partition("~")[0] for item in first if item["type"] != BUTTON]


def steps_of(asked: simcord.InteractionResult) -> str:
    """Return the symbols of the steps."""
    fields = embed_of(asked).fields[: len(STEPS)]
    symbols = [(item.name or "").partition(" ") for item in fields]
    assert [rest[:1] for _, _, rest in symbols] == ["1", "2", "3", "4", "5"], symbols
    return "".join(symbol for symbol, _, _ in symbols)


def field_of(harness: BotHarness, asked: simcord.InteractionResult, step: str) -> str:
    """Return the text of a step; ``next`` stands for the next step."""
    return field(asked, harness.texts("next_step" if step == "next" else f"setup.step.{step}"))


def finished_title(harness: BotHarness, provider: str, symbol: str = "✅") -> str:
    """Return the title of the last page."""
    return f"{symbol} {harness.texts('setup.finished.title', provider=provider)}"
