"""How an integration's settings read, the same wherever they are shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.ui.text import code, listed, quoted
from bot.ui.theme import FIELD_VALUE, Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import discord

    from bot.i18n.catalog import Texts
    from bot.providers.toolzz.models import Channel, Settings

SCOPES: Final = ("all", "mentions", "none")
"""The words that Toolzz takes; it may report others."""
_SNOWFLAKE: Final = re.compile(r"[1-9][0-9]{14,19}")
_LONGEST_NAME: Final = 100


def setting_fields(settings: Settings, guild: discord.Guild | None, texts: Texts) -> Iterator[Field]:
    """Show what a member can decide about an integration."""
    yield Field(texts("toolzz.form.title"), quoted(settings.title, 200) or texts("toolzz.status.untitled"))
    yield Field(
        texts.plural("toolzz.status.channels", len(settings.channels)),
        channel_names(settings.channels, guild, texts) or texts("toolzz.form.no_channel"),
    )
    lines = (
        ("scope", scope_word(settings.scope, texts)),
        ("mention", switch_word(texts, on=settings.reply_on_mention)),
        ("threads", switch_word(texts, on=settings.create_threads)),
    )
    yield Field(
        texts("toolzz.status.replies"),
        "\n".join(
            texts("toolzz.status.line", label=texts(f"toolzz.status.{key}"), value=value)
            for key, value in lines
        ),
    )


def scope_word(scope: str, texts: Texts) -> str:
    """Say what an agent answers; a word that we do not know is shown as it is."""
    return texts(f"toolzz.scope.{scope}") if scope in SCOPES else quoted(scope, 64) or code(scope, 64)


def switch_word(texts: Texts, *, on: bool) -> str:
    """Say whether something is switched on."""
    return texts("yes" if on else "no")


def channel_names(
    channels: Iterable[Channel], guild: discord.Guild | None, texts: Texts, *, limit: int = FIELD_VALUE
) -> str:
    """Name channels: as links where this server has them, else by the names that Toolzz remembers."""
    return listed([_channel_name(channel, guild) for channel in channels], texts, limit, separator=", ")


def channel_in(guild: discord.Guild | None, channel: Channel) -> object | None:
    """Return a server's own channel or thread, None where it has none of this id."""
    if guild is None or not _SNOWFLAKE.fullmatch(channel.id):
        return None
    return guild.get_channel_or_thread(int(channel.id))


def _channel_name(channel: Channel, guild: discord.Guild | None) -> str:
    if channel_in(guild, channel) is not None:
        return f"<#{channel.id}>"
    name = quoted(channel.name or "", _LONGEST_NAME)
    return f"#{name}" if name else code(channel.id, 64)
