"""What a message about incidents is rendered with, besides the incidents."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bot.discord.access.agent_bots import application_of
from bot.discord.context import Services
from bot.features.alerts.incident_store import Incident
from bot.features.alerts.messenger import Notice, RecoveryNotice, SummaryNotice
from bot.features.monitoring.service import Watched
from bot.i18n.catalog import Texts
from cogs.alerts.messages.mentions import NO_MENTIONS, Mentions
from cogs.monitoring.formatting import told_apart, with_labels

IncidentNotice = Notice | RecoveryNotice | SummaryNotice
"""What a message about incidents shows."""
NoticeT = TypeVar("NoticeT", Notice, RecoveryNotice, SummaryNotice)


@dataclass(frozen=True, slots=True)
class AgentBot:
    """The bot of an agent. user_id, application_id: None where nobody knows it."""

    user_id: int | None = None
    application_id: int | None = None


@dataclass(frozen=True, slots=True)
class Rendering:
    """The words and facts that a message needs. bots: by provider and integration."""

    texts: Texts
    services: Services
    guild_id: int
    bots: Mapping[tuple[str, str], AgentBot] = field(default_factory=dict)
    mentions: Mentions = NO_MENTIONS

    def bot_of(self, incident: Incident) -> AgentBot:
        """Return the bot of the agent that an incident is about."""
        return self.bots.get((incident.provider, incident.id), AgentBot())

    def without_bots(self) -> "Rendering":
        """Return the same for texts that are about several agents."""
        return replace(self, bots={})


async def read_bots(
    services: Services, guild_id: int, agents: Iterable[Watched]
) -> dict[tuple[str, str], AgentBot]:
    """Return the bots of the guild's agents by provider and integration."""
    placed = {(each.provider, each.id): each for each in await services.integrations.all_of_guild(guild_id)}
    bots = {}
    for each in agents:
        known = placed.get((each.provider, each.id))
        user_id = each.bot_id or (None if known is None else known.bot_id)
        application = application_of(user_id, None if known is None else known.application_id)
        bots[each.provider, each.id] = AgentBot(user_id, application)
    return bots


def with_names(notice: NoticeT, services: Services, agents: Sequence[Watched]) -> NoticeT:
    """Return the notice with the names that its integrations have beside all the guild's agents."""
    watched = told_apart(agents, services.providers)
    return replace(notice, incidents=with_labels(notice.incidents, watched))
