"""Views, forms, buttons and menus that ask the same guard and report to the same place as commands do."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, Final, Self, TypeVar, dataclass_transform

import discord
from discord import app_commands
from discord.ui.select import BaseSelect

from bot.discord.access.posting import PickedChannel
from bot.discord.context import Context, Interaction
from bot.discord.guard import Step, Use
from bot.discord.replies import acknowledge
from bot.discord.reporting import admit, report
from bot.discord.routes import CustomIdFormat, renewed
from bot.discord.text import clamp
from bot.errors import InvalidInputError, StaleComponentError
from bot.i18n.catalog import Texts

ItemT = TypeVar("ItemT", bound=discord.ui.Item[Any])

FORM_SECONDS: Final = 900.0
"""How long a form can be sent. Discord does not say when a member closes one: it would be kept for ever."""
MAX_BUTTONS: Final = 5
"""How many buttons fit into a row."""
_POST_CHANNEL_TYPES: Final = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.news_thread,
    discord.ChannelType.public_thread,
    discord.ChannelType.private_thread,
]
"""The types of a ``PickedChannel``."""
_NO_CUSTOM_ID: Final = "(?!)"
"""A pattern that matches nothing, for the base classes."""


class GuardedView(discord.ui.View):
    """A view that lives for a while; guarded at every press.

    asked: what it answers: the view belongs to the same command and guild, and to the same operation.
    """

    def __init__(self, asked: Context, *, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self._asked = asked

    def add_button(
        self,
        label: str,
        press: Callable[[Context], Awaitable[None]],
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
        emoji: str | None = None,
    ) -> None:
        """Add a button. press: does what the button is for."""

        async def callback(interaction: Interaction) -> None:
            await press(Context.of(interaction))

        button: discord.ui.Button[Any] = discord.ui.Button(label=label, style=style, emoji=emoji)
        button.callback = callback  # type: ignore[assignment, method-assign]
        self.add_item(button)

    async def interaction_check(self, interaction: Interaction, /) -> bool:  # type: ignore[override]
        """Ask the guard; its refusal is answered like any other error.

        discord.py delivers a second press that came before the first one was looked at.
        """
        ctx, use = Context.of(interaction), Use(operation=self._asked.operation, step=Step.ANSWERED)
        ctx.doing = ctx.handling.name = self._asked.doing
        if not await _is_admitted(ctx, self._asked.command, use, self._asked.guild_id):
            return False
        ctx.screen, ctx.is_question = self._asked.screen, True
        if self.is_finished():
            # Asked after the guard, which may have waited while another press was handled.
            await acknowledge(ctx)
            return False
        return True

    async def on_error(  # type: ignore[override]
        self, interaction: Interaction, error: Exception, _item: discord.ui.Item[Any], /
    ) -> None:
        """Report what a press of another shape raised, or what handling it did."""
        Context.of(interaction).is_handled = True
        await report(interaction, error)


def labelled(texts: Texts, key: str, component: discord.ui.Item[Any]) -> discord.ui.Label[Any]:
    """Give an input of a form its label and its description, the texts ``key`` and ``<key>_how``."""
    return discord.ui.Label(text=texts(key), description=texts(f"{key}_how"), component=component)


class GuardedModal(discord.ui.Modal):
    """A form; its custom id is generated, because a fixed one delivers one member's input to another's form.

    asked: what it answers: the form belongs to the same command and guild. retry: a button that opens the
    form anew, shown with an error so that nobody has to start over; the form shares its ``operation``.
    """

    def __init__(self, asked: Context, *, title: str, retry: PersistentButton) -> None:
        super().__init__(title=clamp(title, 45), timeout=FORM_SECONDS)
        self._asked = asked
        self._retry = retry

    async def interaction_check(self, interaction: Interaction, /) -> bool:  # type: ignore[override]
        """Ask the guard again: rights may have gone while the form was open."""
        ctx = Context.of(interaction)
        ctx.doing = ctx.handling.name = self._asked.doing
        # The button's custom id names what the guild has, which no other guild is told.
        if interaction.guild_id == self._asked.guild_id:
            self._offer_retry(ctx)
        use = Use(operation=self._retry.operation_in(ctx), step=Step.SENT)
        allowed = await _is_admitted(ctx, self._asked.command, use, self._asked.guild_id)
        if allowed:
            ctx.withdraw_retry()
            ctx.screen = self._asked.screen
        else:
            self.stop()
        return allowed

    async def on_submit(self, interaction: Interaction, /) -> None:  # type: ignore[override]
        """Handle what was sent."""
        await self.submit(Context.of(interaction))

    @abstractmethod
    async def submit(self, ctx: Context) -> None:
        """Do what the form is for. The interaction is not answered yet."""

    async def on_error(self, interaction: Interaction, error: Exception, /) -> None:  # type: ignore[override]
        """Report, with the button that opens the form again."""
        # discord.py keeps a form, with all that was typed into it, until it is stopped.
        self.stop()
        ctx = Context.of(interaction)
        # What was sent may be of another shape, so that the guard was never asked.
        ctx.is_handled = True
        self._offer_retry(ctx)
        await report(interaction, error)

    def _offer_retry(self, ctx: Context) -> None:
        ctx.offer_retry(self._retry, after_not_found=self._retry.after_not_found, opens_form=True)


@dataclass_transform(kw_only_default=True)
class PersistentComponent(discord.ui.DynamicItem[ItemT], template=_NO_CUSTOM_ID):
    """A component that survives a restart: all that it needs stands in its custom id.

    A subclass declares a route, such as ``toolzz:status:{connection}:{integration}``, and its fields as
    annotated attributes; the constructor takes them by name. The route begins with the top-level command that
    the component belongs to: who may not use that command may not use the component. after_not_found: whether
    the button helps where the provider knows no such thing, because another value can be entered. reads_only:
    whether it changes nothing anywhere, so that it works while Discord does not tell what was denied in
    Server Settings. operation: the qualified name of the command that does the same, whose limits count.
    step: to which of its counts a use belongs. is_menu: whether clients keep what was picked.
    """

    route: ClassVar[str] = ""
    after_not_found: ClassVar[bool] = False
    reads_only: ClassVar[bool] = False
    operation: ClassVar[str | None] = None
    step: ClassVar[Step] = Step.OPENED
    is_menu: ClassVar[bool] = False
    custom_id_format: ClassVar[CustomIdFormat]

    def __init_subclass__(cls) -> None:
        pattern: str | re.Pattern[str] = _NO_CUSTOM_ID
        if "route" in vars(cls):
            cls.custom_id_format = CustomIdFormat(cls.route, cls, is_menu=cls.is_menu)
            pattern = cls.custom_id_format.pattern
        super().__init_subclass__(template=pattern)

    def __init__(self, **values: Any) -> None:  # noqa: ANN401 - the subclass's annotations say which
        for name, value in values.items():
            setattr(self, name, value)
        super().__init__(self._item(self.custom_id_format.write(values)))

    @abstractmethod
    def _item(self, custom_id: str) -> ItemT:
        """Return the component as it looks."""

    @classmethod
    async def from_custom_id(  # type: ignore[override]
        cls, interaction: Interaction, _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuild the component in the language of whoever uses it."""
        return cls(texts=Context.of(interaction).texts, **cls.custom_id_format.read(match))

    async def callback(self, interaction: Interaction, /) -> None:  # type: ignore[override]
        """Ask the guard, handle, report: discord.py only logs what a dynamic item raises."""
        ctx, message = Context.of(interaction), interaction.message
        ctx.component = ctx.handling.name = self.custom_id_format.name
        command, _, _ = self.custom_id.partition(":")
        use = Use(changes=not self.reads_only, operation=self.operation_in(ctx), step=self.step)
        menus = _with_new_menus(message) if self.is_menu and message is not None else None
        if message is not None and message.flags.ephemeral:
            # Also where the guard refuses; but whom it refuses changes no message that others see.
            ctx.menus = menus
        if not await _is_admitted(ctx, command, use):
            return
        ctx.menus = menus
        ctx.screen = None if message is None else ctx.client.screens.get(message.id)
        try:
            await self._use(ctx)
        except Exception as error:  # noqa: BLE001 - whatever it raises, the member gets an answer
            await report(interaction, error)

    def operation_in(self, _ctx: Context) -> str | None:
        """Return the operation, where the fields decide which it is."""
        return self.operation

    @abstractmethod
    async def _use(self, ctx: Context) -> None:
        """Do what the component is for."""


class PersistentButton(PersistentComponent[discord.ui.Button[discord.ui.View]]):
    """A button that survives a restart.

    caption: the key of its label, which may name fields of the route in braces. symbol: its emoji.
    default_style: its style. label, emoji, style: replace these three for one instance.
    """

    caption: ClassVar[str] = ""
    symbol: ClassVar[str | None] = None
    default_style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.secondary

    texts: Texts
    label: str | None = None
    emoji: str | None = None
    style: discord.ButtonStyle | None = None
    disabled: bool = False

    def _item(self, custom_id: str) -> discord.ui.Button[discord.ui.View]:
        # A button that was pressed is made anew, and then may have no label.
        caption = self.caption.format_map(vars(self))
        return discord.ui.Button(
            label=self.label or (self.texts(caption) if caption else None),
            emoji=self.emoji or self.symbol,
            style=self.style or self.default_style,
            custom_id=custom_id,
            disabled=self.disabled,
        )

    async def _use(self, ctx: Context) -> None:
        await self.press(ctx)

    @abstractmethod
    async def press(self, ctx: Context) -> None:
        """Do what the button is for."""


class PersistentSelect(PersistentComponent[discord.ui.Select[discord.ui.View]]):
    """A menu of which one entry is picked, and which survives a restart.

    caption: the key of its placeholder; placeholder replaces it for one instance. The entries belong to one
    answer and are not rebuilt: what was picked is text from outside.
    """

    is_menu = True
    caption: ClassVar[str] = ""

    texts: Texts
    options: Sequence[discord.SelectOption] = ()
    placeholder: str | None = None

    def _item(self, custom_id: str) -> discord.ui.Select[discord.ui.View]:
        caption = self.placeholder or self.caption
        return discord.ui.Select(
            placeholder=self.texts(caption) if caption else None,
            custom_id=custom_id,
            options=list(self.options),
        )

    async def _use(self, ctx: Context) -> None:
        picked = self.item.values
        if len(picked) != 1:
            raise InvalidInputError("option")
        await self.pick(ctx, picked[0])

    @abstractmethod
    async def pick(self, ctx: Context, value: str) -> None:
        """Do what the entry is for, once the value has been found to be possible."""


class PersistentChannelSelect(PersistentComponent[discord.ui.ChannelSelect[discord.ui.View]]):
    """A menu of which one channel for the bot's messages is picked, and which survives a restart.

    caption: the key of its placeholder.
    """

    is_menu = True
    caption: ClassVar[str]

    texts: Texts

    def _item(self, custom_id: str) -> discord.ui.ChannelSelect[discord.ui.View]:
        return discord.ui.ChannelSelect(
            placeholder=self.texts(self.caption),
            custom_id=custom_id,
            channel_types=_POST_CHANNEL_TYPES,
        )

    async def _use(self, ctx: Context) -> None:
        picked = self.item.values
        channel: object = picked[0] if len(picked) == 1 else None
        if isinstance(channel, app_commands.AppCommandChannel):
            channel = channel.resolve()
        if not isinstance(channel, PickedChannel):
            raise InvalidInputError("option")
        await self.pick(ctx, channel)

    @abstractmethod
    async def pick(self, ctx: Context, channel: PickedChannel) -> None:
        """Do what the channel is picked for."""


def _with_new_menus(message: discord.Message) -> discord.ui.View:
    """Return a message's components, with menus of which clients do not know what was picked."""
    view = discord.ui.View.from_message(message, timeout=None)
    for item in view.children:
        if isinstance(item, BaseSelect):
            item.custom_id = renewed(item.custom_id)
    view.stop()  # the persistent components listen, not this view
    return view


async def _is_admitted(ctx: Context, command: str, use: Use, guild_id: int | None = None) -> bool:
    """Ask the guard and report its refusal. guild_id: the only guild that may ask, None for any."""
    # Before anything is awaited: whoever looks for presses that nobody handles comes right after.
    ctx.is_handled = True
    try:
        await admit(ctx, command, use)
        # Discord lets no press come from another guild, but nothing rests on it.
        if guild_id not in {None, ctx.interaction.guild_id}:
            raise StaleComponentError  # noqa: TRY301 - reported like any other refusal
    except Exception as error:  # noqa: BLE001 - refused or failed, the member gets an answer
        await report(ctx.interaction, error)
        return False
    return True
