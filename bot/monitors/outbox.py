"""Sees to it that each incident has one message that shows how it is, whatever fails on the way there."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.monitors.messenger import (
    ChannelRefusedError,
    MessageGoneError,
    MessageSealedError,
    Notice,
    NotSentError,
)
from bot.monitors.outbox_plan import Move, plan
from bot.services.alerts import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.monitors.messenger import Messenger
    from bot.services.audit import AuditService
    from bot.store.alerts import AlertRow, AlertStore
    from bot.store.watching import WatchStore

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

FIRST_PAUSE: Final = 5
LONGEST_PAUSE: Final = 600
"""Seconds before something is tried again; each failure in a row doubles the pause up to the longest."""
LONGEST_NAP: Final = 300
"""Seconds between two looks at what is due: a guild may have come back without anybody ringing."""
MOST_A_SECOND: Final = 20
"""Requests to Discord over all guilds. It takes 50 from a bot, and members' commands want theirs."""


class Throttle:
    """Lets so many requests through in any second; those that are too many wait for their turn."""

    def __init__(self, a_second: int) -> None:
        self._turns: deque[float] = deque(maxlen=a_second)

    def pause(self, now: float) -> float:
        """Return for how many seconds whoever asks has to wait. now: seconds that never go back."""
        is_full = len(self._turns) == self._turns.maxlen
        turn = max(now, self._turns[0] + 1) if is_full else now
        self._turns.append(turn)
        return turn - now


class Outbox:
    """Works through the alerts for which something is due; all that it knows stands in the store.

    A guild's are sent one after the other, and no guild waits for another one.
    """

    def __init__(
        self, store: AlertStore, watched: WatchStore, audit: AuditService, clock: Callable[[], float]
    ) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._watched = watched
        self._audit = audit
        self._clock = clock
        self._throttle = Throttle(MOST_A_SECOND)
        self._busy: set[int] = set()
        self._nap: asyncio.Task[None] | None = None
        self._rung = False

    def ring(self, _guild_id: int | None = None) -> None:
        """Have a look at what is due at once."""
        self._rung = True
        if self._nap is not None:
            self._nap.cancel()

    async def run(self, messenger: Messenger, here: Callable[[int], bool]) -> None:
        """Send whatever becomes due; never ends. here: whether this process serves a guild."""
        async with asyncio.TaskGroup() as guilds:
            while True:
                self._rung = False
                try:
                    await self._begin(messenger, here, guilds)
                    pause = await self._idle_seconds()
                except Exception:  # noqa: BLE001 - a locked or broken file may be a whole one later
                    _log.exception("outbox_failed")
                    pause = FIRST_PAUSE
                # Between here and the nap nothing is awaited: no ring is lost.
                if not self._rung:
                    self._nap = asyncio.create_task(asyncio.sleep(pause))
                    try:
                        await asyncio.wait({self._nap})
                    finally:
                        self._nap.cancel()

    async def pump(self, messenger: Messenger, here: Callable[[int], bool]) -> None:
        """Send what is due now; return once there is nothing left but what has to wait."""
        async with asyncio.TaskGroup() as guilds:
            await self._begin(messenger, here, guilds)

    async def _begin(
        self, messenger: Messenger, here: Callable[[int], bool], guilds: asyncio.TaskGroup
    ) -> None:
        for guild_id in await self._store.due_guilds(int(self._clock())):
            if guild_id not in self._busy and here(guild_id):
                self._busy.add(guild_id)
                guilds.create_task(self._serve(messenger, here, guild_id))

    async def _idle_seconds(self) -> float:
        now = self._clock()
        next_at = await self._store.next_due(int(now))
        return LONGEST_NAP if next_at is None else min(next_at - now, LONGEST_NAP)

    async def _serve(self, messenger: Messenger, here: Callable[[int], bool], guild_id: int) -> None:
        """See to a guild's alerts until nothing more is due."""
        try:
            while here(guild_id) and (alerts := await self._store.due(guild_id, int(self._clock()))):
                for alert in alerts:
                    await self._see_to(messenger, alert)
        except Exception:  # noqa: BLE001 - what could not be noted is due again, but not at once
            _log.exception("outbox_failed", guild=guild_id)
            await asyncio.sleep(FIRST_PAUSE)
        finally:
            self._busy.discard(guild_id)
        # Something may have become due while this guild counted as busy.
        self.ring()

    async def _see_to(self, messenger: Messenger, alert: AlertRow) -> None:
        """Make one move, and note when the next one is due. Raises what the store raises."""
        # Before anything is read: what is sent after a long wait must not be about what was before it.
        await asyncio.sleep(self._throttle.pause(asyncio.get_running_loop().time()))
        try:
            after = await self._moved(messenger, alert)
        except Exception as error:  # noqa: BLE001 - one alert that fails keeps back no other
            # As it was noted last: perhaps as tried.
            after = await self._store.alert(alert.guild_id, alert.number) or alert
            pause = min(FIRST_PAUSE * 2 ** min(after.tries, 10), LONGEST_PAUSE)
            after = replace(after, tries=after.tries + 1, next_at=int(self._clock()) + pause)
            _log.warning(
                "alert_not_sent",
                guild=alert.guild_id,
                number=alert.number,
                tries=after.tries,
                error=str(error),
                exc_info=None if isinstance(error, NotSentError) else error,
            )
        await self._store.note(after, alert)

    async def _moved(self, messenger: Messenger, alert: AlertRow) -> AlertRow:
        """Make one move; return the alert as it is then, with the time of the next one."""
        guild_id, now = alert.guild_id, int(self._clock())
        incident = await self._watched.incident(guild_id, alert.number)
        row = await self._store.route(guild_id)
        route = None if row is None else Route.of(row)
        muted_until = None
        if incident is not None:
            muted_until = await self._watched.muted_until(
                guild_id, incident.kind, incident.provider, incident.id
            )
        move, next_at = plan(incident, alert, route, muted_until, now)
        if move is Move.WAIT or incident is None:
            return replace(alert, next_at=next_at)
        if move is Move.SETTLE:
            after = replace(alert, shown=alert.wanted)
        else:
            is_muted = muted_until is not None and now < muted_until
            notice = Notice(0, incident, muted_until if is_muted else None, None, "")
            try:
                after = await _Turn(self._store, messenger, alert, route, notice, now).make(move)
            except ChannelRefusedError as refused:
                assert route is not None  # noqa: S101 - no other channel's refusal counts
                await self._lose(messenger, guild_id, route, refused.why)
                # It waits for a channel from now on; should that be set just now, it is due again by that.
                return replace(alert, next_at=None)
        rest = plan(incident, after, route, muted_until, now)
        return replace(after, next_at=rest.next_at if rest.move is Move.WAIT else now)

    async def _lose(self, messenger: Messenger, guild_id: int, route: Route, why: str) -> None:
        """Send nothing more there: for each further refusal Discord comes nearer to blocking our address."""
        if await self._store.lose_route(guild_id, route.channel_id, why):
            channel = f"channel · {route.channel_id}"
            _log.warning("alerts_lost", guild=guild_id, channel=route.channel_id, why=why)
            await self._audit.note(guild_id, "alerts.lost", channel, f"refused:{why}")
            await messenger.tell_lost(guild_id, replace(route, lost=why))


class _Turn:
    """One move of one alert. Each but ``make`` returns the alert as it is afterwards."""

    def __init__(
        self,
        store: AlertStore,
        messenger: Messenger,
        alert: AlertRow,
        route: Route | None,
        notice: Notice,
        now: int,
    ) -> None:
        """notice: without what depends on the move."""
        self._store = store
        self._messenger = messenger
        self._alert = alert
        self._route = route
        self._notice = notice
        self._now = now

    async def make(self, move: Move) -> AlertRow:
        """Make it. Raises ChannelRefusedError if the route's channel did, NotSentError, and whatever else."""
        alert = self._alert
        match move:
            case Move.FIND:
                return await self._find()
            case Move.CLEAR:
                await self._delete()
                return replace(
                    alert,
                    channel_id=None if alert.message_id is None else alert.channel_id,
                    old_message_id=None,
                    tries=0,
                )
            case Move.TAKE_DOWN:
                # Before it is deleted: one that is gone without a note seems to be somebody else's doing.
                return replace(
                    alert,
                    channel_id=None if alert.message_id is None else alert.channel_id,
                    message_id=None,
                    old_message_id=alert.message_id,
                    shown=self._behind(),
                )
            case Move.POST | Move.REPOST if self._route is not None:
                incident = self._notice.incident
                is_wanted = incident.closed_at is None and incident.acknowledged_by is None
                return await self._post(self._route, self._route.role_id if is_wanted else None)
            case Move.EDIT:
                return await self._edit()
        raise AssertionError(move)

    def _behind(self) -> int:
        """Stands for a message of which nobody knows whether it shows the latest."""
        return self._alert.wanted - 1

    def _reference(self, posts: int) -> str:
        """Return what stands in the message that was the so-many-eth to be posted."""
        return f"#{self._alert.number}.{posts}"

    @contextlib.contextmanager
    def _elsewhere(self) -> Iterator[None]:
        """Pass over what a channel refuses to which no alerts go any more."""
        try:
            yield
        except ChannelRefusedError:
            if self._route is not None and self._route.channel_id == self._alert.channel_id:
                raise

    async def _find(self) -> AlertRow:
        alert = self._alert
        assert alert.channel_id is not None and alert.tried_at is not None  # noqa: S101, PT018 - noted together
        found = None
        with self._elsewhere():
            reference = self._reference(alert.posts + 1)
            found = await self._messenger.find(alert.guild_id, alert.channel_id, reference, alert.tried_at)
        if found is None:
            before = alert.old_message_id
            return replace(
                alert,
                channel_id=None if before is None else alert.channel_id,
                message_id=before,
                old_message_id=None,
                tried_at=None,
                shown=self._behind() if before is None else alert.shown,
                # It may still be on its way: what is posted next is not taken to show the latest.
                tries=max(alert.tries, 1),
            )
        return replace(
            alert,
            message_id=found,
            posts=alert.posts + 1,
            shown=self._behind(),
            told_at=alert.tried_at,
            tried_at=None,
            tries=0,
        )

    async def _delete(self) -> None:
        alert = self._alert
        assert alert.channel_id is not None and alert.old_message_id is not None  # noqa: S101, PT018 - planned so
        with self._elsewhere(), contextlib.suppress(MessageGoneError):
            await self._messenger.delete(alert.guild_id, alert.channel_id, alert.old_message_id)

    async def _post(self, route: Route, role_id: int | None) -> AlertRow:
        alert = self._alert
        tried = replace(
            alert,
            channel_id=route.channel_id,
            message_id=None,
            old_message_id=alert.message_id,
            tried_at=self._now,
        )
        await self._store.note(tried, alert)
        reference = self._reference(alert.posts + 1)
        notice = replace(self._notice, channel_id=route.channel_id, role_id=role_id, reference=reference)
        message_id = await self._messenger.post(notice)
        return replace(
            tried,
            message_id=message_id,
            posts=alert.posts + 1,
            # After a failure it can be the message of an earlier try, which Discord knew by its nonce.
            shown=self._behind() if alert.tries else alert.wanted,
            tried_at=None,
            tries=0,
            told_at=self._now,
        )

    async def _edit(self) -> AlertRow:
        alert, route = self._alert, self._route
        assert alert.channel_id is not None and alert.message_id is not None  # noqa: S101, PT018 - planned so
        shown = replace(alert, shown=alert.wanted, tries=0)
        notice = replace(self._notice, channel_id=alert.channel_id, reference=self._reference(alert.posts))
        try:
            with self._elsewhere():
                await self._messenger.edit(notice, alert.message_id)
        except MessageGoneError:
            return replace(shown, message_id=None)
        except MessageSealedError:
            if route is None or route.lost or route.channel_id != alert.channel_id:
                raise NotSentError("sealed") from None
            return await self._post(route, None)
        return shown
