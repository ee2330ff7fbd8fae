"""What ``/audit`` replies, and how an entry reads in a list and in the channel that it is copied to."""

from collections.abc import Mapping
from typing import Final

import discord

from bot.discord.text import length, listed
from bot.discord.theme import DESCRIPTION, Tone, card, notice, when
from bot.features.audit.chain import Chain
from bot.features.audit.entry import Entry
from bot.features.audit.service import AuditPage
from bot.i18n.catalog import Texts
from cogs.audit.words import (
    RESULT_SYMBOLS,
    KnownNames,
    action_words,
    member_words,
    result_words,
    target_words,
)

_TONES: Final[Mapping[str, Tone]] = {"done": Tone.GOOD, "refused": Tone.QUIET, "failed": Tone.BAD}
"""By result; any other leaves something open."""
_FINGERPRINT: Final = 16


def listing(page: AuditPage, names: KnownNames, texts: Texts, *, filtered: bool) -> discord.Embed:
    """List one page of entries."""
    chain = page.chain
    head = _page_line(page, texts) + "\n\n"
    if page.entries:
        lines = [entry_line(entry, names, texts) for entry in page.entries]
        body = listed(lines, texts, DESCRIPTION - length(head), separator="\n\n")
    else:
        body = texts("audit.list.none_found" if filtered else "audit.list.none")
    return notice(
        texts,
        Tone.INFO if chain.flaw is None else Tone.WARNING,
        "audit.list.whole" if chain.flaw is None else "audit.list.broken",
        title=texts("audit.title"),
        how=head + body,
        footer=_footer(page, texts),
        symbol="📜" if chain.flaw is None else None,
    )


def exported(chain: Chain, texts: Texts) -> discord.Embed:
    """Describe the exported file."""
    return notice(
        texts,
        Tone.GOOD if chain.flaw is None else Tone.WARNING,
        "audit.export.whole" if chain.flaw is None else "audit.export.broken",
        title=texts("audit.export.title"),
        how=_chain_line(chain, texts) + "\n" + texts("audit.export.how"),
    )


def entry_line(entry: Entry, names: KnownNames, texts: Texts) -> str:
    """Return an entry's two lines: number, time and member; action, target and result.

    An entry with the result of another one stands for both.
    """
    number = f"#{entry.number}" if entry.ends is None else f"#{entry.number} + #{entry.ends}"
    what = f"**{action_words(entry.action, texts)}** · {_what(entry, names, texts)}"
    return f"{number} · {when(entry.at, exact=True)} · {member_words(entry, texts)}\n{what}"


def entry_embed(entry: Entry, names: KnownNames, texts: Texts) -> discord.Embed:
    """Return an entry as a message of its own.

    It ends with the beginning of the entry's hash: whoever rewrites the log has to rewrite this as well.
    """
    result = entry.result.partition(":")[0]
    return card(
        _TONES.get(result, Tone.WARNING),
        action_words(entry.action, texts),
        f"{_what(entry, names, texts)}\n{member_words(entry, texts)} · {when(entry.at, exact=True)}",
        footer=f"#{entry.number} · {entry.hash.hex()[:_FINGERPRINT]}",
        symbol=RESULT_SYMBOLS.get(result, RESULT_SYMBOLS["unknown"]),
    )


def _what(entry: Entry, names: KnownNames, texts: Texts) -> str:
    return f"{target_words(entry, names, texts)} · {result_words(entry, names, texts)}"


def _page_line(page: AuditPage, texts: Texts) -> str:
    """Say whether the entries of a page are as they were written, and where the log begins."""
    chain = page.chain
    if chain.flaw is not None or not chain.length:
        return _chain_line(chain, texts)
    begins = f" {texts('audit.chain.begins', number=chain.cut)}" if chain.cut and page.is_oldest else ""
    return f"✅ {texts('audit.chain.page_holds')}{begins}"


def _footer(page: AuditPage, texts: Texts) -> str:
    if not page.entries:
        return ""
    first, last = page.entries[0].number, page.entries[-1].number
    return texts("audit.list.footer", first=f"#{first}", last=f"#{last}")


def _chain_line(chain: Chain, texts: Texts) -> str:
    """Say in one line whether the log is unbroken, and where it is broken or begins."""
    if chain.flaw is None:
        if not chain.length:
            return f"❔ {texts('audit.chain.empty')}"
        begins = f" {texts('audit.chain.begins', number=chain.cut)}" if chain.cut else ""
        return f"✅ {texts.plural('audit.chain.holds', chain.length)}{begins}"
    return f"⚠️ {texts(f'audit.chain.{chain.flaw}', number=chain.number)}"
