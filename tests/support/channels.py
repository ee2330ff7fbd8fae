"""A messenger without Discord: channels in memory that fail a bot in all the ways in which Discord can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from bot.features.alerts.messenger import (
    AnyNotice,
    BoardNotice,
    ChannelRefusedError,
    MessageGoneError,
    MessageNotEditableError,
    Notice,
    NotSentError,
    RecoveryNotice,
    RenderedBoard,
    SummaryNotice,
)
from bot.features.alerts.routes import Route
from bot.features.alerts.store import BoardRow
from tests.support.clock import Clock

NONCE_SECONDS: Final = 180
"""For how long Discord remembers a nonce."""


class KilledError(BaseException):
    """The bot's process has ended."""


@dataclass
class FakeMessenger:
    """``fault`` says how the next call fails.

    ``down``: nothing is done. ``broken``: nothing is done, and the error is an unexpected one.
    ``unanswered``: it is done, and the answer is lost. ``late``: it is done only when it is asked for again.
    ``killed``, ``killed_after``: the bot is killed, before or after it is done.
    """

    clock: Clock
    fault: str = ""
    messages: dict[int, AnyNotice] = field(default_factory=dict)
    refusing: set[int] = field(default_factory=set)
    """Channels that take nothing from the bot."""
    edits_refused: bool = False
    """Whether Discord takes no more edits of any message."""
    calls: list[tuple[str, int]] = field(default_factory=list)
    """The requests about alerts, each with its channel."""
    board_calls: list[tuple[str, int]] = field(default_factory=list)
    """The requests about boards, each with its channel."""
    mentions: list[tuple[float, AnyNotice]] = field(default_factory=list)
    """When somebody was to be mentioned, and the message as it was asked for."""
    posts: list[tuple[float, AnyNotice]] = field(default_factory=list)
    """When each message was posted, and what it should show then."""
    routed: dict[int, int] = field(default_factory=dict)
    """The channels that alerts go to, by the number of the route."""
    unreachable: set[int] = field(default_factory=set)
    """Messages that a channel did not let the bot find, edit or delete, and where they no longer belong."""
    lost_routes: list[Route] = field(default_factory=list)
    """The routes that were reported as lost."""
    lost_boards: list[BoardRow] = field(default_factory=list)
    """The boards that were reported as lost."""
    is_anybody_reached: bool = True
    """Whether somebody can be told of what is lost."""
    refused_until: int | None = None
    """Until when the channels refuse, because the bot itself is timed out."""
    board: Mapping[str, Any] | None = field(default_factory=dict)
    """What every guild's board has to show."""
    _nonces: dict[str, tuple[float, int]] = field(default_factory=dict)
    _late: dict[str, AnyNotice] = field(default_factory=dict)
    _posted_at: dict[int, float] = field(default_factory=dict)
    _boards: set[int] = field(default_factory=set)
    """All messages that are or were boards."""
    _last: int = 0

    def alerts(self, number: int) -> dict[int, Notice]:
        """Return the alerts that tell of an incident, by their messages' ids."""
        return {
            key: notice
            for key, notice in self.messages.items()
            if isinstance(notice, Notice) and any(each.number == number for each in notice.incidents)
        }

    def recoveries(self) -> dict[int, RecoveryNotice]:
        """Return the replies to alerts, by their messages' ids."""
        return {key: each for key, each in self.messages.items() if isinstance(each, RecoveryNotice)}

    def summaries(self) -> dict[int, SummaryNotice]:
        """Return the summaries of quiet hours, by their messages' ids."""
        return {key: each for key, each in self.messages.items() if isinstance(each, SummaryNotice)}

    def boards(self) -> dict[int, BoardNotice]:
        """Return the boards, by their messages' ids."""
        return {key: notice for key, notice in self.messages.items() if isinstance(notice, BoardNotice)}

    async def post(self, notice: AnyNotice) -> int:
        """Post, or return what was posted with the same nonce."""
        self._ask("post", notice.channel_id, is_board=isinstance(notice, BoardNotice))
        if self.fault == "late":
            self._late[notice.nonce] = notice
        self._fail()
        at, message_id = self._nonces.get(notice.nonce, (0.0, 0))
        if not message_id or self.clock.now - at > NONCE_SECONDS:
            self._last = message_id = self._last + 1
            self._nonces[notice.nonce] = self.clock.now, message_id
            self._posted_at[message_id] = self.clock.now
            posted = self._late.pop(notice.nonce, notice)
            self.messages[message_id] = posted
            self.posts.append((self.clock.now, notice))
            if isinstance(posted, BoardNotice):
                self._boards.add(message_id)
            elif not isinstance(notice, BoardNotice) and notice.role_ids:
                self.mentions.append((self.clock.now, notice))
        self._fail_to_answer()
        return message_id

    async def edit(self, notice: AnyNotice, message_id: int) -> None:
        """Edit; a message keeps its mention."""
        self._ask("edit", notice.channel_id, message_id, is_board=message_id in self._boards)
        self._fail()
        if message_id not in self.messages:
            raise MessageGoneError
        before = self.messages[message_id]
        assert before.channel_id == notice.channel_id
        assert before.reference in {notice.reference, former_reference(notice)}
        if self.edits_refused:
            raise MessageNotEditableError
        if not isinstance(notice, BoardNotice):
            assert not isinstance(before, BoardNotice)
            notice = replace(notice, role_ids=before.role_ids)
        self.messages[message_id] = notice
        self.unreachable.discard(message_id)
        self._fail_to_answer()

    async def delete(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Delete."""
        self._ask("delete", channel_id, message_id, is_board=message_id in self._boards)
        self._fail()
        if self.messages.pop(message_id, None) is None:
            raise MessageGoneError
        self._fail_to_answer()

    async def find(self, notice: AnyNotice, since: int) -> int | None:
        """Look for the message with the notice's reference, of those that were posted since then."""
        found = [
            key
            for key, each in self.messages.items()
            if (each.guild_id, each.channel_id) == (notice.guild_id, notice.channel_id)
            and each.reference in {notice.reference, former_reference(notice)}
            and self._posted_at.get(key, 0) >= since
        ]
        self._ask("find", notice.channel_id, *found, is_board=isinstance(notice, BoardNotice))
        self._fail()
        return next(iter(found), None)

    async def render_board(self, guild_id: int) -> RenderedBoard | None:
        """Return what the board has to show."""
        return None if self.board is None else RenderedBoard(self.board, self.board)

    def can_post(self, guild_id: int, channel_id: int) -> bool:
        """Tell whether the channel takes messages."""
        return channel_id not in self.refusing

    async def report_lost_route(self, guild_id: int, route: Route) -> bool:
        """Remember the route."""
        self.lost_routes.append(route)
        return self.is_anybody_reached

    async def report_lost_board(self, guild_id: int, board: BoardRow) -> bool:
        """Remember the board."""
        self.lost_boards.append(board)
        return self.is_anybody_reached

    def _ask(self, what: str, channel_id: int, *messages: int, is_board: bool) -> None:
        (self.board_calls if is_board else self.calls).append((what, channel_id))
        if channel_id in self.refusing:
            for message_id in messages:
                notice = self.messages.get(message_id)
                belongs = None if notice is None or isinstance(notice, BoardNotice) else notice.route
                if belongs is None or self.routed.get(belongs) != channel_id:
                    self.unreachable.add(message_id)
            if self.refused_until is not None:
                raise ChannelRefusedError("timed_out", self.refused_until)
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


def former_reference(notice: AnyNotice) -> str:
    """Return how a message was marked before there were several routes."""
    return f"#{notice.reference.replace('-', '.')}"
