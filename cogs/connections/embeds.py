"""What ``/connections`` replies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.runtime.credentials import ROTATE, CredentialButton, credential_lines, next_step
from bot.ui.components import view_of
from bot.ui.text import code, listed
from bot.ui.theme import Field, Tone, card, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    import discord

    from bot.i18n.catalog import Texts
    from bot.runtime.client import PatchbayBot
    from bot.services.connections import Summary

_MOST_BUTTONS: Final = 5
"""A row of them."""


def tested(summary: Summary, bot: PatchbayBot, texts: Texts) -> discord.Embed:
    """Say that stored credentials still work."""
    return card(
        Tone.GOOD,
        texts("connections.test.done", provider=bot.providers[summary.provider].name),
        fields=[
            Field(texts("connections.name"), code(summary.name), inline=True),
            Field(texts("connections.verified"), when(summary.verified_at), inline=True),
            next_step(summary.provider, texts),
        ],
    )


def overview(
    summaries: Sequence[Summary], bot: PatchbayBot, texts: Texts
) -> tuple[discord.Embed, discord.ui.View]:
    """List a guild's connections, those that need attention first and with a button each."""
    if not summaries:
        empty = card(
            Tone.INFO,
            texts("connections.list.none"),
            texts("connections.list.none_why"),
            fields=[Field(texts("next_step"), texts("connections.list.next"))],
        )
        return empty, view_of()
    broken = [summary for summary in summaries if summary.needs_attention]
    sound = [summary for summary in summaries if not summary.needs_attention]
    entries = [_entry(summary, bot, texts) for summary in (*broken, *sound)]
    embed = card(
        Tone.WARNING if broken else Tone.INFO,
        texts.plural("connections.list.title", len(summaries)),
        listed(entries, texts, 4096, separator="\n\n"),
        fields=[
            Field(
                texts("next_step"),
                texts("connections.list.attention_next" if broken else "connections.list.test_next"),
            )
        ],
    )
    return embed, view_of(*(_rotate_button(summary, bot, texts) for summary in broken[:_MOST_BUTTONS]))


def removal(provider: str, name: str, texts: Texts) -> discord.Embed:
    """Ask whether a connection shall go."""
    return card(
        Tone.WARNING,
        texts("connections.remove.ask", provider=provider, name=name),
        texts("connections.remove.what_goes", provider=provider, name=code(name)),
        fields=[Field(texts("next_step"), texts("connections.remove.next"))],
    )


def kept(provider: str, name: str, texts: Texts, *, asked_in_vain: bool = False) -> discord.Embed:
    """Say that a connection stayed: because the member said so, or said nothing."""
    why = "connections.remove.expired_why" if asked_in_vain else "connections.remove.kept_why"
    return card(
        Tone.QUIET,
        texts("connections.remove.kept", provider=provider),
        texts(why, name=code(name)),
        fields=[Field(texts("next_step"), texts("connections.remove.kept_next"))],
    )


def removed(provider: str, name: str, texts: Texts) -> discord.Embed:
    """Say that a connection is gone, and what Patchbay cannot take back."""
    return card(
        Tone.GOOD,
        texts("connections.remove.done", provider=provider),
        texts("connections.remove.done_what", provider=provider, name=code(name)),
        fields=[Field(texts("next_step"), texts("connections.remove.done_next"))],
    )


def _entry(summary: Summary, bot: PatchbayBot, texts: Texts) -> str:
    provider = bot.providers[summary.provider].name
    lines = [f"**{provider}** · {code(summary.name)}"]
    trouble = _trouble(summary, provider, texts)
    if trouble is not None:
        lines.append(f"{Tone.WARNING.symbol} **{texts('connections.list.attention')}** · {trouble}")
    if summary.readable:
        lines.append(credential_lines(summary, bot, texts))
    lines.append(texts("connections.list.set", member=f"<@{summary.set_by}>", time=when(summary.set_at)))
    lines.append(texts("connections.list.verified", time=when(summary.verified_at)))
    return "\n".join(lines)


def _trouble(summary: Summary, provider: str, texts: Texts) -> str | None:
    if summary.erased:
        return texts("connections.list.erased")
    if not summary.readable:
        return texts("connections.list.unreadable")
    if summary.refused_at is not None:
        since = when(summary.refused_at, exact=True)
        return texts("connections.list.refused", provider=provider, time=since)
    return None


def _rotate_button(summary: Summary, bot: PatchbayBot, texts: Texts) -> CredentialButton:
    provider = bot.providers[summary.provider].name
    return CredentialButton(
        texts=texts,
        action=ROTATE,
        provider=summary.provider,
        name=summary.name,
        label=texts("connections.list.rotate_button", provider=provider, name=summary.name),
    )
