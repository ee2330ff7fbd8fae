"""Opens the connection that an interaction means, always in its own guild, and reacts when it is refused."""

from dataclasses import dataclass
from typing import TypeGuard

from bot.discord.context import Context, Services
from bot.errors import EnteredCredentialsRefusedError, ForbiddenError, UnauthorizedError, UnknownUnitError
from bot.features.connections.refusals import note_refusal
from bot.features.connections.service import Connection
from bot.i18n.catalog import Texts
from cogs.connections.forms import ROTATE, CredentialButton


@dataclass(frozen=True, slots=True)
class _RefusedCredentials:
    """Offers to enter new credentials after a refusal, and finds out what the refusal means."""

    ctx: Context
    connection: Connection

    def buttons(self, error: BaseException) -> list[CredentialButton]:
        """Return the button that enters new credentials, if the error calls for them."""
        return rotation_for(self.connection, error, self.ctx.texts)

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


def rotation_for(connection: Connection, error: object, texts: Texts) -> list[CredentialButton]:
    """Return the button that enters new credentials, if the error calls for them; else nothing.

    What is forbidden may be one agent alone, unless the provider is known to refuse the credentials. A unit
    that the provider does not know is one of the credentials.
    """
    if not _is_refusal(error, connection) and not isinstance(error, UnknownUnitError):
        return []
    if isinstance(error, ForbiddenError) and connection.refused_at is None:
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
        and error.provider == connection.provider
    )
