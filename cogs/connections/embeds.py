"""What ``/connections`` replies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui.text import code, listed
from bot.ui.theme import Field, Tone, card, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    import discord

    from bot.i18n.catalog import Texts
    from bot.runtime.client import PatchbayBot
    from bot.services.connections import Summary


def stored(action: str, summary: Summary, bot: PatchbayBot, texts: Texts) -> discord.Embed:
    """Say that credentials were tried and stored; what to do with them next."""
    provider = bot.providers[summary.provider].name
    return card(
        Tone.GOOD,
        texts(f"connections.{action}.done", provider=provider),
        texts("connections.stored.how"),
        fields=[
            Field(texts("connections.name"), code(summary.name), inline=True),
            Field(texts("connections.credentials"), _credentials(summary, bot, texts), inline=True),
            _next_step(summary.provider, texts),
        ],
    )


def tested(summary: Summary, bot: PatchbayBot, texts: Texts) -> discord.Embed:
    """Say that stored credentials still work."""
    return card(
        Tone.GOOD,
        texts("connections.test.done", provider=bot.providers[summary.provider].name),
        fields=[
            Field(texts("connections.name"), code(summary.name), inline=True),
            Field(texts("connections.verified"), when(summary.verified_at), inline=True),
            _next_step(summary.provider, texts),
        ],
    )


def overview(summaries: Sequence[Summary], bot: PatchbayBot, texts: Texts) -> discord.Embed:
    """List a guild's connections."""
    if not summaries:
        return card(
            Tone.INFO,
            texts("connections.list.none"),
            texts("connections.list.none_why"),
            fields=[Field(texts("next_step"), texts("connections.list.next"))],
        )
    entries = [_entry(summary, bot, texts) for summary in summaries]
    broken = [summary for summary in summaries if not summary.readable]
    return card(
        Tone.WARNING if broken else Tone.INFO,
        texts.plural("connections.list.title", len(summaries)),
        listed(entries, texts, 4096, separator="\n\n"),
        fields=[
            Field(
                texts("next_step"),
                texts("connections.list.unreadable_next" if broken else "connections.list.test_next"),
            )
        ],
    )


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
    lines = [f"**{bot.providers[summary.provider].name}** · {code(summary.name)}"]
    lines.append(
        _credentials(summary, bot, texts) if summary.readable else f"⚠️ {texts('connections.list.unreadable')}"
    )
    lines.append(texts("connections.list.set", member=f"<@{summary.set_by}>", time=when(summary.set_at)))
    lines.append(texts("connections.list.verified", time=when(summary.verified_at)))
    return "\n".join(lines)


def _credentials(summary: Summary, bot: PatchbayBot, texts: Texts) -> str:
    """Name every field as set or not; the first secret also by its end."""
    lines = []
    for position, field in enumerate(bot.providers[summary.provider].fields):
        label = texts(f"credential.{field.id}.label")
        if field.id not in summary.fields:
            lines.append(texts("connections.field.unset", label=label))
        elif position == 0 and summary.hint:
            lines.append(texts("connections.field.set_ending", label=label, ending=code(summary.hint)))
        else:
            lines.append(texts("connections.field.set", label=label))
    return "\n".join(lines)


def _next_step(provider: str, texts: Texts) -> Field:
    """Lead on to what the provider is for; its own texts say where."""
    return Field(
        texts("next_step"), texts.find(f"{provider}.connected.next") or texts("connections.list.next")
    )
