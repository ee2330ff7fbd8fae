"""Decides, without I/O, which of a guild's routes tell of an incident."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from bot.features.alerts.incident_store import OVERDUE, Kind
from bot.features.alerts.store import RouteRow
from bot.providers.base.integration import State

# Sensay says no more of its agents than whether they are active. What was inactive from the first is no
# incident.
DEFAULT_STATES: Final = (State.DISCONNECTED, State.ERROR, State.BLOCKED, State.INACTIVE)
DEFAULT_CHECKS: Final = 2


_CONDITIONS: Final = frozenset({State.ERROR, State.DISCONNECTED})


class Bad(Protocol):
    """Something watched that is in a bad state, or an incident about it."""

    @property
    def kind(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def detail(self) -> str: ...


class Recovery(StrEnum):
    """What a route does when all incidents of an alert are over, besides editing the alert."""

    OFF = "off"
    QUIET = "quiet"
    """It replies to the alert and mentions nobody."""
    MENTION = "mention"
    """It replies and mentions the route's role."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where some or all of a guild's alerts go. The fields are those of RouteRow."""

    number: int
    channel_id: int
    role_id: int | None
    states: tuple[State, ...]
    checks: int
    remind: int
    set_by: int
    set_at: int
    provider: str = ""
    integration: str = ""
    partial: bool = False
    second_role_id: int | None = None
    escalate: int = 0
    recovery: Recovery = Recovery.QUIET
    suspended: str = ""
    retry_at: int | None = None
    is_reported: bool = False

    @classmethod
    def of(cls, row: RouteRow) -> "Route":
        """Read a stored route."""
        return cls(
            row.number,
            row.channel_id,
            row.role_id,
            tuple(State(state) for state in row.states.split(",") if state),
            row.checks,
            row.remind,
            row.set_by,
            row.set_at,
            row.provider,
            row.integration,
            bool(row.partial),
            row.second_role_id,
            row.escalate,
            Recovery(row.recovery),
            row.suspended,
            row.retry_at,
            bool(row.is_reported),
        )

    def is_about(self, kind: str, provider: str, subject: str) -> bool:
        """Tell whether the route is for this integration, connection or provider.

        A route for one integration is not for what concerns its connection or its provider: these concern
        others as well.
        """
        if self.provider and provider != self.provider:
            return False
        return not self.integration or (kind == Kind.INTEGRATION and subject == self.integration)

    def tells_of(self, subject: Bad) -> bool:
        """Tell whether the route is told of something that is in a bad state.

        Refused credentials, a provider that is down, and an agent that is accepted and not listed for too
        long are told of whichever states a route names.
        """
        if not self.is_about(subject.kind, subject.provider, subject.id):
            return False
        if subject.state == State.CONNECTED:
            return self.partial
        is_told_always = subject.kind != Kind.INTEGRATION and subject.state in _CONDITIONS
        return is_told_always or subject.detail == OVERDUE or subject.state in self.states

    def is_suspended(self, now: int) -> bool:
        """Tell whether the channel is not to be asked yet. now: seconds since 1970."""
        return bool(self.suspended) and self.retry_at is not None and now < self.retry_at
