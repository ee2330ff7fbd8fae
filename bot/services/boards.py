"""Which message of each guild is its board: it stays live, and there is one at most."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.store.alerts import BoardRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.store.alerts import AlertStore

Board = BoardRow

EDITABLE_SECONDS: Final = 50 * 60
"""Discord takes few edits of a message that is over an hour old."""


class BoardService:
    """Every call names the guild, but for the one that looks after all of them."""

    def __init__(self, store: AlertStore, clock: Callable[[], float]) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._clock = clock

    async def board(self, guild_id: int) -> Board | None:
        """Return the guild's board, None where it has none."""
        return await self._store.board(guild_id)

    async def guilds(self) -> set[int]:
        """Return the guilds that have one."""
        return {board.guild_id for board in await self._store.boards()}

    async def place(self, guild_id: int, channel_id: int, *, member_id: int) -> Board:
        """Have a board posted in this channel; the one that stands elsewhere, or there, is to go."""
        placed = Board(guild_id, channel_id, None, int(self._clock()), "", member_id)
        before = await self._store.board(guild_id)
        if before is not None:
            placed = _in_place_of(before, placed)
        await self._store.put_board(placed)
        return placed

    async def renew(self, board: Board) -> Board:
        """Have it posted anew, and the message that it is now deleted."""
        renewed = _in_place_of(board, replace(board, message_id=None, posted_at=int(self._clock())))
        await self._store.note_board(renewed)
        return renewed

    async def posted(self, board: Board, message_id: int, content: str) -> Board:
        """Note which message it is now; the one before it is gone."""
        posted = replace(
            board,
            message_id=message_id,
            posted_at=int(self._clock()),
            content=content,
            old_channel_id=None,
            old_message_id=None,
        )
        await self._store.note_board(posted)
        return posted

    async def edited(self, board: Board, content: str) -> None:
        """Note what it shows now."""
        await self._store.note_board(replace(board, content=content))

    async def forget(self, board: Board) -> bool:
        """Give it up; return False if it is gone already, or stands in another channel by now."""
        return await self._store.delete_board(board.guild_id, board.channel_id)

    def is_editable(self, board: Board) -> bool:
        """Tell whether its message is young enough for Discord to take an edit."""
        return self._clock() - board.posted_at < EDITABLE_SECONDS

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return self._clock()


def _in_place_of(before: Board, board: Board) -> Board:
    if before.message_id is None:  # to be posted itself: what it was to take the place of may be there still
        return replace(board, old_channel_id=before.old_channel_id, old_message_id=before.old_message_id)
    return replace(board, old_channel_id=before.channel_id, old_message_id=before.message_id)
