"""What Discord lets agents' bots do, as a test has written it down, for a watcher without Discord."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from bot.features.monitoring.access import UNKNOWN, Access, AccessSubject


class RecordedAccess:
    """Answers from a mapping, and keeps what it was asked."""

    def __init__(self) -> None:
        self.bots: dict[int, Access] = {}
        """What each bot can do, by its user id; of all others nothing is known."""
        self.asked: list[AccessSubject] = []
        """The subjects of all questions, in order."""
        self.held: asyncio.Event | None = None
        """What the next question waits for."""
        self._listeners: list[Callable[[int], object]] = []

    async def read(self, guild_id: int, subjects: Sequence[AccessSubject]) -> Mapping[str, Access]:
        """Return what each bot can do, by the integration's id."""
        self.asked += subjects
        held, self.held = self.held, None
        if held is not None:
            await held.wait()
        return {each.id: self.bots.get(each.bot_id, UNKNOWN) for each in subjects}

    def on_change(self, listener: Callable[[int], object]) -> None:
        """Call the listener when ``change`` is called."""
        self._listeners.append(listener)

    def change(self, guild_id: int) -> None:
        """Tell the listeners that something changed in a guild."""
        for listener in self._listeners:
            listener(guild_id)
