"""Calls listeners when something changes in a guild."""

from collections.abc import Callable, Iterable

import structlog

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class GuildChanges:
    """Calls its listeners with the id of a guild whose messages may have to change."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[int], None]] = []

    def subscribe(self, listener: Callable[[int], None]) -> None:
        """Call a listener from now on. It must return at once."""
        self._listeners.append(listener)

    def announce(self, guilds: Iterable[int]) -> None:
        """Call every listener for every guild, even if one of them fails."""
        for guild_id in guilds:
            for listener in self._listeners:
                try:
                    listener(guild_id)
                except Exception:  # noqa: BLE001 - the other listeners must be called
                    _log.exception("listener_failed", guild=guild_id)
