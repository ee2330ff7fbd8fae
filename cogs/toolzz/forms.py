"""The inputs that the forms of ``/toolzz connect`` and ``/toolzz edit`` share."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import discord

from bot.discord.components import labelled
from bot.discord.text import clamp, length, plain
from bot.errors import InvalidInputError
from bot.i18n.catalog import Texts
from bot.providers.base.pasted import is_token, unwrapped
from cogs.toolzz.formatting import SCOPES

MAX_TITLE: Final = 100
MAX_CHANNELS: Final = 25
"""Discord's limit for the values of one menu."""
# A bot can post in these at once. How Toolzz treats a forum, whose posts are threads, is documented nowhere.
_CHANNEL_TYPES: Final = (discord.ChannelType.text, discord.ChannelType.news)
_UNCHANGED_SCOPE: Final = "as-it-is"
_MENTION: Final = "mention"
_THREADS: Final = "threads"


@dataclass(frozen=True, slots=True)
class Filled:
    """The values of a form, as it shows them or as it was sent.

    channels: ids. scope: may be none of ``SCOPES``.
    """

    title: str
    channels: frozenset[int]
    scope: str
    reply_on_mention: bool
    create_threads: bool


class Inputs:
    """Four inputs, each with its label."""

    def __init__(self, texts: Texts, shown: Filled, *, needs_channel: bool = True) -> None:
        """shown: the values to begin with; ``is_selectable`` is true of each of its channels."""
        self._shown = shown
        self._title: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id="title", default=shown.title or None, max_length=MAX_TITLE
        )
        self._channels: discord.ui.ChannelSelect[Any] = discord.ui.ChannelSelect(
            custom_id="channels",
            channel_types=list(_CHANNEL_TYPES),
            default_values=[discord.Object(channel) for channel in sorted(shown.channels)],
            min_values=int(needs_channel),
            max_values=MAX_CHANNELS,
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
        self.labels: tuple[discord.ui.Label[Any], ...] = tuple(
            labelled(texts, f"toolzz.form.{component.custom_id}", component)
            for component in (self._title, self._channels, self._scope, self._switches)
        )

    def read(self) -> Filled:
        """Return the values that the form was sent with.

        Raises InvalidInputError("title", "title_token", "option").
        """
        title = " ".join(self._title.value.split())
        is_unchanged = title != "" and title == self._shown.title
        if not is_unchanged and any(is_token(unwrapped(word)) for word in title.split()):
            # Everybody who may see the integration sees its title.
            raise InvalidInputError("title_token")
        if not is_unchanged and (not plain(title) or length(title) > MAX_TITLE):
            raise InvalidInputError("title", max=MAX_TITLE)
        scope = self._shown.scope if self._scope.value == _UNCHANGED_SCOPE else self._scope.value
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
    """Return a title on one line, cut to what the input takes."""
    return clamp(" ".join(title.split()), MAX_TITLE)


def is_selectable(channel: object) -> bool:
    """Tell whether the form's select offers a channel."""
    return isinstance(channel, discord.TextChannel)


def find_channels(guild: discord.Guild | None, ids: Iterable[int]) -> tuple[discord.TextChannel, ...]:
    """Return the channels with these ids in the server's order. Raises InvalidInputError("channels").

    guild: None where the bot is not in the server, and so knows none of its channels.
    """
    known = [guild.get_channel(channel_id) if guild is not None else None for channel_id in ids]
    found = [channel for channel in known if isinstance(channel, discord.TextChannel)]
    if not found or len(found) < len(known):
        raise InvalidInputError("channels")
    return tuple(sorted(found, key=lambda channel: (channel.position, channel.id)))


def _scopes(texts: Texts, today: str) -> Iterator[discord.RadioGroupOption]:
    if today not in SCOPES:
        yield discord.RadioGroupOption(
            label=texts("toolzz.form.scope.kept", scope=plain(today, 60) or "?"),
            value=_UNCHANGED_SCOPE,
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


def channel_object(channel: discord.TextChannel) -> Mapping[str, object]:
    """Return a channel object, as far as the gateway has told us.

    https://discord.com/developers/docs/resources/channel#channel-object
    """
    return {
        "id": str(channel.id),
        "guild_id": str(channel.guild.id),
        "name": channel.name,
        "type": channel.type.value,
        "position": channel.position,
        "parent_id": None if channel.category_id is None else str(channel.category_id),
        "topic": channel.topic,
        "nsfw": channel.nsfw,
        "last_message_id": None if channel.last_message_id is None else str(channel.last_message_id),
        "rate_limit_per_user": channel.slowmode_delay,
        "permission_overwrites": [
            _overwrite(target, overwrite) for target, overwrite in channel.overwrites.items()
        ],
    }


def _overwrite(
    target: discord.Role | discord.Member | discord.Object, overwrite: discord.PermissionOverwrite
) -> dict[str, object]:
    allow, deny = overwrite.pair()
    is_role = isinstance(target, discord.Role) or getattr(target, "type", None) is discord.Role
    return {
        "id": str(target.id),
        "type": 0 if is_role else 1,
        "allow": str(allow.value),
        "deny": str(deny.value),
    }
