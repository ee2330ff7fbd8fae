"""What ``/toolzz edit`` shows and replies."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Final

from bot.kit.integration import Verdict
from bot.providers.toolzz.models import Settings
from bot.ui.problems import refer_to, what_failed
from bot.ui.text import code, quoted
from bot.ui.theme import Field, Tone, card, verdict_tone
from cogs.toolzz.integration import title_of
from cogs.toolzz.words import channel_names, scope_word, setting_fields, switch_word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import discord

    from bot.i18n.catalog import Texts
    from bot.providers.toolzz.change import Outcome
    from bot.providers.toolzz.models import Channel, Integration

_HIDDEN_NAMES: Final = 120


def today(
    report: Integration,
    settings: Settings,
    hidden: Sequence[Channel],
    guild: discord.Guild | None,
    texts: Texts,
) -> discord.Embed:
    """Show the settings as they are. hidden: channels that the form has no place for."""
    shown = list(setting_fields(settings, guild, texts))
    if hidden:
        shown.append(Field(texts("toolzz.edit.hidden"), hidden_note(hidden, guild, texts)))
    return card(
        Tone.INFO,
        texts("toolzz.edit.today"),
        texts("toolzz.edit.today_how"),
        fields=[*shown, Field(texts("next_step"), texts("toolzz.edit.today_next"))],
        footer=texts("toolzz.edit.footer", id=report.id),
    )


def hidden_note(hidden: Sequence[Channel], guild: discord.Guild | None, texts: Texts) -> str:
    """Say what becomes of the channels that the form has no place for."""
    names = channel_names(hidden, guild, texts, limit=_HIDDEN_NAMES)
    return texts.plural("toolzz.edit.hidden_how", len(hidden), channels=names)


def impossible(report: Integration, texts: Texts, *, has_unit: bool) -> discord.Embed:
    """Say what Toolzz does not tell and a write would overwrite. has_unit: whether a list was looked into."""
    missing = [field.name for field in fields(Settings) if getattr(report, field.name) is None]
    names = ", ".join(texts(f"toolzz.edit.lacks.{name}") for name in missing or ["channels"])
    return card(
        Tone.WARNING,
        texts("toolzz.edit.impossible"),
        texts("toolzz.edit.impossible_why"),
        fields=[
            _integration_field(report, texts),
            Field(texts("toolzz.edit.missing"), names),
            Field(
                texts("next_step"),
                texts("toolzz.edit.impossible_next" if has_unit else "toolzz.edit.unit_next"),
            ),
        ],
    )


def overtaken(
    report: Integration,
    earlier: Settings,
    settings: Settings,
    guild: discord.Guild | None,
    texts: Texts,
) -> discord.Embed:
    """Say what somebody else has changed since it was read, and that nothing was sent."""
    changes = list(_changes(earlier, settings, guild, texts))
    return card(
        Tone.WARNING,
        texts("toolzz.edit.overtaken"),
        texts("toolzz.edit.overtaken_how"),
        fields=[
            _integration_field(report, texts),
            *changes,
            Field(texts("next_step"), texts("toolzz.edit.overtaken_next")),
        ],
    )


def unchanged(texts: Texts) -> discord.Embed:
    """Say that the form asked for nothing new."""
    step = Field(texts("next_step"), texts("toolzz.edit.kept_next"))
    return card(Tone.QUIET, texts("toolzz.edit.same"), texts("toolzz.edit.same_why"), fields=[step])


def question(
    report: Integration, before: Settings, after: Settings, guild: discord.Guild | None, texts: Texts
) -> discord.Embed:
    """Show each value that is going to change, old and new."""
    return card(
        Tone.WARNING,
        texts("toolzz.edit.ask"),
        texts("toolzz.edit.ask_how"),
        fields=[
            _integration_field(report, texts),
            *_changes(before, after, guild, texts),
            Field(texts("next_step"), texts("toolzz.edit.choose")),
        ],
    )


def kept(why: str, texts: Texts) -> discord.Embed:
    """Say that nothing was written. why: the reason, worded."""
    step = Field(texts("next_step"), texts("toolzz.edit.kept_next"))
    return card(Tone.QUIET, texts("toolzz.edit.kept"), why, fields=[step])


def written(
    report: Integration, outcome: Outcome, after: Settings, guild: discord.Guild | None, texts: Texts
) -> discord.Embed:
    """Show the settings that Toolzz has now; as they were sent where its answer does not give them all."""
    settings = (outcome.report and Settings.of(outcome.report)) or after
    return card(
        Tone.GOOD,
        texts("toolzz.edit.done"),
        texts("toolzz.edit.done_how"),
        fields=[
            *setting_fields(settings, guild, texts),
            Field(texts("next_step"), texts("toolzz.edit.done_next")),
        ],
        footer=texts("toolzz.edit.footer", id=report.id),
    )


def in_doubt(
    report: Integration, outcome: Outcome, after: Settings, guild: discord.Guild | None, texts: Texts
) -> discord.Embed:
    """Say that no good answer came, and what Toolzz says when it is asked for the integration again."""
    doubt, verdict = outcome.doubt, outcome.verdict
    explained = texts(f"toolzz.edit.{verdict}_how")
    if doubt is not None:
        explained = f"{texts('toolzz.edit.doubt', why=what_failed(doubt, 'Toolzz', texts))}\n{explained}"
    shown = [_integration_field(report, texts)]
    if verdict is Verdict.THERE:
        shown += setting_fields(after, guild, texts)
    embed = card(
        verdict_tone(verdict),
        texts(f"toolzz.edit.{verdict}"),
        explained,
        fields=[*shown, Field(texts("next_step"), texts(f"toolzz.edit.{verdict}_next"))],
    )
    if doubt is not None:
        refer_to(embed, doubt, texts)
    return embed


def _integration_field(report: Integration, texts: Texts) -> Field:
    return Field(texts("toolzz.link.integration"), f"{title_of(report)}\n{code(report.id, 70)}")


def _changes(before: Settings, after: Settings, guild: discord.Guild | None, texts: Texts) -> Iterator[Field]:
    """Show each value that differs as old and new, channels as what comes and what goes."""

    def switch(on: bool) -> str:
        return switch_word(texts, on=on)

    def scope(word: str) -> str:
        return scope_word(word, texts)

    def title(text: str) -> str:
        return quoted(text, 200) or texts("toolzz.status.untitled")

    shown = (
        ("toolzz.form.title", title(before.title), title(after.title)),
        ("toolzz.status.scope", scope(before.scope), scope(after.scope)),
        ("toolzz.status.mention", switch(before.reply_on_mention), switch(after.reply_on_mention)),
        ("toolzz.status.threads", switch(before.create_threads), switch(after.create_threads)),
        ("toolzz.status.permissions", code(str(before.permissions)), code(str(after.permissions))),
        ("toolzz.status.agent", code(before.agent_id, 64), code(after.agent_id, 64)),
        ("toolzz.status.unit", code(before.unit_id, 64), code(after.unit_id, 64)),
        ("toolzz.status.server", quoted(before.guild_name, 100), quoted(after.guild_name, 100)),
    )
    for key, old, new in shown:
        if old != new:
            yield Field(texts(key), f"{old} → {new}")
    ids = [{channel.id for channel in settings.channels} for settings in (before, after)]
    for key, of, others in (("added", after, ids[0]), ("removed", before, ids[1])):
        channels = [channel for channel in of.channels if channel.id not in others]
        if channels:
            name = texts.plural(f"toolzz.edit.{key}", len(channels))
            yield Field(name, channel_names(channels, guild, texts))
