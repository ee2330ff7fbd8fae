"""The status of an integration; its details have a place for every field that Toolzz reports."""

import functools
import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import discord

from bot.discord.access.agent_bots import application_of, bot_page
from bot.discord.diagnosis import FOR_SUPPORT
from bot.discord.names import mention_member
from bot.discord.text import code, listed, plain, quoted
from bot.discord.theme import MAX_NAME_ON_CARD, Field, StatusCard, Tone, state_symbol, state_tone, when
from bot.i18n.catalog import Texts
from bot.providers.base.integration import State
from bot.providers.base.snowflake import read_snowflake
from bot.providers.toolzz.models import Integration
from bot.providers.toolzz.times import ReportedTime
from cogs.monitoring.formatting import why_access
from cogs.toolzz.channels import (
    access_lines,
    access_problems,
    disagreement,
    invitation,
    name_of,
    needs_change,
)
from cogs.toolzz.formatting import (
    error_words,
    line,
    meaning_of,
    no_channel,
    own_word,
    scope_word,
    switch_word,
    time_words,
    word_of,
)
from cogs.toolzz.snapshot import IntegrationSnapshot

_NAMED_BITS = functools.reduce(operator.or_, discord.Permissions.VALID_FLAGS.values())
_CHANNELS: Final = ("channel_ids", "channels_detail")
_MAX_CHANNELS: Final = 750
"""Characters."""
_MAX_CAUSE, _MAX_CODE = 80, 24
"""Characters of an error's text and of its code in the short form."""
# The fields of a report that stand in each place, by the key of the place's label.
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
# What null means; in the other fields it means that nothing was reported.
_NULLS: Final[Mapping[str, str]] = {
    "last_connected_at": "never",
    "last_disconnected_at": "never",
    "welcome_message": "toolzz.status.no_welcome",
}


def status_card(
    snapshot: IntegrationSnapshot,
    checked_at: int,
    texts: Texts,
    *,
    notes: Sequence[Field] = (),
    may_link: bool = True,
) -> StatusCard:
    """Show an integration.

    checked_at: seconds since 1970. notes: see ``StatusCard``. may_link: whether whoever reads it may link it.
    """
    report = snapshot.report
    tone = state_tone(snapshot.state)
    is_doubtful = report.lost_connection_later or needs_change(snapshot.access)
    if snapshot.state is State.CONNECTED and is_doubtful:
        tone = Tone.WARNING
    return StatusCard(
        tone,
        state_symbol(snapshot.state),
        heading(report, texts),
        word_of(snapshot.state, texts),
        next_step(snapshot, texts, may_link=may_link, can_diagnose=True),
        causes=tuple(_causes(snapshot, texts)),
        here=tuple(access_problems(snapshot, texts)),
        notes=notes,
        details=lambda: [field for field in _fields(snapshot, texts) if field.value],
        checked_at=checked_at,
        footer=texts("toolzz.status.footer", id=plain(report.id, 64)),
    )


def heading(report: Integration, texts: Texts) -> str:
    """Name an integration in the title of its own embed."""
    return quoted(plain(report.title or "", MAX_NAME_ON_CARD)) or texts("toolzz.status.untitled")


def next_step(
    snapshot: IntegrationSnapshot, texts: Texts, *, may_link: bool, can_diagnose: bool = False
) -> str:
    """Say what to do now: first what is wrong at Toolzz, then what Discord has to allow.

    may_link: whether whoever reads it may link the integration. can_diagnose: whether the answer has the
    button for a diagnosis.
    """
    report = snapshot.report
    if report.is_deleted:
        return texts("toolzz.next.deleted")
    if snapshot.is_here is False:
        return texts("toolzz.next.elsewhere")
    if report.state is not State.CONNECTED:
        return _code_fix(snapshot, texts, can_diagnose=can_diagnose) or state_fix(report, texts)
    return _access_fix(snapshot, texts, may_link=may_link)


def _code_fix(snapshot: IntegrationSnapshot, texts: Texts, *, can_diagnose: bool) -> str | None:
    """Say where an error is fixed whose cause is known, with a link; None where that is not what to do."""
    report = snapshot.report
    needs_file = report.known_code == FOR_SUPPORT
    if report.known_code is None or report.state is State.INACTIVE or (needs_file and not can_diagnose):
        return None
    bot_id = None if snapshot.access is None else snapshot.access.bot_id
    page = bot_page(application_of(bot_id, confirmed=read_snowflake(report.bot_client_id)))
    button = texts("toolzz.diagnose.button")
    return texts(f"toolzz.code.{report.known_code}.step", page=page, button=button)


def _access_fix(snapshot: IntegrationSnapshot, texts: Texts, *, may_link: bool) -> str:
    """Say what to do about an integration that is connected: in Discord, in Toolzz, or nothing."""
    access = snapshot.access
    if access is not None and access.is_member is False:
        return invitation(snapshot, texts)
    if access is not None and access.timed_out_until is not None:
        key = "timed_out"
    elif needs_change(access):
        key = "channels"
    elif not snapshot.report.channels:
        key = "no_channels"
    elif access is None or not access.is_checked or access.is_member is None:
        key = "unchecked"
    elif snapshot.report.lost_connection_later:
        key = "lost_later"
    else:
        key = "link" if may_link and snapshot.linked is None else "connected"
    return texts(f"toolzz.next.{key}")


def state_fix(report: Integration, texts: Texts) -> str:
    """Say what to do about a state, or about the error that explains it."""
    if report.state is State.CONNECTED and report.lost_connection_later:
        return texts("toolzz.next.lost_later")
    if report.state in {State.CONNECTED, State.INACTIVE} or not (report.error_code or report.error_message):
        return texts(f"toolzz.next.{report.state}")
    return texts(f"toolzz.code.{report.known_code}.fix" if report.known_code else "toolzz.next.code")


def _causes(snapshot: IntegrationSnapshot, texts: Texts) -> Iterator[str]:
    """Yield why the state is what it is, the most important reason first."""
    report = snapshot.report
    if report.is_deleted:
        yield texts("state.why.gone", provider="Toolzz")
    if report.deleted_at is not None:
        yield texts("toolzz.status.deleted", time=time_words(report.deleted_at, texts, exact=False))
    access = snapshot.access_here if report.state is State.CONNECTED else None
    if snapshot.is_here is False:
        yield texts("toolzz.status.other_server")
    elif access is not None and access.is_blocked:
        yield why_access(access, texts)
    if report.lost_connection_later:
        yield texts("toolzz.status.lost_later")
    if report.state not in {State.CONNECTED, State.INACTIVE} and (cause := _error_cause(report, texts)):
        yield cause
    if access is not None and access.channels and not access.is_blocked:
        yield why_access(access, texts)
    if not report.is_deleted:
        yield meaning_of(snapshot.state, texts)
    yield from own_word(report, texts)


def _error_cause(report: Integration, texts: Texts) -> str:
    """Say what the last error means, or what Toolzz says of it; empty where there is none."""
    if report.known_code:
        cause = texts(f"toolzz.code.{report.known_code}.cause")
        return f"{cause} {code(report.error_code or report.known_code, _MAX_CODE)}"
    return error_words(report, _MAX_CAUSE, _MAX_CODE)


def _fields(snapshot: IntegrationSnapshot, texts: Texts) -> Iterator[Field]:
    """Yield every field of the embed; the value is empty where the report lacks what stands there."""
    report = snapshot.report

    def reported(name: str, value: str | None) -> str:
        if value or name not in report.model_fields_set:
            return value or ""
        return texts("toolzz.status.unreadable" if report.holds(name) else _NULLS.get(name, "not_reported"))

    def place(key: str, value: str, *, inline: bool = False) -> Field:
        return Field(texts(f"toolzz.status.{key}"), value, inline)

    def lines(**places: tuple[str, str | None]) -> str:
        return "\n".join(
            line(key, value, texts)
            for key, (name, shown) in places.items()
            if (value := reported(name, shown))
        )

    if report.error_code or report.error_message:
        yield place("error", _error(report, texts))
    yield place("active", reported("is_active", switch_word(report.is_active, texts)), inline=True)
    yield place("server", reported("guild_name", quoted(report.guild_name or "", 100)), inline=True)
    for key in ("last_connected", "last_disconnected"):
        name = f"{key}_at"
        yield place(key, reported(name, _time(getattr(report, name), texts)), inline=True)
    if snapshot.linked is not None:
        by, at = snapshot.linked.placed_by, snapshot.linked.placed_at
        yield place("linked", f"{mention_member(by, texts)} · {when(at, exact=True)}", inline=True)
    yield place(
        "replies",
        lines(
            scope=("scope", report.scope and scope_word(report.scope, texts)),
            mention=("reply_on_mention", switch_word(report.reply_on_mention, texts)),
            threads=("create_threads", switch_word(report.create_threads, texts)),
        ),
    )
    yield Field(texts.plural("toolzz.status.channels", len(report.channels)), _channels(snapshot, texts))
    if snapshot.access is not None:
        yield Field(texts("preflight.here"), "\n".join(access_lines(snapshot, snapshot.access, texts)))
    yield place("permissions", reported("permissions", _permissions(report.permissions, texts)))
    yield place("welcome", reported("welcome_message", quoted(report.welcome_message or "", 300)))
    masked = {None: None, True: "toolzz.status.masked", False: "toolzz.status.unmasked"}[
        report.is_token_masked
    ]
    yield place(
        "details",
        lines(
            server=("guild_id", report.guild_id and code(report.guild_id, 32)),
            bot=("bot_client_id", report.bot_client_id and code(report.bot_client_id, 64)),
            agent=("agent_id", report.agent_id and code(report.agent_id, 64)),
            unit=("unit_id", report.unit_id and code(report.unit_id, 64)),
            token=("is_token_masked", masked and texts(masked)),
            created=("created_at", _time(report.created_at, texts)),
            updated=("updated_at", _time(report.updated_at, texts)),
        ),
    )
    yield place("left_out", _left_out(snapshot, texts))


def _left_out(snapshot: IntegrationSnapshot, texts: Texts) -> str:
    """Name what the report lacks in one place, because Toolzz's reports come in longer and shorter forms."""
    reported = snapshot.report.model_fields_set
    missing = [
        texts(f"toolzz.status.{key}") for key, names in _PLACES.items() if not reported.issuperset(names)
    ]
    if reported.isdisjoint(_CHANNELS):
        missing.append(texts("toolzz.channels.button"))
    if not missing:
        return ""
    how = [] if snapshot.has_unit else [texts("toolzz.status.left_out_unit")]
    return "\n".join([", ".join(missing), *how])


def _error(report: Integration, texts: Texts) -> str:
    words = error_words(report, 500)
    return f"{words}\n{texts(f'toolzz.code.{report.known_code}.cause')}" if report.known_code else words


def _time(time: ReportedTime | None, texts: Texts) -> str | None:
    return None if time is None else time_words(time, texts)


def _channels(snapshot: IntegrationSnapshot, texts: Texts) -> str:
    if snapshot.report.model_fields_set.isdisjoint(_CHANNELS):
        return ""
    names = [name_of(channel, access) for channel, access in snapshot.channels]
    shown = listed(names, texts, _MAX_CHANNELS, separator=", ") or no_channel(snapshot.report, texts)
    return "\n".join([shown, *disagreement(snapshot.report, texts)])


def _permissions(bits: int | None, texts: Texts) -> str | None:
    """Name the permissions; bits that have no name yet are counted."""
    if bits is None:
        return None
    names = [texts(f"permission.{name}") for name, granted in discord.Permissions(bits) if granted]
    unnamed = (bits & ~_NAMED_BITS).bit_count()
    if unnamed:
        names.append(texts.plural("toolzz.status.unnamed_permissions", unnamed))
    return listed(names, texts, separator=", ") or texts("permission.none")
