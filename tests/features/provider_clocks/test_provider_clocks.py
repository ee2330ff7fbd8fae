"""The zone of a host's times is learned from its answers to our own writes, and kept."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.features.provider_clocks.service import ProviderClockService, offset_of
from bot.features.provider_clocks.store import ClockRow, ProviderClockStore
from bot.providers.base.provider import Provider
from bot.providers.toolzz import ToolzzProvider
from bot.providers.toolzz.simulator import ToolzzSimulator
from bot.store.database import Database
from tests.support.clock import Clock
from tests.support.open_provider import open_provider

HOST = "toolzz.invalid"
NOW = Clock().now


def written(now: float, offset: timedelta, late: float = 0.0) -> datetime:
    """Return what a host in this zone writes. late: by how many seconds its clock differs."""
    return datetime.fromtimestamp(now, UTC).replace(tzinfo=None) + offset + timedelta(seconds=late)


@given(st.floats(0, 4e9), st.integers(-48, 56), st.floats(-119.9, 119.9))
def test_every_zone_is_recognised(now: float, quarters: int, late: float) -> None:
    """From 12 hours west to 14 hours east, a clock that is off by two minutes does not matter."""
    offset = timedelta(minutes=15 * quarters)
    assert offset_of(written(now, offset, late), now) == offset


@given(st.floats(0, 4e9), st.datetimes())
def test_an_offset_explains_the_time(now: float, time: datetime) -> None:
    """An offset is one that a zone can have, and nearly makes the time that of now."""
    offset = offset_of(time, now)
    if offset is not None:
        assert timedelta(hours=-12) <= offset <= timedelta(hours=14)
        assert offset % timedelta(minutes=15) == timedelta()
        assert abs(time - written(now, offset)) <= timedelta(minutes=2)


@pytest.mark.parametrize("minutes", [2.1, 7.5, 12.9, -2.1, -733, 60 * 14.25, -60 * 12.25, 60 * 24 * 3])
def test_another_time_is_no_zone(minutes: float) -> None:
    """A time that means now in no zone says nothing."""
    assert offset_of(written(NOW, timedelta(minutes=minutes)), NOW) is None


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


async def test_what_was_learned_is_kept(database: Database, clock: Clock, toolzz: ToolzzSimulator) -> None:
    """An offset is known at once, and to the next process; a provider that is gone does no harm."""
    store = ProviderClockStore(database)
    await store.put(ClockRow("parrots", HOST, 60), 1)
    async with open_provider(ToolzzProvider, toolzz) as provider:
        providers: Mapping[str, Provider] = {"toolzz": provider}
        service = ProviderClockService(store, providers, clock)
        await service.learn("toolzz", HOST, written(clock.now, timedelta(hours=-3), 1.5))
        assert provider.clock_offsets == {HOST: timedelta(hours=-3)}
    async with open_provider(ToolzzProvider, toolzz) as provider:
        await ProviderClockService(store, {"toolzz": provider}, clock).load()
        assert provider.clock_offsets == {HOST: timedelta(hours=-3)}


async def test_the_latest_observation_counts(
    database: Database, clock: Clock, toolzz: ToolzzSimulator
) -> None:
    """One that disagrees replaces what was learned, and one that fits no zone changes nothing."""
    store = ProviderClockStore(database)
    async with open_provider(ToolzzProvider, toolzz) as provider:
        service = ProviderClockService(store, {"toolzz": provider}, clock)
        for offset in (timedelta(hours=-3), timedelta(hours=-2), timedelta(hours=-2, minutes=-7)):
            await service.learn("toolzz", HOST, written(clock.now, offset))
        await service.learn("toolzz", "other.invalid", written(clock.now, timedelta()))
        assert provider.clock_offsets == {HOST: timedelta(hours=-2), "other.invalid": timedelta()}
    assert await store.all() == [
        ClockRow("toolzz", "other.invalid", 0),
        ClockRow("toolzz", HOST, -120),
    ]
