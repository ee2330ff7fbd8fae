"""What members do in more than one journey."""

from collections.abc import Mapping
from typing import TypeVar

import discord
from simcord import ResponseMessage

from bot.demo.stage import Stage
from bot.providers.base.simulator import Simulator

AnySimulator = TypeVar("AnySimulator", bound=Simulator)


def simulator(stage: Stage, kind: type[AnySimulator]) -> AnySimulator:
    """Return the stage's simulator of this kind."""
    (found,) = (provider for provider in stage.simulators if isinstance(provider, kind))
    return found


async def fill_in(stage: Stage, command: str, values: Mapping[str, str], **options: str) -> ResponseMessage:
    """Let Mira run a command that opens a form, and submit the form; return the answer."""
    world = stage.world
    form = await world.mira.slash(world.operations, command, **options)
    return await stage.discord.answer(await world.mira.submit_modal(form, dict(values)))


async def connect(stage: Stage, provider: Simulator) -> ResponseMessage:
    """Let Mira add a connection with credentials that the provider accepts."""
    return await fill_in(stage, "connections add", provider.credentials, provider=provider.slug)


def text(answer: ResponseMessage) -> str:
    """Return the lines of text in an answer's embeds."""
    return "\n".join(line for embed in answer.embeds for line in _lines(embed))


def _lines(embed: discord.Embed) -> list[str]:
    fields = [part for field in embed.fields for part in (field.name, field.value)]
    return [part for part in (embed.title, embed.description, *fields, embed.footer.text) if part]
