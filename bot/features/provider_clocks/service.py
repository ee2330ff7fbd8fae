"""Learns in which time zone a provider's host writes times that name none."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.features.provider_clocks.store import ClockRow, ProviderClockStore
from bot.providers.base.provider import Provider

_STEP: Final = timedelta(minutes=15)
"""Every time zone is a multiple of this away from UTC."""
_TOLERANCE: Final = timedelta(minutes=2)
"""How far a host's clock may be off, including the time that the answer took."""
_WESTMOST, _EASTMOST = timedelta(hours=-12), timedelta(hours=14)


class ProviderClockService:
    """Keeps ``Provider.clock_offsets`` and what is stored of them alike."""

    def __init__(
        self, store: ProviderClockStore, providers: Mapping[str, Provider], clock: Callable[[], float]
    ) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._providers = providers
        self._clock = clock

    async def load(self) -> None:
        """Give every provider what was learned of its hosts."""
        for row in await self._store.all():
            if row.provider in self._providers:
                self._providers[row.provider].clock_offsets[row.host] = timedelta(minutes=row.offset_minutes)

    async def learn(self, provider: str, host: str, written: datetime) -> None:
        """Learn from a time that a host has written just now, as its answer to our own write says.

        written: without a zone. What contradicts an earlier observation replaces it, for a host's zone can
        change.
        """
        now = self._clock()
        offset = offset_of(written, now)
        offsets = self._providers[provider].clock_offsets
        if offset is None or offsets.get(host) == offset:
            return
        offsets[host] = offset
        await self._store.put(ClockRow(provider, host, offset // timedelta(minutes=1)), int(now))


def offset_of(written: datetime, now: float) -> timedelta | None:
    """Return how far from UTC the zone of a time is that means now, None if it means now in no zone.

    written: without a zone. now: seconds since 1970.
    """
    ahead = written - datetime.fromtimestamp(now, UTC).replace(tzinfo=None)
    offset = _STEP * round(ahead / _STEP)
    if abs(ahead - offset) > _TOLERANCE or not _WESTMOST <= offset <= _EASTMOST:
        return None
    return offset
