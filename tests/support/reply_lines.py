"""Which replies have to fit a phone's screen: all of them but lists, in every test that runs the bot."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from tests.support.lines import MAX_LINES, lines_of
from tests.support.sent_replies import SentReply

LISTS: Final = (
    # Rows of agents, rules, entries and the like, or lines about channels.
    r"help|help:(task|start)",
    r"access list",
    r"alerts list",
    r"(alerts maintenance|alerts:maintenance) 🔧",
    r"audit list|audit:(list|page)",
    r"connections list",
    r"integrations overview|integrations:(all|check)",
    r"sensay replicas|sensay:(replicas|overview)",
    r"sensay status 🗣️",
    r"toolzz list|toolzz:(all|ch)",
    # Steps, checks, periods and sources, one below the other.
    r"setup|setup:(?!maybe|offer)\S+|setup:(maybe|offer) 🧭",
    r"integrations diagnose|(integrations|toolzz):why",
    r"(integrations history|integrations:history) 📈",
    r"sensay usage",
    # All that is known of an agent, all that is stored, and what a replica itself has answered.
    r"(toolzz|sensay|integrations):more",
    r"((toolzz|sensay) connect|(toolzz|sensay):connect|toolzz edit|toolzz:edit|setup:offer) 🔎",
    r"privacy info 🔌",
    r"privacy delete ⚠️",
    r"sensay ask 💬",
)
"""Patterns of what is answered with a list; a symbol stands for the title that begins with it."""


def too_long(replies: Iterable[SentReply]) -> dict[str, int]:
    """Return the replies that are no lists and take more than ``MAX_LINES``, with their lines."""
    found: dict[str, int] = {}
    for to, embed in replies:
        symbol = (embed.title or "").partition(" ")[0]
        is_exempt = any(re.fullmatch(pattern, name) for pattern in LISTS for name in (to, f"{to} {symbol}"))
        if not is_exempt and (lines := lines_of(embed)) > MAX_LINES:
            found[f"{to}: {embed.title}"] = lines
    return found
