"""Makes one move of an alert, a recovery or a summary, and decides which alert tells of an incident."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Final

import structlog

from bot.features.alerts.delivery import Delivery, Marks
from bot.features.alerts.group_store import GroupStore, GroupUnit
from bot.features.alerts.holds import Held, HoldReader
from bot.features.alerts.incident_store import Incident, IncidentStore
from bot.features.alerts.messenger import (
    AnyNotice,
    ChannelRefusedError,
    Messenger,
    Notice,
    RecoveryNotice,
    SummaryNotice,
)
from bot.features.alerts.outbox_plan import (
    Mention,
    Move,
    Plan,
    Situation,
    due_mentions,
    plan_alert,
    plan_pending,
    plan_recovery,
    plan_summary,
    retry_time,
    wants_reply,
)
from bot.features.alerts.quiet_hours_store import QuietHoursStore
from bot.features.alerts.routes import Recovery, Route
from bot.features.alerts.store import AlertStore, MessageKind, OutboxRow, PendingRow
from bot.features.audit.service import AuditService

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

MAX_SEND_SECONDS: Final = 30.0
"""The longest time for one move: without a limit discord.py waits for as long as a rate limit says."""
_WITHOUT_REQUEST: Final = frozenset({Move.WAIT, Move.SETTLE, Move.TAKE_DOWN})
"""The moves that ask nothing of Discord."""


class AlertMover:
    """Works on one guild's alerts at a time; the store holds what must survive a restart."""

    def __init__(
        self,
        store: AlertStore,
        groups: GroupStore,
        incidents: IncidentStore,
        holds: HoldReader,
        quiet_hours: QuietHoursStore,
        audit: AuditService,
        clock: Callable[[], float],
        *,
        interval: int,
    ) -> None:
        """clock: seconds since 1970. interval: seconds between two checks."""
        self._store = store
        self._groups = groups
        self._incidents = incidents
        self._holds = holds
        self._quiet_hours = quiet_hours
        self._audit = audit
        self._clock = clock
        self._interval = interval

    async def assign(self, guild_id: int) -> None:
        """Decide for each incident that is to be reported now which alert tells of it."""
        now = int(self._clock())
        for pending in await self._groups.pending(guild_id, now):
            incident = await self._incidents.get(guild_id, pending.incident)
            held = {} if incident is None else (await self._holds.of(guild_id, [incident], now)).until
            # What was kept quiet until later is reported now if that has ended before its time.
            due = replace(pending, due_at=min(pending.due_at, now))
            decide = partial(
                self._assign, pending=due, incident=incident, held=held.get(due.incident), now=now
            )
            await self._groups.transact(decide)

    async def _assign(
        self, unit: GroupUnit, *, pending: PendingRow, incident: Incident | None, held: int | None, now: int
    ) -> None:
        latest = await unit.latest(pending.guild_id, pending.route)
        alert, later = plan_pending(pending, incident, latest, held, self._interval)
        if alert is None:
            await unit.delay(pending, later or now)
        elif alert == 0:
            await unit.drop(pending)
        elif latest is not None and alert == latest.number:
            await unit.join(pending, alert, now)
        else:
            await unit.begin(pending, now)

    async def move(
        self, messenger: Messenger, row: OutboxRow, wait_for_turn: Callable[[], Awaitable[bool]]
    ) -> OutboxRow:
        """Make one move; return the row as it is then, with the time of the next move.

        wait_for_turn: waits until a request may be sent, and returns whether that took time.
        """
        situation, held = await self._situation(row)
        plan = await self._plan(situation)
        if plan.move not in _WITHOUT_REQUEST and await wait_for_turn():
            # What is sent after a wait must not be about the time before.
            row = await self._store.message(row.guild_id, row.kind, row.route, row.number) or row
            situation, held = await self._situation(row)
            plan = await self._plan(situation)
        route, now = situation.route, situation.now
        if plan.move is Move.WAIT:
            return replace(row, next_at=plan.next_at)
        if plan.move is Move.SETTLE:
            after = replace(row, sent_version=row.desired_version)
        else:
            try:
                after = await self._deliver(messenger, situation, held, plan)
            except ChannelRefusedError as refused:
                assert route is not None  # noqa: S101 - no other channel's refusal counts
                return replace(row, next_at=await self._suspend(messenger, row.guild_id, route, refused, now))
        await self._follow_up(messenger, situation, after, plan)
        rest = await self._plan(replace(situation, row=after))
        return replace(after, next_at=rest.next_at if rest.move is Move.WAIT else now)

    async def _situation(self, row: OutboxRow) -> tuple[Situation, Held]:
        guild_id, now = row.guild_id, int(self._clock())
        stored = await self._store.route(guild_id, row.route)
        route = None if stored is None else Route.of(stored)
        if row.kind == MessageKind.SUMMARY:
            until = _end_of(row, now)
            incidents = await self._groups.reported(guild_id, row.route, row.began_at, until)
        else:
            incidents = await self._groups.members(guild_id, row.route, row.number)
        held = await self._holds.of(guild_id, incidents, now)
        stored_hours = await self._quiet_hours.get(guild_id)
        quiet_hours = None if stored_hours is None else await stored_hours.hours()
        is_alert = row.kind == MessageKind.ALERT
        situation = Situation(
            incidents,
            row,
            route,
            now,
            held.until,
            quiet_since=None if quiet_hours is None else quiet_hours.since(now),
            quiet_until=None if quiet_hours is None else quiet_hours.until(now),
            has_summary=is_alert and await self._groups.has_summary(guild_id, row.route),
            is_silent=is_alert and await self._groups.is_silent(guild_id, row.route, row.number),
        )
        return situation, held

    async def _plan(self, situation: Situation) -> Plan:
        """Decide what is done next; what quiet hours delay is left to a summary."""
        row = situation.row
        match row.kind:
            case MessageKind.SUMMARY:
                return plan_summary(situation, is_wanted=bool(await self._owed(situation)))
            case MessageKind.RECOVERY:
                plan = plan_recovery(situation)
            case _:
                plan = plan_alert(situation)
        since, until = situation.quiet_since, situation.quiet_until
        if plan.is_delayed and since is not None and until is not None:
            await self._groups.delay_mention(row.guild_id, row.route, since=since, until=until)
        return plan

    async def _owed(self, summary: Situation) -> list[tuple[MessageKind, int]]:
        """Return the kinds and numbers of the messages for which a summary mentions the route's role."""
        row, route = summary.row, summary.route
        owed: list[tuple[MessageKind, int]] = []
        listed = {each.number for each in summary.incidents}
        for alert in await self._groups.open_alerts(row.guild_id, row.route):
            situation, _ = await self._situation(alert)
            if listed.isdisjoint(each.number for each in situation.incidents):
                continue  # that alert tells somebody by itself
            if any(mention is Mention.ROLE and at <= summary.now for at, mention in due_mentions(situation)):
                owed.append((MessageKind.ALERT, alert.number))
        if route is not None and route.recovery is Recovery.MENTION:
            untold = await self._groups.untold_recoveries(row.guild_id, row.route)
            owed += [(MessageKind.RECOVERY, number) for number in untold]
        return owed

    async def _deliver(self, messenger: Messenger, situation: Situation, held: Held, plan: Plan) -> OutboxRow:
        route, row = situation.route, situation.row
        is_posted = plan.move in {Move.POST, Move.REPOST}
        # One that is over, or attended to, before it is posted tells nobody: should it come back, it does.
        marks = Marks(
            is_told=is_posted and (bool(plan.mentions) or (situation.is_silent and bool(situation.open))),
            is_escalated=is_posted and Mention.SECOND_ROLE in plan.mentions,
            may_repost=bool(situation.audible) or not situation.held,
        )
        notice = await self._notice(situation, held, plan)
        target = None if route is None else route.channel_id
        delivery = Delivery(self._store, messenger, row, notice, target, marks, situation.now)
        async with asyncio.timeout(MAX_SEND_SECONDS):
            return await delivery.make(plan.move)

    async def _notice(self, situation: Situation, held: Held, plan: Plan) -> AnyNotice:
        """Return what the message shows; channel and reference are filled in when it is sent."""
        row, route, incidents = situation.row, situation.route, situation.incidents
        chosen = []
        if route is not None:
            roles = {Mention.ROLE: route.role_id, Mention.SECOND_ROLE: route.second_role_id}
            chosen = [
                role for mention, role in roles.items() if mention in plan.mentions and role is not None
            ]
        match row.kind:
            case MessageKind.SUMMARY:
                # They may have been ended before their time.
                until = _end_of(row, situation.now)
                return SummaryNotice(row.guild_id, 0, row.route, row.began_at, until, incidents, chosen, "")
            case MessageKind.RECOVERY:
                alert = await self._store.message(row.guild_id, MessageKind.ALERT, row.route, row.number)
                reply_to = None if alert is None else alert.message_id
                return RecoveryNotice(row.guild_id, 0, row.route, row.number, incidents, reply_to, chosen, "")
        open_ones = {each.number for each in situation.open}
        is_escalated = Mention.SECOND_ROLE in plan.mentions
        return Notice(
            row.guild_id,
            0,
            row.route,
            row.number,
            incidents,
            {number: until for number, until in held.muted.items() if number in open_ones},
            {number: until for number, until in held.maintenance.items() if number in open_ones},
            chosen,
            None if route is None else route.second_role_id,
            situation.now if is_escalated else row.escalated_at,
            "",
        )

    async def _follow_up(self, messenger: Messenger, before: Situation, after: OutboxRow, plan: Plan) -> None:
        """Have done what follows from a message that was sent."""
        guild_id, route, now, move = after.guild_id, before.route, before.now, plan.move
        if route is None:
            return
        is_there = after.channel_id == route.channel_id
        is_posted = move in {Move.POST, Move.REPOST}
        # Whoever may not post may still edit.
        is_proof = is_posted or (move is Move.EDIT and messenger.can_post(guild_id, route.channel_id))
        if route.suspended and is_there and is_proof:
            await self._store.resume(guild_id, route.channel_id, now)
        if after.kind == MessageKind.ALERT and move is Move.EDIT and after.message_id is None:
            await self._groups.release_joined(after, now)
        if after.message_id is None:
            return
        is_summary_sent = is_posted or move is Move.FIND
        if after.kind == MessageKind.SUMMARY and is_summary_sent:
            for kind, number in await self._owed(before):
                await self._groups.mark_told(guild_id, kind, after.route, number, now)
        is_shown = after.desired_version == after.sent_version and is_there
        if after.kind == MessageKind.ALERT and is_shown and wants_reply(before):
            key = (guild_id, MessageKind.RECOVERY, after.route, after.number)
            await self._groups.add_message(*key, began_at=after.began_at, next_at=now)

    async def _suspend(
        self, messenger: Messenger, guild_id: int, route: Route, refused: ChannelRefusedError, now: int
    ) -> int:
        """Send nothing to a channel that refuses for a while, and tell the managers; return until when.

        Further refusals would have Discord block our address.
        """
        is_news = not route.suspended
        retry_at = retry_time(refused.until, now)
        suspend = partial(
            self._store.suspend_routes,
            guild_id,
            route.channel_id,
            why=refused.why,
            now=now,
            retry_at=retry_at,
        )
        await suspend(is_reported=route.is_reported)
        if is_news:
            channel = f"channel · {route.channel_id}"
            _log.warning("alerts_suspended", guild=guild_id, channel=route.channel_id, why=refused.why)
            await self._audit.note(guild_id, "alerts.lost", channel, f"refused:{refused.why}")
        # That the bot is timed out passes by itself, and the list of routes says so.
        if refused.why != "timed_out" and not route.is_reported:
            lost = replace(route, suspended=refused.why)
            if await messenger.report_lost_route(guild_id, lost):
                await suspend(is_reported=True)
        return retry_at


def _end_of(summary: OutboxRow, now: int) -> int:
    """Return when the quiet hours of a summary ended; they may have been removed before their end."""
    return min(summary.number * 60, now)
