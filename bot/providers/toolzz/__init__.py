"""Toolzz AI: runs agents inside units and ties each to one Discord server."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Final

from bot.errors import NotFoundError
from bot.kit.api_client import ApiClient
from bot.kit.credentials import CredentialField
from bot.kit.endpoint import Endpoint
from bot.kit.integration import Choice, State
from bot.kit.provider import Provider
from bot.providers.toolzz.client import CHAT, UNIT, ToolzzClient

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx

    from bot.kit.credentials import Credentials
    from bot.kit.redaction import Redactor

# An id that no integration has: asking for it costs the vendor one look-up.
_NOBODY: Final = "00000000-0000-0000-0000-000000000000"

AGENTS: Final = "agents"
"""The other list that members pick from, beside that of the integrations."""


class ToolzzProvider(Provider):
    """https://docs.toolzz.dev; the contract that Patchbay holds it to is ``contract.yaml``."""

    slug = "toolzz"
    name = "Toolzz"
    fields = (
        CredentialField("access_token", max_length=4000),
        CredentialField(
            "unit_id", required=False, secret=False, max_length=64, pattern=re.compile(r"[A-Za-z0-9_-]+")
        ),
    )
    endpoints = (
        Endpoint(CHAT, "https://chat.api.toolzz.com.br/api/v1"),
        # The page of the by-unit list prints another host than the rest of the same resource.
        Endpoint(UNIT, "https://converflow.api.prod.toolzz.media/api/v1"),
    )

    def __init__(
        self,
        http: httpx.AsyncClient,
        urls: Mapping[str, str],
        _switches: Mapping[str, bool],
        redactor: Redactor,
    ) -> None:
        self._urls = urls
        self.redactor = redactor
        """For what leaves the bot as text for somebody else to read."""
        bases = [urls[endpoint.setting] for endpoint in self.endpoints]
        self._api = ApiClient(http, self.slug, bases, redactor)

    def client(self, credentials: Credentials) -> ToolzzClient:
        """Return a client that acts with these credentials."""
        return ToolzzClient(self._api, self._urls, credentials)

    async def verify(self, credentials: Credentials) -> None:
        """List the unit; without one, ask for an integration that cannot exist.

        No call that only checks a token is documented. 401 and 403 refuse the token; a plain 404
        means that the question was let through.
        """
        client = self.client(credentials)
        if client.unit_id is not None:
            await client.integrations()
            return
        with contextlib.suppress(NotFoundError):
            await client.integration(_NOBODY)

    async def choices(self, credentials: Credentials) -> Sequence[Choice]:
        """List the unit's integrations without those deleted; empty where no unit is known."""
        client = self.client(credentials)
        if client.unit_id is None:
            return []
        integrations = await client.integrations()
        return [
            Choice(item.id, item.title or item.guild_name or item.id, item.state)
            for item in integrations
            if not item.is_deleted
        ]

    async def other_choices(self, kind: str, credentials: Credentials) -> Sequence[Choice]:
        """List the unit's agents, the one other kind; those that are switched off are marked."""
        if kind != AGENTS:
            return await super().other_choices(kind, credentials)
        client = self.client(credentials)
        if client.unit_id is None:
            return []
        return [
            Choice(agent.id, agent.name or agent.id, State.INACTIVE if agent.is_activated is False else None)
            for agent in await client.agents()
        ]


PROVIDER = ToolzzProvider
