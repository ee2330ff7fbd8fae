"""The menu of tasks under ``/help``, and the way back."""

from typing import Annotated, Any, Final

import discord

from bot.discord.commands import MAX_CHOICES
from bot.discord.components import PersistentButton, PersistentSelect
from bot.discord.context import Context
from bot.discord.pages import UP
from bot.discord.replies import Answer, acknowledge, edit, view_of
from bot.discord.routes import Segment
from bot.discord.text import plain
from bot.i18n.catalog import Texts
from cogs.help.screens import Available, read_help, start_screen, task_screen
from cogs.help.tasks import Task, title_of

_TURNS: Final = 10_000
Turn = Annotated[int, Segment(r"[0-9]{1,4}", read=int)]
"""How often the message has changed. Discord keeps what was picked in a menu as long as its custom id stays,
and sends nothing when the same entry is picked again.
"""


class TaskSelect(PersistentSelect):
    """Shows the commands of the task that is picked, in the same message."""

    route = "help:task:{turn}"
    reads_only = True
    caption = "help.task.placeholder"

    turn: Turn

    async def pick(self, ctx: Context, value: str) -> None:
        """Show the task, as far as the member may still use it."""
        await acknowledge(ctx)
        known = await read_help(ctx)
        turn = (self.turn + 1) % _TURNS
        back = StartButton(texts=ctx.texts, turn=turn)
        await edit(ctx, task_screen(known, value, ctx.texts), view_of(_menu(known, turn, ctx.texts), back))


class StartButton(PersistentButton):
    """Leads back to the next step and the tasks."""

    route = "help:start:{turn}"
    reads_only = True
    caption = "help.start.button"
    symbol = UP

    turn: Turn

    async def press(self, ctx: Context) -> None:
        """Show them as they are now."""
        await acknowledge(ctx)
        await edit(ctx, *await read_start(ctx, (self.turn + 1) % _TURNS))


async def read_start(ctx: Context, turn: int = 0) -> Answer:
    """Build what ``/help`` answers. turn: how often the message has changed."""
    known = await read_help(ctx)
    embed, buttons = await start_screen(ctx, known)
    # With one task, all of its commands are shown already.
    menu = [_menu(known, turn, ctx.texts)] if len(known.tasks) > 1 else []
    return embed, view_of(*buttons, *menu)


def _menu(known: Available, turn: int, texts: Texts) -> discord.ui.Item[Any]:
    return TaskSelect(
        texts=texts, turn=turn, options=[_option(task, texts) for task in known.tasks[:MAX_CHOICES]]
    )


def _option(task: Task, texts: Texts) -> discord.SelectOption:
    commands = ", ".join(f"/{command}" for command in task.commands)
    return discord.SelectOption(
        label=title_of(task, texts), value=task.name, description=plain(commands, 100)
    )
