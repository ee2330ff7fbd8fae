"""Toolzz AI: runs agents inside units and ties each to one Discord server."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bot.errors import NotFoundError, ProviderError, UnauthorizedError
from bot.kit.api_client import ApiClient
from bot.kit.credentials import CredentialField
from bot.kit.endpoint import Endpoint
from bot.kit.integration import Choice, State, is_id
from bot.kit.provider import Provider
from bot.kit.report import Report, Reports
from bot.providers.toolzz.client import CHAT, UNIT, ToolzzClient

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import httpx

    from bot.kit.credentials import Credentials
    from bot.kit.memo import Memo
    from bot.kit.redaction import Redactor
    from bot.providers.toolzz.models import Outline

# An id that no integration has: asking for it costs the vendor one look-up.
_NOBODY: Final = "00000000-0000-0000-0000-000000000000"
_AT_ONCE: Final = 4
"""Integrations that are read alone."""

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
        """For what leaves the bot as text for somebody else to read."""
        bases = [urls[endpoint.setting] for endpoint in self.endpoints]
        self._api = ApiClient(http, self.slug, bases, redactor)

    def client(self, credentials: Credentials, memo: Memo | None = None) -> ToolzzClient:
        """Return a client that acts with these credentials. memo: of the same ones."""
        return ToolzzClient(self._api, self._urls, credentials, memo)

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

    def host(self, credentials: Credentials) -> str:
        """Return the list's host, or that of the single read where no unit is known."""
        return urlsplit(self._urls[UNIT if "unit_id" in credentials else CHAT]).netloc

    async def reports(self, credentials: Credentials, ids: Collection[str], memo: Memo) -> Reports:
        """List the unit's integrations; where no unit is known, read each of ``ids`` by itself."""
        client = self.client(credentials, memo)
        if client.unit_id is None:
            return await self._each(client, ids)
        listed = await client.outlines()
        found: dict[str, Report] = {}
        for entry in listed.data:
            if is_id(entry.id) and (not entry.is_deleted or entry.id in ids):
                found.setdefault(entry.id, self._report(entry.id, entry))
        return Reports(tuple(found.values()), listed.complete)

    async def _each(self, client: ToolzzClient, ids: Collection[str]) -> Reports:
        """Read these alone. Raises the first one's error where all of them fail, and any 401 at once."""
        # A few at a time: a request's deadline includes its wait for a free place, and others want one too.
        turns = asyncio.Semaphore(_AT_ONCE)
        try:
            async with asyncio.TaskGroup() as group:
                reading = [group.create_task(_read(client, each, turns)) for each in ids]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        answers = {each: read.result() for each, read in zip(ids, reading, strict=True)}
        failures = [answer for answer in answers.values() if isinstance(answer, ProviderError)]
        if failures and len(failures) == len(answers):
            raise failures[0]
        items = (self._report(each, answer) for each, answer in answers.items() if answer is not None)
        return Reports(tuple(items), complete=True)

    def _report(self, integration_id: str, found: Outline | ProviderError) -> Report:
        if isinstance(found, ProviderError):
            return Report(integration_id, "", State.UNKNOWN, found.key)
        detail = "" if found.state is State.CONNECTED else self._api.clean(found.error_code or "")
        label = found.title or found.guild_name or integration_id
        return Report(integration_id, label, found.state, detail, (found.guild_id or "").strip() or None)

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


async def _read(
    client: ToolzzClient, integration_id: str, turns: asyncio.Semaphore
) -> Outline | ProviderError | None:
    """Return what can be read of it, None where there is no such integration. Raises UnauthorizedError."""
    async with turns:
        try:
            return await client.outline(integration_id)
        except NotFoundError:
            return None
        except UnauthorizedError:
            raise  # so are all the others
        except ProviderError as error:
            return error


PROVIDER = ToolzzProvider
