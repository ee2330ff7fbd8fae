"""Learns in which time zone Toolzz writes times, from its answers to our own writes."""

from bot.discord.context import Context
from bot.providers.toolzz.times import ReportedTime


def learn_zone(ctx: Context, written: ReportedTime | None, before: ReportedTime | None = None) -> None:
    """Learn from the time of a write that was just answered, in the background: the member's answer is first.

    before: the same field right before the write; a time that has not changed is not that of the write.
    """
    if written is None or written.unzoned is None:
        return
    if before is None or before.text != written.text:
        learning = ctx.services.provider_clocks.learn("toolzz", written.host, written.unzoned)
        ctx.services.background.start(learning)
