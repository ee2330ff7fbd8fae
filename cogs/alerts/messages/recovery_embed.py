"""The embed of the reply to an alert whose incidents are over, or have come back."""

from collections.abc import Sequence
from typing import Final

import discord

from bot.discord.names import mention_member
from bot.discord.text import listed
from bot.discord.theme import Tone, card, duration
from bot.features.alerts.incident_store import RECOVERED, Incident, Kind
from bot.features.alerts.messenger import RecoveryNotice
from cogs.alerts.messages.incident_rows import lasted, open_of, symbol_of
from cogs.alerts.messages.rendering import Rendering
from cogs.monitoring.formatting import name_of, tone

_MAX_NAMED: Final = 3
_MAX_MEMBERS: Final = 500
"""In UTF-16 code units."""


def recovery_embed(notice: RecoveryNotice, rendering: Rendering) -> discord.Embed:
    """Say what has recovered and how long it took; or, once it is open again, that it broke again."""
    texts = rendering.texts
    footer = texts("alerts.message.footer", reference=notice.reference)
    if open_ones := open_of(notice.incidents):
        return card(
            tone(open_ones[0]),
            texts("alerts.recovery.again", names=_names(open_ones, rendering)),
            _open_again(notice, open_ones, rendering),
            footer=footer,
            symbol=symbol_of(open_ones[0]),
        )
    recovered = [each for each in notice.incidents if each.ended == RECOVERED] or list(notice.incidents)
    lines = [_lasted(recovered, rendering)]
    members = dict.fromkeys(
        mention_member(each.acknowledged_by, texts) for each in recovered if each.acknowledged_by is not None
    )
    if members:
        shown = listed(members, texts, _MAX_MEMBERS, separator=", ")
        lines.append(texts("alerts.recovery.acknowledged", members=shown))
    return card(
        Tone.GOOD,
        texts("alerts.recovery.title", names=_names(recovered, rendering)),
        "\n".join(lines),
        footer=footer,
    )


def _names(incidents: Sequence[Incident], rendering: Rendering) -> str:
    """Name a few of them, or count them."""
    if len(incidents) <= _MAX_NAMED:
        return ", ".join(name_of(each, rendering.services.providers) for each in incidents)
    are_agents = all(each.kind == Kind.INTEGRATION for each in incidents)
    key = "alerts.recovery.agents" if are_agents else "alerts.recovery.incidents"
    return rendering.texts.plural(key, len(incidents))


def _lasted(recovered: Sequence[Incident], rendering: Rendering) -> str:
    texts, longest = rendering.texts, max(recovered, key=lasted)
    time = duration(lasted(longest), texts)
    if len(recovered) == 1:
        return texts("alerts.recovery.lasted", number=longest.number, time=time)
    return texts("alerts.recovery.longest", number=longest.number, time=time)


def _open_again(notice: RecoveryNotice, open_ones: Sequence[Incident], rendering: Rendering) -> str:
    texts = rendering.texts
    numbers = listed((f"#{each.number}" for each in open_ones), texts, _MAX_MEMBERS, separator=", ")
    return texts(
        "alerts.recovery.again_alone" if notice.reply_to is None else "alerts.recovery.again_above",
        numbers=numbers,
    )
