"""What members do in more than one journey."""

from collections.abc import Mapping
from typing import TypeVar

import discord
from simcord import InteractionResult, ResponseMessage

from bot.demo.stage import Stage
from bot.providers.base.simulator import Simulator

AnySimulator = TypeVar("AnySimulator", bound=Simulator)


def simulator(stage: Stage, kind: type[AnySimulator]) -> AnySimulator:
    """Return the stage's simulator of this kind."""
    (found,) = (provider for provider in stage.simulators if isinstance(provider, kind))
    return found


async def open_form(stage: Stage, command: str, **options: str) -> InteractionResult:
    """Let Mira run a command that leads to a form, and press its first button; return the form."""
    world = stage.world
    guide = await stage.discord.answer(await world.mira.slash(world.operations, command, **options))
    return await world.mira.click(guide.message, label=guide.components[0]["components"][0]["label"])


async def fill_in(stage: Stage, command: str, values: Mapping[str, str], **options: str) -> ResponseMessage:
    """Let Mira run a command that leads to a form, and submit the form; return the answer."""
    form = await open_form(stage, command, **options)
    return await stage.discord.answer(await stage.world.mira.submit_modal(form, dict(values)))


async def connect(stage: Stage, provider: Simulator) -> ResponseMessage:
    """Let Mira add a connection with credentials that the provider accepts."""
    return await fill_in(stage, "connections add", provider.credentials, provider=provider.slug)


def text(answer: ResponseMessage) -> str:
    """Return the lines of text in an answer's embeds."""
    return "\n".join(line for embed in answer.embeds for line in _lines(embed))


def _lines(embed: discord.Embed) -> list[str]:
    fields = [part for field in embed.fields for part in (field.name, field.value)]
    return [part for part in (embed.title, embed.description, *fields, embed.footer.text) if part]
