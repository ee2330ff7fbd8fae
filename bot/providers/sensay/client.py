"""Sensay's HTTP interface, one method per operation."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from bot.errors import ProviderError
from bot.kit.api_client import ApiClient, Request
from bot.kit.memo import Memo
from bot.providers.sensay.models import (
    Completion,
    History,
    Removal,
    RemovalOutcome,
    Replica,
    ReplicaPage,
    Replicas,
    Sighting,
    Sources,
    Success,
    Usage,
    User,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.kit.credentials import Credentials

PAGE_SIZE: Final = 100
"""No maximum is published; the vendor's own Telegram runner uses this."""
MOST_PAGES: Final = 5
LONGEST_CONTENT: Final = 10_000
"""Characters. An older edition of the reference says this, the newest ten times as many."""
ANSWER_DEADLINE: Final = 60.0
"""Seconds: a model thinks longer than a list takes."""

_OWNER: Final = "owner"
_WITHOUT_SUCCESS: Final[Mapping[int, RemovalOutcome]] = {
    # A body is what the sibling for Telegram sends; who removes and says no more has removed as well.
    HTTPStatus.NO_CONTENT: RemovalOutcome.REMOVED,
    HTTPStatus.NOT_FOUND: RemovalOutcome.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: RemovalOutcome.NOT_ALLOWED,
}


class SensayClient:
    """Acts with one connection's credentials. memo: what was read with them before, if it was kept."""

    def __init__(self, api: ApiClient, base: str, credentials: Credentials, memo: Memo | None = None) -> None:
        self._api = api
        self._base = base
        self._credentials = credentials
        self._memo = memo or Memo()

    @property
    def acts_as_user(self) -> bool:
        """Whether the credentials name a user; without one they act for the whole organization."""
        return "user_id" in self._credentials

    async def me(self) -> User:
        """Return the acting user (needs a user id). Raises ProviderError."""
        return await self._api.send(self._request("GET", "v1", "users", "me"), User)

    async def owner(self) -> str | None:
        """Return whose replicas are the caller's own, None for the whole organization. Raises ProviderError.

        Asked once: the credentials stay the same.
        """
        if not self.acts_as_user:
            return None
        if _OWNER not in self._memo.facts:
            self._memo.facts[_OWNER] = (await self.me()).id
        return self._memo.facts[_OWNER]

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
        The paging names are the one pair that all snapshots of the reference know.
        """
        params: dict[str, str | int] = {"page_index": page, "page_size": page_size}
        if owner is not None:
            params["ownerID"] = owner
        if search is not None:
            params["search"] = search
        if on_discord:
            params["integration"] = "discord"
        request = self._request("GET", "v1", "replicas", params=params)
        return await self._api.send(request, ReplicaPage, self._memo)

    async def own_replicas(self, *, on_discord: bool = False) -> Replicas:
        """Return the replicas that the credentials own, ``PAGE_SIZE * MOST_PAGES`` at most.

        Raises ProviderError.

        A user is also shown everybody's public replicas, hence the filter on our side too.
        """
        owner = await self.owner()
        seen: dict[object, Replica] = {}
        complete = False
        for page in range(1, MOST_PAGES + 1):
            reply = await self.replicas(page=page, owner=owner, on_discord=on_discord)
            before = len(seen)
            seen |= {replica.uuid or replica: replica for replica in reply.items}
            complete = reply.total is not None and len(seen) >= reply.total
            # No maximum size is published, so a page may be shorter than asked for and not be the last. One
            # that brings nothing new is: a server that takes no notice of the number sends it for ever.
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

    async def look_up(self, replica_uuid: str) -> Sighting:
        """Find a replica that the credentials own, with its Discord integration. Raises ProviderError.

        The list is the only place for that: the reply about a single replica has no integrations. Those on
        Discord are looked through first, as they are fewer; absence there alone proves nothing, because the
        replica may as well be somebody else's.
        """
        for on_discord in (True, False):
            replicas = await self.own_replicas(on_discord=on_discord)
            if (replica := replicas.get(replica_uuid)) is not None:
                break
        return Sighting(replica, replicas.complete)

    async def ask(
        self, replica_uuid: str, content: str, discord_data: Mapping[str, str], *, keep: bool
    ) -> Completion:
        """Put a question to a replica as a message from Discord. Raises ProviderError.

        content: 1 to ``LONGEST_CONTENT`` characters. discord_data: the contract's DiscordData. keep: let
        the question and the answer be part of the replica's history, and that history of the answer.
        """
        request = self._request(
            "POST",
            *_replica(replica_uuid, "chat", "completions"),
            json={
                "content": content,
                "skip_chat_history": not keep,
                "source": "discord",
                "discord_data": dict(discord_data),
            },
            repeatable=True,
            deadline=ANSWER_DEADLINE,
        )
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

        Sent once. What a second call does is documented nowhere.
        """
        request = self._request(
            "POST",
            *_replica(replica_uuid, "integrations", "discord"),
            json={"discordToken": discord_token},
            secrets=(discord_token,),
        )
        await self._api.send(request, Success)

    async def try_removal(self, replica_uuid: str) -> Removal:
        """Ask for a replica's Discord integration to be removed, in a way that is documented nowhere.

        The path is a guess from the one for Telegram. Raises no ProviderError: what Patchbay itself knows
        of the integration is to be forgotten whatever Sensay says. Sent once.
        """
        request = self._request("DELETE", *_replica(replica_uuid, "integrations", "discord"))
        try:
            status, _ = await self._api.answered(request, Success)
        except ProviderError as error:
            outcome = _WITHOUT_SUCCESS.get(error.status or 0, RemovalOutcome.FAILED)
            return Removal(outcome, error if outcome is RemovalOutcome.FAILED else None)
        accepted = status == HTTPStatus.ACCEPTED
        return Removal(RemovalOutcome.ACCEPTED if accepted else RemovalOutcome.REMOVED)

    def _request(
        self,
        method: str,
        *segments: str,
        params: Mapping[str, str | int] | None = None,
        json: Mapping[str, Any] | None = None,
        secrets: tuple[str, ...] = (),
        repeatable: bool = False,
        deadline: float | None = None,
    ) -> Request:
        secret = self._credentials["organization_secret"]
        headers = {
            "X-ORGANIZATION-SECRET": secret,
            # Wanted on every call, bodyless ones included; without it Sensay may answer 415.
            "Content-Type": "application/json",
        }
        if self.acts_as_user:
            headers["X-USER-ID"] = self._credentials["user_id"]
            if "user_id_type" in self._credentials:
                headers["X-USER-ID-TYPE"] = self._credentials["user_id_type"]
        return Request(
            method=method,
            base=self._base,
            segments=segments,
            headers=headers,
            params=params,
            json=json,
            secrets=(secret, *secrets),
            repeatable=repeatable,
            deadline=deadline,
        )


def _replica(uuid: str, *segments: str) -> tuple[str, ...]:
    return ("v1", "replicas", uuid, *segments)
