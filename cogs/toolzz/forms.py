"""The inputs that ``/toolzz connect`` and ``/toolzz edit`` share, and what members write into them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.errors import InvalidInputError
from bot.ui.text import clamp, length, plain
from cogs.toolzz.words import SCOPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.i18n.catalog import Texts

LONGEST_TITLE: Final = 100
MOST_CHANNELS: Final = 25
"""What one select can hold."""
# Where a bot can post at once. What Toolzz makes of a forum, whose posts are threads, is documented nowhere.
_ANSWERING: Final = (discord.ChannelType.text, discord.ChannelType.news)
_AS_IT_IS: Final = "as-it-is"
_MENTION: Final = "mention"
_THREADS: Final = "threads"


@dataclass(frozen=True, slots=True)
class Filled:
    """What a form shows, or what it was sent with. channels: ids. scope: may be a word of Toolzz's own."""

    title: str
    channels: frozenset[int]
    scope: str
    reply_on_mention: bool
    create_threads: bool


class Inputs:
    """Four inputs, each with its label."""

    def __init__(self, texts: Texts, shown: Filled, *, needs_channel: bool = True) -> None:
        """shown: what stands in them at first; its channels are ones that ``is_selectable`` lets in."""
        self._shown = shown
        self._title: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id="title", default=shown.title or None, max_length=LONGEST_TITLE
        )
        self._channels: discord.ui.ChannelSelect[Any] = discord.ui.ChannelSelect(
            custom_id="channels",
            channel_types=list(_ANSWERING),
            default_values=[discord.Object(channel) for channel in sorted(shown.channels)],
            min_values=int(needs_channel),
            max_values=MOST_CHANNELS,
            required=needs_channel,
        )
        self._scope: discord.ui.RadioGroup[Any] = discord.ui.RadioGroup(
            custom_id="scope", options=list(_scopes(texts, shown.scope))
        )
        self._switches: discord.ui.CheckboxGroup[Any] = discord.ui.CheckboxGroup(
            custom_id="switches",
            required=False,
            min_values=0,
            max_values=2,
            options=[
                discord.CheckboxGroupOption(
                    label=texts(f"toolzz.form.switch.{value}"),
                    value=value,
                    description=texts(f"toolzz.form.switch.{value}_how"),
                    default=on,
                )
                for value, on in ((_MENTION, shown.reply_on_mention), (_THREADS, shown.create_threads))
            ],
        )
        self.labels: tuple[discord.ui.Label[Any], ...] = (
            _label(texts, "title", self._title),
            _label(texts, "channels", self._channels),
            _label(texts, "scope", self._scope),
            _label(texts, "switches", self._switches),
        )

    def read(self) -> Filled:
        """Return what the form was sent with. Raises InvalidInputError("title", "option")."""
        title = " ".join(self._title.value.split())
        as_it_was = title != "" and title == self._shown.title
        if not as_it_was and (not plain(title) or length(title) > LONGEST_TITLE):
            raise InvalidInputError("title", max=LONGEST_TITLE)
        scope = self._shown.scope if self._scope.value == _AS_IT_IS else self._scope.value
        if scope not in {*SCOPES, self._shown.scope}:
            raise InvalidInputError("option")
        switches = self._switches.values
        return Filled(
            title=title,
            channels=frozenset(channel.id for channel in self._channels.values),
            scope=scope,
            reply_on_mention=_MENTION in switches,
            create_threads=_THREADS in switches,
        )


def shown_title(title: str) -> str:
    """Return a title as an input of one line can show it."""
    return clamp(" ".join(title.split()), LONGEST_TITLE)


def is_selectable(channel: object) -> bool:
    """Tell whether the form's select offers a channel."""
    return isinstance(channel, discord.TextChannel)


def find_channels(guild: discord.Guild | None, ids: Iterable[int]) -> list[discord.TextChannel]:
    """Return the server's channels with these ids, from above. Raises InvalidInputError("channels").

    guild: None where we are not in it and know no channel.
    """
    found = []
    for channel_id in ids:
        channel = guild.get_channel(channel_id) if guild is not None else None
        if not isinstance(channel, discord.TextChannel):
            raise InvalidInputError("channels")
        found.append(channel)
    if not found:
        raise InvalidInputError("channels")
    return sorted(found, key=lambda channel: (channel.position, channel.id))


def _label(texts: Texts, name: str, component: discord.ui.Item[Any]) -> discord.ui.Label[Any]:
    return discord.ui.Label(
        text=texts(f"toolzz.form.{name}"),
        description=texts(f"toolzz.form.{name}_how"),
        component=component,
    )


def _scopes(texts: Texts, today: str) -> Iterator[discord.RadioGroupOption]:
    if today not in SCOPES:
        yield discord.RadioGroupOption(
            label=texts("toolzz.form.scope.kept", scope=plain(today, 60) or "?"),
            value=_AS_IT_IS,
            description=texts("toolzz.form.scope.kept_how"),
            default=True,
        )
    for scope in SCOPES:
        yield discord.RadioGroupOption(
            label=texts(f"toolzz.form.scope.{scope}"),
            value=scope,
            description=texts(f"toolzz.form.scope.{scope}_how"),
            default=scope == today,
        )
