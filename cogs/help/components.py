"""The menu of tasks under ``/help``, and the way back."""

from typing import Any

import discord

from bot.discord.commands import MAX_CHOICE_LENGTH, MAX_CHOICES
from bot.discord.components import PersistentButton, PersistentSelect
from bot.discord.context import Context
from bot.discord.pages import UP
from bot.discord.replies import Answer, acknowledge, edit, view_of
from bot.discord.text import clamp
from bot.i18n.catalog import Texts
from cogs.help.next_step import ServerState
from cogs.help.screens import Available, read_help, start_screen, task_screen
from cogs.help.tasks import Task, title_of


class TaskSelect(PersistentSelect):
    """Shows the commands of the task that is picked, in the same message."""

    route = "help:task"
    reads_only = True
    caption = "help.task.placeholder"

    async def pick(self, ctx: Context, value: str) -> None:
        """Show the task, as far as the member may still use it."""
        await acknowledge(ctx)
        known = await read_help(ctx, await ctx.services.connections.providers(ctx.guild_id))
        back = StartButton(texts=ctx.texts)
        await edit(ctx, task_screen(known, value, ctx.texts), view_of(_menu(known, ctx.texts), back))


class StartButton(PersistentButton):
    """Leads back to the next step and the tasks."""

    route = "help:start"
    reads_only = True
    caption = "help.start.button"
    symbol = UP

    async def press(self, ctx: Context) -> None:
        """Show them as they are now."""
        await acknowledge(ctx)
        await edit(ctx, *await read_start(ctx))


async def read_start(ctx: Context) -> Answer:
    """Build what ``/help`` answers."""
    found = await ctx.services.lookups.server(ctx.guild_id)
    server = ServerState(found.connections, found.integrations, found.has_route)
    known = await read_help(ctx, {each.provider for each in server.connections})
    embed, buttons = await start_screen(ctx, known, server)
    # With one task, all of its commands are shown already.
    menu = [_menu(known, ctx.texts)] if len(known.tasks) > 1 else []
    return embed, view_of(*buttons, *menu)


def _menu(known: Available, texts: Texts) -> discord.ui.Item[Any]:
    return TaskSelect(texts=texts, options=[_option(task, texts) for task in known.tasks[:MAX_CHOICES]])


def _option(task: Task, texts: Texts) -> discord.SelectOption:
    commands = ", ".join(f"/{command}" for command in task.commands)
    return discord.SelectOption(
        label=title_of(task, texts), value=task.name, description=clamp(commands, MAX_CHOICE_LENGTH)
    )
