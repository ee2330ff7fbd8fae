"""Hands a bot token to Sensay once, and finds out what became of it."""

from dataclasses import replace

from bot.errors import ForbiddenError, ProviderError, UnauthorizedError
from bot.providers.base.outcome import CancelOnShutdown, LookupResult, Outcome, try_look, write_and_look
from bot.providers.sensay.client import SensayClient
from bot.providers.sensay.models import ListedReplica, Replica


async def look_before(client: SensayClient, replica_uuid: str) -> ListedReplica | None:
    """Return what Sensay's list has of the replica; None if the list cannot be read.

    Raises UnauthorizedError and ForbiddenError: with such credentials nothing else works either.
    """
    try:
        return await client.look_up(replica_uuid)
    except (UnauthorizedError, ForbiddenError):
        raise
    except ProviderError:
        return None


def was_connected(listed: bool | None, *, remembered: bool) -> bool | None:  # noqa: FBT001 - what Sensay lists
    """Tell whether a replica had a Discord bot before; None where only our own record says so."""
    return None if remembered and listed is False else listed


async def hand_over(
    client: SensayClient,
    replica_uuid: str,
    discord_token: str,
    *,
    was_connected: bool | None,
    cancel_on_shutdown: CancelOnShutdown,
) -> Outcome[Replica]:
    """Send the token once; the outcome has the replica as the list shows it afterwards.

    Raises ProviderError where it is certain that Sensay did not take the token.
    """

    def judged(listed: ListedReplica) -> tuple[LookupResult, Replica | None]:
        return judge(listed, was_connected=was_connected), listed.replica

    outcome = await write_and_look(
        client.create_discord_integration(replica_uuid, discord_token),
        lambda _: (LookupResult.THERE, None),
        lambda: client.look_up(replica_uuid),
        judged,
        cancel_on_shutdown,
    )
    if outcome.doubt is not None:
        return outcome
    # Sensay's yes does not say what it has made of the token; the list does.
    return replace(outcome, found=(await try_look_up(client, replica_uuid, cancel_on_shutdown)).replica)


async def try_look_up(
    client: SensayClient, replica_uuid: str, cancel_on_shutdown: CancelOnShutdown
) -> ListedReplica:
    """Look into the list; a list that cannot be read shows nothing, and is no error."""
    listed = await try_look(client.look_up(replica_uuid), cancel_on_shutdown)
    return listed or ListedReplica(None, complete=False)


def judge(listed: ListedReplica, *, was_connected: bool | None) -> LookupResult:
    """Say what the list proves about a token to which no clear answer came.

    Where an integration was there before, it may still be the old one: the list does not tell them apart.
    """
    if listed.on_discord is None:
        return LookupResult.UNKNOWN
    if not listed.on_discord:
        return LookupResult.NOT_THERE
    return LookupResult.THERE if was_connected is False else LookupResult.UNKNOWN
