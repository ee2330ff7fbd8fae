"""Counts the invalid answers that the bot's own requests to Discord get."""

import aiohttp

from bot.features.handover.budget import InvalidRequestBudget


def count_into(budget: InvalidRequestBudget, trace: aiohttp.TraceConfig) -> aiohttp.TraceConfig:
    """Have each answer that a trace sees counted, and return the trace: invalid ones use up the budget.

    A limit that all bots share at a resource does not count at Discord.
    https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
    """

    async def count(_session: object, _context: object, sent: aiohttp.TraceRequestEndParams) -> None:
        if sent.response.headers.get("X-RateLimit-Scope") != "shared":
            budget.count_own(sent.response.status)

    trace.on_request_end.append(count)
    return trace
