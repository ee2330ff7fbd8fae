"""Makes one move of one guild's board."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

import structlog

from bot.features.alerts.delivery import Delivery, Marks
from bot.features.alerts.messenger import (
    BoardNotice,
    ChannelRefusedError,
    MessageGoneError,
    Messenger,
)
from bot.features.alerts.outbox_plan import Move, plan_board, retry_time
from bot.features.alerts.store import AlertStore, BoardRow, OutboxRow

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

MAX_BOARD_SECONDS: Final = 30.0
"""The longest time for one move of a board: without a limit discord.py lets all boards wait."""
RENDER_AGAIN_SECONDS: Final = 60
"""A board that cannot be rendered now is rendered again after so long."""


class BoardDroppedError(Exception):
    """A board is no longer kept: somebody has deleted its message."""

    def __init__(self, channel_id: int, why: str) -> None:
        super().__init__(why)
        self.channel_id = channel_id
        self.why = why


class BoardMover:
    """Works on one guild's board at a time."""

    def __init__(
        self, store: AlertStore, clock: Callable[[], float], wait_for_turn: Callable[[], Awaitable[object]]
    ) -> None:
        """clock: seconds since 1970. wait_for_turn: waits until a request may be sent."""
        self._store = store
        self._clock = clock
        self._wait_for_turn = wait_for_turn

    async def move(self, messenger: Messenger, row: OutboxRow) -> OutboxRow:
        """Make one move; return the row as it is then. Raises BoardDroppedError."""
        guild_id, now = row.guild_id, int(self._clock())
        board = await self._store.board(guild_id)
        rendered = await messenger.render_board(guild_id)
        if board is None or rendered is None:
            return replace(row, next_at=now + RENDER_AGAIN_SECONDS)
        notice = BoardNotice(guild_id, 0, row.posted_at or 0, "", rendered.embed, rendered.content)
        plan = plan_board(board, row, notice.content, now)
        if plan.move is Move.WAIT:
            return replace(row, next_at=plan.next_at)
        await self._wait_for_turn()
        try:
            async with asyncio.timeout(MAX_BOARD_SECONDS):
                delivery = Delivery(self._store, messenger, row, notice, board.channel_id, Marks(), now)
                after = await delivery.make(plan.move)
        except ChannelRefusedError as refused:
            return replace(row, next_at=await self._suspend(messenger, board, refused, now))
        except MessageGoneError as gone:
            # Whoever has deleted the message does not want it there.
            await self._store.delete_board(guild_id, board.channel_id)
            _log.info("board_given_up", guild=guild_id, reason=gone.why)
            raise BoardDroppedError(board.channel_id, gone.why) from None
        if board.suspended and plan.move in {Move.POST, Move.EDIT}:
            await self._store.resume_board(guild_id)
            board = replace(board, suspended="", retry_at=None)
        rest = plan_board(board, after, notice.content, now)
        return replace(after, next_at=rest.next_at if rest.move is Move.WAIT else now)

    async def _suspend(
        self, messenger: Messenger, board: BoardRow, refused: ChannelRefusedError, now: int
    ) -> int:
        """Leave a board as it is for a while, and tell the managers; return until when."""
        guild_id, channel_id = board.guild_id, board.channel_id
        retry_at = retry_time(refused.until, now)
        if not board.suspended:
            _log.warning("board_suspended", guild=guild_id, channel=channel_id, why=refused.why)
        is_reported = board.is_reported
        await self._store.suspend_board(
            guild_id, channel_id, why=refused.why, now=now, retry_at=retry_at, is_reported=is_reported
        )
        if refused.why != "timed_out" and not is_reported:
            lost = replace(board, suspended=refused.why)
            if await messenger.report_lost_board(guild_id, lost):
                await self._store.suspend_board(
                    guild_id, channel_id, why=refused.why, now=now, retry_at=retry_at, is_reported=True
                )
        return retry_at
