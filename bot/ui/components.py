"""Views, modals and buttons that ask the same guard and report to the same place as commands do."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, Self, TypeVar, cast

import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import InvalidInputError, OutsideServerError, StaleComponentError
from bot.ui.text import clamp

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Mapping

    from bot.i18n.catalog import Texts

ItemT = TypeVar("ItemT", bound=discord.ui.Item[Any])

Interaction = discord.Interaction[commands.AutoShardedBot]
"""What every handler is given."""

FORM_SECONDS: Final = 900.0
"""How long a form can be sent. Discord does not say when a member closes one: it would be kept for ever."""


class Gate(Protocol):
    """What the ui needs of the command tree, which stands above it."""

    command_ids: Mapping[str, int]

    async def check(self, interaction: Interaction, command: str) -> None:
        """Raise RequestError unless this member may use what belongs to this top-level command here."""

    async def report(self, interaction: Interaction, error: BaseException) -> None:
        """Answer with the error's embed, and the button of ``offer_retry``."""

    def texts(self, interaction: Interaction) -> Texts:
        """Return the texts in the member's language."""


def gate(interaction: Interaction) -> Gate:
    """Return the guard and error reporter of the running bot."""
    return cast("Gate", interaction.client.tree)


def command_of(interaction: Interaction) -> str:
    """Return the top-level command that the interaction belongs to, once the guard has let it in.

    The one that was run, or whose button, menu or form was used. What an answer opens belongs to it as well.
    """
    command: str = interaction.extras["command"]
    return command


def guild_of(interaction: Interaction) -> int:
    """Return the guild that the interaction came from, the only source of a guild id.

    Raises OutsideServerError.
    """
    if interaction.guild_id is None:
        raise OutsideServerError
    return interaction.guild_id


def offer_retry(interaction: Interaction, button: LastingButton) -> None:
    """Show this button if the interaction ends in an error."""
    interaction.extras["retry"] = button


def withdraw_retry(interaction: Interaction) -> None:
    """Take back what ``offer_retry`` offered: what follows an act is no reason to do it again."""
    interaction.extras.pop("retry", None)


def is_taken_up(interaction: Interaction) -> bool:
    """Tell whether a view, modal or lasting button of this process has begun to answer."""
    return "taken_up" in interaction.extras


class SafeView(discord.ui.View):
    """A view that lives for a while; guarded at every press.

    asked: what it answers: to its command the view belongs, and to its guild.
    """

    def __init__(self, asked: Interaction, *, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self._asked = asked

    async def interaction_check(self, interaction: Interaction, /) -> bool:  # type: ignore[override]
        """Ask the guard; its refusal is answered like any other error.

        discord.py hands over a second press that came before the first one was looked at.
        """
        allowed = await _let_in(interaction, command_of(self._asked), guild_of(self._asked))
        if allowed and self.is_finished():
            # Asked after the guard, which may have waited while another press was taken.
            await interaction.response.defer()
            return False
        return allowed

    async def on_error(  # type: ignore[override]
        self, interaction: Interaction, error: Exception, _item: discord.ui.Item[Any], /
    ) -> None:
        """Report."""
        await gate(interaction).report(interaction, error)


class SafeModal(discord.ui.Modal):
    """A modal; its custom id is generated: a fixed one hands one member's input to another's modal.

    asked: what it answers: to its command the form belongs, and to its guild. retry: a button that opens the
    form anew, shown with an error so that nobody has to start over.
    """

    def __init__(self, asked: Interaction, *, title: str, retry: LastingButton) -> None:
        super().__init__(title=clamp(title, 45), timeout=FORM_SECONDS)
        self._asked = asked
        self._retry = retry

    async def interaction_check(self, interaction: Interaction, /) -> bool:  # type: ignore[override]
        """Ask the guard again: rights may have gone while the form was open."""
        # The button's custom id names what the guild has, which no other guild is told.
        if interaction.guild_id == guild_of(self._asked):
            offer_retry(interaction, self._retry)
        allowed = await _let_in(interaction, command_of(self._asked), guild_of(self._asked))
        if allowed:
            withdraw_retry(interaction)
        else:
            self.stop()
        return allowed

    async def on_error(self, interaction: Interaction, error: Exception, /) -> None:  # type: ignore[override]
        """Report, with the way back to the form."""
        # discord.py keeps a form, with all that was typed into it, until it is stopped.
        self.stop()
        offer_retry(interaction, self._retry)
        await gate(interaction).report(interaction, error)


class Lasting(discord.ui.DynamicItem[ItemT], template="(?!)"):
    """A component that outlives a restart: all that it needs stands in its custom id.

    The id begins with the top-level command that the component belongs to: who may not use that command may
    not press it. Subclasses take ``texts`` and the named groups of their template as keyword arguments.
    discord.py only logs what a dynamic item raises, hence the wrapping here. after_not_found: whether it
    helps when the provider knows no such thing, as it does where another value can be entered.
    """

    after_not_found: ClassVar[bool] = False

    @classmethod
    async def from_custom_id(  # type: ignore[override]
        cls, interaction: Interaction, _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuild the component in the presser's language."""
        build: Callable[..., Self] = cls
        return build(texts=gate(interaction).texts(interaction), **match.groupdict())

    async def callback(self, interaction: Interaction, /) -> None:  # type: ignore[override]
        """Guard, press, report."""
        command, _, _ = self.custom_id.partition(":")
        if not await _let_in(interaction, command):
            return
        try:
            await self.press(interaction)
        except Exception as error:  # noqa: BLE001 - whatever a press raises, the member gets an answer
            await gate(interaction).report(interaction, error)

    @abstractmethod
    async def press(self, interaction: Interaction) -> None:
        """Do what the component is for."""


class LastingButton(Lasting[discord.ui.Button[discord.ui.View]], template="(?!)"):
    """A button that outlives a restart."""


class LastingSelect(Lasting[discord.ui.Select[discord.ui.View]], template="(?!)"):
    """A menu of which one entry is picked, and which outlives a restart.

    Its entries belong to one answer and are not rebuilt: what was picked is text from outside.
    """

    async def press(self, interaction: Interaction) -> None:
        """Hand over what was picked. Raises InvalidInputError("option") unless that is one entry."""
        picked = self.item.values
        if len(picked) != 1:
            raise InvalidInputError("option")
        await self.pick(interaction, picked[0])

    @abstractmethod
    async def pick(self, interaction: Interaction, value: str) -> None:
        """Do what the entry is for, once the value has been found to be possible."""


class LastingChannelSelect(Lasting[discord.ui.ChannelSelect[discord.ui.View]], template="(?!)"):
    """A menu of which one text channel is picked, and which outlives a restart."""

    async def press(self, interaction: Interaction) -> None:
        """Hand over what was picked. Raises InvalidInputError("option") unless that is a text channel."""
        guild = interaction.guild
        ids = [each.id for each in self.item.values if isinstance(each, app_commands.AppCommandChannel)]
        channel = guild.get_channel(ids[0]) if guild is not None and len(ids) == 1 else None
        if not isinstance(channel, discord.TextChannel):
            raise InvalidInputError("option")
        await self.pick(interaction, channel)

    @abstractmethod
    async def pick(self, interaction: Interaction, channel: discord.TextChannel) -> None:
        """Do what the channel is picked for."""


def view_of(*items: discord.ui.Item[Any]) -> discord.ui.View:
    """Put lasting buttons and links into a view that needs nobody to listen."""
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    return view


async def _let_in(interaction: Interaction, command: str, guild_id: int | None = None) -> bool:
    """Ask the guard. guild_id: the only guild that it can come from, None for any."""
    # Before anything is awaited: whoever looks for presses that nobody takes up comes right after.
    interaction.extras["taken_up"] = True
    try:
        await gate(interaction).check(interaction, command)
        _check_guild(interaction, guild_id)
    except Exception as error:  # noqa: BLE001 - refused or failed, the member gets an answer
        await gate(interaction).report(interaction, error)
        return False
    return True


def _check_guild(interaction: Interaction, guild_id: int | None) -> None:
    """Refuse what comes from another guild; Discord does not let that happen, but nothing rests on it."""
    if guild_id not in {None, interaction.guild_id}:
        raise StaleComponentError
