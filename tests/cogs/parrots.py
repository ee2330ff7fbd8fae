"""A provider that exists in tests alone and registers nothing: what works for it works for any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.kit.credentials import CredentialField
from bot.kit.integration import Choice, State
from bot.kit.provider import Provider
from bot.kit.report import Report, Reports

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bot.errors import ProviderError
    from bot.kit.credentials import Credentials
    from bot.kit.memo import Memo
    from tests.cogs.town import Town


class Parrots(Provider):
    """Reports what it was told to."""

    slug = "parrots"
    name = "Parrot House"
    fields = (CredentialField("organization_secret", secret=True),)
    endpoints = ()

    def __init__(self, *_: object) -> None:
        self.birds: dict[str, Report] = {}
        """What is listed, by id."""
        self.failure: ProviderError | None = None
        """What each request fails with."""

    def teach(self, bird: str, label: str, state: State, detail: str = "") -> None:
        """List an integration."""
        self.birds[bird] = Report(bird, label, state, detail)

    async def verify(self, credentials: Credentials) -> None:
        """Accept them unless told otherwise."""
        if self.failure is not None:
            raise self.failure

    async def choices(self, credentials: Credentials) -> Sequence[Choice]:
        """List nothing: nobody picks a parrot."""
        return []

    def host(self, credentials: Credentials) -> str:
        """Return a host that is never asked."""
        return "parrots.invalid"

    async def reports(self, credentials: Credentials, ids: Collection[str], memo: Memo) -> Reports:
        """Report all."""
        await self.verify(credentials)
        return Reports(tuple(self.birds.values()), complete=True)


async def open_house(town: Town) -> Parrots:
    """Connect the provider in the town, with nothing listed yet."""
    house = Parrots()
    known: Any = town.bot.providers
    known[house.slug] = house
    values = {"organization_secret": "FAKE-TOKEN-parrot"}
    await town.bot.connections.add(town.guild.id, house.slug, "default", values, member_id=town.manager.id)
    return house
