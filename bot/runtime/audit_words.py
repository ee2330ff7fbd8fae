"""How an entry of the audit log reads, in a list and in the channel that repeats it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.services.audit import ACTIONS
from bot.ui.text import code
from bot.ui.theme import Tone, card, when

if TYPE_CHECKING:
    from collections.abc import Mapping

    import discord

    from bot.i18n.catalog import Texts
    from bot.services.audit import Entry

_RESULTS: Final[Mapping[str, tuple[str, Tone]]] = {
    "done": ("✅", Tone.GOOD),
    "refused": ("🚫", Tone.QUIET),
    "failed": ("❌", Tone.BAD),
    "unknown": ("❔", Tone.WARNING),
}
_SUBJECT: Final = re.compile(r"(role|member|channel) · ([0-9]{1,20})((?: · [a-z]+)?)")
_MENTIONS: Final = {"role": "<@&{}>", "member": "<@{}>", "channel": "<#{}>"}
_FINGERPRINT: Final = 16


def action_words(action: str, texts: Texts) -> str:
    """Say what was to be done; as it is where it is none of ours."""
    return texts(f"audit.action.{action}") if action in ACTIONS else code(action, 64)


def entry_line(entry: Entry, texts: Texts) -> str:
    """Return an entry's two lines: number, time and member; what was done, to what, and how it ended."""
    what = f"**{action_words(entry.action, texts)}** · {_target(entry)} · {_result(entry, texts)}"
    return f"#{entry.number} · {when(entry.at, exact=True)} · {_member(entry)}\n{what}"


def entry_embed(entry: Entry, texts: Texts) -> discord.Embed:
    """Return an entry as a message of its own.

    It ends with the beginning of the entry's hash: who rewrites the log would have to rewrite this as well.
    """
    symbol, tone = _RESULTS.get(entry.result.partition(":")[0], _RESULTS["unknown"])
    return card(
        tone,
        action_words(entry.action, texts),
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
    words = f"{_RESULTS[kind][0]} {texts(f'audit.result.{kind}')}"
    return f"{words} ({code(reason, 64)})" if reason else words
