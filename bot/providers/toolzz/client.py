"""Toolzz AI's HTTP interface, one method per operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.kit.api_client import ApiClient, Request
from bot.providers.toolzz.models import Integration, IntegrationList

if TYPE_CHECKING:
    from bot.kit.credentials import Credentials


class ToolzzClient:
    """Acts with one connection's credentials; the vendor serves one resource from two hosts."""

    def __init__(self, api: ApiClient, base: str, unit_base: str, credentials: Credentials) -> None:
        self._api = api
        self._base = base
        self._unit_base = unit_base
        self._credentials = credentials

    async def integration(self, integration_id: str) -> Integration:
        """Return the state of one integration. Raises ProviderError."""
        return await self._api.send(
            self._request(self._base, "discord", "integration", integration_id), Integration
        )

    async def integrations(self, unit_id: str) -> tuple[Integration, ...]:
        """Return all integrations of a unit, soft-deleted ones included. Raises ProviderError."""
        request = self._request(self._unit_base, "discord", "integration", "unit", unit_id)
        return (await self._api.send(request, IntegrationList)).data

    def _request(self, base: str, *segments: str) -> Request:
        token = self._credentials["access_token"]
        return Request(
            method="GET",
            base=base,
            segments=segments,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            secrets=(token,),
        )
