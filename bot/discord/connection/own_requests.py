"""Stops requests to Discord that may not be sent: of a guild with too many invalid answers, and of a process
that another one may have replaced.
"""

from collections.abc import Callable
from typing import Final

import aiohttp

from bot.features.handover.budget import InvalidRequestBudget
from bot.providers.base.current_guild import CURRENT_GUILD

_ANSWERS: Final = ("/interactions/", "/webhooks/")
"""Parts of the paths with which interactions are answered; a member can spoil none of them."""


class RequestsStoppedError(aiohttp.ClientError):
    """A request was not sent: too many of the same guild's had an invalid answer, or the shard was lost.

    It is an error of the connection, so that nothing is concluded from it.
    """


def count_into(
    budget: InvalidRequestBudget, trace: aiohttp.TraceConfig, may_send: Callable[[], bool]
) -> aiohttp.TraceConfig:
    """Have each answer that a trace sees counted, and return the trace: invalid ones use up the budget.

    may_send: asked before each request, answers to interactions included; while it says no, each request
    ends with RequestsStoppedError.

    A limit that all bots share at a resource does not count at Discord. Requests for a guild whose part is
    used up end with RequestsStoppedError.
    https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
    """

    async def check(_session: object, _context: object, sent: aiohttp.TraceRequestStartParams) -> None:
        if not may_send():
            raise RequestsStoppedError
        guild_id = CURRENT_GUILD.get()
        if guild_id is None or any(part in sent.url.path for part in _ANSWERS):
            return
        if budget.is_spent(guild_id):
            raise RequestsStoppedError

    async def count(_session: object, _context: object, sent: aiohttp.TraceRequestEndParams) -> None:
        if sent.response.headers.get("X-RateLimit-Scope") != "shared":
            budget.count_own(sent.response.status, CURRENT_GUILD.get())

    trace.on_request_start.append(check)
    trace.on_request_end.append(count)
    return trace
