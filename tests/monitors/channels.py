"""Discord's channels, as far as alerts need them, with all the ways in which they fail a bot."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from bot.monitors.messenger import ChannelRefusedError, MessageGoneError, MessageSealedError, NotSentError

if TYPE_CHECKING:
    from bot.monitors.messenger import Notice
    from bot.services.alerts import Route
    from tests.services.pace import Clock

NONCE_SECONDS: Final = 180
"""For how long Discord knows a nonce."""


class KilledError(BaseException):
    """The bot's process has ended."""


@dataclass
class Channels:
    """How they fail the next call is in ``fault``.

    ``down``: nothing is done. ``broken``: nothing is done, and nobody has thought of that. ``unanswered``: it
    is done, and the answer is lost. ``late``: it is done only when it is asked for again. ``killed``,
    ``killed_after``: the bot is, before or after it is done.
    """

    clock: Clock
    fault: str = ""
    messages: dict[int, Notice] = field(default_factory=dict)
    refusing: set[int] = field(default_factory=set)
    """Channels that take nothing from the bot."""
    sealed: bool = False
    """Whether messages can be edited no more."""
    calls: list[tuple[str, int]] = field(default_factory=list)
    """What was asked of which channel."""
    mentions: list[tuple[float, Notice]] = field(default_factory=list)
    routed: int | None = None
    """The channel that alerts go to."""
    left: set[int] = field(default_factory=set)
    """Messages in other channels, that these did not let the bot find, edit or delete: beyond its reach."""
    told: list[Route] = field(default_factory=list)
    _nonces: dict[str, tuple[float, int]] = field(default_factory=dict)
    _late: dict[str, Notice] = field(default_factory=dict)
    _last: int = 0

    def of(self, number: int) -> list[int]:
        """Return the messages that tell of an incident."""
        return [key for key, notice in self.messages.items() if notice.incident.number == number]

    async def post(self, notice: Notice) -> int:
        """Post, or return what was posted with the same nonce."""
        self._ask("post", notice.channel_id)
        if self.fault == "late":
            self._late[notice.nonce] = notice
        self._fail()
        at, message_id = self._nonces.get(notice.nonce, (0.0, 0))
        if not message_id or self.clock.now - at > NONCE_SECONDS:
            self._last = message_id = self._last + 1
            self._nonces[notice.nonce] = self.clock.now, message_id
            posted = self._late.pop(notice.nonce, notice)
            self.messages[message_id] = posted
            if posted.role_id is not None:
                self.mentions.append((self.clock.now, posted))
        self._fail_to_answer()
        return message_id

    async def edit(self, notice: Notice, message_id: int) -> None:
        """Edit; whatever the message mentioned it goes on to."""
        self._ask("edit", notice.channel_id, message_id)
        self._fail()
        if message_id not in self.messages:
            raise MessageGoneError
        assert self.messages[message_id].channel_id == notice.channel_id
        assert self.messages[message_id].reference == notice.reference
        if self.sealed:
            raise MessageSealedError
        self.messages[message_id] = replace(notice, role_id=self.messages[message_id].role_id)
        self._fail_to_answer()

    async def delete(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Delete."""
        self._ask("delete", channel_id, message_id)
        self._fail()
        if self.messages.pop(message_id, None) is None:
            raise MessageGoneError
        self._fail_to_answer()

    async def find(self, guild_id: int, channel_id: int, reference: str, since: int) -> int | None:
        """Look through what was posted since then."""
        found = [
            key
            for key, notice in self.messages.items()
            if (notice.channel_id, notice.reference) == (channel_id, reference)
        ]
        self._ask("find", channel_id, *found)
        self._fail()
        return next(iter(found), None)

    async def tell_lost(self, guild_id: int, route: Route) -> None:
        """Take note."""
        self.told.append(route)

    def _ask(self, what: str, channel_id: int, *messages: int) -> None:
        self.calls.append((what, channel_id))
        if channel_id in self.refusing:
            if channel_id != self.routed:
                self.left.update(messages)
            raise ChannelRefusedError("forbidden")

    def _fail(self) -> None:
        match self.fault:
            case "down" | "late":
                raise NotSentError(self.fault)
            case "broken":
                raise RuntimeError(self.fault)
            case "killed":
                self.fault = ""
                raise KilledError

    def _fail_to_answer(self) -> None:
        match self.fault:
            case "unanswered":
                raise NotSentError(self.fault)
            case "killed_after":
                self.fault = ""
                raise KilledError
