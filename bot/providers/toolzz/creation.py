"""Hands a bot token to Toolzz once, and finds out what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.errors import ProviderError, RestartingError
from bot.kit.integration import Verdict
from bot.providers.toolzz.models import MOST_ENTRIES, Integration

if TYPE_CHECKING:
    from bot.providers.toolzz.client import ToolzzClient
    from bot.providers.toolzz.models import Settings

UnlessStopping = Callable[[Coroutine[Any, Any, tuple[Integration, ...]]], Awaitable[tuple[Integration, ...]]]
"""Awaits; raises RestartingError when the bot is told to stop meanwhile."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a token.

    doubt: why Toolzz's answer does not say whether it took the token, None where it said yes. integration:
    the new one, in whichever form Toolzz sent it, where the verdict is ``THERE``.
    """

    doubt: ProviderError | None
    verdict: Verdict
    integration: Integration | None


async def listed_before(client: ToolzzClient, unit_id: str) -> tuple[Integration, ...] | None:
    """Return what a unit has before anything is created; None where Toolzz does not say."""
    try:
        return await client.integrations(unit_id)
    except ProviderError:
        return None


async def create_once(
    client: ToolzzClient,
    settings: Settings,
    channels: Sequence[Mapping[str, object]],
    discord_token: str,
    *,
    known: frozenset[str] | None,
    unless_stopping: UnlessStopping,
) -> Outcome:
    """Create an integration; without a clear answer, look for it in the unit's list.

    channels: Discord's own channel objects. known: ids of what was listed before, None where nobody knows.
    Raises ProviderError where it is certain that Toolzz did not create it.
    """
    try:
        made = await client.create(settings, channels, discord_token)
    except ProviderError as error:
        if not error.outcome_unknown:
            raise
        doubt = error
    else:
        return Outcome(None, Verdict.THERE, made)
    if known is None:
        return Outcome(doubt, Verdict.UNKNOWN, None)
    try:
        listed = await unless_stopping(client.integrations(settings.unit_id))
    except (ProviderError, RestartingError):
        return Outcome(doubt, Verdict.UNKNOWN, None)
    return Outcome(doubt, *judge(listed, settings, known))


def judge(
    listed: Iterable[Integration], settings: Settings, known: frozenset[str]
) -> tuple[Verdict, Integration | None]:
    """Say what a unit's list proves about an integration that was asked for.

    Toolzz may have written the title in its own way, and an entry may lack a field: what could be the new one
    is no proof against it.
    """
    entries = list(listed)
    if len(entries) >= MOST_ENTRIES:
        return Verdict.UNKNOWN, None
    standing = candidates(entries, settings.agent_id, settings.guild_id)
    match [entry for entry in standing if entry.id not in known]:
        case []:
            return Verdict.NOT_THERE, None
        case [entry] if (entry.agent_id, entry.guild_id, entry.title) == (
            settings.agent_id,
            settings.guild_id,
            settings.title,
        ):
            return Verdict.THERE, entry
    return Verdict.UNKNOWN, None


def candidates(listed: Iterable[Integration], agent_id: str, guild_id: str) -> tuple[Integration, ...]:
    """Return what may be an integration of this agent in this server: an entry may lack a field."""
    return tuple(
        entry
        for entry in listed
        if not entry.is_deleted
        if entry.agent_id in {None, agent_id}
        if entry.guild_id in {None, guild_id}
    )


def had_one(before: Sequence[Integration] | None, agent_id: str, guild_id: str) -> bool | None:
    """Tell whether the agent may have been in the server before anything was created; None: nobody knows."""
    if before is None:
        return None
    if candidates(before, agent_id, guild_id):
        return True
    return None if len(before) >= MOST_ENTRIES else False


def judge_later(
    listed: Sequence[Integration], agent_id: str, guild_id: str, *, had_one: bool | None
) -> tuple[Verdict, tuple[Integration, ...]]:
    """Say what a list proves once all that is left from before is whether there was one already.

    Also returns what it can be: of several, or where there was one before, nobody can say which is new.
    """
    possible = candidates(listed, agent_id, guild_id)
    if len(listed) >= MOST_ENTRIES:
        return Verdict.UNKNOWN, possible
    match possible:
        case []:
            return Verdict.NOT_THERE, ()
        case [entry] if had_one is False and (entry.agent_id, entry.guild_id) == (agent_id, guild_id):
            return Verdict.THERE, possible
    return Verdict.UNKNOWN, possible
