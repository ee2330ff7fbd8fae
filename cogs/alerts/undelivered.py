"""Says which alerts and boards Discord does not take at present, why, and what to do about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import discord

from bot.discord.access.agent_bots import permission_names
from bot.discord.access.posting import bot_lacks
from bot.discord.context import Context
from bot.discord.theme import when
from bot.features.alerts.routes import Route
from bot.features.alerts.sending_store import Sending
from bot.features.alerts.store import Waiting

_NO_FIX: Final = frozenset({"rate_limited", "unavailable"})
"""The reasons that pass by themselves."""


class Reason(NamedTuple):
    """Why something waits, and what to do about it; empty if it passes by itself."""

    text: str
    fix: str


@dataclass(frozen=True, slots=True)
class Undelivered:
    """What one rule, or the board, could not send.

    route: None for the board. suspended, retry_at, is_reported: as in RouteRow. unsent: how many alerts of a
    suspended rule wait. waiting: the messages that could not be sent for other reasons than the channel.
    """

    route: Route | None
    channel_id: int
    suspended: str
    retry_at: int | None
    is_reported: bool
    unsent: int
    waiting: Sequence[Waiting]

    @property
    def comparison_key(self) -> object:
        """What differs between two that are shown differently, apart from times."""
        reasons = [(each.why, each.count) for each in self.waiting]
        return self.channel_id, self.suspended, self.is_reported, self.unsent, reasons

    def lines(self, ctx: Context, *, fixes: bool) -> Iterator[str]:
        """Yield what waits and why, each followed by what to do. fixes: whether the reader may do it."""
        for reason in self.reasons(ctx):
            yield f"⚠️ {reason.text}"
            if fixes and reason.fix:
                yield f"↳ {reason.fix}"

    def reasons(self, ctx: Context) -> Iterator[Reason]:
        """Yield what waits and why."""
        texts, channel = ctx.texts, f"<#{self.channel_id}>"
        kind = "board" if self.route is None else "rule"
        if self.suspended:
            parts = [texts(f"alerts.undelivered.{kind}.{self.suspended}", channel=channel)]
            if self.unsent:
                parts.append(texts.plural("alerts.undelivered.unsent", self.unsent))
            if self.retry_at is not None:
                parts.append(texts("alerts.undelivered.retry", time=when(self.retry_at)))
            # A timeout ends by itself, so that nobody is told of it.
            if not self.is_reported and self.suspended != "timed_out":
                parts.append(texts("alerts.undelivered.untold"))
            yield Reason(" ".join(parts), self._fix_channel(ctx))
        for each in self.waiting:
            parts = [texts.plural(f"alerts.undelivered.why.{each.why}", each.count, channel=channel)]
            if each.next_at is not None:
                parts.append(texts("alerts.undelivered.retry", time=when(each.next_at)))
            fix = "" if each.why in _NO_FIX else texts(f"alerts.undelivered.fix.{each.why}")
            yield Reason(" ".join(parts), fix)

    def _fix_channel(self, ctx: Context) -> str:
        texts, guild = ctx.texts, ctx.guild
        if self.suspended != "forbidden":
            kind = "_board" if self.route is None and self.suspended == "not_found" else ""
            return texts(f"alerts.undelivered.fix.{self.suspended}{kind}")
        channel = None if guild is None else guild.get_channel_or_thread(self.channel_id)
        if isinstance(channel, (discord.TextChannel, discord.Thread)) and (lacking := bot_lacks(channel)):
            names = permission_names(lacking, texts)
            return texts("alerts.undelivered.fix.lacking", permissions=names)
        return texts(f"alerts.undelivered.fix.forbidden{'_board' if self.route is None else ''}")


async def read_undelivered(ctx: Context) -> list[Undelivered]:
    """Return what could not be sent of the guild's alerts and of its board."""
    return undelivered_of(await ctx.services.lookups.sending(ctx.guild_id))


def undelivered_of(sending: Sending) -> list[Undelivered]:
    """Return the guild's rules, by number, and its board, as far as something could not be sent."""
    found: list[Undelivered] = []
    for route in sending.routes:
        unsent = sending.unsent.get(route.number, 0)
        of_route = [each for each in sending.waiting if each.route == route.number]
        shown = route.suspended, route.retry_at, route.is_reported
        found.append(Undelivered(route, route.channel_id, *shown, unsent, of_route))
    if (board := sending.board) is not None:
        # Boards have no number; zero stands for them.
        of_board = [each for each in sending.waiting if not each.route]
        shown = board.suspended, board.retry_at, bool(board.is_reported)
        found.append(Undelivered(None, board.channel_id, *shown, 0, of_board))
    return [each for each in found if each.suspended or each.waiting]
