"""The status of a Toolzz integration, with a place for every field that Toolzz reports."""

from __future__ import annotations

import functools
import operator
import re
from typing import TYPE_CHECKING

import discord

from bot.kit.integration import State
from bot.ui.text import code, listed, plain, quoted
from bot.ui.theme import Field, Tone, card, state_symbol, state_tone, when

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.i18n.catalog import Texts
    from bot.providers.toolzz.models import Channel, Integration

_SCOPES = frozenset({"all", "mentions", "none"})
_SNOWFLAKE = re.compile(r"[0-9]{15,20}")
_NAMED_BITS = functools.reduce(operator.or_, discord.Permissions.VALID_FLAGS.values())
# Discord's gateway close codes, for which there is a cause and a fix to tell.
_KNOWN_CODES = frozenset({"4004", "4013", "4014"})


def status_embed(
    report: Integration, guild: discord.Guild | None, guild_id: int, checked_at: int, texts: Texts
) -> discord.Embed:
    """Show a report. guild, guild_id: the server that asks. checked_at: seconds since 1970."""
    return card(
        Tone.WARNING if _is_elsewhere(report, guild_id) else state_tone(report.state),
        quoted(report.title) if report.title else texts("toolzz.status.untitled"),
        "\n".join(_summary(report, guild_id, texts)),
        fields=[
            *_fields(report, guild, checked_at, texts),
            Field(texts("next_step"), _next_step(report, guild_id, texts)),
        ],
        footer=texts("toolzz.status.footer", id=plain(report.id, 64)),
        symbol=state_symbol(report.state),
    )


def _summary(report: Integration, guild_id: int, texts: Texts) -> Iterator[str]:
    explained = report.state if report.deleted_at is None else "deleted"
    yield f"**{texts(f'state.{report.state}')}** · {texts(f'toolzz.state.{explained}')}"
    if report.connection_status and report.connection_status.lower() != report.state:
        yield texts("toolzz.status.own_word", word=code(report.connection_status, 64))
    if report.deleted_at is not None:
        yield texts("toolzz.status.deleted", time=when(report.deleted_at, exact=True))
    if _is_elsewhere(report, guild_id):
        yield texts("toolzz.status.other_server")


def _fields(
    report: Integration, guild: discord.Guild | None, checked_at: int, texts: Texts
) -> Iterator[Field]:
    def line(key: str, value: str | None) -> str:
        return texts("toolzz.status.line", label=texts(f"toolzz.status.{key}"), value=value or not_reported)

    def field(key: str, *lines: str, inline: bool = False) -> Field:
        return Field(texts(f"toolzz.status.{key}"), "\n".join(lines), inline)

    not_reported = texts("not_reported")
    if report.error_code or report.error_message:
        yield field("error", _error(report, texts))
    yield field("active", _switch(report.is_active, texts) or not_reported, inline=True)
    yield field("server", quoted(report.guild_name, 100) if report.guild_name else not_reported, inline=True)
    yield field("checked", when(checked_at), inline=True)
    yield field("last_connected", _time(report.last_connected_at) or not_reported, inline=True)
    yield field("last_disconnected", _time(report.last_disconnected_at) or not_reported, inline=True)
    yield field(
        "replies",
        line("scope", report.scope and _scope(report.scope, texts)),
        line("mention", _switch(report.reply_on_mention, texts)),
        line("threads", _switch(report.create_threads, texts)),
    )
    channels = [_channel(channel, guild) for channel in report.channels]
    yield Field(
        texts.plural("toolzz.status.channels", len(channels)),
        listed(channels, texts, separator=", ") or not_reported,
    )
    yield field("permissions", _permissions(report.permissions, texts) or not_reported)
    yield field("welcome", quoted(report.welcome_message, 300) if report.welcome_message else not_reported)
    yield field(
        "details",
        line("server", report.guild_id and code(report.guild_id, 32)),
        line("bot", report.bot_client_id and code(report.bot_client_id, 64)),
        line("agent", report.agent_id and code(report.agent_id, 64)),
        line("unit", report.unit_id and code(report.unit_id, 64)),
        line("token", _masked(masked=report.is_token_masked, texts=texts)),
        line("created", _time(report.created_at)),
        line("updated", _time(report.updated_at)),
    )


def _next_step(report: Integration, guild_id: int, texts: Texts) -> str:
    if report.deleted_at is not None:
        return texts("toolzz.next.deleted")
    if _is_elsewhere(report, guild_id):
        return texts("toolzz.next.elsewhere")
    if report.state not in {State.CONNECTED, State.INACTIVE} and report.error_code in _KNOWN_CODES:
        return texts(f"toolzz.code.{report.error_code}.fix")
    return texts(f"toolzz.next.{report.state}")


def _is_elsewhere(report: Integration, guild_id: int) -> bool:
    return report.guild_id is not None and report.guild_id != str(guild_id)


def _error(report: Integration, texts: Texts) -> str:
    lines = [
        " ".join(
            filter(
                None,
                [
                    report.error_code and code(report.error_code, 64),
                    report.error_message and quoted(report.error_message, 500),
                ],
            )
        )
    ]
    if report.error_code in _KNOWN_CODES:
        lines.append(texts(f"toolzz.code.{report.error_code}.cause"))
    return "\n".join(lines)


def _switch(on: bool | None, texts: Texts) -> str | None:
    return None if on is None else texts("yes" if on else "no")


def _masked(*, masked: bool | None, texts: Texts) -> str | None:
    return None if masked is None else texts("toolzz.status.masked" if masked else "toolzz.status.unmasked")


def _scope(scope: str, texts: Texts) -> str:
    return texts(f"toolzz.scope.{scope}") if scope in _SCOPES else quoted(scope, 64)


def _time(time: datetime | None) -> str | None:
    return None if time is None else when(time, exact=True)


def _channel(channel: Channel, guild: discord.Guild | None) -> str:
    """Name a channel: as a link where this server has it, else by the name that Toolzz remembers."""
    if guild and _SNOWFLAKE.fullmatch(channel.id) and guild.get_channel_or_thread(int(channel.id)):
        return f"<#{channel.id}>"
    return f"#{quoted(channel.name, 100)}" if channel.name else code(channel.id, 64)


def _permissions(bits: int | None, texts: Texts) -> str | None:
    """Name the permissions; bits that have no name yet are counted."""
    if bits is None:
        return None
    names = [texts(f"permission.{name}") for name, granted in discord.Permissions(bits) if granted]
    unnamed = (bits & ~_NAMED_BITS).bit_count()
    if unnamed:
        names.append(texts.plural("toolzz.status.unnamed_permissions", unnamed))
    return listed(names, texts, separator=", ") or texts("permission.none")
