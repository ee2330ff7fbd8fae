"""Hands a bot token to Toolzz once, and finds out what became of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.errors import ProviderError, UnauthorizedError, UnknownUnitError
from bot.providers.base.outcome import CancelOnShutdown, LookupResult, Outcome, write_and_look
from bot.providers.toolzz.client import ToolzzClient
from bot.providers.toolzz.models import Agent, Integration, IntegrationList, IntegrationSettings


@dataclass(frozen=True, slots=True)
class ListedAgent:
    """What a unit's list has of one agent.

    agent: None where the list lacks it. complete: whether the whole list was read.
    """

    agent: Agent | None
    complete: bool

    @property
    def is_missing(self) -> bool:
        """Whether it is certain that the unit has no such agent."""
        return self.agent is None and self.complete


async def look_before(client: ToolzzClient, unit_id: str, agent_id: str) -> ListedAgent | None:
    """Return what the unit's list has of the agent; None if the list cannot be read.

    Raises UnauthorizedError: with such credentials nothing else works either. A 403 may be about this list
    alone.
    """
    try:
        listed = await client.agent_list(unit_id)
    except UnauthorizedError:
        raise
    except ProviderError:
        return None
    wanted = agent_id.casefold()
    found = next((agent for agent in listed.data if agent.id.casefold() == wanted), None)
    return ListedAgent(found, listed.complete)


async def try_list(client: ToolzzClient, unit_id: str) -> IntegrationList | None:
    """Return the integrations of a unit, None where Toolzz does not say. Raises UnknownUnitError."""
    try:
        return await client.integrations(unit_id)
    except UnknownUnitError:
        raise
    except ProviderError:
        return None


async def create_once(
    client: ToolzzClient,
    settings: IntegrationSettings,
    channels: Sequence[Mapping[str, object]],
    discord_token: str,
    *,
    known: frozenset[str] | None,
    cancel_on_shutdown: CancelOnShutdown,
) -> Outcome[Integration]:
    """Create an integration; without a clear answer, look for it in the unit's list.

    channels: Discord's own channel objects. known: ids of what was listed before, None where nobody knows.
    The outcome has the new integration, in whichever form Toolzz sent it, where the result is ``THERE``.
    Raises ProviderError where it is certain that Toolzz did not create it.
    """
    return await write_and_look(
        client.create(settings, channels, discord_token),
        lambda made: (LookupResult.THERE, made),
        None if known is None else lambda: client.integrations(settings.unit_id),
        lambda listed: judge(listed, settings, known or frozenset()),
        cancel_on_shutdown,
    )


def judge(
    listed: IntegrationList, settings: IntegrationSettings, known: frozenset[str]
) -> tuple[LookupResult, Integration | None]:
    """Say what a unit's list proves about an integration that was asked for.

    Toolzz may have written the title in its own way, and an entry may lack a field: what may be the new one
    is no proof against it.
    """
    if not listed.complete:
        return LookupResult.UNKNOWN, None
    standing = candidates(listed.data, settings.agent_id, settings.guild_id)
    match [entry for entry in standing if entry.id not in known]:
        case []:
            return LookupResult.NOT_THERE, None
        case [entry] if (entry.agent_id, entry.guild_id, entry.title) == (
            settings.agent_id,
            settings.guild_id,
            settings.title,
        ):
            return LookupResult.THERE, entry
    return LookupResult.UNKNOWN, None


def candidates(listed: Iterable[Integration], agent_id: str, guild_id: str) -> tuple[Integration, ...]:
    """Return what may be an integration of this agent in this server: an entry may lack a field."""
    return tuple(
        entry
        for entry in listed
        if not entry.is_deleted
        if entry.agent_id in {None, agent_id}
        if entry.guild_id in {None, guild_id}
    )


def was_connected(before: IntegrationList | None, agent_id: str, guild_id: str) -> bool | None:
    """Tell whether the agent may have been in the server before; None where nobody knows."""
    if before is None:
        return None
    if candidates(before.data, agent_id, guild_id):
        return True
    return False if before.complete else None


def judge_later(
    listed: IntegrationList, agent_id: str, guild_id: str, *, was_connected: bool | None
) -> tuple[LookupResult, tuple[Integration, ...]]:
    """Say what a list proves where all that is known from before is whether the agent was in the server.

    Also return what the new one can be: of several, or after an earlier one, nobody can say which is new.
    """
    possible = candidates(listed.data, agent_id, guild_id)
    if not listed.complete:
        return LookupResult.UNKNOWN, possible
    match possible:
        case []:
            return LookupResult.NOT_THERE, ()
        case [entry] if was_connected is False and (entry.agent_id, entry.guild_id) == (agent_id, guild_id):
            return LookupResult.THERE, possible
    return LookupResult.UNKNOWN, possible
