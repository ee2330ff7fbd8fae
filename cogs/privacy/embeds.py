"""What ``/privacy`` replies."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from bot.ui.theme import Field, Tone, card

if TYPE_CHECKING:
    import discord

    from bot.i18n.catalog import Texts
    from bot.services.privacy import Stored


def info(stored: Stored, erase_after: int, history_days: int, texts: Texts) -> discord.Embed:
    """Say what is stored, why and for how long. erase_after, history_days: days."""
    how_long = (
        texts.plural("privacy.info.how_long", erase_after)
        if erase_after
        else texts("privacy.info.how_long_none")
    )
    return card(
        Tone.INFO,
        texts("privacy.info.title"),
        texts("privacy.info.what", **asdict(stored)),
        fields=[
            Field(texts("privacy.info.never"), texts("privacy.info.never_what")),
            Field(
                texts("privacy.info.time"),
                f"{how_long}\n{texts.plural('privacy.info.history', history_days)}",
            ),
            Field(texts("privacy.info.who"), texts("privacy.info.who_what")),
            Field(texts("next_step"), texts("privacy.info.next")),
        ],
    )


def exported(texts: Texts) -> discord.Embed:
    """Go with the file."""
    return card(
        Tone.GOOD,
        texts("privacy.export.done"),
        texts("privacy.export.what"),
        fields=[Field(texts("next_step"), texts("privacy.export.next"))],
    )


def nothing(texts: Texts) -> discord.Embed:
    """Say that there is nothing to erase."""
    return card(
        Tone.QUIET,
        texts("privacy.delete.nothing"),
        fields=[Field(texts("next_step"), texts("privacy.delete.nothing_next"))],
    )


def question(stored: Stored, texts: Texts) -> discord.Embed:
    """Ask whether everything shall go."""
    return card(
        Tone.WARNING,
        texts("privacy.delete.ask"),
        texts("privacy.delete.what", **asdict(stored)),
        fields=[Field(texts("next_step"), texts("privacy.delete.next"))],
    )


def kept(texts: Texts, *, asked_in_vain: bool = False) -> discord.Embed:
    """Say that everything stayed: because the member said so, or said nothing."""
    return card(
        Tone.QUIET,
        texts("privacy.delete.kept"),
        texts("privacy.delete.expired_why" if asked_in_vain else "privacy.delete.kept_why"),
        fields=[Field(texts("next_step"), texts("privacy.delete.kept_next"))],
    )


def erased(texts: Texts, *, clean: bool) -> discord.Embed:
    """Say that everything is gone, and what Patchbay cannot take back."""
    parts = [texts("privacy.delete.done_what")]
    if not clean:
        parts.append(texts("privacy.delete.traces"))
    return card(
        Tone.GOOD,
        texts("privacy.delete.done"),
        "\n".join(parts),
        fields=[Field(texts("next_step"), texts("privacy.delete.done_next"))],
    )
