"""What ``/toolzz link`` and ``/toolzz unlink`` show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui.text import code, quoted
from bot.ui.theme import Field, Tone, card, state_symbol, when
from cogs.toolzz.integration import title_of

if TYPE_CHECKING:
    import discord

    from bot.i18n.catalog import Texts
    from bot.providers.toolzz.models import Integration
    from bot.services.integrations import Placed


def linked(report: Integration, texts: Texts) -> discord.Embed:
    """Say that an integration is the server's own now, and what that means."""
    return card(
        Tone.GOOD,
        texts("toolzz.link.done"),
        texts("toolzz.link.means"),
        fields=[*_report(report, texts), Field(texts("next_step"), texts("toolzz.link.next"))],
    )


def already(report: Integration, placed: Placed, texts: Texts) -> discord.Embed:
    """Say who has linked it before, and when."""
    return card(
        Tone.INFO,
        texts("toolzz.link.already"),
        texts("toolzz.link.already_why", **_by(placed)),
        fields=[*_report(report, texts), Field(texts("next_step"), texts("toolzz.link.already_next"))],
    )


def untold(report: Integration, guild: discord.Guild | None, texts: Texts) -> discord.Embed:
    """Ask whether an integration runs here, of which Toolzz names no server id; show what it does name."""
    server = quoted(report.guild_name or "", 100) or texts("not_reported")
    fields = [*_report(report, texts), Field(texts("toolzz.link.server"), server, inline=True)]
    if guild is not None and report.channels:
        here = {str(channel.id) for channel in guild.channels}
        found = sum(channel.id in here for channel in report.channels)
        channels = texts("toolzz.link.channels_here", here=found, count=len(report.channels))
        fields.append(Field(texts("toolzz.link.channels"), channels, inline=True))
    return card(
        Tone.WARNING,
        texts("toolzz.link.ask"),
        texts("toolzz.link.untold"),
        fields=[*fields, Field(texts("next_step"), texts("toolzz.link.choose"))],
    )


def unlinking(placed: Placed, texts: Texts) -> discord.Embed:
    """Ask whether an integration is to be forgotten, and say what goes on without it."""
    return card(
        Tone.WARNING,
        texts("toolzz.unlink.ask"),
        texts("toolzz.unlink.what"),
        fields=[
            _named(quoted(placed.label) or code(placed.id, 70), placed.id, texts),
            Field(texts("toolzz.unlink.since"), texts("toolzz.unlink.by", **_by(placed))),
            Field(texts("next_step"), texts("toolzz.unlink.choose")),
        ],
    )


def unlinked(placed: Placed, texts: Texts) -> discord.Embed:
    """Say that an integration is the server's own no more, and that it runs all the same."""
    return card(
        Tone.GOOD,
        texts("toolzz.unlink.done"),
        texts("toolzz.unlink.goes_on"),
        fields=[
            _named(quoted(placed.label) or code(placed.id, 70), placed.id, texts),
            Field(texts("next_step"), texts("toolzz.unlink.next")),
        ],
    )


def not_linked(why: str, texts: Texts) -> discord.Embed:
    """Say that an integration was not made the server's own. why: the reason, worded."""
    return _unchanged(texts("toolzz.link.kept"), why, texts("toolzz.link.kept_next"), texts)


def still_linked(why: str, texts: Texts) -> discord.Embed:
    """Say that an integration was not forgotten. why: the reason, worded."""
    return _unchanged(texts("toolzz.unlink.kept"), why, texts("toolzz.unlink.kept_next"), texts)


def _unchanged(title: str, why: str, step: str, texts: Texts) -> discord.Embed:
    return card(Tone.QUIET, title, why, fields=[Field(texts("next_step"), step)])


def _report(report: Integration, texts: Texts) -> list[Field]:
    state = f"{state_symbol(report.state)} {texts(f'state.{report.state}')}"
    return [
        _named(title_of(report), report.id, texts),
        Field(texts("toolzz.link.state"), state, inline=True),
    ]


def _named(title: str, integration: str, texts: Texts) -> Field:
    return Field(texts("toolzz.link.integration"), f"{title}\n{code(integration, 70)}")


def _by(placed: Placed) -> dict[str, str]:
    return {"member": f"<@{placed.placed_by}>", "time": when(placed.placed_at)}
