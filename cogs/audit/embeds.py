"""What ``/audit`` replies, and how an entry reads in a list and in the channel that it is copied to."""

import re
from collections.abc import Mapping
from typing import Final

import discord

from bot.discord.text import code, length, listed
from bot.discord.theme import DESCRIPTION, Tone, card, notice, when
from bot.features.audit.chain import Chain
from bot.features.audit.service import AuditPage
from bot.features.audit.store import Entry
from bot.i18n.catalog import Texts

_RESULTS: Final[Mapping[str, tuple[str, Tone]]] = {
    "done": ("✅", Tone.GOOD),
    "refused": ("🚫", Tone.QUIET),
    "failed": ("❌", Tone.BAD),
    "unknown": ("❔", Tone.WARNING),
}
_SUBJECT: Final = re.compile(r"(role|member|channel) · ([0-9]{1,20})((?: · [a-z]+)?)")
_MENTIONS: Final = {"role": "<@&{}>", "member": "<@{}>", "channel": "<#{}>"}
_FINGERPRINT: Final = 16


def listing(page: AuditPage, last: int, chain: Chain, texts: Texts, *, filtered: bool) -> discord.Embed:
    """List one page of entries. last: the number of the last page."""
    head = _chain_line(chain, texts) + "\n\n"
    if page.entries:
        lines = [entry_line(entry, texts) for entry in page.entries]
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


def action_name(action: str, texts: Texts) -> str:
    """Name an action; one without a name, because somebody else wrote it, is shown as it is stored."""
    return texts.find(f"audit.action.{action}") or code(action, 64)


def entry_line(entry: Entry, texts: Texts) -> str:
    """Return an entry's two lines: number, time and member; action, target and result."""
    what = f"**{action_name(entry.action, texts)}** · {_target(entry)} · {_result(entry, texts)}"
    return f"#{entry.number} · {when(entry.at, exact=True)} · {_member(entry)}\n{what}"


def entry_embed(entry: Entry, texts: Texts) -> discord.Embed:
    """Return an entry as a message of its own.

    It ends with the beginning of the entry's hash: whoever rewrites the log has to rewrite this as well.
    """
    symbol, tone = _RESULTS.get(entry.result.partition(":")[0], _RESULTS["unknown"])
    return card(
        tone,
        action_name(entry.action, texts),
        f"{_target(entry)} · {_result(entry, texts)}\n{_member(entry)} · {when(entry.at, exact=True)}",
        footer=f"#{entry.number} · {entry.hash.hex()[:_FINGERPRINT]}",
        symbol=symbol,
    )


def _member(entry: Entry) -> str:
    return "Patchbay" if entry.member is None else f"<@{entry.member}>"


def _target(entry: Entry) -> str:
    subject = _SUBJECT.fullmatch(entry.target)
    if subject is not None:
        return _MENTIONS[subject[1]].format(subject[2]) + subject[3]
    return code(entry.target, 200) if entry.target else "—"


def _result(entry: Entry, texts: Texts) -> str:
    kind, _, reason = entry.result.partition(":")
    if kind not in _RESULTS:
        return code(entry.result, 64)
    result = f"{_RESULTS[kind][0]} {texts(f'audit.result.{kind}')}"
    return f"{result} ({code(reason, 64)})" if reason else result


def _chain_line(chain: Chain, texts: Texts) -> str:
    """Say in one line whether the log is unbroken, and where it is broken."""
    if chain.flaw is None:
        if not chain.length:
            return f"❔ {texts('audit.chain.empty')}"
        return f"✅ {texts.plural('audit.chain.holds', chain.length)}"
    return f"⚠️ {texts(f'audit.chain.{chain.flaw}', number=chain.number)}"
