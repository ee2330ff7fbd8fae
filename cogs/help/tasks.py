"""Groups a member's commands by what they are for."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from discord import app_commands

from bot.discord.commands import menu_key
from bot.discord.guard import TopCommand
from bot.i18n.catalog import Texts

_GROUPS: Final[Mapping[str, Sequence[str]]] = {
    "setup": ("setup", "connections"),
    "watch": ("integrations",),
    "alerts": ("alerts",),
    "access": ("access",),
    "data": ("audit", "privacy"),
}
"""Top-level commands by task. Any other one is a task of its own: a provider's needs no line here."""
_BEFORE_PROVIDERS: Final = ("setup", "watch", "alerts")
_MAX_LINES: Final = 8


@dataclass(frozen=True, slots=True)
class Task:
    """What a member can do, and with which commands.

    groups: the names of the commands by the top-level command that they belong to; not empty. entries: the
    keys of entries of the Apps menu, by the top-level command that does the same.
    """

    name: str
    groups: Mapping[str, Sequence[str]]
    entries: Mapping[str, Sequence[str]]

    @property
    def commands(self) -> list[str]:
        """The names of all commands."""
        return [name for names in self.groups.values() for name in names]


def tasks_of(
    usable: Iterable[TopCommand],
    entries: Iterable[app_commands.ContextMenu],
    providers: Collection[str],
    connected: Collection[str],
) -> list[Task]:
    """Return the tasks of a member, the first things first.

    usable, entries: what Discord shows to the member. providers: the slugs of all providers. connected: of
    those that the server has connected, which come before the others.
    """
    groups = {top.name: [each.qualified_name for each in _subcommands(top)] for top in usable}
    keys: dict[str, list[str]] = {}
    for entry in entries:
        key = menu_key(entry)
        keys.setdefault(key.partition(".")[0], []).append(key)
    grouped = {group for wanted in _GROUPS.values() for group in wanted}
    own = sorted(
        groups.keys() - grouped, key=lambda name: (name not in connected, name not in providers, name)
    )
    rest = [name for name in _GROUPS if name not in _BEFORE_PROVIDERS]
    found = []
    for name in (*_BEFORE_PROVIDERS, *own, *rest):
        of_task = {group: groups[group] for group in _GROUPS.get(name, (name,)) if groups.get(group)}
        if of_task:
            found.append(Task(name, of_task, {group: keys[group] for group in of_task if group in keys}))
    return found


def title_of(task: Task, texts: Texts) -> str:
    """Return a task's name, which begins with a symbol."""
    return texts.find(f"help.task.{task.name}") or texts(f"{task.name}.title")


def task_lines(tasks: Sequence[Task], texts: Texts) -> list[str]:
    """Return a line for each of the first tasks: its first command, which fits beside its name on a phone."""
    return [f"**{title_of(task, texts)}** · `/{task.commands[0]}`" for task in tasks[:_MAX_LINES]]


def _subcommands(top: TopCommand) -> Iterator[app_commands.Command[Any, ..., Any]]:
    if isinstance(top, app_commands.Group):
        yield from (found for found in top.walk_commands() if isinstance(found, app_commands.Command))
    else:
        yield top
