"""Reads what Discord lets agents' bots do."""

from collections.abc import Callable, Mapping, Sequence

from bot.features.monitoring.access import Access, AccessSubject


class GuildAccess:
    """A placeholder."""

    async def read(self, guild_id: int, subjects: Sequence[AccessSubject]) -> Mapping[str, Access]:
        """Return nothing."""
        return {}

    def on_change(self, listener: Callable[[int], object]) -> None:
        """Do nothing."""
