"""Opens a provider that sends its requests to its simulator, as the composition root does."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TypeVar

from bot.providers.base.api_client import Request, deadline_of, open_http
from bot.providers.base.credentials import Credentials, read_credentials
from bot.providers.base.provider import Provider
from bot.providers.base.redaction import Redactor
from bot.providers.base.simulator import Simulator

ProviderT = TypeVar("ProviderT", bound=Provider)


@contextlib.asynccontextmanager
async def open_provider(
    kind: type[ProviderT],
    simulator: Simulator,
    urls: Mapping[str, str] | None = None,
    deadline_of: Callable[[Request], float] = deadline_of,
) -> AsyncIterator[ProviderT]:
    """Open a provider on its simulator, or on other addresses. deadline_of: see ``HttpClient``."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody: none is needed
    async with open_http(tls, deadline_of) as http:
        switches = {switch.setting: False for switch in kind.switches}
        yield kind(http, urls or simulator.environment(), switches, Redactor())


def accepted(provider: type[Provider] | Provider, simulator: Simulator, **more: str) -> Credentials:
    """Return the credentials that the simulator accepts, as the form reads them, with more fields."""
    return read_credentials(provider.slug, provider.fields, {**simulator.credentials, **more})


def refused(provider: type[Provider] | Provider, simulator: Simulator) -> Credentials:
    """Return valid credentials that the simulator does not accept."""
    return read_credentials(provider.slug, provider.fields, simulator.refused_credentials)
