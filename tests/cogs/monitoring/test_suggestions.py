"""What is suggested while several type at once, and right after a change."""

from __future__ import annotations

from typing import Any

import pytest
from cachetools import TTLCache

from bot.features.monitoring.service import MonitoringService
from bot.providers.base.integration import State
from tests.support.fake_provider import FakeProvider, connect_fake_provider
from tests.support.harness import PORTUGUESE, BotHarness

COMMAND = ("integrations status", "integration")


@pytest.fixture
async def parrots(harness: BotHarness) -> FakeProvider:
    """A provider with two integrations that were checked."""
    provider = await connect_fake_provider(harness)
    provider.list_integration("polly", "Pólly", State.CONNECTED)
    provider.list_integration("rio", "Rio", State.CONNECTED)
    await harness.bot.services.poller.check_guild(harness.guild.id)
    return provider


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The servers whose states were read from the database, one entry for each time."""
    found: list[int] = []
    read = MonitoringService._read

    async def counted(self: MonitoringService, guild_id: int, now: int) -> Any:  # noqa: ANN401 - passed on
        found.append(guild_id)
        return await read(self, guild_id, now)

    monkeypatch.setattr(MonitoringService, "_read", counted)
    return found


async def names(harness: BotHarness, typed: str = "") -> list[str]:
    """Return what is suggested to the manager."""
    return [each["name"] for each in await harness.manager.autocomplete(harness.channel, *COMMAND, typed)]


@pytest.mark.usefixtures("parrots")
async def test_every_key_that_is_typed_is_one_computation(harness: BotHarness, reads: list[int]) -> None:
    """Each suggestion is the part of one list that its own text asks for; who asks at once, shares it too."""
    kept = harness.bot.services.suggestions
    kept._kept = TTLCache(8, 600)  # however slow this machine is
    found = {typed: await names(harness, typed) for typed in ("", "polly", "RIO", "no such name")}
    assert found == {"": ["🟢 Pólly", "🟢 Rio"], "polly": ["🟢 Pólly"], "RIO": ["🟢 Rio"], "no such name": []}
    assert reads == [harness.guild.id]


async def test_a_change_is_suggested_at_once(harness: BotHarness, parrots: FakeProvider) -> None:
    """What a check finds, and what is linked, does not wait until the list is old."""
    assert await names(harness) == ["🟢 Pólly", "🟢 Rio"]
    parrots.list_integration("rio", "Rio Grande", State.DISCONNECTED)
    for _ in range(2):
        await harness.bot.services.poller.check_guild(harness.guild.id)
    assert await names(harness, "rio") == ["🔴 Rio Grande"]
    await harness.bot.services.integrations.link(
        harness.guild.id, parrots.slug, "default", "kea", "Kea", bot_id=None, member_id=harness.manager.id
    )
    assert await names(harness, "kea") == ["❔ Kea"]


async def test_a_list_is_for_its_language_and_server(harness: BotHarness) -> None:
    """Nobody is given what was computed for members of another language or of another server."""
    command = ("alerts set", "about")
    english = await harness.manager.autocomplete(harness.channel, *command, "")
    other = harness.other_guild()
    await connect_fake_provider(harness)
    assert await other.manager.autocomplete(other.channel, *command, "") == english
    harness.locale = PORTUGUESE
    assert await harness.manager.autocomplete(harness.channel, *command, "") != english
