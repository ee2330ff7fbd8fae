"""Decides which of the integrations that a connection shows belong to a guild."""

from collections.abc import Collection
from dataclasses import dataclass

from bot.features.monitoring.access import AccessKind
from bot.features.monitoring.check_result import CheckResult
from bot.providers.base.report import Report

_MEMBER = frozenset({AccessKind.USABLE, AccessKind.TIMED_OUT, AccessKind.NO_CHANNEL})
"""What Discord says only of a bot that is a member."""


@dataclass(frozen=True, slots=True)
class Belonging:
    """The answers for one check.

    watched: ids of the integrations that the guild watches already. read_by_others: ids of those that another
    connection reads.
    """

    result: CheckResult
    watched: Collection[str]
    read_by_others: Collection[str]

    def is_watched(self, report: Report) -> bool:
        """Tell whether this check stores the state of an integration.

        Once watched, an integration stays watched until it is unlinked or ignored. By default the guild
        watches what it has linked, what the provider says runs in the guild, and agents whose bot is a member
        where the provider names no guild.
        """
        if report.id in self.result.ignored or report.id in self.read_by_others:
            return False
        if report.id in self.watched or report.id in self.result.own:
            return True
        if report.guild_id is not None:
            return report.guild_id == str(self.result.guild_id)
        access = self.result.access.get(report.id)
        return access is not None and access.kind in _MEMBER

    def is_candidate(self, report: Report) -> bool:
        """Tell whether an integration may run in the guild, so that a manager has to say so."""
        return not self.is_known(report.id) and report.guild_id is None and not self.is_watched(report)

    def is_known(self, integration_id: str) -> bool:
        """Tell whether the guild watches or ignores an integration already."""
        known = (self.watched, self.result.own, self.result.ignored, self.read_by_others)
        return any(integration_id in each for each in known)
