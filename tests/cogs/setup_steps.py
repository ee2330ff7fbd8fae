"""What a manager does with `/setup`, and what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.cogs.town import embed_of, field, final

if TYPE_CHECKING:
    import simcord

    from tests.cogs.town import Town

BUTTON = 2
STEPS = ("credentials", "check", "agents", "alerts", "have")


async def open_setup(town: Town, actor: simcord.MemberActor | None = None) -> simcord.InteractionResult:
    """Run `/setup`."""
    return await (actor or town.manager).slash(town.channel, "setup")


async def choose(
    town: Town, asked: simcord.InteractionResult, provider: str, actor: simcord.MemberActor | None = None
) -> simcord.InteractionResult:
    """Open the steps with a provider."""
    name = town.bot.providers[provider].name
    return await (actor or town.manager).click(final(asked).message, label=name)


async def press(town: Town, asked: simcord.InteractionResult, key: str) -> simcord.InteractionResult:
    """Press the button whose label has this key."""
    return await town.manager.click(final(asked).message, label=town.texts(key))


def row(asked: simcord.InteractionResult, number: int) -> dict[str, Any]:
    """Return the menu in a row, from 0."""
    menu: dict[str, Any] = final(asked).components[number]["components"][0]
    return menu


async def pick(
    town: Town, asked: simcord.InteractionResult, number: int, value: str
) -> simcord.InteractionResult:
    """Pick an entry of the menu in a row, from 0."""
    custom_id = row(asked, number)["custom_id"]
    return await town.manager.select(final(asked).message, [value], custom_id=custom_id)


async def pick_channel(
    town: Town, asked: simcord.InteractionResult, channel: simcord.ChannelHandle
) -> simcord.InteractionResult:
    """Pick a channel for alerts."""
    (custom_id,) = [each for each in menus(asked) if each.startswith("setup:alerts:")]
    return await town.manager.select(final(asked).message, [channel], custom_id=custom_id)


def menus(asked: simcord.InteractionResult) -> list[str]:
    """Return the custom ids of the menus."""
    first = [line["components"][0] for line in final(asked).components]
    return [item["custom_id"] for item in first if item["type"] != BUTTON]


def steps_of(asked: simcord.InteractionResult) -> str:
    """Return the symbols of the steps."""
    fields = embed_of(asked).fields[: len(STEPS)]
    symbols = [(item.name or "").partition(" ") for item in fields]
    assert [rest[:1] for _, _, rest in symbols] == ["1", "2", "3", "4", "5"], symbols
    return "".join(symbol for symbol, _, _ in symbols)


def field_of(town: Town, asked: simcord.InteractionResult, step: str) -> str:
    """Return what is said of a step, or what comes next."""
    return field(asked, town.texts("next_step" if step == "next" else f"setup.step.{step}"))
