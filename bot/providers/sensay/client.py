"""Sensay's HTTP interface, one method per operation."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from bot.errors import IntermediaryError, ProviderError
from bot.providers.base.api_client import ApiClient, Request
from bot.providers.base.credentials import Credentials
from bot.providers.base.response_cache import ResponseCache
from bot.providers.sensay.models import (
    Completion,
    History,
    ListedReplica,
    Removal,
    RemovalOutcome,
    Replica,
    ReplicaPage,
    Replicas,
    Sources,
    Success,
    Usage,
    User,
)

PAGE_SIZE: Final = 100
"""Sensay publishes no maximum; its own Telegram runner uses this size."""
MAX_PAGES: Final = 5
MAX_CONTENT: Final = 10_000
"""Characters, by an older edition of the reference; the newest one allows ten times as many."""
ANSWER_DEADLINE: Final = 60.0
"""Seconds; a model needs longer for an answer than Sensay for a list."""

_OWNER: Final = "owner"
_WITHOUT_SUCCESS: Final[Mapping[int, RemovalOutcome]] = {
    # The operation for Telegram answers with a body; an answer without one means a removal too.
    HTTPStatus.NO_CONTENT: RemovalOutcome.REMOVED,
    HTTPStatus.NOT_FOUND: RemovalOutcome.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: RemovalOutcome.NOT_ALLOWED,
}


class SensayClient:
    """Acts with one connection's credentials. cache: earlier answers to them, None to parse each anew."""

    def __init__(
        self, api: ApiClient, base: str, credentials: Credentials, cache: ResponseCache | None = None
    ) -> None:
        self._api = api
        self._base = base
        self._credentials = credentials
        self._cache = cache

    @property
    def acts_as_user(self) -> bool:
        """Whether the credentials name a user; without one they act for the whole organization."""
        return "user_id" in self._credentials

    async def me(self) -> User:
        """Return the acting user (needs a user id), and keep its id as a fact. Raises ProviderError."""
        user = await self._api.send(self._request("GET", "v1", "users", "me"), User)
        self._credentials.facts.note(_OWNER, user.id)
        return user

    async def owner(self) -> str | None:
        """Return the id of the user whose replicas are the caller's own, None for the whole organization.

        Sensay is asked once, as the credentials stay the same. Raises ProviderError.
        """
        if not self.acts_as_user:
            return None
        return await self._credentials.facts.once(_OWNER, self._ask_owner)

    async def _ask_owner(self) -> str:
        return (await self.me()).id

    async def replicas(
        self,
        *,
        page: int = 1,
        page_size: int = PAGE_SIZE,
        owner: str | None = None,
        search: str | None = None,
        on_discord: bool = False,
    ) -> ReplicaPage:
        """Return one page of replicas, pages counted from 1. Raises ProviderError.

        owner: only this user's. search: part of a name. on_discord: only those that have an integration.
        The names of the paging parameters are the only pair that all snapshots of the reference know.
        """
        params: dict[str, str | int] = {"page_index": page, "page_size": page_size}
        if owner is not None:
            params["ownerID"] = owner
        if search is not None:
            params["search"] = search
        if on_discord:
            params["integration"] = "discord"
        request = replace(self._request("GET", "v1", "replicas"), params=params)
        return await self._api.send(request, ReplicaPage, self._cache)

    async def own_replicas(self, *, on_discord: bool = False) -> Replicas:
        """Return the replicas that the credentials own, ``PAGE_SIZE * MAX_PAGES`` at most.

        Sensay also shows everybody's public replicas to a user, so they are filtered here too. Raises
        ProviderError.
        """
        owner = await self.owner()
        seen: dict[object, Replica] = {}
        repeated = 0
        complete = False
        for page in range(1, MAX_PAGES + 1):
            reply = await self.replicas(page=page, owner=owner, on_discord=on_discord)
            before = len(seen)
            for replica in reply.distinct:
                seen.setdefault(replica.uuid or replica, replica)
            repeated += reply.repeated if len(seen) > before else 0
            complete = reply.total is not None and len(seen) + repeated >= reply.total
            # No maximum size is published, so a page may be shorter than asked for and not be the last one.
            # A page that brings nothing new ends the list: a server may ignore the page number.
            if complete or len(seen) == before:
                break
        owned = tuple(
            replica
            for replica in seen.values()
            if replica.uuid
            if owner in {None, replica.owner_id}
            if not on_discord or replica.discord_integration is not None
        )
        return Replicas(owned, complete)

    async def replica(self, replica_uuid: str) -> Replica:
        """Return one replica, which shows no integrations. Raises ProviderError."""
        request = self._request("GET", *_replica(replica_uuid))
        # This operation takes the organization's secret alone.
        headers = {name: value for name, value in request.headers.items() if not name.startswith("X-USER")}
        return await self._api.send(replace(request, headers=headers), Replica)

    async def look_up(self, replica_uuid: str) -> ListedReplica:
        """Find a replica that the credentials own, with its Discord integration. Raises ProviderError.

        Only the list shows integrations: the reply about a single replica has none. The replicas on Discord
        are read first, as they are fewer; a replica that is not among them may be somebody else's.
        """
        for on_discord in (True, False):
            replicas = await self.own_replicas(on_discord=on_discord)
            if (replica := replicas.get(replica_uuid)) is not None:
                break
        return ListedReplica(replica, replicas.complete)

    async def ask(
        self, replica_uuid: str, content: str, discord_data: Mapping[str, str], *, keep: bool
    ) -> Completion:
        """Put a question to a replica as a message from Discord. Raises ProviderError.

        content: 1 to ``MAX_CONTENT`` characters. discord_data: the contract's DiscordData. keep: whether the
        replica answers from its history, and adds the question and the answer to it.
        """
        body = {
            "content": content,
            "skip_chat_history": not keep,
            "source": "discord",
            "discord_data": dict(discord_data),
        }
        request = self._request("POST", *_replica(replica_uuid, "chat", "completions"))
        request = replace(request, json=body, repeatable=True, deadline=ANSWER_DEADLINE)
        return await self._api.send(request, Completion)

    async def usage(self) -> Usage:
        """Return this month's counters of the acting user (needs a user id). Raises ProviderError."""
        return await self._api.send(self._request("GET", "v1", "users", "me", "usage"), Usage)

    async def sources(self, replica_uuid: str) -> Sources:
        """Return how many conversations a replica has had on each platform. Raises ProviderError."""
        segments = _replica(replica_uuid, "analytics", "conversations", "sources")
        return await self._api.send(self._request("GET", *segments), Sources)

    async def history(self, replica_uuid: str) -> History:
        """Return a replica's running total of conversations, day by day. Raises ProviderError."""
        segments = _replica(replica_uuid, "analytics", "conversations", "historical")
        return await self._api.send(self._request("GET", *segments), History)

    async def create_discord_integration(self, replica_uuid: str, discord_token: str) -> None:
        """Hand a Discord bot token to Sensay, which then runs that bot for the replica. Raises ProviderError.

        The request is sent once. What a second one does is documented nowhere.
        """
        request = self._request("POST", *_replica(replica_uuid, "integrations", "discord"))
        secrets = (*request.secrets, discord_token)
        request = replace(request, json={"discordToken": discord_token}, secrets=secrets)
        await self._api.send(request, Success)

    async def try_removal(self, replica_uuid: str) -> Removal:
        """Ask for the removal of a replica's Discord integration, in a way that is documented nowhere.

        The path is a guess from the one for Telegram. The request is sent once. It raises no ProviderError:
        Patchbay forgets its own record of the integration whatever Sensay says.
        """
        request = self._request("DELETE", *_replica(replica_uuid, "integrations", "discord"))
        try:
            status, _ = await self._api.answered(request, Success)
        except ProviderError as error:
            outcome = RemovalOutcome.FAILED
            if not isinstance(error, IntermediaryError):  # it says nothing of the operation
                outcome = _WITHOUT_SUCCESS.get(error.status or 0, outcome)
            return Removal(outcome, error if outcome is RemovalOutcome.FAILED else None)
        accepted = status == HTTPStatus.ACCEPTED
        return Removal(RemovalOutcome.ACCEPTED if accepted else RemovalOutcome.REMOVED)

    def _request(self, method: str, *segments: str) -> Request:
        secret = self._credentials["organization_secret"]
        headers = {
            "X-ORGANIZATION-SECRET": secret,
            # Sensay may answer 415 without it, even to a call that has no body.
            "Content-Type": "application/json",
        }
        if self.acts_as_user:
            headers["X-USER-ID"] = self._credentials["user_id"]
            if "user_id_type" in self._credentials:
                headers["X-USER-ID-TYPE"] = self._credentials["user_id_type"]
        return Request(method, self._base, segments, headers, secrets=(secret,))


def _replica(uuid: str, *segments: str) -> tuple[str, ...]:
    return ("v1", "replicas", uuid, *segments)
