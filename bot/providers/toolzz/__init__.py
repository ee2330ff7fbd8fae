"""Toolzz AI: runs agents inside units and ties each to one Discord server."""

import asyncio
import contextlib
import re
from collections.abc import Collection, Sequence
from typing import Final
from urllib.parse import urlsplit

from bot.errors import NotFoundError, ProviderError, UnauthorizedError
from bot.providers.base.credentials import CredentialField, Credentials
from bot.providers.base.endpoint import Endpoint
from bot.providers.base.gateway_errors import known_code
from bot.providers.base.integration import Choice, State, is_id
from bot.providers.base.provider import Provider
from bot.providers.base.report import MAX_LENGTH, Report, Reports
from bot.providers.base.response_cache import ResponseCache
from bot.providers.toolzz.client import CHAT, UNIT, ToolzzClient
from bot.providers.toolzz.models import Outline

# The id of no integration: asking for it costs Toolzz one look-up.
_NO_INTEGRATION: Final = "00000000-0000-0000-0000-000000000000"
_MAX_PARALLEL: Final = 4
"""How many integrations are read at the same time where no list can be read."""

AGENTS: Final = "agents"
"""The kind of list that members pick agents from; the main list has the integrations."""


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
        Endpoint(CHAT, "https://chat.api.toolzz.com.br/api/v1", "where Toolzz is reached"),
        # The page of the by-unit list prints another host than the rest of the same resource.
        Endpoint(
            UNIT,
            "https://converflow.api.prod.toolzz.media/api/v1",
            "where Toolzz lists a unit's integrations; another host than the rest",
        ),
    )
    audit_actions = ("link", "unlink", "connect", "edit")

    def client(self, credentials: Credentials, cache: ResponseCache | None = None) -> ToolzzClient:
        """Return a client that acts with these credentials. cache: of the same credentials."""
        return ToolzzClient(self._api, self._urls, self.clock_offsets, credentials, cache)

    async def verify(self, credentials: Credentials) -> None:
        """List the unit; without one, ask for an integration that cannot exist.

        Toolzz documents no request that only checks a token. 401 and 403 mean that it refuses the token; 404
        means that it has accepted the token.
        """
        client = self.client(credentials)
        if client.unit_id is not None:
            await client.integrations()
            return
        with contextlib.suppress(NotFoundError):
            await client.integration(_NO_INTEGRATION)

    async def choices(self, credentials: Credentials) -> Sequence[Choice]:
        """List the unit's integrations except deleted ones; empty where no unit is known."""
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
        """Return the host of the list, or that of the single reads where no unit is known."""
        return urlsplit(self._urls[UNIT if "unit_id" in credentials else CHAT]).netloc

    async def reports(self, credentials: Credentials, ids: Collection[str], cache: ResponseCache) -> Reports:
        """List the unit's integrations; where no unit is known, read each of ``ids``."""
        client = self.client(credentials, cache)
        if client.unit_id is None:
            return await self._each(client, ids)
        listed = await client.outlines()
        found: dict[str, Report] = {}
        for entry in listed.data:
            if is_id(entry.id) and (not entry.is_deleted or entry.id in ids):
                found.setdefault(entry.id, self._report(entry.id, entry))
        return Reports(tuple(found.values()), listed.complete)

    async def _each(self, client: ToolzzClient, ids: Collection[str]) -> Reports:
        """Read each of these. Raises the first error where all of them fail, and any 401 at once."""
        # A few at a time: a request waits for a free connection within its deadline, and commands need one
        # too.
        places = asyncio.Semaphore(_MAX_PARALLEL)
        try:
            async with asyncio.TaskGroup() as group:
                reading = [group.create_task(_read(client, each, places)) for each in ids]
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
        label = found.title or found.guild_name or integration_id
        guild_id = (found.guild_id or "").strip() or None
        return Report(integration_id, label, found.state, self._detail(found), guild_id)

    def _detail(self, found: Outline) -> str:
        """Return the error's code; the known code before one that does not show it by itself.

        An error of before is no reason for the present state.
        """
        if found.state in {State.CONNECTED, State.INACTIVE}:
            return ""
        code, known = self._api.clean(found.error_code or ""), found.known_code
        return (
            code if known in {None, known_code(code[:MAX_LENGTH])} else f"{known}: {code}".removesuffix(": ")
        )

    async def other_choices(self, kind: str, credentials: Credentials) -> Sequence[Choice]:
        """List the unit's agents; those that are switched off are inactive."""
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
    client: ToolzzClient, integration_id: str, places: asyncio.Semaphore
) -> Outline | ProviderError | None:
    """Return one integration, the error if it cannot be read, None if it does not exist.

    Raises UnauthorizedError.
    """
    async with places:
        try:
            return await client.outline(integration_id)
        except NotFoundError:
            return None
        except UnauthorizedError:
            raise  # all other requests would be refused as well
        except ProviderError as error:
            return error


PROVIDER = ToolzzProvider
