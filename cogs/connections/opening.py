"""Opens the connection that an interaction means, always in its own guild, and reacts when it is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

from bot.discord.components import PersistentButton
from bot.discord.context import Context, Services
from bot.discord.pages import REFRESH
from bot.discord.replies import defer, respond
from bot.discord.routes import ConnectionName, ProviderSlug
from bot.discord.text import code
from bot.discord.theme import Field, Tone, notice, when
from bot.errors import (
    EnteredCredentialsRefusedError,
    ForbiddenError,
    IntermediaryUnauthorizedError,
    ProviderError,
    UnauthorizedError,
    UnknownUnitError,
)
from bot.features.connections.refusals import note_refusal
from bot.features.connections.service import Connection
from bot.i18n.catalog import Texts
from cogs.connections.forms import ROTATE, CredentialButton, next_step


class ConnectionTestButton(PersistentButton):
    """Tests stored credentials."""

    route = "connections:test:{provider}:{name}"
    operation = "connections test"
    caption = "connections.test.button"
    symbol = REFRESH

    provider: ProviderSlug
    name: ConnectionName

    async def press(self, ctx: Context) -> None:
        """Test them now, and leave the message as it is."""
        await defer(ctx)
        await test_connection(ctx, self.provider, self.name)


@dataclass(frozen=True, slots=True)
class _RefusedCredentials:
    """Offers to enter new credentials after a refusal, and finds out what the refusal means."""

    ctx: Context
    connection: Connection

    def buttons(self, error: BaseException) -> Sequence[PersistentButton]:
        """Return the button that enters new credentials, if the error calls for them.

        Where it is not certain that they are refused, one that asks again comes first.
        """
        texts, opened = self.ctx.texts, self.connection
        rotation = rotation_for(opened, error, texts)
        if not rotation or self.ctx.retry is not None or not isinstance(error, IntermediaryUnauthorizedError):
            return rotation
        return [ConnectionTestButton(texts=texts, provider=opened.provider, name=opened.name), *rotation]

    def reported(self, error: BaseException) -> None:
        """Ask the provider in the background whether it refuses the credentials altogether."""
        investigate(self.ctx.services, self.connection, error)


async def open_connection(
    ctx: Context, provider: str, name: str | None = None, *, set_at: int | None = None
) -> Connection:
    """Open a connection for what the interaction asks for. Raises what ConnectionService.open raises."""
    connection = await ctx.services.connections.open(ctx.guild_id, provider, name, set_at=set_at)
    ctx.follow_up = _RefusedCredentials(ctx, connection)
    return connection


async def test_connection(ctx: Context, provider: str, name: str | None) -> None:
    """Test stored credentials, and say that they still work. Raises what ConnectionService.test raises."""
    texts, opened = ctx.texts, await open_connection(ctx, provider, name)
    summary = await ctx.services.connections.test(opened.guild_id, provider, opened.name)
    embed = notice(
        texts,
        Tone.GOOD,
        "connections.test.done",
        Field(texts("connections.name"), code(summary.name), inline=True),
        Field(texts("connections.verified"), when(summary.verified_at), inline=True),
        how="",
        next_step=next_step(summary.provider, texts),
        provider=ctx.services.providers[summary.provider].name,
    )
    await respond(ctx, embed)


def rotation_for(connection: Connection, error: object, texts: Texts) -> list[CredentialButton]:
    """Return the button that enters new credentials, if the error calls for them; else nothing.

    What is forbidden may be one agent alone, unless the provider is known to refuse the credentials. A unit
    that the provider does not know is one of the credentials. A 401 from in between may be how the provider
    refuses credentials that have expired.
    """
    if isinstance(error, ForbiddenError) and connection.refused_at is None:
        return []
    may_have_expired = isinstance(error, IntermediaryUnauthorizedError) and _concerns(error, connection)
    is_unknown_unit = isinstance(error, UnknownUnitError)
    if not may_have_expired and not is_unknown_unit and not _is_refusal(error, connection):
        return []
    return [CredentialButton(texts=texts, action=ROTATE, provider=connection.provider, name=connection.name)]


def investigate(services: Services, connection: Connection, error: object) -> None:
    """Find out in the background what a provider's refusal means; any other error means nothing more.

    The first time that a provider refuses the credentials altogether, that goes into the audit log.
    """
    if _is_refusal(error, connection):
        services.background.start(note_refusal(services.connections, services.audit, connection, error.key))


def _is_refusal(error: object, connection: Connection) -> TypeGuard[UnauthorizedError | ForbiddenError]:
    return (
        isinstance(error, (UnauthorizedError, ForbiddenError))
        and not isinstance(error, EnteredCredentialsRefusedError)
        and _concerns(error, connection)
    )


def _concerns(error: ProviderError, connection: Connection) -> bool:
    """Tell whether an error is the connection's provider's; Discord may have raised it during a preflight."""
    return error.provider == connection.provider
