"""Decides what a member should do next in a server: one thing, and one that this member may do."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.features.connections.service import Summary
from bot.features.monitoring.service import Watched
from bot.providers.base.integration import DOWN_STATES


class HelpStep(StrEnum):
    """What to do next; its text is ``help.next.<step>``, or ``help.next.<step>_ask`` for who may not."""

    CONNECT = "connect"
    """Nothing is connected."""
    REPLACE = "replace"
    """A provider refuses the credentials, or they cannot be read."""
    ADD_AGENT = "add_agent"
    """There are credentials, and no agent."""
    DOWN = "down"
    """An agent answers nobody."""
    ALERTS = "alerts"
    """Nobody is told when an agent stops."""
    OVERVIEW = "overview"
    """All is well."""


_COMMAND: Final[Mapping[HelpStep, str]] = {
    HelpStep.CONNECT: "setup",
    HelpStep.REPLACE: "connections",
    HelpStep.ADD_AGENT: "setup",
    HelpStep.DOWN: "integrations",
    HelpStep.ALERTS: "alerts",
    HelpStep.OVERVIEW: "integrations",
}
"""The top-level command that each step takes."""
_ASKED_FOR: Final = frozenset({HelpStep.CONNECT, HelpStep.REPLACE, HelpStep.ADD_AGENT})
"""Without these nothing works, so that a member who may not do it is told whom to ask."""


@dataclass(frozen=True, slots=True)
class ServerState:
    """What is known of a server, without a request to a provider. integrations: the worst first."""

    connections: Sequence[Summary]
    integrations: Sequence[Watched]
    has_alert_rule: bool

    @property
    def refused(self) -> Summary | None:
        """The first connection that needs new credentials."""
        return next((each for each in self.connections if each.needs_attention), None)

    @property
    def down(self) -> Watched | None:
        """The worst agent, if it is down, known to be so now, and not expected to be."""
        return next(
            (
                each
                for each in self.integrations
                if each.state in DOWN_STATES and not each.is_stale and each.maintenance_until is None
            ),
            None,
        )


@dataclass(frozen=True, slots=True)
class NextStep:
    """A step, and whether the member may take it."""

    step: HelpStep
    may: bool


def next_step(server: ServerState, usable: Collection[str]) -> NextStep:
    """Return the most urgent step that the member may take, or has to ask somebody for.

    usable: the names of the top-level commands that the member may run.
    """
    for step in _needed(server):
        may = _COMMAND[step] in usable
        if may or step in _ASKED_FOR:
            return NextStep(step, may)
    return NextStep(HelpStep.OVERVIEW, may=_COMMAND[HelpStep.OVERVIEW] in usable)


def _needed(server: ServerState) -> list[HelpStep]:
    if not server.connections:
        return [HelpStep.CONNECT]
    needed = {
        HelpStep.REPLACE: server.refused is not None,
        HelpStep.DOWN: server.down is not None,
        HelpStep.ADD_AGENT: not server.integrations,
        HelpStep.ALERTS: not server.has_alert_rule,
    }
    return [step for step, is_needed in needed.items() if is_needed]
