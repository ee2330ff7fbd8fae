"""What ``/help`` shows: the next step and the tasks, or the commands of one task."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord

from bot.discord.context import Context
from bot.discord.guard import TopCommand
from bot.discord.text import listed
from bot.discord.theme import Field, Tone, card
from bot.discord.tree import commands_for, hidden_tier, menu_entries_for
from bot.errors import InvalidInputError
from bot.features.access.tier import Tier
from bot.i18n.catalog import Texts
from cogs.connections import rotate_button
from cogs.help.next_step import HelpStep, NextStep, ServerState, next_step
from cogs.help.tasks import Task, task_lines, tasks_of, title_of
from cogs.integrations import IntegrationStatusButton
from cogs.monitoring.formatting import name

_ITSELF: Final = "help"
_Buttons = Sequence[discord.ui.Item[Any]]


@dataclass(frozen=True, slots=True)
class Available:
    """What a member can do here. hidden: the tier that opens commands which Discord does not show."""

    tasks: Sequence[Task]
    usable: Sequence[TopCommand]
    hidden: Tier | None


async def read_help(ctx: Context, connected: Collection[str]) -> Available:
    """Find out what the member can do here. connected: the slugs of the providers that the server has."""
    shown = await commands_for(ctx)
    usable = [each for each in shown if each.name != _ITSELF]
    entries = await menu_entries_for(ctx)
    tasks = tasks_of(usable, entries, ctx.services.providers, connected)
    return Available(tasks, usable, await hidden_tier(ctx, shown))


async def start_screen(ctx: Context, known: Available, server: ServerState) -> tuple[discord.Embed, _Buttons]:
    """Return the next step, the tasks, and the buttons that take the step."""
    texts = ctx.texts
    step, buttons = await _next_step(ctx, known, server)
    fields = []
    if len(known.tasks) == 1:
        task = known.tasks[0]
        shown = (_group(group, names, task.entries, texts) for group, names in task.groups.items())
        fields = [Field(title_of(task, texts), "\n".join(shown))]
    elif known.tasks:
        fields = [Field(texts("help.title"), "\n".join(task_lines(known.tasks, texts)))]
    return card(Tone.INFO, texts("next_step"), step, fields=fields, symbol=""), buttons


def task_screen(known: Available, picked: str, texts: Texts) -> discord.Embed:
    """Return the commands of one task. Raises InvalidInputError("option") if the member has no such task."""
    task = next((each for each in known.tasks if each.name == picked), None)
    if task is None:
        raise InvalidInputError("option")
    if len(task.groups) == 1:
        ((group, names),) = task.groups.items()
        return card(Tone.INFO, title_of(task, texts), _group(group, names, task.entries, texts), symbol="")
    fields = [
        Field(texts(f"{group}.title"), _group(group, names, task.entries, texts))
        for group, names in task.groups.items()
    ]
    return card(Tone.INFO, title_of(task, texts), fields=fields, symbol="")


def _group(group: str, names: Sequence[str], entries: Mapping[str, Sequence[str]], texts: Texts) -> str:
    described = ((each, each.replace(" ", ".")) for each in names)
    commands = (f"`/{each}` {texts(f'{key}.description')}" for each, key in described)
    of_menus = (f"**{texts(f'{key}.name')}** {texts(f'{key}.description')}" for key in entries.get(group, ()))
    return listed((*commands, *of_menus), texts)


async def _next_step(ctx: Context, known: Available, server: ServerState) -> tuple[str, _Buttons]:
    """Say what to do next, with the buttons that do it.

    A member who has no access is told nothing about the server.
    """
    texts = ctx.texts
    if known.hidden is not None:
        return texts(f"help.hidden.{known.hidden.name.lower()}"), ()
    if not known.tasks:
        return await _whom_to_ask(ctx, Tier.VIEWER), ()
    step = next_step(server, {each.name for each in known.usable})
    if not step.may:
        return await _asking(ctx, step, server), ()
    return _taking(ctx, step, server)


def _taking(ctx: Context, step: NextStep, server: ServerState) -> tuple[str, _Buttons]:
    texts = ctx.texts
    refused, down = server.refused, server.down
    if step.step is HelpStep.REPLACE and refused is not None:
        provider = ctx.services.provider_names.get(refused.provider, refused.provider)
        button = rotate_button(refused.provider, refused.name, ctx)
        return texts("help.next.replace", provider=provider), (button,)
    if step.step is HelpStep.DOWN and down is not None:
        look = IntegrationStatusButton(
            texts=texts,
            provider=down.provider,
            integration=down.id,
            label=texts("integrations.status.button"),
            emoji="🔎",
        )
        return texts("help.next.down", name=name(down.label, down.id)), (look,)
    return texts(f"help.next.{step.step}"), ()


async def _asking(ctx: Context, step: NextStep, server: ServerState) -> str:
    """Say what is missing, and whom to ask for it."""
    if step.step is HelpStep.OVERVIEW:
        return ctx.texts("help.next.overview_ask")
    provider = "" if server.refused is None else server.refused.provider
    missing = ctx.texts(
        f"help.next.{step.step}_ask", provider=ctx.services.provider_names.get(provider, provider)
    )
    return f"{missing} {await _whom_to_ask(ctx, Tier.MANAGER)}"


async def _whom_to_ask(ctx: Context, tier: Tier) -> str:
    """Name the permission and the roles that give a tier."""
    roles = [f"<@&{each}>" for each in await ctx.services.guard.roles_with(ctx.interaction, tier)]
    key = f"help.ask.{tier.name.lower()}"
    return ctx.texts(f"{key}_role", roles=", ".join(roles)) if roles else ctx.texts(key)
