"""Remembers for which credentials a provider has asked for a pause, so that no request is sent meanwhile."""

import copy
import math
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Final

from cachetools import LRUCache

from bot.errors import ProviderError
from bot.providers.base.current_guild import CURRENT_GUILD, GuildCache

_MAX_PAUSES: Final = 64
"""How many pauses are remembered of one guild, which has fewer connections with one provider."""


class Pauses:
    """The pauses that one provider has asked for. Each is one guild's, and one connection's credentials'."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """clock: seconds since 1970, as members are told when a pause ends."""
        self._clock = clock
        self._kept = GuildCache[bytes, tuple[float, ProviderError]](lambda: LRUCache(_MAX_PAUSES))

    def note(self, secrets: Sequence[str], error: ProviderError) -> None:
        """Remember the pause that the provider asks for with this error, if it does.

        secrets: of the request; the first one is the credentials' own.
        """
        if not error.is_temporary or not error.retry_after:
            return
        kept, key = self._kept.of(CURRENT_GUILD.get()), _digest(secrets)
        until = self._clock() + error.retry_after
        if key not in kept or until > kept[key][0]:
            # A copy has no traceback, which would keep the whole request.
            kept[key] = until, copy.copy(error)

    def obey(self, secrets: Sequence[str]) -> None:
        """Raise the remembered error if the pause is not over; its ``retry_after`` is what is left of it."""
        until, error = self._kept.of(CURRENT_GUILD.get()).get(_digest(secrets), (0.0, None))
        if error is None or (left := until - self._clock()) <= 0:
            return
        held = copy.copy(error)
        held.retry_after, held.is_unsent, held.outcome_unknown = math.ceil(left), True, False
        raise held


def _digest(secrets: Sequence[str]) -> bytes:
    """Return what stands for the credentials of a request without showing them."""
    return blake2b("".join(secrets[:1]).encode(), digest_size=16).digest()
