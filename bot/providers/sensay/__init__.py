"""Sensay: runs replicas (chatbot personas) and hosts their Discord bots."""

from collections.abc import Collection, Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from bot.providers.base.credentials import CredentialField, Credentials
from bot.providers.base.endpoint import ApiVersion, Endpoint, Switch
from bot.providers.base.error_format import ErrorFormat
from bot.providers.base.integration import Choice, is_id
from bot.providers.base.provider import Provider
from bot.providers.base.report import Report, Reports
from bot.providers.base.response_cache import ResponseCache
from bot.providers.sensay.client import SensayClient

_URL: Final = "PATCHBAY_SENSAY_URL"
_REMOVAL: Final = "PATCHBAY_SENSAY_UNDOCUMENTED_DELETE"


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
            _URL,
            "https://api.sensay.io",
            "where Sensay is reached",
            # https://docs.sensay.io/topic/topic-versioning
            ApiVersion("X-API-Version", "2025-03-25", path="/v1/users/me"),
        ),
    )
    # ``success`` and ``error_code`` prove nothing: proxies' own reports have fields of these names too.
    error_format = ErrorFormat(
        frozenset({"error", "request_id", "fingerprint", "inner_exception"}),
        # https://docs.sensay.io/operation/operation-get-v1-replicas-parameter-chat-history-discord
        frozenset({(HTTPStatus.NOT_FOUND, ("chat", "history", "discord"))}),
    )
    switches = (
        Switch(
            _REMOVAL,
            "`/sensay disconnect` also tries a way to remove an integration that Sensay documents nowhere",
        ),
    )
    audit_actions = ("connect", "disconnect")

    @property
    def may_try_removal(self) -> bool:
        """Whether the operator allows the undocumented request that may remove an integration."""
        return self._switches[_REMOVAL]

    def client(self, credentials: Credentials, cache: ResponseCache | None = None) -> SensayClient:
        """Return a client that acts with these credentials. cache: earlier answers to the same ones."""
        return SensayClient(self._api, self._urls[_URL], credentials, cache)

    async def verify(self, credentials: Credentials) -> None:
        """Ask who the user is; credentials without a user have no such call and ask for one replica."""
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
        """Return the only host that there is."""
        return urlsplit(self._urls[_URL]).netloc

    async def reports(
        self,
        credentials: Credentials,
        ids: Collection[str],  # noqa: ARG002 - the list has all, and no trace of what was deleted
        cache: ResponseCache,
    ) -> Reports:
        """Report the replicas that the credentials own and that are on Discord; Sensay names no server."""
        replicas = await self.client(credentials, cache).own_replicas(on_discord=True)
        items = tuple(
            Report(replica.uuid, replica.name or replica.uuid, replica.state)
            for replica in replicas.items
            if replica.state is not None
            if replica.uuid is not None and is_id(replica.uuid)
        )
        return Reports(items, replicas.complete)


PROVIDER = SensayProvider
