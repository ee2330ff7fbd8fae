"""Names, words and settings of integrations, the same wherever they are shown."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import discord

from bot.discord.channel_access import find_channel
from bot.discord.commands import MAX_CHOICES
from bot.discord.names import Named, tell_apart
from bot.discord.text import code, listed, plain, quoted
from bot.discord.theme import FIELD_VALUE, Field, state_symbol
from bot.i18n.catalog import Texts
from bot.providers.base.integration import is_id
from bot.providers.toolzz.models import Channel, Integration, IntegrationSettings

SCOPES: Final = ("all", "mentions", "none")
"""The scopes that Toolzz takes; it may report others."""
_MAX_TITLE: Final = 80
_DELETED: Final = "🗑️"
_MAX_CHANNEL_NAME: Final = 100


def told_apart(reports: Sequence[Integration]) -> list[Integration]:
    """Return integrations that are shown together, with titles that differ; one without a title has none."""
    titles = tell_apart([Named(report.title or "", report.id) for report in reports], _MAX_TITLE)
    return [report.model_copy(update={"title": title}) for report, title in zip(reports, titles, strict=True)]


def title_of(report: Integration) -> str:
    """Name an integration where Discord renders markdown: by its title, else by its id."""
    # Cut before it is escaped: what tells it apart stands at the end.
    return quoted(plain(report.title or "", _MAX_TITLE)) or code(report.id, _MAX_TITLE)


def label_of(report: Integration) -> str:
    """Name an integration where Discord renders no markdown: by its title, else by its id."""
    return plain(report.title or "", _MAX_TITLE) or plain(report.id, _MAX_TITLE)


def symbol_of(report: Integration) -> str:
    """Return the symbol that stands beside the state's word."""
    return state_symbol(report.state) if not report.is_deleted else _DELETED


def word_of(report: Integration, texts: Texts) -> str:
    """Return the state's word; a deleted integration has its own, because it cannot be switched on."""
    return texts(f"state.{report.state}") if not report.is_deleted else texts("toolzz.list.deleted")


def integration_options(reports: Iterable[Integration], texts: Texts) -> list[discord.SelectOption]:
    """Return a menu's entries, one for each integration whose id is safe to send on to Toolzz."""
    return [
        discord.SelectOption(
            label=label_of(report),
            value=report.id,
            description=word_of(report, texts),
            emoji=symbol_of(report),
        )
        for report in reports
        if is_id(report.id)
    ][:MAX_CHOICES]


def integration_field(title: str, integration: str, texts: Texts) -> Field:
    """Name an integration by title and id. title: safe where Discord renders markdown."""
    return Field(texts("toolzz.link.integration"), f"{title}\n{code(integration, 70)}")


def report_field(report: Integration, texts: Texts) -> Field:
    """Name an integration that Toolzz reports by title and id."""
    return integration_field(title_of(report), report.id, texts)


def server_of(report: Integration) -> str:
    """Name the server that an integration runs in, by its name, else by its id; may be empty."""
    return plain(report.guild_name or "") or plain(report.guild_id or "")


def setting_fields(
    settings: IntegrationSettings, guild: discord.Guild | None, texts: Texts
) -> Iterator[Field]:
    """Yield what a member can decide about an integration."""
    yield Field(texts("toolzz.form.title"), quoted(settings.title, 200) or texts("toolzz.status.untitled"))
    yield Field(
        texts.plural("toolzz.status.channels", len(settings.channels)),
        channel_names(settings.channels, guild, texts) or texts("toolzz.form.no_channel"),
    )
    lines = (
        line("scope", scope_word(settings.scope, texts), texts),
        line("mention", switch_word(settings.reply_on_mention, texts), texts),
        line("threads", switch_word(settings.create_threads, texts), texts),
    )
    yield Field(texts("toolzz.status.replies"), "\n".join(lines))


def line(key: str, value: str, texts: Texts) -> str:
    """Return a value with its label. key: of the label, under ``toolzz.status``."""
    return texts("toolzz.status.line", label=texts(f"toolzz.status.{key}"), value=value)


def scope_word(scope: str, texts: Texts) -> str:
    """Say what an agent answers; a scope that is not known is shown as Toolzz reports it."""
    return texts(f"toolzz.scope.{scope}") if scope in SCOPES else quoted(scope, 64) or code(scope, 64)


def switch_word(on: bool | None, texts: Texts) -> str:
    """Say whether something is switched on; empty where that is not known."""
    return "" if on is None else texts("yes" if on else "no")


def channel_names(
    channels: Iterable[Channel], guild: discord.Guild | None, texts: Texts, *, limit: int = FIELD_VALUE
) -> str:
    """Name channels: as links where the server has them, else by Toolzz's names. limit: of characters."""
    names = (
        channel_name(channel, _MAX_CHANNEL_NAME, is_here=find_channel(guild, channel.id) is not None)
        for channel in channels
    )
    return listed(names, texts, limit, separator=", ")


def channel_name(channel: Channel, limit: int, *, is_here: bool) -> str:
    """Name a channel: as a link where the server has it, else by Toolzz's name for it, cut to ``limit``."""
    if is_here:
        return f"<#{channel.id}>"
    name = quoted(channel.name or "", limit)
    return f"#{name}" if name else code(channel.id, 64)


def error_words(report: Integration, limit: int) -> str:
    """Return Toolzz's code and text of the last error, the text cut to ``limit``; may be empty."""
    parts = [
        report.error_code and code(report.error_code, 64),
        report.error_message and quoted(report.error_message, limit),
    ]
    return " ".join(filter(None, parts))
