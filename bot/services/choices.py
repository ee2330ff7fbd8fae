"""What autocomplete offers: a provider's lists, each kept for a minute per connection."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Final

from cachetools import TTLCache

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.kit.integration import Choice
    from bot.kit.provider import Provider
    from bot.services.connections import Connection

_KEPT_SECONDS: Final = 60
# Long enough that typing a name asks a provider that fails or refuses once, not once a letter.
_FAILURE_KEPT_SECONDS: Final = 5
_KEPT_LISTS: Final = 1000
# Discord wants suggestions within three seconds; a slower answer serves the next letter typed.
PATIENCE: Final = 2.0

_Key = tuple[int, str, str, int, str | None]


class ChoiceService:
    """Lists what members can pick, once per minute and connection, however many are typing."""

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._providers = providers
        self._lists: TTLCache[_Key, asyncio.Task[Sequence[Choice]]] = TTLCache(_KEPT_LISTS, _KEPT_SECONDS)
        self._failures: TTLCache[_Key, asyncio.Task[Sequence[Choice]]] = TTLCache(
            _KEPT_LISTS, _FAILURE_KEPT_SECONDS
        )

    async def offered(
        self,
        connection: Connection,
        kind: str | None = None,
        failed: Callable[[BaseException], None] | None = None,
        *,
        patience: float | None = None,
    ) -> Sequence[Choice]:
        """Return the provider's list, from cache if fresh. kind: of its other lists, which one.

        failed: is told once why the provider gave no list, however many wait for it, be it after their
        patience. patience: seconds, PATIENCE by default. Raises ProviderError, and TimeoutError after that.
        """
        key = _key(connection, kind)
        task = self._lists.get(key) or self._failures.get(key)
        if task is None:
            provider, credentials = self._providers[connection.provider], connection.credentials
            task = asyncio.ensure_future(
                provider.choices(credentials) if kind is None else provider.other_choices(kind, credentials)
            )
            task.add_done_callback(functools.partial(self._drop_failure, key, failed))
            self._lists[key] = task
        async with asyncio.timeout(PATIENCE if patience is None else patience):
            return await asyncio.shield(task)

    def known(self, connection: Connection, text: str, kind: str | None = None) -> Choice | None:
        """Return the listed entry with this id, or the only one of this name; asks nobody.

        For after suggestions were shown: a member may send what was typed instead of what was offered.
        kind: as for those.
        """
        task = self._lists.get(_key(connection, kind))
        if task is None or not task.done() or task.cancelled() or task.exception() is not None:
            return None
        wanted = text.strip().casefold()
        by_id = [choice for choice in task.result() if choice.id.casefold() == wanted]
        by_name = [choice for choice in task.result() if choice.label.strip().casefold() == wanted]
        found = by_id or by_name
        return found[0] if len(found) == 1 else None

    def forget(self, connection: Connection, kind: str | None = None) -> None:
        """Ask for a list again next time: something was changed with the provider."""
        self._lists.pop(_key(connection, kind), None)
        self._failures.pop(_key(connection, kind), None)

    def _drop_failure(
        self, key: _Key, failed: Callable[[BaseException], None] | None, task: asyncio.Task[Sequence[Choice]]
    ) -> None:
        # To ask for the exception also tells the event loop that nobody's waiting for it is no defect.
        error = None if task.cancelled() else task.exception()
        if (task.cancelled() or error is not None) and self._lists.get(key) is task:
            del self._lists[key]
            self._failures[key] = task
        if error is not None and failed is not None:
            failed(error)


def _key(connection: Connection, kind: str | None = None) -> _Key:
    # set_at is part of it: new credentials may see another list.
    return connection.guild_id, connection.provider, connection.name, connection.set_at, kind
