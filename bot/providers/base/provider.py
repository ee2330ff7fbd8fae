"""The interface of a provider: the half that speaks HTTP."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from bot.providers.base.api_client import ApiClient, HttpClient
from bot.providers.base.credentials import CredentialField, Credentials
from bot.providers.base.endpoint import Endpoint, Switch
from bot.providers.base.error_format import ErrorFormat
from bot.providers.base.fair_slots import FairSlots
from bot.providers.base.integration import Choice
from bot.providers.base.redaction import Redactor
from bot.providers.base.report import Reports, Wanted
from bot.providers.base.response_cache import ResponseCache


class Provider(ABC):
    """A platform that runs AI agents.

    A provider is a package ``bot/providers/<slug>/`` whose ``PROVIDER`` is a subclass of this.
    """

    slug: ClassVar[str]
    name: ClassVar[str]
    """The proper name, the same in every language."""
    fields: ClassVar[tuple[CredentialField, ...]]
    """What an admin is asked for. The first field is the secret whose last characters identify a
    connection.
    """
    unit_field: ClassVar[str | None] = None
    """The optional field that names the unit whose agents are listed, None where there are no units."""
    endpoints: ClassVar[tuple[Endpoint, ...]]
    error_format: ClassVar[ErrorFormat]
    """By which its own refusals are told from those of a proxy in between."""
    switches: ClassVar[tuple[Switch, ...]] = ()
    audit_actions: ClassVar[tuple[str, ...]] = ()
    """What its commands record in the audit log; the text ``audit.action.<slug>.<action>`` names each."""

    def __init__(
        self, http: HttpClient, urls: Mapping[str, str], switches: Mapping[str, bool], redactor: Redactor
    ) -> None:
        """http: this provider's own client. urls, switches: by the name of the setting; URLs are checked."""
        self._urls = urls
        self._switches = switches
        self.clock_offsets: dict[str, timedelta] = {}
        """How far from UTC each host writes times without a zone; no entry where nobody knows."""
        bases = [urls[endpoint.setting] for endpoint in self.endpoints]
        version = self.endpoints[0].version
        self._api = ApiClient(http, self.slug, bases, redactor, self.error_format, version=version)

    @property
    def slots(self) -> Iterator[tuple[str, tuple[FairSlots, FairSlots]]]:
        """The places for requests to each host: the ordinary ones, and those for long requests."""
        for host, ordinary in sorted(self._api.slots.items()):
            yield host, (ordinary, self._api.slots_for_long[host])

    @classmethod
    def field_key(cls, field: str) -> str:
        """Return the key under which a credential field's label, description and placeholder stand."""
        return f"credential.{cls.slug}.{field}"

    @abstractmethod
    async def verify(self, credentials: Credentials) -> None:
        """Try the credentials with the cheapest authenticated read. Raises ProviderError."""

    @abstractmethod
    async def choices(self, credentials: Credentials) -> Sequence[Choice]:
        """Return what a member can pick with these credentials.

        Raises ProviderError, and InvalidInputError("unit") if they lack the unit that could be listed.
        """

    @abstractmethod
    def host(self, credentials: Credentials) -> str:
        """Return the host to which ``reports`` sends its requests with these credentials."""

    @abstractmethod
    async def reports(self, credentials: Credentials, wanted: Wanted, cache: ResponseCache) -> Reports:
        """Return a report of every integration that the credentials show. Raises ProviderError.

        wanted: what the guild watches; the only integrations that can be read if the provider has no list.
        What a list lacks is read by itself, ``MAX_SINGLE_READS`` at most and in turn; absence from a list
        says nothing. A wanted one that the provider marks as deleted is reported as ``INACTIVE`` with the
        detail ``GONE``; other deleted ones are left out. cache: of the same credentials.
        """

    async def other_choices(self, kind: str, credentials: Credentials) -> Sequence[Choice]:
        """Return what ``choices`` returns, from another list. kind: the provider's own name of the list."""
        raise NotImplementedError(kind)
