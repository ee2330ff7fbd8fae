"""Incidents and notices as the outbox makes them, and a rendering without a running bot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Final

from bot.discord.sync import CommandLinks
from bot.features.alerts.incident_store import Incident
from bot.features.alerts.messenger import Notice, RecoveryNotice, SummaryNotice
from bot.i18n.catalog import load_catalog
from bot.providers import providers
from cogs.alerts.messages.rendering import AgentBot, Rendering

GUILD: Final = 1
OPEN: Final = Incident(
    GUILD, 12, "integration", "toolzz", "abc", "default", "Desk", "error", "4014", 1_700_000_000
)
"""An agent whose bot lacks an intent."""


def over(incident: Incident, seconds: int = 7500, ended: str = "recovered") -> Incident:
    """Return the incident as it is once it is over. seconds: how long it lasted."""
    return replace(incident, closed_at=incident.opened_at + seconds, ended=ended)


def several(count: int, of: Incident = OPEN, label: str = "Agent") -> list[Incident]:
    """Return incidents that are alike, of so many agents."""
    return [
        replace(of, number=number, id=f"agent-{number}", label=f"{label} {number}")
        for number in range(1, count + 1)
    ]


def notice_of(*incidents: Incident, **differences: Any) -> Notice:  # noqa: ANN401 - of the notice's fields
    """Return what an alert's message shows about these incidents."""
    first = incidents[0].number
    shown = Notice(GUILD, 5, 1, first, incidents, {}, {}, [], None, None, f"{first}-1")
    return replace(shown, **differences)


def recovery_of(*incidents: Incident, reply_to: int | None = 9) -> RecoveryNotice:
    """Return what the reply to an alert shows about these incidents."""
    first = incidents[0].number
    return RecoveryNotice(GUILD, 5, 1, first, incidents, reply_to, [], f"recovery-{first}-1")


def summary_of(*incidents: Incident) -> SummaryNotice:
    """Return what the message at the end of quiet hours shows about these incidents."""
    return SummaryNotice(GUILD, 5, 1, 1_700_000_000, 1_700_028_800, incidents, [], "summary-28333813-1-r2")


def rendering(locale: str, bots: Mapping[tuple[str, str], AgentBot] | None = None) -> Rendering:
    """Return what messages are rendered with in a language."""
    named = {provider.slug: provider for provider in providers()}
    services: Any = SimpleNamespace(providers=named, links=CommandLinks())
    return Rendering(load_catalog()[locale], services, GUILD, bots or {})


def texts_of(components: Sequence[Any]) -> list[str]:
    """Return all that a message's components show."""
    shown: list[str] = []
    for each in components:
        item = getattr(each, "item", each)
        for option in getattr(item, "options", ()):
            shown += [option.label, option.description or ""]
        shown += [text for text in (getattr(item, "label", None), getattr(item, "placeholder", None)) if text]
    return shown
