"""Verifies credentials before it stores them, encrypts them at rest, and decrypts them for one command."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from bot import errors
from bot.features.connections.store import ConnectionRow, ConnectionStore, WatchableRow
from bot.providers.base.credentials import Credentials, read_credentials
from bot.providers.base.provider import Provider
from bot.providers.base.redaction import Redactor
from bot.store.vault import Place, Vault

DEFAULT_NAME: Final = "default"
MAX_CONNECTIONS: Final = 25
"""A guild has so many connections with one provider at most: Discord's suggestions list no more."""
# Short enough for a button's custom id of 100 characters, beside the longest integration id.
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,19}")
# Four characters of a secret of this length identify it, and do not help to guess it.
_HINT_FROM_LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection with decrypted credentials. Keep it for one command only.

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
    """What may be shown of a connection. Times are seconds since 1970.

    hint: the end of the first secret, empty for a short one. fields: ids of the fields that are set. Both are
    empty if ``readable`` is False. erased: whether the secret was erased because the bot was removed from the
    guild. refused_at: since when the provider refuses the credentials, None while it does not.
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
        """Whether the connection is unusable until new credentials are entered."""
        return not self.readable or self.refused_at is not None


class ConnectionService:
    """Works on one guild at a time; connections of other guilds are out of reach.

    Only ``watchable`` lists those of all guilds, without their credentials.
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
        self._being_verified: set[tuple[int, str, str]] = set()

    def provider(self, slug: str) -> Provider:
        """Return a provider by its slug. Raises InvalidInputError("provider")."""
        try:
            return self._providers[slug]
        except KeyError:
            raise errors.InvalidInputError("provider") from None

    async def check_free(self, guild_id: int, provider: str, name: str | None) -> str:
        """Return the name of a new connection as it is stored.

        Raises InvalidInputError("provider", "name"), ConnectionExistsError and ConnectionLimitError.
        """
        self.provider(provider)
        name = read_name(name)
        taken = await self.names(guild_id, provider)
        if name in taken:
            raise errors.ConnectionExistsError(provider=provider, name=name)
        if len(taken) >= MAX_CONNECTIONS:
            raise errors.ConnectionLimitError(provider=provider, limit=MAX_CONNECTIONS)
        return name

    async def add(
        self, guild_id: int, provider: str, name: str, values: Mapping[str, str], *, member_id: int
    ) -> Summary:
        """Verify credentials with the provider, then store them.

        Raises InvalidInputError, ConnectionExistsError and ProviderError; then nothing is stored.
        """
        name = await self.check_free(guild_id, provider, name)
        row, credentials = await self._try(guild_id, provider, name, values, member_id)
        if not await self._store.insert(row):
            raise errors.ConnectionExistsError(provider=provider, name=name)
        return _summary(row, credentials)

    async def rotate(
        self, guild_id: int, provider: str, name: str, values: Mapping[str, str], *, member_id: int
    ) -> Summary:
        """Verify new credentials, then store them in place of the old ones, which stay if anything fails.

        Raises InvalidInputError, NoConnectionError and ProviderError.
        """
        row, credentials = await self._try(guild_id, provider, name, values, member_id)
        if not await self._store.replace_secret(row):
            raise errors.NoSuchConnectionError(provider=provider, name=name)
        return _summary(row, credentials)

    async def test(self, guild_id: int, provider: str, name: str | None) -> Summary:
        """Verify the stored credentials and store the time. Raises what ``open`` raises, and
        ProviderError.
        """
        row = await self.find(guild_id, provider, name)
        credentials = self._open(row)
        await self.provider(provider).verify(credentials)
        verified_at = int(self._clock())
        await self._store.mark_verified(row, verified_at)
        return _summary(replace(row, verified_at=verified_at, refused_at=None), credentials)

    async def confirm_refusal(self, connection: Connection, *, by_intermediary: bool = False) -> bool:
        """Verify the credentials after the provider refused a request; return whether it refuses them, only
        once.

        A 401 may concern one endpoint and a 403 one agent. The result is True for the first caller who finds
        out that the credentials are refused, until credentials are accepted again. It is False while another
        caller is verifying them, and if the provider gives no clear answer. by_intermediary: whether a 401
        from in between refuses them as well.
        """
        refusals: tuple[type[errors.ProviderError], ...] = (errors.UnauthorizedError, errors.ForbiddenError)
        if by_intermediary:
            refusals = (*refusals, errors.IntermediaryUnauthorizedError)
        key = connection.guild_id, connection.provider, connection.name
        if key in self._being_verified:
            return False
        self._being_verified.add(key)
        try:
            row = await self.find(*key)
            if row.refused_at is not None or self._open(row) != connection.credentials:
                return False
            await self.provider(row.provider).verify(connection.credentials)
        except refusals:
            return await self._store.mark_refused(row, int(self._clock()))
        except errors.PatchbayError:
            return False
        else:
            await self._store.mark_verified(row, int(self._clock()))
            return False
        finally:
            self._being_verified.discard(key)

    async def remove(self, guild_id: int, provider: str, name: str) -> None:
        """Delete a connection, readable or not. Raises NoConnectionError."""
        if not await self._store.delete(guild_id, provider, name):
            raise errors.NoSuchConnectionError(provider=provider, name=name)

    async def summaries(self, guild_id: int) -> list[Summary]:
        """Return what may be shown of each of the guild's connections, the unreadable ones included."""
        return [self._summarise(row) for row in await self._store.of_guild(guild_id)]

    async def providers(self, guild_id: int) -> set[str]:
        """Return the slugs of the providers that the guild has connections with."""
        return {row.provider for row in await self._store.of_guild(guild_id)}

    async def open(
        self, guild_id: int, provider: str, name: str | None = None, *, set_at: int | None = None
    ) -> Connection:
        """Decrypt a connection for one command.

        name: None stands for the only connection, or for the one named ``default`` among several. set_at:
        when the expected credentials were stored. Raises NoConnectionError, ConnectionChoiceError,
        UnreadableSecretError, and ConnectionChangedError if other credentials are stored by now.
        """
        row = await self.find(guild_id, provider, name)
        if set_at is not None and row.set_at != set_at:
            raise errors.ConnectionChangedError(provider=provider, name=row.name)
        return Connection(guild_id, provider, row.name, row.set_at, self._open(row), row.refused_at)

    async def watchable(self, guild_id: int | None = None) -> list[WatchableRow]:
        """Return the connections to check in a guild, or in all guilds that the bot was not removed from."""
        rows = await self._store.watchable(guild_id)
        return [row for row in rows if row.provider in self._providers]

    async def find(self, guild_id: int, provider: str, name: str | None) -> ConnectionRow:
        """Return the row that ``open`` decrypts. Raises what ``open`` raises, except for the secret."""
        rows = [row for row in await self._store.of_guild(guild_id) if row.provider == provider]
        if name is None and len(rows) == 1:
            return rows[0]
        wanted = read_name(name)
        for row in rows:
            if row.name == wanted:
                return row
        if name is not None:
            raise errors.NoSuchConnectionError(provider=provider, name=wanted)
        if rows:
            raise errors.ConnectionChoiceError(provider=provider, names=", ".join(row.name for row in rows))
        raise errors.NoConnectionError(provider=provider)

    async def names(self, guild_id: int, provider: str | None = None) -> list[str]:
        """Return the names of a guild's connections with one provider or with all, each name once."""
        rows = await self._store.of_guild(guild_id)
        return sorted({row.name for row in rows if provider in {None, row.provider}})

    async def _try(
        self, guild_id: int, slug: str, name: str, values: Mapping[str, str], member_id: int
    ) -> tuple[ConnectionRow, Credentials]:
        provider = self.provider(slug)
        # This comes first, so that no log line about a failure shows the secrets.
        self._redactor.remember(values.get(field.id, "").strip() for field in provider.fields if field.secret)
        credentials = read_credentials(slug, provider.fields, values)
        try:
            await provider.verify(credentials)
        except errors.UnauthorizedError as refused:
            # Unlike stored credentials, these can be entered again.
            raise errors.EnteredCredentialsRefusedError(
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
        except errors.UnreadableSecretError as error:
            return _summary(row, None, erased=isinstance(error, errors.ErasedSecretError))


def read_name(name: str | None) -> str:
    """Return a connection's name in lower case, ``default`` for none. Raises InvalidInputError("name")."""
    if name is None:
        return DEFAULT_NAME
    name = name.strip().lower()
    if not _NAME.fullmatch(name):
        raise errors.InvalidInputError("name")
    return name


def _summary(row: ConnectionRow, credentials: Mapping[str, str] | None, *, erased: bool = False) -> Summary:
    """Return what may be shown. credentials: None if they are unreadable."""
    first = next(iter((credentials or {}).values()), "")
    return Summary(
        provider=row.provider,
        name=row.name,
        hint=first[-4:] if len(first) >= _HINT_FROM_LENGTH else "",
        fields=tuple(credentials or ()),
        set_by=row.set_by,
        set_at=row.set_at,
        verified_at=row.verified_at,
        readable=credentials is not None,
        erased=erased,
        refused_at=row.refused_at,
    )
