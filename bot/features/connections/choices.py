"""Lists what members can pick; each list is kept for a minute per connection."""

import asyncio
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from cachetools import TTLCache

from bot.errors import InvalidInputError
from bot.features.connections.service import Connection
from bot.providers.base.current_guild import GuildCache
from bot.providers.base.integration import Choice, each_once, id_key, name_key
from bot.providers.base.provider import Provider

_KEPT_SECONDS: Final = 60
# While a member types a name, a provider that fails is asked once, not once for each letter.
_FAILURE_KEPT_SECONDS: Final = 5
_KEPT_LISTS: Final = 200
"""How many lists of one guild are kept: more than a guild has with any provider."""
_DEFAULT_PATIENCE: Final = 2.0
"""Seconds: Discord wants suggestions within three. A later answer is there for the next letter that is
typed.
"""

_Key = tuple[int, str, str, int, str | None]
_Reading = asyncio.Task[Sequence[Choice]]


class ChoiceService:
    """Asks a provider for each list once per minute and connection, however many members are typing."""

    def __init__(self, providers: Mapping[str, Provider], patience: float = _DEFAULT_PATIENCE) -> None:
        """patience: so many seconds ``offered`` waits by default."""
        self._providers = providers
        self._patience = patience
        self._lists = GuildCache[_Key, _Reading](lambda: TTLCache(_KEPT_LISTS, _KEPT_SECONDS))
        self._failures = GuildCache[_Key, _Reading](lambda: TTLCache(_KEPT_LISTS, _FAILURE_KEPT_SECONDS))

    async def offered(
        self,
        connection: Connection,
        kind: str | None = None,
        failed: Callable[[BaseException], None] | None = None,
        *,
        patience: float | None = None,
    ) -> Sequence[Choice]:
        """Return a list of the provider, from the cache if it is fresh.

        kind: one of the provider's other lists, None for its main list. failed: is called once with the
        reason if the provider gives no list, however many callers wait for it or have given up. patience: so
        many seconds the caller waits at most. Raises ProviderError, and TimeoutError when the patience is
        over.
        """
        key = _key(connection, kind)
        lists, failures = self._lists.of(connection.guild_id), self._failures.of(connection.guild_id)
        task = lists.get(key) or failures.get(key)
        if task is None:
            task = asyncio.ensure_future(self._read(connection, kind))
            task.add_done_callback(functools.partial(self._drop_failure, key, failed))
            lists[key] = task
        async with asyncio.timeout(self._patience if patience is None else patience):
            return await asyncio.shield(task)

    def known(self, connection: Connection, text: str, kind: str | None = None) -> Choice | None:
        """Return the entry of a cached list with this id, or the only one of this name. It sends no request.

        Members may send what they typed instead of picking a suggestion. kind: as for ``offered``. Raises
        InvalidInputError("same_name") if several have this name.
        """
        if (by_id := self.listed(connection, text.strip(), kind)) is not None:
            return by_id
        wanted = name_key(text)
        cached = self._cached(_key(connection, kind)) or ()
        named = [choice for choice in cached if wanted and wanted == name_key(choice.label)]
        if len(named) > 1:
            raise InvalidInputError("same_name", name=text)
        return named[0] if named else None

    def listed(self, connection: Connection, entry_id: str, kind: str | None = None) -> Choice | None:
        """Return the entry of a cached list with this id. It sends no request. kind: as for ``offered``."""
        wanted = id_key(entry_id)
        cached = self._cached(_key(connection, kind)) or ()
        return next((choice for choice in cached if id_key(choice.id) == wanted), None)

    def failure(self, connection: Connection, kind: str | None = None) -> BaseException | None:
        """Return why the provider gave no list in the last seconds, None if it was not asked or gave one."""
        task = self._failures.of(connection.guild_id).get(_key(connection, kind))
        return None if task is None or task.cancelled() else task.exception()

    def is_empty(self, connection: Connection, kind: str | None = None) -> bool:
        """Tell whether a list was read lately that has no entry."""
        cached = self._cached(_key(connection, kind))
        return cached is not None and not cached

    def labels(self, guild_id: int) -> dict[tuple[str, str], str]:
        """Return the names of a guild's cached entries, by provider and id; hostile text."""
        return {
            (key[1], choice.id): choice.label
            for key in tuple(self._lists.of(guild_id))
            for choice in self._cached(key) or ()
        }

    def forget(self, connection: Connection, kind: str | None = None) -> None:
        """Drop a cached list, because something was changed with the provider."""
        for kept in (self._lists, self._failures):
            kept.of(connection.guild_id).pop(_key(connection, kind), None)

    async def _read(self, connection: Connection, kind: str | None) -> Sequence[Choice]:
        provider, credentials = self._providers[connection.provider], connection.credentials
        read = provider.choices(credentials) if kind is None else provider.other_choices(kind, credentials)
        return each_once(await read, lambda choice: choice.id)

    def _cached(self, key: _Key) -> Sequence[Choice] | None:
        """Return a list that was read lately."""
        task = self._lists.of(key[0]).get(key)
        if task is None or not task.done() or task.cancelled() or task.exception() is not None:
            return None
        return task.result()

    def _drop_failure(
        self, key: _Key, failed: Callable[[BaseException], None] | None, task: asyncio.Task[Sequence[Choice]]
    ) -> None:
        # This also tells the event loop that the exception was seen: nobody may be waiting for the task.
        error = None if task.cancelled() else task.exception()
        lists = self._lists.of(key[0])
        if (task.cancelled() or error is not None) and lists.get(key) is task:
            del lists[key]
            self._failures.of(key[0])[key] = task
        if error is not None and failed is not None:
            failed(error)


def _key(connection: Connection, kind: str | None = None) -> _Key:
    # set_at is part of the key: new credentials may see another list.
    return connection.guild_id, connection.provider, connection.name, connection.set_at, kind
