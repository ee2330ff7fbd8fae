"""Keeps each guild's board live: one message, edited when what it shows has changed, and only then."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

import aiohttp
import discord
import structlog

from bot.errors import InvalidInputError
from bot.i18n.catalog import LOCALES
from bot.runtime.board_embed import board_embed

if TYPE_CHECKING:
    from bot.runtime.client import PatchbayBot
    from bot.services.boards import Board

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 60.0
"""Between two looks at all boards: what gets out of date does so without a check."""
_GATHER_SECONDS: Final = 6.0
"""For which changes are gathered into one edit."""
_AT_ONCE: Final = 3
"""Discord takes 50 requests a second from a bot, and alerts come first."""
_FIRST_PAUSE: Final = 60
_LONGEST_PAUSE: Final = 3600
"""Seconds after an edit that failed; twice as many after each further one."""
_PATIENCE: Final = 30.0
"""Seconds; discord.py waits for as long as it takes, and the other boards with it."""
_BEFORE_ERASURE: Final = 5.0
"""Seconds that the erasure of a guild's data waits for Discord."""
_LOOKED_THROUGH: Final = 50
"""Messages, for one of which nobody knows whether it was posted."""
_CLOCKS_APART: Final = 60
"""Seconds by which Discord's clock may be behind ours."""
_UNKNOWN_MESSAGE: Final = 10008
_NONCE: Final = 25
"""Characters, at most."""
_TOO_MANY_EDITS: Final = 30046
# What a proxy answers by itself has no code; with the others our request or Discord's network is at fault.
_NOT_THE_CHANNEL: Final = frozenset({0, 40001, 40333})
_FAILURES: Final = (discord.HTTPException, aiohttp.ClientError, OSError)


class Boards:
    """The boards of the guilds that this process serves."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot
        self._records = bot.board_records
        self._known: set[int] = set()
        """The guilds that have a board, as far as was seen."""
        self._due: set[int] = set()
        self._nap: asyncio.Task[None] | None = None
        self._looked_at = 0.0
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        """By guild: a board that is moved must not be edited meanwhile."""
        self._pauses: dict[int, tuple[int, float]] = {}
        """By guild, of those whose board could not be kept live: for how long to leave it, and since when."""

    def ring(self, guild_id: int) -> None:
        """Have a guild's board looked at soon, if it has one."""
        if guild_id in self._known:
            self._due.add(guild_id)
            if self._nap is not None:
                self._nap.cancel()

    async def run(self) -> None:
        """Look at all boards, and sooner at those for which somebody rings; never ends."""
        while True:
            try:
                await self._round()
            except Exception:  # noqa: BLE001 - the next round may go better
                _log.exception("boards_failed")
            await self._wait()

    async def place(self, guild: discord.Guild, channel_id: int, *, member_id: int) -> Board:
        """Post a board in this channel, and delete the one that there was.

        Where Discord does not take it just now, its ``message_id`` is None, and it is tried again later.
        Raises InvalidInputError("board_channel") where the channel takes nothing.
        """
        async with self._lock(guild.id):
            board = await self._records.place(guild.id, channel_id, member_id=member_id)
            self._known.add(guild.id)
            self._pauses.pop(guild.id, None)
            try:
                await self._delete_old(board)
                return await self._post(board, await self._embed(guild))
            except _FAILURES as failed:
                if _refusal(failed):
                    await self._records.forget(board)
                    raise InvalidInputError("board_channel") from None
                self._put_off(guild.id, failed)
                return board

    async def take_down(self, guild_id: int) -> Board | None:
        """Delete the guild's board and return what it was, None if there is none.

        Raises discord.HTTPException; the board stays then.
        """
        async with self._lock(guild_id):
            board = await self._records.board(guild_id)
            if board is not None:
                if board.message_id is not None:
                    await self._delete(guild_id, board.channel_id, board.message_id)
                await self._delete_old(board)
                await self._records.forget(board)
            return board

    async def clear_away(self, guild_id: int) -> None:
        """Delete the board's message, if Discord lets us: without its row it would look live for ever."""
        try:
            async with asyncio.timeout(_BEFORE_ERASURE):
                await self.take_down(guild_id)
        except _FAILURES as failed:
            _log.info("board_left_behind", guild=guild_id, error=type(failed).__name__)

    async def _round(self) -> None:
        due, self._due = self._due, set()
        if not self._is_within(_LOOK_SECONDS, self._looked_at):
            self._looked_at = self._records.now()
            self._known = await self._records.guilds()
            due |= self._known
        await asyncio.gather(*(self._keep(guild_id) for guild_id in due))

    async def _wait(self) -> None:
        """Return soon after somebody has rung, and once a minute."""
        if not self._due:
            self._nap = asyncio.create_task(asyncio.sleep(_LOOK_SECONDS))
            try:
                await asyncio.wait({self._nap})
            finally:
                self._nap.cancel()
                self._nap = None
        await asyncio.sleep(_GATHER_SECONDS)

    async def _keep(self, guild_id: int) -> None:
        guild = self._bot.get_guild(guild_id)
        if guild is None or guild.unavailable or guild_id not in self._bot.served:
            return
        async with self._places, self._lock(guild_id):
            if self._is_within(*self._pauses.get(guild_id, (0, 0.0))):
                return
            try:
                board = await self._records.board(guild_id)
                if board is not None:
                    await self._try(guild, board)
            except Exception:  # noqa: BLE001 - one that fails is no reason to leave the others
                _log.exception("board_failed", guild=guild_id)

    async def _try(self, guild: discord.Guild, board: Board) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._show(guild, board)
        except _FAILURES as failed:
            if reason := _refusal(failed):
                await self._give_up(board, reason)
            else:
                self._put_off(guild.id, failed)
        else:
            self._pauses.pop(guild.id, None)

    async def _show(self, guild: discord.Guild, board: Board) -> None:
        """Have the board show how things are."""
        embed = await self._embed(guild)
        if board.message_id is None:
            await self._delete_old(board)
            await self._post_again(board, embed)
            return
        content = _digest(embed)
        if content == board.content:
            return
        if self._records.is_editable(board) and await self._edit(board, board.message_id, embed):
            await self._records.edited(board, content)
            return
        # The old one goes first: there are never two, and whether somebody has deleted it shows in time.
        board = await self._records.renew(board)
        if await self._delete_old(board):
            await self._post(board, embed)
        else:
            await self._give_up(board, "not_found")

    async def _embed(self, guild: discord.Guild) -> discord.Embed:
        watching = self._bot.watching
        return board_embed(
            await watching.troubles(guild.id),
            await watching.integrations(guild.id),
            self._bot.catalog[guild.preferred_locale.value],
            self._bot.providers,
            self._bot.tree.command_ids,
        )

    async def _edit(self, board: Board, message_id: int, embed: discord.Embed) -> bool:
        """Return False if Discord wants it posted anew."""
        message = self._channel(board.guild_id, board.channel_id).get_partial_message(message_id)
        try:
            await message.edit(embed=embed, allowed_mentions=discord.AllowedMentions.none())
        except discord.HTTPException as failed:
            if failed.code != _TOO_MANY_EDITS:
                raise
            return False
        return True

    async def _post(self, board: Board, embed: discord.Embed) -> Board:
        return await self._records.posted(board, await self._send(board, embed), _digest(embed))

    async def _post_again(self, board: Board, embed: discord.Embed) -> None:
        """Post it, unless it was and nobody took note: the bot was stopped then, or had no answer."""
        message_id = await self._find(board)
        if message_id is None:
            message_id = await self._send(board, embed)
        # Discord may have taken it for the first one: what it shows then is not known, and is found out.
        await self._records.posted(board, message_id, "")

    async def _find(self, board: Board) -> int | None:
        """Return the message that would have been forgotten, None if there is none."""
        footers = {self._bot.catalog[locale]("board.footer") for locale in LOCALES}
        since = datetime.fromtimestamp(board.posted_at - _CLOCKS_APART, UTC)
        channel = self._channel(board.guild_id, board.channel_id)
        async for message in channel.history(limit=_LOOKED_THROUGH, after=since):
            shown = {embed.footer.text for embed in message.embeds}
            if message.author == self._bot.user and shown & footers:
                return message.id
        return None

    async def _send(self, board: Board, embed: discord.Embed) -> int:
        message = await self._channel(board.guild_id, board.channel_id).send(
            embed=embed,
            nonce=_nonce(board),
            silent=True,
            allowed_mentions=discord.AllowedMentions.none(),
        )
        return message.id

    async def _delete_old(self, board: Board) -> bool:
        """Delete what the board takes the place of; return False if somebody has done that before."""
        if board.old_channel_id is None or board.old_message_id is None:
            return True
        return await self._delete(board.guild_id, board.old_channel_id, board.old_message_id)

    async def _delete(self, guild_id: int, channel_id: int, message_id: int) -> bool:
        try:
            await self._channel(guild_id, channel_id).get_partial_message(message_id).delete()
        except discord.HTTPException as failed:
            if not _refusal(failed):
                raise
            # Where the channel is closed to us, it is out of our hands.
            return failed.code != _UNKNOWN_MESSAGE
        return True

    async def _give_up(self, board: Board, reason: str) -> None:
        """Stop with a board: for each further refusal Discord comes nearer to blocking our address.

        Whoever has deleted the message does not want it there.
        """
        self._pauses.pop(board.guild_id, None)
        if await self._records.forget(board):
            _log.info("board_given_up", guild=board.guild_id, reason=reason)
            target = f"channel · {board.channel_id}"
            await self._bot.audit.note(board.guild_id, "integrations.board", target, f"refused:{reason}")

    def _put_off(self, guild_id: int, failed: BaseException) -> None:
        before, _ = self._pauses.get(guild_id, (0, 0.0))
        pause = min(2 * before, _LONGEST_PAUSE) or _FIRST_PAUSE
        self._pauses[guild_id] = pause, self._records.now()
        error, code = type(failed).__name__, getattr(failed, "code", None)
        _log.warning("board_not_shown", guild=guild_id, error=error, code=code, again_in=pause)

    def _is_within(self, seconds: float, since: float) -> bool:
        """Tell whether so many seconds are not over yet; they are if the clock was set back."""
        return 0 <= self._records.now() - since < seconds

    def _lock(self, guild_id: int) -> asyncio.Lock:
        return self._locks.setdefault(guild_id, asyncio.Lock())

    def _channel(self, guild_id: int, channel_id: int) -> discord.PartialMessageable:
        return self._bot.get_partial_messageable(channel_id, guild_id=guild_id)


def _refusal(failed: BaseException) -> str:
    """Return why the channel takes nothing, or the message is gone; empty for what may go better later."""
    if isinstance(failed, discord.NotFound) and failed.code not in _NOT_THE_CHANNEL:
        return "not_found"
    if isinstance(failed, discord.Forbidden) and failed.code not in _NOT_THE_CHANNEL:
        return "forbidden"
    return ""


def _digest(embed: discord.Embed) -> str:
    shown = json.dumps(embed.to_dict(), sort_keys=True)
    return hashlib.sha256(shown.encode()).hexdigest()


def _nonce(board: Board) -> str:
    """Return the same for each attempt at one message: Discord takes one alone, for some minutes."""
    what = f"{board.guild_id}:{board.channel_id}:{board.old_message_id}:{board.posted_at}"
    return hashlib.sha256(what.encode()).hexdigest()[:_NONCE]
