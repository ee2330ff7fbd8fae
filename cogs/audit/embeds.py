"""What ``/audit`` replies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.runtime.audit_words import entry_line
from bot.ui.text import length, listed
from bot.ui.theme import DESCRIPTION, Field, Tone, card

if TYPE_CHECKING:
    import discord

    from bot.i18n.catalog import Texts
    from bot.services.audit import Page
    from bot.services.audit_chain import Chain


def listing(page: Page, last: int, chain: Chain, texts: Texts, *, filtered: bool) -> discord.Embed:
    """List one page of entries. last: of how many pages."""
    head = _verdict(chain, texts) + "\n\n"
    if page.entries:
        lines = [entry_line(entry, texts) for entry in page.entries]
        body = listed(lines, texts, DESCRIPTION - length(head), separator="\n\n")
    else:
        body = texts("audit.list.none_found" if filtered else "audit.list.none")
    return card(
        Tone.INFO if chain.flaw is None else Tone.WARNING,
        texts("audit.title"),
        head + body,
        fields=[_next("audit.list.next" if chain.flaw is None else "audit.list.broken_next", texts)],
        footer=texts("pages.footer", page=page.number, last=last),
        symbol="📜" if chain.flaw is None else None,
    )


def exported(chain: Chain, texts: Texts) -> discord.Embed:
    """Go with the file."""
    return card(
        Tone.GOOD if chain.flaw is None else Tone.WARNING,
        texts("audit.export.title"),
        _verdict(chain, texts) + "\n" + texts("audit.export.how"),
        fields=[_next("audit.export.next" if chain.flaw is None else "audit.export.broken_next", texts)],
    )


def mirrored(channel: discord.TextChannel | None, texts: Texts) -> discord.Embed:
    """Say where new entries are repeated from now on."""
    if channel is None:
        how, kind = texts("audit.mirror.stopped_how"), "stopped"
    else:
        how, kind = texts("audit.mirror.started_how", channel=channel.mention), "started"
    title, step = texts(f"audit.mirror.{kind}"), f"audit.mirror.{kind}_next"
    return card(Tone.GOOD if channel else Tone.QUIET, title, how, fields=[_next(step, texts)])


def _verdict(chain: Chain, texts: Texts) -> str:
    """Say in one line whether the log is unbroken, and where not."""
    if chain.flaw is None:
        if not chain.length:
            return f"❔ {texts('audit.chain.empty')}"
        return f"✅ {texts.plural('audit.chain.holds', chain.length)}"
    return f"⚠️ {texts(f'audit.chain.{chain.flaw}', number=chain.number)}"


def _next(key: str, texts: Texts) -> Field:
    return Field(texts("next_step"), texts(key))
