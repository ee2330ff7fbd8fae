"""Sensay: runs replicas (chatbot personas) and hosts their Discord bots."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.kit.api_client import ApiClient
from bot.kit.credentials import CredentialField
from bot.kit.endpoint import ApiVersion, Endpoint, Switch
from bot.kit.integration import Choice, is_id
from bot.kit.provider import Provider
from bot.kit.report import Report, Reports
from bot.providers.sensay.client import SensayClient

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import httpx

    from bot.kit.credentials import Credentials
    from bot.kit.memo import Memo
    from bot.kit.redaction import Redactor


class SensayProvider(Provider):
    """https://docs.sensay.io; the contract that Patchbay holds it to is ``contract.yaml``."""

    slug = "sensay"
    name = "Sensay"
    fields = (
        CredentialField("organization_secret"),
        CredentialField("user_id", required=False, secret=False, max_length=128),
        CredentialField(
            "user_id_type",
            required=False,
            secret=False,
            max_length=16,
            choices=("discord", "telegram", "embed"),
            needs="user_id",
        ),
    )
    endpoints = (
        Endpoint(
            "PATCHBAY_SENSAY_URL",
            "https://api.sensay.io",
            # https://docs.sensay.io/topic/topic-versioning
            ApiVersion("X-API-Version", "2025-03-25", path="/v1/users/me"),
        ),
    )
    switches = (Switch("PATCHBAY_SENSAY_UNDOCUMENTED_DELETE"),)

    def __init__(
        self,
        http: httpx.AsyncClient,
        urls: Mapping[str, str],
        switches: Mapping[str, bool],
        redactor: Redactor,
    ) -> None:
        self._base = urls["PATCHBAY_SENSAY_URL"]
        self.may_try_removal = switches["PATCHBAY_SENSAY_UNDOCUMENTED_DELETE"]
        """Whether the operator allows the guessed way to remove an integration."""
        self._api = ApiClient(http, self.slug, [self._base], redactor, version=self.endpoints[0].version)

    def client(self, credentials: Credentials, memo: Memo | None = None) -> SensayClient:
        """Return a client that acts with these credentials. memo: of the same ones."""
        return SensayClient(self._api, self._base, credentials, memo)

    async def verify(self, credentials: Credentials) -> None:
        """Ask who we are; an organization without a user has no such call and asks for one replica."""
        client = self.client(credentials)
        if client.acts_as_user:
            await client.me()
        else:
            await client.replicas(page_size=1)

    async def choices(self, credentials: Credentials) -> Sequence[Choice]:
        """List the replicas that the credentials own."""
        replicas = await self.client(credentials).own_replicas()
        return [
            Choice(replica.uuid, replica.name or replica.uuid, replica.state)
            for replica in replicas.items
            if replica.uuid
        ]

    def host(self, credentials: Credentials) -> str:  # noqa: ARG002 - the same for any
        """Return the one host that there is."""
        return urlsplit(self._base).netloc

    async def reports(
        self,
        credentials: Credentials,
        ids: Collection[str],  # noqa: ARG002 - the list has all, and without any trace what was deleted
        memo: Memo,
    ) -> Reports:
        """List the replicas that the credentials own and that are on Discord; Sensay names no server."""
        replicas = await self.client(credentials, memo).own_replicas(on_discord=True)
        items = tuple(
            Report(replica.uuid, replica.name or replica.uuid, replica.state)
            for replica in replicas.items
            if replica.state is not None
            if replica.uuid is not None and is_id(replica.uuid)
        )
        return Reports(items, replicas.complete)


PROVIDER = SensayProvider
