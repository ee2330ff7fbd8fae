"""A guild's connections: tried before they are stored, encrypted while they are, opened for one call."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.errors import (
    ConnectionChangedError,
    ConnectionChoiceError,
    ConnectionExistsError,
    ConnectionLimitError,
    EnteredCredentialsRefusedError,
    ErasedSecretError,
    ForbiddenError,
    InvalidInputError,
    NoConnectionError,
    NoSuchConnectionError,
    PatchbayError,
    UnauthorizedError,
    UnreadableSecretError,
)
from bot.kit.credentials import Credentials, read_credentials
from bot.store.connections import ConnectionRow
from bot.store.vault import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.kit.provider import Provider
    from bot.kit.redaction import Redactor
    from bot.store.connections import ConnectionStore, WatchableRow
    from bot.store.vault import Vault

DEFAULT_NAME: Final = "default"
MOST_CONNECTIONS: Final = 25
"""Of one guild with one provider: as many as a suggestion can list."""
# Short enough to travel in a button's custom id (100 characters) beside the longest integration id.
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,19}")
# Four characters of a secret this long tell two of them apart and help nobody to guess it.
_HINT_FROM_LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class Connection:
    """An opened connection; keep it for one command only.

    refused_at: since when the provider is known to refuse it, in seconds since 1970, None while it does not.
    """

    guild_id: int
    provider: str
    name: str
    set_at: int
    credentials: Credentials
    refused_at: int | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What may be shown of a connection.

    hint: the end of the first secret, empty for a short one. fields: field ids that are set.
    Both are empty when ``readable`` is False. erased: that is so because the bot was removed from the guild
    meanwhile. refused_at: since when the provider refuses the credentials, None while it does not. Times are
    whole seconds since 1970, UTC.
    """

    provider: str
    name: str
    hint: str
    fields: tuple[str, ...]
    set_by: int
    set_at: int
    verified_at: int
    readable: bool = True
    erased: bool = False
    refused_at: int | None = None

    @property
    def needs_attention(self) -> bool:
        """Whether nothing can be done with it until new credentials are entered."""
        return not self.readable or self.refused_at is not None


class ConnectionService:
    """Every call names the guild; no connection of another guild is ever reachable.

    ``watchable`` alone can list those of all guilds, and opens none.
    """

    def __init__(
        self,
        store: ConnectionStore,
        vault: Vault,
        providers: Mapping[str, Provider],
        redactor: Redactor,
        clock: Callable[[], float],
    ) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._vault = vault
        self._providers = providers
        self._redactor = redactor
        self._clock = clock
        self._doubted: set[tuple[int, str, str]] = set()

    def provider(self, slug: str) -> Provider:
        """Return a provider by its slug. Raises InvalidInputError("provider")."""
        try:
            return self._providers[slug]
        except KeyError:
            raise InvalidInputError("provider") from None

    async def check_free(self, guild_id: int, provider: str, name: str | None) -> str:
        """Return the name that a new connection gets.

        Raises InvalidInputError("provider", "name"), ConnectionExistsError and ConnectionLimitError.
        """
        self.provider(provider)
        name = read_name(name)
        taken = await self.names(guild_id, provider)
        if name in taken:
            raise ConnectionExistsError(provider=provider, name=name)
        if len(taken) >= MOST_CONNECTIONS:
            raise ConnectionLimitError(provider=provider, limit=MOST_CONNECTIONS)
        return name

    async def add(
        self, guild_id: int, provider: str, name: str, values: Mapping[str, str], *, member_id: int
    ) -> Summary:
        """Try credentials with their provider, then store them.

        Raises InvalidInputError, ConnectionExistsError and ProviderError; nothing is stored then.
        """
        name = await self.check_free(guild_id, provider, name)
        row, credentials = await self._try(guild_id, provider, name, values, member_id)
        if not await self._store.insert(row):
            raise ConnectionExistsError(provider=provider, name=name)
        return _summary(row, credentials)

    async def rotate(
        self, guild_id: int, provider: str, name: str, values: Mapping[str, str], *, member_id: int
    ) -> Summary:
        """Try new credentials, then put them in the place of the old ones, which stay if anything fails.

        Raises InvalidInputError, NoConnectionError and ProviderError.
        """
        row, credentials = await self._try(guild_id, provider, name, values, member_id)
        if not await self._store.replace_secret(row):
            raise NoSuchConnectionError(provider=provider, name=name)
        return _summary(row, credentials)

    async def test(self, guild_id: int, provider: str, name: str | None) -> Summary:
        """Try the stored credentials and note the time. Raises what ``open`` raises, and ProviderError."""
        row = await self.find(guild_id, provider, name)
        credentials = self._open(row)
        await self.provider(provider).verify(credentials)
        verified_at = int(self._clock())
        await self._store.mark_verified(row, verified_at)
        return _summary(replace(row, verified_at=verified_at, refused_at=None), credentials)

    async def refused(self, connection: Connection) -> bool:
        """Find out whether a provider that has refused something refuses the credentials altogether.

        A 401 may be about one endpoint, a 403 about one agent. Returns True if it does and nobody had noted
        that yet; True comes once, until other credentials are accepted, or these are again. Whoever asks
        while the provider is being asked already gets False, and so does everybody if it gives no clear
        answer.
        """
        key = connection.guild_id, connection.provider, connection.name
        if key in self._doubted:
            return False
        self._doubted.add(key)
        try:
            row = await self.find(*key)
            if row.refused_at is not None or self._open(row) != connection.credentials:
                return False
            await self.provider(row.provider).verify(connection.credentials)
        except (UnauthorizedError, ForbiddenError):
            return await self._store.mark_refused(row, int(self._clock()))
        except PatchbayError:
            return False
        else:
            await self._store.mark_verified(row, int(self._clock()))
            return False
        finally:
            self._doubted.discard(key)

    async def remove(self, guild_id: int, provider: str, name: str) -> None:
        """Forget a connection, readable or not. Raises NoConnectionError."""
        if not await self._store.delete(guild_id, provider, name):
            raise NoSuchConnectionError(provider=provider, name=name)

    async def summaries(self, guild_id: int) -> list[Summary]:
        """Return what may be shown of the guild's connections; one that does not open is among them."""
        return [self._summarise(row) for row in await self._store.of_guild(guild_id)]

    async def providers(self, guild_id: int) -> set[str]:
        """Return the slugs of the providers that the guild has connected; opens nothing."""
        return {row.provider for row in await self._store.of_guild(guild_id)}

    async def open(
        self, guild_id: int, provider: str, name: str | None = None, *, set_at: int | None = None
    ) -> Connection:
        """Open a connection for one command.

        Without a name: the only one, else the one named ``default``. set_at: of the credentials that the
        member was told about. Raises NoConnectionError, ConnectionChoiceError, UnreadableSecretError, and
        ConnectionChangedError where other credentials have taken their place.
        """
        row = await self.find(guild_id, provider, name)
        if set_at is not None and row.set_at != set_at:
            raise ConnectionChangedError(provider=provider, name=row.name)
        return Connection(guild_id, provider, row.name, row.set_at, self._open(row), row.refused_at)

    async def watchable(self, guild_id: int | None = None) -> list[WatchableRow]:
        """Return what there is to watch in a guild, or in all of them but those that were removed."""
        rows = await self._store.watchable(guild_id)
        return [row for row in rows if row.provider in self._providers]

    async def find(self, guild_id: int, provider: str, name: str | None) -> ConnectionRow:
        """Return the row that a command means, still sealed. Raises like ``open``, but for the secret."""
        rows = [row for row in await self._store.of_guild(guild_id) if row.provider == provider]
        wanted = DEFAULT_NAME if name is None else read_name(name)
        if name is None and len(rows) == 1:
            return rows[0]
        for row in rows:
            if row.name == wanted:
                return row
        if name is None and rows:
            raise ConnectionChoiceError(provider=provider, names=", ".join(row.name for row in rows))
        if name is None:
            raise NoConnectionError(provider=provider)
        raise NoSuchConnectionError(provider=provider, name=wanted)

    async def names(self, guild_id: int, provider: str | None = None) -> list[str]:
        """Return the names of a guild's connections, each once, of one provider or of all."""
        rows = await self._store.of_guild(guild_id)
        return sorted({row.name for row in rows if provider in {None, row.provider}})

    async def _try(
        self, guild_id: int, slug: str, name: str, values: Mapping[str, str], member_id: int
    ) -> tuple[ConnectionRow, Credentials]:
        provider = self.provider(slug)
        # Before anything can raise: from here on, a log line that repeats them is masked.
        self._redactor.remember(values.get(field.id, "").strip() for field in provider.fields if field.secret)
        credentials = read_credentials(provider.fields, values)
        try:
            await provider.verify(credentials)
        except UnauthorizedError as refused:
            # Another way out than for stored ones: to enter them again.
            raise EnteredCredentialsRefusedError(
                slug, status=refused.status, request_id=refused.request_id, detail=refused.detail
            ) from None
        now = int(self._clock())
        sealed = self._vault.seal(credentials, Place(guild_id, slug, name))
        row = ConnectionRow(guild_id, slug, name, sealed, set_by=member_id, set_at=now, verified_at=now)
        return row, credentials

    def _open(self, row: ConnectionRow) -> Credentials:
        credentials = Credentials(self._vault.open(row.secret, Place(row.guild_id, row.provider, row.name)))
        secret = {field.id for field in self.provider(row.provider).fields if field.secret}
        self._redactor.remember(value for field, value in credentials.items() if field in secret)
        return credentials

    def _summarise(self, row: ConnectionRow) -> Summary:
        try:
            return _summary(row, self._open(row))
        except UnreadableSecretError as error:
            return Summary(
                row.provider,
                row.name,
                "",
                (),
                row.set_by,
                row.set_at,
                row.verified_at,
                readable=False,
                erased=isinstance(error, ErasedSecretError),
                refused_at=row.refused_at,
            )


def read_name(name: str | None) -> str:
    """Return a connection's name in lower case, ``default`` for none. Raises InvalidInputError("name")."""
    if name is None:
        return DEFAULT_NAME
    name = name.strip().lower()
    if not _NAME.fullmatch(name):
        raise InvalidInputError("name")
    return name


def _summary(row: ConnectionRow, credentials: Credentials) -> Summary:
    first = next(iter(credentials.values()), "")
    return Summary(
        provider=row.provider,
        name=row.name,
        hint=first[-4:] if len(first) >= _HINT_FROM_LENGTH else "",
        fields=tuple(credentials),
        set_by=row.set_by,
        set_at=row.set_at,
        verified_at=row.verified_at,
        refused_at=row.refused_at,
    )
