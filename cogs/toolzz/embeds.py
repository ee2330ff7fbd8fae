"""The status of a Toolzz integration, with a place for every field that Toolzz reports."""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Final

import discord

from bot.kit.integration import State
from bot.providers.toolzz.diagnosis import KNOWN_CODES
from bot.ui.text import code, listed, plain, quoted
from bot.ui.theme import Field, Tone, card, state_symbol, state_tone, when
from cogs.toolzz.channels import disagreement, has_flaws, here, invite_of, name_of
from cogs.toolzz.words import scope_word, switch_word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bot.i18n.catalog import Texts
    from bot.providers.toolzz.models import Integration
    from cogs.toolzz.sight import Sight

_NAMED_BITS = functools.reduce(operator.or_, discord.Permissions.VALID_FLAGS.values())
_CHANNELS: Final = ("channel_ids", "channels_detail")
_CHANNELS_SHOWN: Final = 750
# Where a report's fields stand, by the keys of their labels.
_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "active": ("is_active",),
    "server": ("guild_name", "guild_id"),
    "last_connected": ("last_connected_at",),
    "last_disconnected": ("last_disconnected_at",),
    "scope": ("scope",),
    "mention": ("reply_on_mention",),
    "threads": ("create_threads",),
    "permissions": ("permissions",),
    "welcome": ("welcome_message",),
    "bot": ("bot_client_id",),
    "agent": ("agent_id",),
    "unit": ("unit_id",),
    "token": ("is_token_masked",),
    "created": ("created_at",),
    "updated": ("updated_at",),
}


def status_embed(sight: Sight, checked_at: int, texts: Texts) -> discord.Embed:
    """Show an integration. checked_at: seconds since 1970."""
    report = sight.report
    tone = state_tone(report.state)
    if sight.is_here is False or (report.state is State.CONNECTED and has_flaws(sight.reach)):
        tone = Tone.WARNING
    return card(
        tone,
        title(report, texts),
        "\n".join(_summary(sight, texts)),
        fields=[
            *(field for field in _fields(sight, checked_at, texts) if field.value),
            Field(texts("next_step"), next_step(sight, texts)),
        ],
        footer=texts("toolzz.status.footer", id=plain(report.id, 64)),
        symbol=state_symbol(report.state),
    )


def title(report: Integration, texts: Texts) -> str:
    """Name an integration in the title of its embed."""
    return quoted(report.title or "") or texts("toolzz.status.untitled")


def next_step(sight: Sight, texts: Texts) -> str:
    """Say what to do now: first what Toolzz has to get right, then what Discord has to allow."""
    report = sight.report
    if report.is_deleted:
        return texts("toolzz.next.deleted")
    if sight.is_here is False:
        return texts("toolzz.next.elsewhere")
    if report.state is not State.CONNECTED:
        return state_fix(report, texts)
    return _reach_fix(sight, texts)


def _reach_fix(sight: Sight, texts: Texts) -> str:
    """Say what to do about an integration that is connected: in Discord, in Toolzz, or nothing."""
    reach = sight.reach
    if reach is not None and reach.member is False:
        return texts("toolzz.next.invite", link=invite_of(sight))
    if has_flaws(reach):
        return texts("toolzz.next.channels")
    if not sight.report.channels:
        return texts("toolzz.next.no_channels")
    if reach is None or not reach.looked or reach.member is None:
        return texts("toolzz.next.unchecked")
    return texts("toolzz.next.connected" if sight.linked else "toolzz.next.link")


def state_fix(report: Integration, texts: Texts) -> str:
    """Say what to do about a state; an error that we know says more than that."""
    if report.state is not State.INACTIVE and report.error_code in KNOWN_CODES:
        return texts(f"toolzz.code.{report.error_code}.fix")
    return texts(f"toolzz.next.{report.state}")


def _summary(sight: Sight, texts: Texts) -> Iterator[str]:
    report = sight.report
    explained = report.state if not report.is_deleted else "deleted"
    yield f"**{texts(f'state.{report.state}')}** · {texts(f'toolzz.state.{explained}')}"
    if report.connection_status and report.connection_status.lower() != report.state:
        yield texts("toolzz.status.own_word", word=code(report.connection_status, 64))
    if report.deleted_at is not None:
        yield texts("toolzz.status.deleted", time=when(report.deleted_at, exact=True))
    if sight.is_here is False:
        yield texts("toolzz.status.other_server")


def _fields(sight: Sight, checked_at: int, texts: Texts) -> Iterator[Field]:
    """Yield every field; those without a value are of what the report does not have at all."""
    report = sight.report

    def reported(name: str, value: str | None) -> str:
        return value or texts("not_reported") if name in report.model_fields_set else ""

    def place(key: str, value: str, *, inline: bool = False) -> Field:
        return Field(texts(f"toolzz.status.{key}"), value, inline)

    def lines(**places: tuple[str, str | None]) -> str:
        return "\n".join(
            texts("toolzz.status.line", label=texts(f"toolzz.status.{key}"), value=value)
            for key, (name, shown) in places.items()
            if (value := reported(name, shown))
        )

    if report.error_code or report.error_message:
        yield place("error", _error(report, texts))
    yield place("active", reported("is_active", _switch(report.is_active, texts)), inline=True)
    yield place("server", reported("guild_name", quoted(report.guild_name or "", 100)), inline=True)
    yield place("checked", when(checked_at), inline=True)
    yield place("last_connected", reported("last_connected_at", _time(report.last_connected_at)), inline=True)
    yield place(
        "last_disconnected", reported("last_disconnected_at", _time(report.last_disconnected_at)), inline=True
    )
    if sight.linked is not None:
        by, at = sight.linked.placed_by, sight.linked.placed_at
        yield place("linked", f"<@{by}> · {when(at, exact=True)}", inline=True)
    yield place(
        "replies",
        lines(
            scope=("scope", report.scope and scope_word(report.scope, texts)),
            mention=("reply_on_mention", _switch(report.reply_on_mention, texts)),
            threads=("create_threads", _switch(report.create_threads, texts)),
        ),
    )
    yield Field(texts.plural("toolzz.status.channels", len(report.channels)), _channels(sight, texts))
    if sight.reach is not None:
        yield Field(texts("preflight.here"), "\n".join(here(sight, sight.reach, texts)))
    yield place("permissions", reported("permissions", _permissions(report.permissions, texts)))
    yield place("welcome", reported("welcome_message", quoted(report.welcome_message or "", 300)))
    yield place(
        "details",
        lines(
            server=("guild_id", report.guild_id and code(report.guild_id, 32)),
            bot=("bot_client_id", report.bot_client_id and code(report.bot_client_id, 64)),
            agent=("agent_id", report.agent_id and code(report.agent_id, 64)),
            unit=("unit_id", report.unit_id and code(report.unit_id, 64)),
            token=("is_token_masked", _masked(masked=report.is_token_masked, texts=texts)),
            created=("created_at", _time(report.created_at)),
            updated=("updated_at", _time(report.updated_at)),
        ),
    )
    yield place("left_out", _left_out(sight, texts))


def _left_out(sight: Sight, texts: Texts) -> str:
    """Name, in one place, what the report does not have: it comes in longer and in shorter forms."""
    there = sight.report.model_fields_set
    missing = [texts(f"toolzz.status.{key}") for key, names in _PLACES.items() if not there.issuperset(names)]
    if there.isdisjoint(_CHANNELS):
        missing.append(texts("toolzz.channels.button"))
    if not missing:
        return ""
    how = [] if sight.has_unit else [texts("toolzz.status.left_out_unit")]
    return "\n".join([", ".join(missing), *how])


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
    if report.error_code in KNOWN_CODES:
        lines.append(texts(f"toolzz.code.{report.error_code}.cause"))
    return "\n".join(lines)


def _switch(on: bool | None, texts: Texts) -> str | None:
    return None if on is None else switch_word(texts, on=on)


def _masked(*, masked: bool | None, texts: Texts) -> str | None:
    return None if masked is None else texts("toolzz.status.masked" if masked else "toolzz.status.unmasked")


def _time(time: datetime | None) -> str | None:
    return None if time is None else when(time, exact=True)


def _channels(sight: Sight, texts: Texts) -> str:
    if sight.report.model_fields_set.isdisjoint(_CHANNELS):
        return ""
    names = [name_of(channel, access) for channel, access in sight.channels]
    shown = listed(names, texts, _CHANNELS_SHOWN, separator=", ") or texts("not_reported")
    return "\n".join([shown, *disagreement(sight.report, texts)])


def _permissions(bits: int | None, texts: Texts) -> str | None:
    """Name the permissions; bits that have no name yet are counted."""
    if bits is None:
        return None
    names = [texts(f"permission.{name}") for name, granted in discord.Permissions(bits) if granted]
    unnamed = (bits & ~_NAMED_BITS).bit_count()
    if unnamed:
        names.append(texts.plural("toolzz.status.unnamed_permissions", unnamed))
    return listed(names, texts, separator=", ") or texts("permission.none")
