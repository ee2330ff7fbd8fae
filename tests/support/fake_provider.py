"""A provider that only tests know, and that registers nothing: what works for it works for every provider."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.errors import ProviderError
from bot.providers.base.credentials import CredentialField, Credentials
from bot.providers.base.integration import Choice, State
from bot.providers.base.provider import Provider
from bot.providers.base.report import Report, Reports, Wanted
from bot.providers.base.response_cache import ResponseCache
from tests.support.harness import BotHarness


class FakeProvider(Provider):
    """Reports the integrations that a test has listed."""

    slug = "parrots"
    name = "Parrot House"
    fields = (CredentialField("organization_secret", secret=True),)
    endpoints = ()

    def __init__(self, *_: object) -> None:
        self.listed: dict[str, Report] = {}
        """The integrations that there are, by id."""
        self.guild_id: str | None = None
        """The server that the provider names for each of them."""
        self.failure: ProviderError | None = None
        """What each request raises, None where requests succeed."""

    @classmethod
    def field_key(cls, field: str) -> str:
        """Return the key of Sensay's texts: only real providers have texts of their own."""
        return f"credential.sensay.{field}"

    def list_integration(self, integration: str, label: str, state: State, detail: str = "") -> None:
        """Add an integration, or change what is reported of it."""
        self.listed[integration] = Report(integration, label, state, detail, self.guild_id)

    async def verify(self, credentials: Credentials) -> None:
        """Accept the credentials, unless requests fail."""
        if self.failure is not None:
            raise self.failure

    async def choices(self, credentials: Credentials) -> Sequence[Choice]:
        """Return nothing: no test picks an integration of this provider from a list."""
        return []

    def host(self, credentials: Credentials) -> str:
        """Return a host to which no request is sent."""
        return "parrots.invalid"

    async def reports(self, credentials: Credentials, wanted: Wanted, cache: ResponseCache) -> Reports:
        """Return a report of every integration."""
        await self.verify(credentials)
        return Reports(tuple(self.listed.values()))


async def connect_fake_provider(harness: BotHarness) -> FakeProvider:
    """Make the provider known to the bot, and connect it in the manager's server, where all of it runs."""
    fake_provider = FakeProvider()
    fake_provider.guild_id = str(harness.guild.id)
    known: Any = harness.bot.services.providers
    known[fake_provider.slug] = fake_provider
    values = {"organization_secret": "FAKE-TOKEN-parrot"}
    await harness.bot.services.connections.add(
        harness.guild.id, fake_provider.slug, "default", values, member_id=harness.manager.id
    )
    return fake_provider
