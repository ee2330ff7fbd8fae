"""Sends what the outbox holds, so that each incident and each board has one message that shows how it is."""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from weakref import WeakValueDictionary

import structlog

from bot.backoff import Backoff
from bot.errors import InvalidInputError, UnavailableError, UnreachableError
from bot.features.alerts.alert_mover import AlertMover
from bot.features.alerts.board_mover import BoardDroppedError, BoardMover
from bot.features.alerts.delivery import reference_of
from bot.features.alerts.messenger import (
    BoardNotice,
    ChannelRefusedError,
    MessageGoneError,
    Messenger,
    NotSentError,
)
from bot.features.alerts.store import AlertStore, BoardRow, MessageKind, OutboxRow
from bot.features.audit.service import AuditService
from bot.providers.base.current_guild import working_for

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Serves = Callable[[int], bool]
"""Tells whether this process serves a guild."""
Lane = tuple[int, str]
"""A guild, and ``board`` or ``alert`` for all its other messages: those of a lane are sent one after the
other, and no lane waits for another.
"""

FIRST_PAUSE: Final = 5
_MAX_PAUSE: Final = 600
"""Seconds between two attempts at what fails for a reason that nobody foresaw, at first and at last."""
PAUSES: Final = {MessageKind.ALERT: (FIRST_PAUSE, 600), MessageKind.BOARD: (60, 3600)}
"""Seconds before the next try: after the first failure, and at most; each failure doubles them. By lane."""
MAX_REJECTED_PAUSE: Final = 3600
"""The longest pause before a message is tried again that Discord did not take."""
_REJECTIONS: Final = frozenset({"auto_moderation", "rejected"})
MAX_IDLE_SECONDS: Final = 60.0
"""The longest time between two renderings of all boards: a board gets out of date without a check."""
GATHER_SECONDS: Final = 6.0
"""How long a guild's changes are gathered into one edit of its board."""
MAX_BOARDS_AT_ONCE: Final = 3
"""Boards that are sent at the same time: alerts come first."""
MAX_ERASURE_SECONDS: Final = 5.0
"""How long the erasure of a guild's data waits for Discord."""
MAX_CLOCK_STEP_SECONDS: Final = 2.0
"""The system's clock is corrected by so little all the time."""
MAX_A_SECOND: Final = 20
"""Requests to Discord over all guilds and all processes. It takes 50 from a bot, and members' commands need
theirs.
"""


class RateLimiter:
    """Lets so many requests through in any second; those that are too many wait for their turn."""

    def __init__(self, a_second: int, part: Callable[[], float] = lambda: 1.0) -> None:
        """a_second: by all processes. part: this one's, above 0 and at most 1; it may change."""
        self._a_second = a_second
        self._part = part
        self._turns: deque[float] = deque(maxlen=a_second)

    def pause(self, now: float) -> float:
        """Return for how many seconds the caller has to wait. now: seconds that never go back."""
        a_second = self._a_second * self._part()
        turn = max(now, self._turns[-1]) if self._turns else now
        in_a_second = max(1, int(a_second))
        if len(self._turns) >= in_a_second:
            turn = max(turn, self._turns[-in_a_second] + max(1.0, 1 / a_second))
        self._turns.append(turn)
        return turn - now


class Outbox:
    """Works through the messages for which something is due; the store holds what must survive a restart."""

    def __init__(
        self,
        store: AlertStore,
        alerts: AlertMover,
        audit: AuditService,
        clock: Callable[[], float],
        part: Callable[[], float] = lambda: 1.0,
    ) -> None:
        """clock: seconds since 1970. part: of the requests of all processes, this one's."""
        self._store = store
        self._alerts = alerts
        self._boards = BoardMover(store, clock, self._wait_for_turn)
        self._audit = audit
        self._clock = clock
        self._rate_limiter = RateLimiter(MAX_A_SECOND, part)
        self._board_places = asyncio.Semaphore(MAX_BOARDS_AT_ONCE)
        self._busy: set[Lane] = set()
        self._locks: WeakValueDictionary[Lane, asyncio.Lock] = WeakValueDictionary()
        """Held by the worker, or by a command, while it moves a lane's messages."""
        self._woken = asyncio.Event()
        self._failing: dict[Lane, Backoff] = {}
        """Lanes that failed for a reason that nobody foresaw."""
        self._changed: dict[int, float] = {}
        """Guilds whose boards are rendered once their changes are gathered, and when the first one came."""
        self._unrendered: set[int] = set()
        """Guilds whose boards are rendered now."""
        self._rendered_at = 0.0
        """When all boards were rendered last."""
        self._latest = 0.0
        """The latest time that the clock has shown."""
        self.sent: Counter[tuple[str, bool]] = Counter()
        """How many messages Discord has taken or not, by kind and whether it did."""

    def wake(self, guild_id: int | None = None) -> None:
        """Have what is due sent at once. guild_id: a guild whose board may have changed."""
        if guild_id is not None:
            self._changed.setdefault(guild_id, self._clock())
        self._woken.set()

    def is_sending(self, guild_id: int) -> bool:
        """Tell whether a message of the guild's is being sent."""
        return any(lane[0] == guild_id for lane in self._busy)

    async def retry(self, guild_id: int) -> None:
        """Try again what could not be sent, because something has changed in the guild."""
        await self._store.retry(guild_id, int(self._clock()))
        self.wake()

    async def run(self, messenger: Messenger, serves: Serves) -> None:
        """Send whatever becomes due; never end."""
        backoff = Backoff(FIRST_PAUSE, _MAX_PAUSE)
        async with asyncio.TaskGroup() as lanes:
            while True:
                self._woken.clear()
                pause: float = FIRST_PAUSE
                try:
                    # What cannot be noted is not posted: it would be posted again.
                    if await self._store.takes_writes():
                        await self._begin(messenger, serves, lanes)
                        pause = await self._idle_seconds()
                    backoff.succeed()
                except UnavailableError:
                    pass  # the log says so already
                except Exception as error:  # noqa: BLE001 - a locked or broken file may be a whole one later
                    # Slept, because whoever has something to send would wake it at once.
                    await asyncio.sleep(backoff.fail_with(_log, "outbox_failed", error))
                    continue
                # asyncio.wait_for would swallow a cancellation that comes as the pause ends (Python 3.11).
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._woken.wait()

    async def pump(self, messenger: Messenger, serves: Serves) -> None:
        """Send what is due now; return once there is nothing left but what has to wait."""
        async with asyncio.TaskGroup() as lanes:
            await self._begin(messenger, serves, lanes)

    async def put_up_board(
        self, messenger: Messenger, guild_id: int, channel_id: int, *, member_id: int
    ) -> int | None:
        """Post a board in this channel, and delete the one that there was. Return the message's id.

        Where Discord does not take it just now, return None, and try again later. Raises
        InvalidInputError("board_channel") where the channel takes nothing; in another channel than that, the
        one that there was is posted again.
        """
        lane = guild_id, MessageKind.BOARD
        async with self._lock(lane):
            before = await self._store.board(guild_id)
            await self._store.put_board(BoardRow(guild_id, channel_id, member_id), int(self._clock()))
            with contextlib.suppress(BoardDroppedError):
                await self._work_off(messenger, lambda _: True, lane)
            board = await self._store.board(guild_id)
            if board is None or board.suspended:
                if before is None or before.channel_id == channel_id:
                    await self._store.delete_board(guild_id, channel_id)
                else:
                    await self._store.put_board(before, int(self._clock()))
                self.wake()
                raise InvalidInputError("board_channel")
            row = await self._store.message(*lane)
        self.wake()
        return None if row is None else row.message_id

    async def take_down_board(self, messenger: Messenger, guild_id: int) -> BoardRow | None:
        """Delete the guild's board and return where it was, None if there is none.

        Raises UnreachableError; the board stays then.
        """
        try:
            return await self._take_down_board(messenger, guild_id)
        except NotSentError as failed:
            raise UnreachableError("Discord") from failed

    async def _take_down_board(self, messenger: Messenger, guild_id: int) -> BoardRow | None:
        """Do what ``take_down_board`` does. Raises NotSentError."""
        lane = guild_id, MessageKind.BOARD
        async with self._lock(lane):
            board, row = await self._store.board(guild_id), await self._store.message(*lane)
            if board is None or row is None:
                return None
            message_id = row.message_id
            if row.tried_at is not None and row.channel_id is not None:
                notice = BoardNotice(guild_id, row.channel_id, 0, reference_of(row, row.posts + 1), {})
                with contextlib.suppress(ChannelRefusedError):
                    message_id = await messenger.find(notice, row.tried_at)
            for channel, message in ((row.channel_id, message_id), (row.old_channel_id, row.old_message_id)):
                if channel is not None and message is not None:
                    # Where the channel is closed to us, nothing can be done.
                    with contextlib.suppress(ChannelRefusedError, MessageGoneError):
                        await messenger.delete(guild_id, channel, message)
            await self._store.delete_board(guild_id, board.channel_id)
            return board

    async def clear_board(self, messenger: Messenger, guild_id: int) -> None:
        """Delete the board's message, if Discord lets us: once its row is erased, nobody keeps it live."""
        try:
            async with asyncio.timeout(MAX_ERASURE_SECONDS):
                await self._take_down_board(messenger, guild_id)
        except (NotSentError, TimeoutError) as failed:
            _log.info("board_left_behind", guild=guild_id, error=type(failed).__name__)

    async def _begin(self, messenger: Messenger, serves: Serves, tasks: asyncio.TaskGroup) -> None:
        now = self._clock()
        is_set_back = now < self._latest - MAX_CLOCK_STEP_SECONDS
        if is_set_back or not self._latest:
            # At the start it is not known: the clock may have been set back meanwhile.
            await self._store.set_back(int(now), is_known=is_set_back)
        self._latest = now
        if not _is_within(MAX_IDLE_SECONDS, self._rendered_at, now):
            self._unrendered |= {board.guild_id for board in await self._store.boards()}
            self._rendered_at = now
            await self._resume_idle(messenger, serves, int(now))
        for guild_id, since in list(self._changed.items()):
            if not _is_within(GATHER_SECONDS, since, now):
                del self._changed[guild_id]
                self._unrendered.add(guild_id)
        self._unrendered = set(filter(serves, self._unrendered))
        due = await self._store.due_lanes(int(now))
        boards = [(guild_id, MessageKind.BOARD) for guild_id in self._unrendered]
        for lane in dict.fromkeys([*due, *boards]):
            if serves(lane[0]) and lane not in self._busy:
                self._busy.add(lane)
                with working_for(lane[0]):
                    tasks.create_task(self._serve(messenger, serves, lane))

    async def _resume_idle(self, messenger: Messenger, serves: Serves, now: int) -> None:
        """Resume routes that are to be sent nothing, where nothing is known to keep the bot from posting."""
        for guild_id, channel_id in await self._store.idle_suspended(now):
            if serves(guild_id) and messenger.can_post(guild_id, channel_id):
                await self._store.resume(guild_id, channel_id, now)

    async def _idle_seconds(self) -> float:
        now = self._clock()
        next_at = await self._store.next_due(int(now))
        times = [
            self._rendered_at + MAX_IDLE_SECONDS,
            *(at + GATHER_SECONDS for at in self._changed.values()),
        ]
        if next_at is not None:
            times.append(next_at)
        return max(0.0, min(min(times) - now, MAX_IDLE_SECONDS))

    async def _serve(self, messenger: Messenger, serves: Serves, lane: Lane) -> None:
        """See to a lane until nothing more is due."""
        guild_id, kind = lane
        places = self._board_places if kind == MessageKind.BOARD else contextlib.nullcontext()
        pause = 0.0
        try:
            async with places, self._lock(lane):
                try:
                    await self._work_off_and_note(messenger, serves, lane)
                    self._failing.pop(lane, None)
                except UnavailableError:
                    pause = FIRST_PAUSE
                except Exception as error:  # noqa: BLE001 - what could not be noted is due again, but not at once
                    backoff = self._failing.setdefault(lane, Backoff(FIRST_PAUSE, _MAX_PAUSE))
                    pause = backoff.fail_with(_log, "outbox_failed", error, guild=guild_id)
            # No command and no other guild's board waits for that.
            if pause:
                await asyncio.sleep(pause)
        finally:
            self._busy.discard(lane)
        # Something may have become due while this lane counted as busy.
        if kind == MessageKind.ALERT or guild_id in self._unrendered:
            self.wake()

    async def _work_off_and_note(self, messenger: Messenger, serves: Serves, lane: Lane) -> None:
        """Work off, and record in the audit log what became of a board."""
        guild_id, is_board = lane[0], lane[1] == MessageKind.BOARD
        before = await self._store.board(guild_id) if is_board else None
        try:
            await self._work_off(messenger, serves, lane)
        except BoardDroppedError as dropped:
            await self._note_board(guild_id, dropped.channel_id, dropped.why)
        board = None if before is None or before.suspended else await self._store.board(guild_id)
        if board is not None and board.suspended:
            await self._note_board(guild_id, board.channel_id, board.suspended)

    async def _note_board(self, guild_id: int, channel_id: int, why: str) -> None:
        channel = f"channel · {channel_id}"
        await self._audit.note(guild_id, "integrations.board", channel, f"refused:{why}")

    async def _work_off(self, messenger: Messenger, serves: Serves, lane: Lane) -> None:
        """Make one move after the other until nothing more is due. Raises BoardDroppedError."""
        while serves(lane[0]) and (rows := await self._due(*lane)):
            for row in rows:
                # A command, or the message before, may have changed it since.
                fresh = await self._store.message(row.guild_id, row.kind, row.route, row.number)
                if fresh is not None:
                    await self._see_to(messenger, fresh)

    async def _due(self, guild_id: int, lane: str) -> list[OutboxRow]:
        now = int(self._clock())
        if lane != MessageKind.BOARD:
            await self._alerts.assign(guild_id)
            return await self._store.due(guild_id, lane, now)
        if guild_id not in self._unrendered:
            return await self._store.due(guild_id, lane, now)
        self._unrendered.discard(guild_id)
        row = await self._store.message(guild_id, MessageKind.BOARD)
        return [] if row is None or (row.next_at is not None and row.next_at > now) else [row]

    async def _see_to(self, messenger: Messenger, row: OutboxRow) -> None:
        """Make one move, and note when the next one is due. Raises BoardDroppedError."""
        is_board = row.kind == MessageKind.BOARD
        try:
            if is_board:
                after = await self._boards.move(messenger, row)
            else:
                after = await self._alerts.move(messenger, row, self._wait_for_turn)
        except (BoardDroppedError, UnavailableError):
            raise
        except Exception as error:  # noqa: BLE001 - one message that fails delays no other
            # As it was noted last: perhaps as tried.
            after = await self._store.message(row.guild_id, row.kind, row.route, row.number) or row
            after = self._failed(after, _reason(error))
            _log.warning(
                "board_not_shown" if is_board else "alert_not_sent",
                guild=row.guild_id,
                route=row.route,
                number=row.number,
                tries=after.tries,
                error=str(error) or type(error).__name__,
                # A cause that nobody foresaw is told in full once, not at every try.
                exc_info=None
                if after.error == row.error or isinstance(error, (NotSentError, TimeoutError))
                else error,
            )
        if after.tries > row.tries:
            self.sent[row.kind, False] += 1
        elif (after.posts, after.edited_at) != (row.posts, row.edited_at):
            self.sent[row.kind, True] += 1
        if after != row:
            await self._store.note(after, row)

    def _failed(self, row: OutboxRow, why: str) -> OutboxRow:
        """Return the row of a message that could not be sent, with the time of the next try."""
        first, longest = PAUSES[MessageKind.BOARD if row.kind == MessageKind.BOARD else MessageKind.ALERT]
        if why in _REJECTIONS:
            longest = MAX_REJECTED_PAUSE
        pause = min(first * 2 ** min(row.tries, 10), longest)
        return replace(row, tries=row.tries + 1, error=why, next_at=int(self._clock()) + pause)

    async def _wait_for_turn(self) -> bool:
        """Wait until a request may be sent; return whether that took time."""
        pause = self._rate_limiter.pause(asyncio.get_running_loop().time())
        await asyncio.sleep(pause)
        return pause > 0

    def _lock(self, lane: Lane) -> asyncio.Lock:
        return self._locks.setdefault(lane, asyncio.Lock())


def _is_within(seconds: float, since: float, now: float) -> bool:
    """Tell whether less than so many seconds have passed; False if the clock was set back."""
    return 0 <= now - since < seconds


def _reason(error: Exception) -> str:
    """Return why a message could not be sent, as members are told."""
    if isinstance(error, NotSentError):
        return error.why
    return "rate_limited" if isinstance(error, TimeoutError) else "unexpected"
