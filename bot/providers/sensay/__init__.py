"""Sensay: runs replicas (chatbot personas) and hosts their Discord bots."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from bot.errors import NotFoundError, ProviderError, ProviderTimeoutError, RateLimitedError
from bot.providers.base.credentials import CredentialField, Credentials
from bot.providers.base.endpoint import ApiVersion, Endpoint, Switch
from bot.providers.base.error_format import ErrorFormat
from bot.providers.base.integration import Choice, State, is_id
from bot.providers.base.provider import Provider
from bot.providers.base.report import MAX_SINGLE_READS, NOT_LISTED, Report, Reports, Wanted, in_turn
from bot.providers.base.response_cache import ResponseCache
from bot.providers.sensay.client import SensayClient

_URL: Final = "PATCHBAY_SENSAY_URL"
_REMOVAL: Final = "PATCHBAY_SENSAY_UNDOCUMENTED_DELETE"
_LAST: Final = "last_single_read"
"""What is kept between checks: the last replica that was read by itself."""


class SensayProvider(Provider):
    """https://docs.sensay.io; the contract that Patchbay holds it to is ``contract.yaml``."""

    slug = "sensay"
    name = "Sensay"
    fields = (
        CredentialField(
            "organization_secret",
            page="https://docs.sensay.io/operation/operation-post-v1-api-keys-invites-parameter-redeem",
        ),
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
            "/v1/users/me",
            # https://docs.sensay.io/topic/topic-versioning
            ApiVersion("X-API-Version", "2025-03-25"),
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
        self._api.under_way.begin_anew()
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

    async def reports(self, credentials: Credentials, wanted: Wanted, cache: ResponseCache) -> Reports:
        """Report the replicas that the credentials own and that are on Discord; Sensay names no server.

        Only the list says whether a replica's bot is active. Of a wanted one that the list lacks, a read of
        its own says no more than whether the replica exists.
        """
        client = self.client(credentials, cache)
        items = {
            replica.uuid: Report(
                replica.uuid,
                replica.name or replica.uuid,
                replica.state,
                bot_id=None if replica.discord_integration is None else replica.discord_integration.bot_id,
            )
            for replica in (await client.own_replicas(on_discord=True)).items
            if replica.state is not None
            if replica.uuid is not None and is_id(replica.uuid)
        }
        turn = in_turn(set(wanted.ids) - items.keys(), cache.notes.get(_LAST, ""), MAX_SINGLE_READS)
        missing = set()
        for uuid in turn:
            try:
                name = (await client.replica(uuid)).name
            except NotFoundError:
                missing.add(uuid)
            except RateLimitedError:
                break  # the next turn begins with it
            except ProviderTimeoutError as error:
                # Twenty slow reads would end the whole check, which has the list already.
                items[uuid] = Report(uuid, "", State.UNKNOWN, error.key)
                cache.notes[_LAST] = uuid
                break
            except ProviderError as error:
                items[uuid] = Report(uuid, "", State.UNKNOWN, error.key)
            else:
                items[uuid] = Report(uuid, name or uuid, State.UNKNOWN, NOT_LISTED)
            cache.notes[_LAST] = uuid
        return Reports(tuple(items.values()), frozenset(missing))


PROVIDER = SensayProvider
