"""The command tree: the guard on the way in, the errors' embeds on the way out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

from discord import InteractionType, app_commands

from bot.discord.connection.interaction_tally import Ending
from bot.discord.context import Context, Interaction
from bot.discord.guard import AnyCommand, TopCommand, needed_tier
from bot.discord.reporting import admit, report
from bot.errors import InvalidInputError, OutdatedCommandError, PatchbayError, StaleComponentError
from bot.features.access.tier import Tier

CommandT = TypeVar("CommandT", bound=AnyCommand)


def menu_entries(tree: app_commands.CommandTree[Any]) -> list[app_commands.ContextMenu]:
    """Return our entries of the Apps menus, by name."""
    entries = [each for each in tree.get_commands() if isinstance(each, app_commands.ContextMenu)]
    return sorted(entries, key=lambda entry: entry.name)


def top_commands(tree: app_commands.CommandTree[Any]) -> list[TopCommand]:
    """Return the top-level commands that there are, by name."""
    return [
        command
        for command in sorted(tree.get_commands(), key=lambda command: command.name)
        if isinstance(command, (app_commands.Command, app_commands.Group))
    ]


async def commands_for(ctx: Context) -> list[TopCommand]:
    """Return the top-level commands that Discord shows to the member here, by name."""
    return await _shown(ctx, top_commands(ctx.client.tree))


async def menu_entries_for(ctx: Context) -> list[app_commands.ContextMenu]:
    """Return our entries of the Apps menus that Discord shows to the member here, by name."""
    return await _shown(ctx, menu_entries(ctx.client.tree))


async def hidden_tier(ctx: Context, shown: Iterable[TopCommand]) -> Tier | None:
    """Return the tier that opens commands to the member which Discord does not show, None for no such.

    shown: what ``commands_for`` returned.
    """
    tier = await ctx.services.guard.tier(ctx.interaction)
    needed = map(needed_tier, top_commands(ctx.client.tree))
    opened = max((each for each in needed if each <= tier), default=Tier.NONE)
    return opened if opened > max(map(needed_tier, shown), default=Tier.NONE) else None


class PatchbayTree(app_commands.CommandTree[Any]):
    """Our top-level commands, and our entries of the Apps menus of users and messages."""

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Guard commands and their suggestions."""
        data = cast("Mapping[str, Any]", interaction.data or {})
        try:
            await admit(Context.of(interaction), data.get("name", ""))
        except Exception as error:  # noqa: BLE001 - refused or failed, the member gets an answer
            await report(interaction, error)
            return False
        return True

    async def _call(self, interaction: Interaction) -> None:
        """Report what reading a command of another shape raises; discord.py would answer nothing."""
        try:
            await super()._call(interaction)
            handling = Context.of(interaction).handling
            is_answered = interaction.response.is_done() or handling.ending is not Ending.OK
            if interaction.type is InteractionType.autocomplete and not is_answered:
                # discord.py has logged why it found no suggestions for what is typed, and answers nothing.
                handling.ending = Ending.FAILED
                raise OutdatedCommandError  # noqa: TRY301 - reported like any other error
        except app_commands.AppCommandError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it raises, the member gets an answer
            await report(interaction, error)

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        """Report what a command raised."""
        cause: BaseException = error
        if isinstance(error, app_commands.CommandInvokeError):
            cause = error.original
        elif isinstance(error, (app_commands.CommandNotFound, app_commands.CommandSignatureMismatch)):
            cause = OutdatedCommandError()
        elif isinstance(error, app_commands.TransformerError):
            cause = InvalidInputError("option")
        await report(interaction, cause)

    async def answer_unhandled(self, interaction: Interaction) -> None:
        """Answer what discord.py drops in silence: a form or a button of an earlier run, an unknown kind."""
        # A kind of another shape cannot be looked up in a set.
        if interaction.type in (InteractionType.application_command, InteractionType.autocomplete):
            return
        if not Context.of(interaction).is_handled:
            is_known = interaction.type in (InteractionType.component, InteractionType.modal_submit)
            await report(interaction, StaleComponentError() if is_known else PatchbayError())


async def _shown(ctx: Context, commands: Sequence[CommandT]) -> list[CommandT]:
    """Return those that Discord shows to the member here."""
    guard, ids = ctx.services.guard, ctx.services.links.ids
    # One after the other: only the first one may have to wait, for what all of them then know.
    return [each for each in commands if await guard.shows(ctx.interaction, each, ids.get(each.name))]
