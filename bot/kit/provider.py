"""The contract between Patchbay and a provider's half that speaks HTTP."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import httpx

    from bot.kit.credentials import CredentialField, Credentials
    from bot.kit.endpoint import Endpoint, Switch
    from bot.kit.integration import Choice
    from bot.kit.memo import Memo
    from bot.kit.redaction import Redactor
    from bot.kit.report import Reports


class Provider(ABC):
    """A platform that runs AI agents.

    A provider is a package ``bot/providers/<slug>/`` whose ``PROVIDER`` is a subclass of this.
    """

    slug: ClassVar[str]
    name: ClassVar[str]
    """Its proper name, the same in every language."""
    fields: ClassVar[tuple[CredentialField, ...]]
    """What an admin is asked for; the first one is the secret whose end tells two connections apart."""
    endpoints: ClassVar[tuple[Endpoint, ...]]
    switches: ClassVar[tuple[Switch, ...]] = ()

    @abstractmethod
    def __init__(
        self,
        http: httpx.AsyncClient,
        urls: Mapping[str, str],
        switches: Mapping[str, bool],
        redactor: Redactor,
    ) -> None:
        """http: this provider's own client. urls: setting name -> checked base URL. switches: as urls."""

    @abstractmethod
    async def verify(self, credentials: Credentials) -> None:
        """Try the credentials with the cheapest authenticated read. Raises ProviderError."""

    @abstractmethod
    async def choices(self, credentials: Credentials) -> Sequence[Choice]:
        """List what a member can pick with these credentials. Raises ProviderError.

        Empty where the provider cannot list with them.
        """

    @abstractmethod
    def host(self, credentials: Credentials) -> str:
        """Return the host that ``reports`` asks with these credentials."""

    @abstractmethod
    async def reports(self, credentials: Credentials, ids: Collection[str], memo: Memo) -> Reports:
        """Read how all integrations that the credentials show are doing, each once. Raises ProviderError.

        One reading, page by page where there are pages. ids: of the integrations that the guild calls its
        own: the only ones that can be asked for where the provider does not list. One of them that was
        deleted is in the answer as ``INACTIVE`` if the provider still tells of it, and else left out, as a
        deleted one of nobody's always is. memo: of the same credentials, and of nobody else's.
        """

    async def other_choices(self, kind: str, credentials: Credentials) -> Sequence[Choice]:
        """As ``choices``, for a provider whose members pick from more than one list. kind: its own word."""
        raise NotImplementedError(kind)
