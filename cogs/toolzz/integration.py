"""How an integration is named, and whether it runs in the server that asks, wherever one is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.ui.text import code, plain, quoted

if TYPE_CHECKING:
    from bot.providers.toolzz.models import Integration

_LONGEST_TITLE: Final = 80


def title_of(report: Integration) -> str:
    """Name an integration where markdown is rendered, by its id where it has no title that can be seen."""
    return quoted(report.title or "", _LONGEST_TITLE) or code(report.id, _LONGEST_TITLE)


def label_of(report: Integration) -> str:
    """Name an integration where no markdown is rendered."""
    return plain(report.title or "", _LONGEST_TITLE) or plain(report.id, _LONGEST_TITLE)


def runs_here(report: Integration, guild_id: int) -> bool | None:
    """Tell whether the report is of an integration of this guild; None where it names no guild."""
    named = (report.guild_id or "").strip()
    return named == str(guild_id) if named else None
