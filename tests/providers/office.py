"""Opens a provider that talks to its simulator, as the composition root would."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import TypeVar

from bot.kit.api_client import open_http
from bot.kit.credentials import Credentials, read_credentials
from bot.kit.provider import Provider
from bot.kit.redaction import Redactor
from bot.kit.simulator import Simulator

ProviderT = TypeVar("ProviderT", bound=Provider)


@contextlib.asynccontextmanager
async def open_provider(
    kind: type[ProviderT], simulator: Simulator, urls: Mapping[str, str] | None = None
) -> AsyncIterator[ProviderT]:
    """Open a provider on its simulator, or on other addresses."""
    async with open_http(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:  # trusts nobody: none is needed
        switches = {switch.setting: False for switch in kind.switches}
        yield kind(http, urls or simulator.environment(), switches, Redactor())


def accepted(provider: type[Provider] | Provider, simulator: Simulator, **more: str) -> Credentials:
    """Return the simulator's credentials as the form would read them, and more fields."""
    return read_credentials(provider.fields, {**simulator.credentials, **more})


def refused(provider: type[Provider] | Provider, simulator: Simulator) -> Credentials:
    """Return credentials of the right form that the simulator does not know."""
    return read_credentials(provider.fields, simulator.refused_credentials)
