"""Names, words and settings of integrations, the same wherever they are shown."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Final

import discord

from bot.discord.access.channel_access import find_channel
from bot.discord.commands import MAX_CHOICES
from bot.discord.names import Named, tell_apart
from bot.discord.text import code, listed, plain, quoted
from bot.discord.theme import FIELD_VALUE, Field, state_symbol, state_word, when
from bot.i18n.catalog import Texts
from bot.providers.base.integration import State, is_id
from bot.providers.toolzz.models import Channel, Integration, IntegrationSettings
from bot.providers.toolzz.times import ReportedTime

SCOPES: Final = ("all", "mentions", "none")
"""The scopes that Toolzz takes; it may report others."""
_MAX_TITLE: Final = 80
_MAX_TIME: Final = 64
_MAX_CHANNEL_NAME: Final = 100
MAX_SHORT: Final = 40
"""Characters of a name in a reply that fits a phone's screen."""
_MAX_SCOPE: Final = 64
_MAX_SHORT_SCOPE: Final = 20
"""Characters of a scope that is not known, which shares its line with the switches."""
_MAX_SHORT_CHANNELS: Final = 3
_MAX_SHORT_CHANNEL_NAME: Final = 30
_ID_END: Final = 8
"""How many characters of an id tell it apart: the whole one takes two lines on a phone."""


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


def word_of(state: State, texts: Texts) -> str:
    """Return the word for a state."""
    return state_word(texts, "toolzz", state)


def state_words(report: Integration, state: State, texts: Texts) -> list[str]:
    """Return the word for a state; for a deleted integration also that Toolzz no longer has it."""
    gone = [texts("toolzz.list.gone")] if report.is_deleted else []
    return [word_of(state, texts), *gone]


def meaning_of(state: State, texts: Texts, *, is_deleted: bool = False) -> str:
    """Say what a state means, in Toolzz and in Discord."""
    return texts("state.why.gone", provider="Toolzz") if is_deleted else texts(f"toolzz.means.{state}")


def own_word(report: Integration, texts: Texts) -> Iterator[str]:
    """Yield Toolzz's own word for the connection, if that is another than the state's."""
    word = report.connection_status
    if word and word.strip().lower() != report.state:
        yield texts("toolzz.status.own_word", word=code(word, 64))


def integration_options(
    reports: Iterable[Integration],
    texts: Texts,
    state_of: Callable[[Integration], State] = attrgetter("state"),
) -> list[discord.SelectOption]:
    """Return a menu's entries, one for each integration whose id is safe to send on to Toolzz.

    state_of: returns the state that counts here; what Toolzz reports if none is given.
    """
    return [
        discord.SelectOption(
            label=label_of(report),
            value=report.id,
            description=" · ".join(state_words(report, state_of(report), texts)),
            emoji=state_symbol(state_of(report)),
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


def integration_line(title: str, integration: str) -> str:
    """Name an integration on one line, by its title and the end of its id. title: as Toolzz reports it."""
    name = quoted(plain(title, MAX_SHORT))
    return f"**{name}** · {code(f'…{integration[-_ID_END:]}')}" if name else code(integration, 70)


def report_line(report: Integration) -> str:
    """Name an integration that Toolzz reports on one line."""
    return integration_line(report.title or "", report.id)


def server_of(report: Integration) -> str:
    """Name the server that an integration runs in, by its name, else by its id; may be empty."""
    return plain(report.guild_name or "", MAX_SHORT) or plain(report.guild_id or "", MAX_SHORT)


def setting_lines(settings: IntegrationSettings, guild: discord.Guild | None, texts: Texts) -> Iterator[str]:
    """Yield in short what a member can decide about an integration."""
    name = quoted(plain(settings.title, MAX_SHORT))
    yield f"**{name}**" if name else texts("toolzz.status.untitled")
    yield texts(
        "toolzz.status.line",
        label=texts.plural("toolzz.status.channels", len(settings.channels)),
        value=short_channels(settings.channels, guild, texts) or texts("toolzz.form.no_channel"),
    )
    yield " · ".join(_reply_lines(settings, texts, _MAX_SHORT_SCOPE))


def setting_fields(
    settings: IntegrationSettings, guild: discord.Guild | None, texts: Texts
) -> Iterator[Field]:
    """Yield what a member can decide about an integration."""
    yield Field(texts("toolzz.form.title"), quoted(settings.title, 200) or texts("toolzz.status.untitled"))
    yield Field(
        texts.plural("toolzz.status.channels", len(settings.channels)),
        channel_names(settings.channels, guild, texts) or texts("toolzz.form.no_channel"),
    )
    yield Field(texts("toolzz.status.replies"), "\n".join(_reply_lines(settings, texts, _MAX_SCOPE)))


def _reply_lines(settings: IntegrationSettings, texts: Texts, limit: int) -> Iterator[str]:
    """limit: characters of a scope that is not known."""
    yield line("scope", scope_word(settings.scope, texts, limit), texts)
    yield line("mention", switch_word(settings.reply_on_mention, texts), texts)
    yield line("threads", switch_word(settings.create_threads, texts), texts)


def line(key: str, value: str, texts: Texts) -> str:
    """Return a value with its label. key: of the label, under ``toolzz.status``."""
    return texts("toolzz.status.line", label=texts(f"toolzz.status.{key}"), value=value)


def scope_word(scope: str, texts: Texts, limit: int = _MAX_SCOPE) -> str:
    """Say what an agent answers: an unknown scope as Toolzz reports it, cut to ``limit``."""
    if scope in SCOPES:
        return texts(f"toolzz.scope.{scope}")
    return quoted(plain(scope, limit)) or code(scope, limit)


def time_words(time: ReportedTime, texts: Texts, *, exact: bool = True) -> str:
    """Return a time that Discord shows, or what Toolzz sent where its zone or its meaning is not known.

    exact: see ``when``.
    """
    if time.moment is not None:
        return when(time.moment, exact=exact)
    received = code(time.text, _MAX_TIME)
    return received if time.time is None else texts("toolzz.status.no_zone", time=received)


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


def short_channels(channels: Sequence[Channel], guild: discord.Guild | None, texts: Texts) -> str:
    """Name up to three channels, or two and how many more there are; empty where there are none."""
    is_short = len(channels) <= _MAX_SHORT_CHANNELS
    shown = channels if is_short else channels[: _MAX_SHORT_CHANNELS - 1]
    names = ", ".join(
        channel_name(channel, _MAX_SHORT_CHANNEL_NAME, is_here=find_channel(guild, channel.id) is not None)
        for channel in shown
    )
    return names if is_short else f"{names} {texts.plural('list.more', len(channels) - len(shown))}"


def no_channel(report: Integration, texts: Texts) -> str:
    """Say why a report has no channels to show: there are none, they cannot be read, or it does not say."""
    if report.channel_ids is not None or report.channels_detail is not None:
        return texts("toolzz.form.no_channel")
    is_unreadable = report.holds("channel_ids") or report.holds("channels_detail")
    return texts("toolzz.status.unreadable" if is_unreadable else "not_reported")


def channel_name(channel: Channel, limit: int, *, is_here: bool) -> str:
    """Name a channel: as a link where the server has it, else by Toolzz's name for it, cut to ``limit``."""
    if is_here:
        return f"<#{channel.id}>"
    name = quoted(channel.name or "", limit)
    return f"#{name}" if name else code(channel.id, 64)


def error_words(report: Integration, limit: int, limit_of_code: int = 64) -> str:
    """Return Toolzz's code and text of the last error, the text cut to ``limit``; may be empty."""
    parts = [
        report.error_code and code(report.error_code, limit_of_code),
        report.error_message and quoted(report.error_message, limit),
    ]
    return " ".join(filter(None, parts))
