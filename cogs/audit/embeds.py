"""What ``/audit`` replies, and how an entry reads in a list and in the channel that it is copied to."""

from collections.abc import Mapping
from typing import Final

import discord

from bot.discord.text import length, listed
from bot.discord.theme import DESCRIPTION, Tone, card, notice, when
from bot.features.audit.chain import Chain
from bot.features.audit.service import AuditPage
from bot.features.audit.store import Entry
from bot.i18n.catalog import Texts
from cogs.audit.words import RESULT_SYMBOLS, KnownNames, action_words, result_words, target_words

_TONES: Final[Mapping[str, Tone]] = {"done": Tone.GOOD, "refused": Tone.QUIET, "failed": Tone.BAD}
"""By result; any other leaves something open."""
_FINGERPRINT: Final = 16


def listing(
    page: AuditPage, last: int, chain: Chain, names: KnownNames, texts: Texts, *, filtered: bool
) -> discord.Embed:
    """List one page of entries. last: the number of the last page."""
    head = _chain_line(chain, texts) + "\n\n"
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
        footer=texts("pages.footer", page=page.number, last=last),
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
    """Return an entry's two lines: number, time and member; action, target and result."""
    what = f"**{action_words(entry.action, texts)}** · {_what(entry, names, texts)}"
    return f"#{entry.number} · {when(entry.at, exact=True)} · {_member(entry)}\n{what}"


def entry_embed(entry: Entry, names: KnownNames, texts: Texts) -> discord.Embed:
    """Return an entry as a message of its own.

    It ends with the beginning of the entry's hash: whoever rewrites the log has to rewrite this as well.
    """
    result = entry.result.partition(":")[0]
    return card(
        _TONES.get(result, Tone.WARNING),
        action_words(entry.action, texts),
        f"{_what(entry, names, texts)}\n{_member(entry)} · {when(entry.at, exact=True)}",
        footer=f"#{entry.number} · {entry.hash.hex()[:_FINGERPRINT]}",
        symbol=RESULT_SYMBOLS.get(result, RESULT_SYMBOLS["unknown"]),
    )


def _what(entry: Entry, names: KnownNames, texts: Texts) -> str:
    return f"{target_words(entry, names, texts)} · {result_words(entry, names, texts)}"


def _member(entry: Entry) -> str:
    return "Patchbay" if entry.member is None else f"<@{entry.member}>"


def _chain_line(chain: Chain, texts: Texts) -> str:
    """Say in one line whether the log is unbroken, and where it is broken."""
    if chain.flaw is None:
        if not chain.length:
            return f"❔ {texts('audit.chain.empty')}"
        return f"✅ {texts.plural('audit.chain.holds', chain.length)}"
    return f"⚠️ {texts(f'audit.chain.{chain.flaw}', number=chain.number)}"
