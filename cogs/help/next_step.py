"""Decides what a member should do next in a server: one thing, and one that this member may do."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.features.connections.service import Summary
from bot.features.monitoring.service import Watched
from bot.providers.base.integration import DOWN_STATES


class Step(StrEnum):
    """What to do next; its text is ``help.next.<step>``, or ``help.next.<step>_ask`` for who may not."""

    CONNECT = "connect"
    """Nothing is connected."""
    REPLACE = "replace"
    """A provider refuses the credentials, or they cannot be read."""
    ADD_AGENT = "add_agent"
    """There are credentials, and no agent."""
    LOOK = "look"
    """An agent answers nobody."""
    ALERTS = "alerts"
    """Nobody is told when an agent stops."""
    OVERVIEW = "overview"
    """All is well."""


_COMMAND: Final[Mapping[Step, str]] = {
    Step.CONNECT: "setup",
    Step.REPLACE: "connections",
    Step.ADD_AGENT: "setup",
    Step.LOOK: "integrations",
    Step.ALERTS: "alerts",
    Step.OVERVIEW: "integrations",
}
"""The top-level command that each step takes."""
_ASKED_FOR: Final = frozenset({Step.CONNECT, Step.REPLACE, Step.ADD_AGENT})
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

    step: Step
    may: bool


def next_step(server: ServerState, usable: Collection[str]) -> NextStep:
    """Return the most urgent step that the member may take, or has to ask somebody for.

    usable: the names of the top-level commands that the member may run.
    """
    for step in _needed(server):
        may = _COMMAND[step] in usable
        if may or step in _ASKED_FOR:
            return NextStep(step, may)
    return NextStep(Step.OVERVIEW, may=_COMMAND[Step.OVERVIEW] in usable)


def _needed(server: ServerState) -> list[Step]:
    if not server.connections:
        return [Step.CONNECT]
    needed = {
        Step.REPLACE: server.refused is not None,
        Step.LOOK: server.down is not None,
        Step.ADD_AGENT: not server.integrations,
        Step.ALERTS: not server.has_alert_rule,
    }
    return [step for step, is_needed in needed.items() if is_needed]
