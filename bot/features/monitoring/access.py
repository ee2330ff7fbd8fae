"""What Discord lets an agent's bot do in a server, and what that makes of the reported state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from bot.providers.base.integration import State


class AccessKind(StrEnum):
    """What a bot can do in a server. The values are stored."""

    USABLE = "usable"
    """It can answer in at least one channel."""
    ABSENT = "absent"
    """It is not a member."""
    TIMED_OUT = "timed_out"
    NO_CHANNEL = "no_channel"
    """It is a member, and can answer in none of its channels."""
    ELSEWHERE = "elsewhere"
    """The provider says that the integration runs in another server."""
    UNKNOWN = "unknown"
    """Discord did not say, or not all that is needed."""


BLOCKED: Final = frozenset(
    {AccessKind.ABSENT, AccessKind.TIMED_OUT, AccessKind.NO_CHANNEL, AccessKind.ELSEWHERE}
)


@dataclass(frozen=True, slots=True)
class Access:
    """What a bot can do in one server.

    usable: in how many of its channels it can answer. channels: how many it has, 0 where the provider lists
    none. until: the end of a timeout, in seconds since 1970.
    """

    kind: AccessKind
    usable: int = 0
    channels: int = 0
    until: int = 0

    @property
    def is_blocked(self) -> bool:
        """Whether the bot can answer nowhere in the server."""
        return self.kind in BLOCKED

    @property
    def is_partial(self) -> bool:
        """Whether the bot can answer in some of its channels and not in the others."""
        return self.kind is AccessKind.USABLE and self.usable < self.channels

    @property
    def detail(self) -> str:
        """The text that is stored; empty where nothing is wrong."""
        if self.is_partial:
            return f"{self.kind} {self.usable} {self.channels}"
        if self.kind is AccessKind.TIMED_OUT:
            return f"{self.kind} {self.until}"
        return self.kind if self.is_blocked else ""

    @classmethod
    def of(cls, detail: str) -> Access | None:
        """Read a stored ``detail``; None for any other text, such as a provider's code."""
        kind, *numbers = detail.split(" ")
        if not all(number.isascii() and number.isdecimal() for number in numbers):
            return None
        match kind, [int(number) for number in numbers]:
            case AccessKind.USABLE.value, [usable, channels]:
                return cls(AccessKind.USABLE, usable, channels)
            case AccessKind.TIMED_OUT.value, [until]:
                return cls(AccessKind.TIMED_OUT, until=until)
            case ((AccessKind.ABSENT.value | AccessKind.NO_CHANNEL.value | AccessKind.ELSEWHERE.value), []):
                return cls(AccessKind(kind))
        return None


UNKNOWN: Final = Access(AccessKind.UNKNOWN)


@dataclass(frozen=True, slots=True)
class AccessSubject:
    """An integration of which Discord is asked what its bot can do.

    id: the integration's. bot_id: the bot's user id. channels: the ids that the provider lists, text from
    outside; empty where it lists none, and then every channel of the server counts. opens_threads: whether
    the bot has to open threads as well. must_read: whether Discord is asked now, however fresh the last
    answer is. skip_confirmation: whether a block need not be confirmed by Discord, because an incident about
    it is open already or nobody watches the integration.
    """

    id: str
    bot_id: int
    channels: tuple[str, ...] = ()
    opens_threads: bool = False
    must_read: bool = False
    skip_confirmation: bool = False


class AccessReader(Protocol):
    """Discord, as far as the watcher needs it. None of the methods raises."""

    async def read(self, guild_id: int, subjects: Sequence[AccessSubject]) -> Mapping[str, Access]:
        """Return what each bot can do, by the integration's id; ``UNKNOWN`` where that is not certain.

        Discord is asked about bots that are new, about those that must be read, and before it is said that a
        bot is blocked. Other answers are used again for a while, and renewed in the background. A long queue
        is not awaited: what is not answered in time is unknown.
        """

    def on_change(self, listener: Callable[[int], object]) -> None:
        """Call the listener with a guild's id when ``read`` may return something else than before."""


def effective_state(reported: State, detail: str, access: Access | None) -> tuple[State, str]:
    """Return the state and the detail that count here.

    reported, detail: what the provider says. access: the last that is known of what its bot can do here, None
    where nothing is known. Only what the provider runs can be blocked.
    """
    if reported is not State.CONNECTED or access is None:
        return reported, detail
    return (State.BLOCKED if access.is_blocked else State.CONNECTED), access.detail
