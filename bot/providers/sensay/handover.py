"""Hands a bot token to Sensay once, and finds out what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.errors import ForbiddenError, ProviderError, RestartingError, UnauthorizedError
from bot.kit.integration import Verdict
from bot.providers.sensay.models import Sighting

if TYPE_CHECKING:
    from bot.providers.sensay.client import SensayClient
    from bot.providers.sensay.models import Replica

UnlessStopping = Callable[[Coroutine[Any, Any, Sighting]], Awaitable[Sighting]]
"""Awaits; raises RestartingError when the bot is told to stop meanwhile."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a token.

    doubt: why Sensay's answer does not say whether it took the token, None where it said yes. replica: as the
    list shows it afterwards, None where it does not, or could not be read.
    """

    doubt: ProviderError | None
    verdict: Verdict
    replica: Replica | None


async def was_there(client: SensayClient, replica_uuid: str) -> bool | None:
    """Tell whether the replica has a Discord integration before anything is sent; None if Sensay cannot say.

    Raises UnauthorizedError and ForbiddenError: with such credentials nothing else will work either.
    """
    try:
        sighting = await client.look_up(replica_uuid)
    except (UnauthorizedError, ForbiddenError):
        raise
    except ProviderError:
        return None
    return sighting.on_discord


def had_one(listed: bool | None, *, remembered: bool) -> bool | None:  # noqa: FBT001 - what Sensay lists
    """Say whether a replica had a Discord bot before; not known where only our own record says so."""
    return None if remembered and listed is False else listed


async def hand_over(
    client: SensayClient,
    replica_uuid: str,
    discord_token: str,
    *,
    had_one: bool | None,
    unless_stopping: UnlessStopping,
) -> Outcome:
    """Send the token, once, then look into the list. had_one: what ``was_there`` said before.

    Raises ProviderError where it is certain that Sensay did not take the token.
    """
    doubt = None
    try:
        await client.create_discord_integration(replica_uuid, discord_token)
    except ProviderError as error:
        if not error.outcome_unknown:
            raise
        doubt = error
    sighting = await glance(client, replica_uuid, unless_stopping)
    return Outcome(doubt, judge(sighting, had_one=had_one) if doubt else Verdict.THERE, sighting.replica)


async def glance(client: SensayClient, replica_uuid: str, unless_stopping: UnlessStopping) -> Sighting:
    """Look into the list; what keeps it from being read says nothing, and is no error either."""
    try:
        return await unless_stopping(client.look_up(replica_uuid))
    except (ProviderError, RestartingError):
        return Sighting(None, complete=False)


def judge(sighting: Sighting, *, had_one: bool | None) -> Verdict:
    """Say what a look into the list proves about a token without a good answer.

    An integration that was there before may still be the old one: the list does not tell them apart.
    """
    if sighting.on_discord is None:
        return Verdict.UNKNOWN
    if not sighting.on_discord:
        return Verdict.NOT_THERE
    return Verdict.THERE if had_one is False else Verdict.UNKNOWN
