"""Sensay's HTTP interface, one method per operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.kit.api_client import ApiClient, Request
from bot.providers.sensay.models import ReplicaPage, Success, User

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.kit.credentials import Credentials
    from bot.providers.sensay.models import Replica

API_VERSION: Final = "2025-03-25"
PAGE_SIZE: Final = 100
"""No maximum is published; the vendor's own Telegram runner uses this."""
MOST_PAGES: Final = 5


class SensayClient:
    """Acts with one connection's credentials."""

    def __init__(self, api: ApiClient, base: str, credentials: Credentials) -> None:
        self._api = api
        self._base = base
        self._credentials = credentials

    @property
    def acts_as_user(self) -> bool:
        """Whether the credentials name a user; without one they act for the whole organization."""
        return "user_id" in self._credentials

    async def me(self) -> User:
        """Return the acting user (needs a user id). Raises ProviderError."""
        return await self._api.send(self._request("GET", "v1", "users", "me"), User)

    async def replicas(
        self, *, page: int = 1, page_size: int = PAGE_SIZE, owner: str | None = None
    ) -> ReplicaPage:
        """Return one page of replicas, pages counted from 1. Raises ProviderError.

        The paging names are the one pair that all snapshots of the reference know.
        """
        params: dict[str, str | int] = {"page_index": page, "page_size": page_size}
        if owner is not None:
            params["ownerID"] = owner
        return await self._api.send(self._request("GET", "v1", "replicas", params=params), ReplicaPage)

    async def own_replicas(self) -> tuple[Replica, ...]:
        """Return the replicas that the credentials own, ``PAGE_SIZE * MOST_PAGES`` at most.

        Raises ProviderError.

        A user is also shown everybody's public replicas, hence the filter on our side too.
        """
        owner = (await self.me()).id if self.acts_as_user else None
        found: list[Replica] = []
        for page in range(1, MOST_PAGES + 1):
            reply = await self.replicas(page=page, owner=owner)
            found += reply.items
            # No maximum size is published, so a page may be shorter than asked for and not be the last.
            if not reply.items or len(found) >= reply.total:
                break
        return tuple(replica for replica in found if owner is None or replica.owner_id == owner)

    async def create_discord_integration(self, replica_uuid: str, discord_token: str) -> None:
        """Hand a Discord bot token to Sensay, which then runs that bot for the replica. Raises ProviderError.

        Sent once. What a second call does is documented nowhere.
        """
        request = self._request(
            "POST",
            "v1",
            "replicas",
            replica_uuid,
            "integrations",
            "discord",
            json={"discordToken": discord_token},
            secrets=(discord_token,),
        )
        await self._api.send(request, Success)

    def _request(
        self,
        method: str,
        *segments: str,
        params: Mapping[str, str | int] | None = None,
        json: Mapping[str, str] | None = None,
        secrets: tuple[str, ...] = (),
    ) -> Request:
        secret = self._credentials["organization_secret"]
        headers = {
            "X-ORGANIZATION-SECRET": secret,
            "X-API-Version": API_VERSION,
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
        )
