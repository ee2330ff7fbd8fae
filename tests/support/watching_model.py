"""A model of what is known of one integration after any checks: it looks at what was said."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.features.monitoring.access import Access, AccessKind
from bot.providers.base.integration import State

HERE, ELSEWHERE = "here", "elsewhere"
"""Which server a provider names."""
MEMBER = (AccessKind.USABLE, AccessKind.TIMED_OUT, AccessKind.NO_CHANNEL)


@dataclass(frozen=True)
class Said:
    """What one check says of the integration.

    how: ``listed``, ``absent``, ``missing``, ``unlisted``, ``unreadable`` or ``down``. state, server: of a
    listed one; the provider may name no server. access: what Discord says, None if it was not asked. after:
    seconds since the check before. is_check: False if only Discord was asked.
    """

    how: str
    state: State = State.CONNECTED
    server: str | None = HERE
    access: Access | None = None
    after: int = 60
    is_check: bool = True


@dataclass
class ExpectedIntegration:
    """The expected row. is_own: whether it is linked. shown: state and detail, None if it is not watched."""

    is_own: bool
    shown: tuple[State, str] | None = None
    access: Access | None = None
    """The last that is known."""
    _was_listed: bool = False
    _missing: list[int] = field(default_factory=list)
    _since: int = 0

    def can_hear(self, said: Said) -> bool:
        """Tell whether a check can say this: only what is wanted is read by itself."""
        return said.how in {"listed", "absent", "down"} or self.shown is not None or self.is_own

    def hear(self, said: Said, at: int) -> None:
        """Change to what is known after this check."""
        before = self.shown
        match said.how:
            case "listed":
                self._listed(said)
            case "missing":
                self._is_missing(at, counts=said.is_check)
            case "unlisted":
                self._unlisted(said, at)
            case "unreadable":
                self._show(State.UNKNOWN, "timeout")
                self._learn(said)
            case "down":
                if self.shown:
                    self.shown = State.UNKNOWN, "down"
        if before is None or (self.shown and before[0] is not self.shown[0]):
            self._since = at

    def _listed(self, said: Said) -> None:
        is_member = said.access is not None and said.access.kind in MEMBER
        here = said.server == HERE or (said.server is None and is_member)
        if not (self.shown or self.is_own or here):
            return
        self._was_listed = True
        self._learn(said)
        if said.server == ELSEWHERE:
            self.access = Access(AccessKind.ELSEWHERE)
        if said.state is not State.CONNECTED or self.access is None:
            self._show(said.state, "")
        else:
            self._show(
                State.BLOCKED if self.access.is_blocked else State.CONNECTED,
                self.access.detail,
            )

    def _is_missing(self, at: int, *, counts: bool) -> None:
        if not counts:
            return
        self._missing.append(at)
        if len(self._missing) >= 3 and at - self._missing[0] >= 600:
            self.shown = State.INACTIVE, "gone"
        elif self.shown != (State.INACTIVE, "gone"):
            self.shown = State.UNKNOWN, "missing"

    def _unlisted(self, said: Said, at: int) -> None:
        since = self._since if self.shown and self.shown[0] is State.UNKNOWN else at
        never = "overdue" if at - since >= 1800 else "accepted"
        self._show(State.UNKNOWN, "not_listed" if self._was_listed else never)
        self._learn(said)

    def _show(self, state: State, detail: str) -> None:
        self.shown = state, detail
        self._missing = []

    def _learn(self, said: Said) -> None:
        if said.access is not None and said.access.kind is not AccessKind.UNKNOWN:
            self.access = said.access
        elif self.access is not None and self.access.kind is AccessKind.ELSEWHERE:
            self.access = None
