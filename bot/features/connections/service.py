"""Verifies credentials before it stores them, encrypts them at rest, and decrypts them for one command."""

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from cachetools import LRUCache, TTLCache

from bot import errors
from bot.features.connections.store import ConnectionRow, ConnectionStore, WatchListChange
from bot.providers.base.credentials import (
    MISPLACED_KEY,
    CredentialField,
    Credentials,
    Facts,
    read_credentials,
)
from bot.providers.base.current_guild import GuildCache
from bot.providers.base.pasted import PUBLIC_KEY, unwrapped
from bot.providers.base.provider import Provider
from bot.providers.base.redaction import Redactor
from bot.store.key_marks import KeyMarks
from bot.store.vault import Place, Vault, new_generation

DEFAULT_NAME: Final = "default"
MAX_CONNECTIONS: Final = 25
"""A guild has so many connections with one provider at most: Discord's suggestions list no more."""
# Short enough for a button's custom id of 100 characters, beside the longest integration id.
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,19}")
# Four characters of a secret of this length identify it, and do not help to guess it.
_HINT_FROM_LENGTH: Final = 16
_KEPT_FACTS: Final = 100
"""How many connections of one guild have their facts kept. Those of a dropped one are asked for again."""
_KEPT_QUESTIONS: Final = 100
"""How many questions of one guild are remembered."""
_QUESTIONED_SECONDS: Final = 600
"""A member who was asked whether a value is right can enter it again for so long."""


_Key = tuple[int, str, str]
"""Guild id, provider and name of a connection."""


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
    empty if ``readable`` is False. verified_at: when they last worked: in a test or a check, whichever came
    later. erased: whether the secret was erased because the bot was removed from the
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

    Only ``watch_list_change`` lists those of all guilds, without their credentials.
    """

    def __init__(
        self,
        store: ConnectionStore,
        vault: Vault,
        providers: Mapping[str, Provider],
        redactor: Redactor,
        clock: Callable[[], float],
        key_marks: KeyMarks,
    ) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._vault = vault
        self._key_marks = key_marks
        self._providers = providers
        self._redactor = redactor
        self._clock = clock
        self._being_verified: set[_Key] = set()
        # With the sealed secret that they are about: it differs for each replacement, also within a second.
        self._facts = GuildCache[_Key, tuple[bytes, Facts]](lambda: LRUCache(_KEPT_FACTS))
        self._questioned = GuildCache[tuple[_Key, int], None](
            lambda: TTLCache(_KEPT_QUESTIONS, _QUESTIONED_SECONDS)
        )

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
        self._keep_facts(row, credentials)
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
        self._keep_facts(row, credentials)
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
        self._facts.of(guild_id).pop((guild_id, provider, name), None)

    def forget_facts(self, guild_id: int) -> None:
        """Drop what providers have said of the guild's credentials, because those were erased."""
        self._facts.forget(guild_id)

    async def check_not_stored(self, guild_id: int, text: str) -> None:
        """Raise InvalidInputError("stored_secret") if a member pasted a secret that is stored for the guild.

        text: what was pasted in the place of a bot token, which no provider's secret can be.
        """
        text = unwrapped(text)
        for slug, field, value in await self._stored(guild_id):
            if value == text and field.secret:
                raise errors.InvalidInputError("stored_secret", provider=slug, other=f"{slug}.{field.id}")

    async def summaries(self, guild_id: int) -> list[Summary]:
        """Return what may be shown of each of the guild's connections, the unreadable ones included."""
        return self.summaries_of(await self._store.of_guild(guild_id))

    def summaries_of(self, rows: Iterable[ConnectionRow]) -> list[Summary]:
        """Return what may be shown of connections."""
        return [self._summarise(row) for row in rows]

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

    async def watch_list_change(self) -> WatchListChange:
        """Return which connections to check may have changed since the last call, in all guilds that have not
        removed the bot; all of them at first.

        Since this is asked before each round of checks, it also learns here which keys are out of use.
        """
        await self._key_marks.refresh()
        change = await self._store.watch_list_change()
        return replace(change, rows=[row for row in change.rows if row.provider in self._providers])

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
        typed = [values.get(field.id, "") for field in provider.fields if field.secret]
        secrets = [*map(str.strip, typed), *map(unwrapped, typed)]
        with self._redactor.typed(secrets):
            credentials = await self._read((guild_id, slug, name), values, member_id)
            try:
                await provider.verify(credentials)
            except errors.UnauthorizedError as refused:
                # Unlike stored credentials, these can be entered again.
                raise errors.EnteredCredentialsRefusedError(
                    slug, status=refused.status, request_id=refused.request_id, detail=refused.detail
                ) from None
        # Only what was accepted: a member could have any word masked.
        self._redactor.remember(secrets, guild_id)
        now = int(self._clock())
        place = Place(guild_id, slug, name, set_at=now, generation=new_generation())
        sealed = self._vault.seal(credentials, place)
        row = ConnectionRow(
            guild_id,
            slug,
            name,
            sealed,
            set_by=member_id,
            set_at=now,
            verified_at=now,
            generation=place.generation,
        )
        return row, credentials

    async def _read(self, key: _Key, values: Mapping[str, str], member_id: int) -> Credentials:
        """Check what was typed, also against all that is stored for the guild. Raises InvalidInputError.

        What looks like a Discord public key is accepted if the member enters it again, or if a stored secret
        of the same provider looks like one as well.
        """
        guild_id, slug, _ = key
        fields, stored = self.provider(slug).fields, await self._stored(guild_id)
        are_alike = any(owner == slug and PUBLIC_KEY.fullmatch(value) for owner, _, value in stored)
        may_look_like_key = are_alike or (key, member_id) in self._questioned.of(guild_id)
        try:
            read = read_credentials(slug, fields, values, may_look_like_key=may_look_like_key)
        except errors.InvalidInputError as error:
            if error.field == MISPLACED_KEY:
                self._questioned.of(guild_id)[key, member_id] = None
            raise
        for owner, other, value in stored:
            for field in fields:
                is_same_place = (owner, other.id) == (slug, field.id)
                if read.get(field.id) == value and not is_same_place and (field.secret or other.secret):
                    names = {"input": f"{slug}.{field.id}", "other": f"{owner}.{other.id}"}
                    raise errors.InvalidInputError("misplaced_secret", provider=owner, **names)
        return read

    async def _stored(self, guild_id: int) -> list[tuple[str, CredentialField, str]]:
        """Return provider, field and value of everything readable that is stored for the guild."""
        found = []
        for row in await self._store.of_guild(guild_id):
            with contextlib.suppress(errors.UnreadableSecretError, errors.InvalidInputError):
                credentials = self._open(row)
                fields = self.provider(row.provider).fields
                found += [
                    (row.provider, each, credentials[each.id]) for each in fields if each.id in credentials
                ]
        return found

    def _open(self, row: ConnectionRow) -> Credentials:
        values = self._vault.open(row.secret, row.place)
        secret = {field.id for field in self.provider(row.provider).fields if field.secret}
        self._redactor.remember((value for field, value in values.items() if field in secret), row.guild_id)
        kept, facts = self._facts.of(row.guild_id).get(_key(row), (b"", None))
        credentials = Credentials(values, facts if kept == row.secret else None)
        self._keep_facts(row, credentials)
        return credentials

    def _keep_facts(self, row: ConnectionRow, credentials: Credentials) -> None:
        self._facts.of(row.guild_id)[_key(row)] = row.secret, credentials.facts

    def _summarise(self, row: ConnectionRow) -> Summary:
        try:
            return _summary(row, self._open(row))
        except errors.UnreadableSecretError as error:
            return _summary(row, None, erased=isinstance(error, errors.ErasedSecretError))


def _key(row: ConnectionRow) -> _Key:
    return row.guild_id, row.provider, row.name


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
        verified_at=max(row.verified_at, row.answered_at or 0),
        readable=credentials is not None,
        erased=erased,
        refused_at=row.refused_at,
    )
