"""Knows whether the bot can do all that it is for, and says why not."""

from collections.abc import Iterator
from typing import Final

from bot.discord.client import PatchbayBot
from bot.features.monitoring.poller import Poller
from bot.store.write_state import WriteState

_LATE: Final = 15.0
"""Seconds after which a write or a tick that has not ended counts as hung."""

_LATE_LEASE: Final = 12.0
"""Seconds after which two renewals of the lease have failed."""


class Readiness:
    """Knows whether the bot can do all that it is for: be asked in Discord, store, and check agents."""

    def __init__(self, bot: PatchbayBot, write_state: WriteState, poller: Poller) -> None:
        self._bot = bot
        self._write_state = write_state
        self._poller = poller

    def reasons(self) -> tuple[str, ...]:
        """Return why the bot is not ready, as sentences for whoever hosts it; nothing while all is well.

        They hold no secrets and no names of servers. Nothing is asked: this may be called every second.
        """
        if self._bot.is_closed() or self._bot.services.background.is_shutting_down:
            return ("The bot is stopping.",)
        shards = (*self._bot.sessions.faults(), *self._lease())
        if self._poller.overdue is None:
            return (*shards, *self._database()) or ("The checks of agents have not begun.",)
        return (*shards, *self._database(), *self._ticks(self._poller.overdue))

    def _lease(self) -> Iterator[str]:
        age = self._bot.held.lease_age
        if age is not None and age > _LATE_LEASE:
            yield f"The lease of this process's shards was last renewed {round(age)} seconds ago."

    def _database(self) -> Iterator[str]:
        refusal = self._write_state.refusal
        if refusal is not None:
            yield f"{refusal[:1].upper()}{refusal[1:]}."
        if self._write_state.trying_for > _LATE:
            yield f"A write to the database has not ended for {round(self._write_state.trying_for)} seconds."

    def _ticks(self, overdue: float) -> Iterator[str]:
        if overdue > _LATE:
            yield f"The checks of agents have stood still for {round(overdue)} seconds."
