"""Opens the connection that an interaction means, always in its own guild, and sees to those refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard, cast

from bot.errors import EnteredCredentialsRefusedError, ForbiddenError, UnauthorizedError
from bot.runtime.credentials import ROTATE, CredentialButton
from bot.services.refusals import note_refusal
from bot.ui.components import guild_of

if TYPE_CHECKING:
    from bot.i18n.catalog import Texts
    from bot.runtime.client import PatchbayBot
    from bot.services.connections import Connection
    from bot.ui.components import Interaction


async def open_connection(
    interaction: Interaction, provider: str, name: str | None = None, *, set_at: int | None = None
) -> Connection:
    """Open a connection for what the interaction asks for. Raises what ConnectionService.open raises."""
    bot = cast("PatchbayBot", interaction.client)
    connection = await bot.connections.open(guild_of(interaction), provider, name, set_at=set_at)
    # Whoever reports an error finds here whose credentials it was about.
    interaction.extras["connection"] = connection
    return connection


async def reopen(interaction: Interaction, provider: str, name: str) -> tuple[PatchbayBot, Connection]:
    """Acknowledge a press, and open the connection of that name. Raises like ``open_connection``."""
    await interaction.response.defer()
    return cast("PatchbayBot", interaction.client), await open_connection(interaction, provider, name)


def rotation_for(connection: Connection, error: object, texts: Texts) -> list[CredentialButton]:
    """Return the button that enters new credentials, if the error calls for them; else nothing.

    What is forbidden may be one agent alone, unless the provider is known to refuse the credentials.
    """
    if not _is_refusal(error, connection):
        return []
    if isinstance(error, ForbiddenError) and connection.refused_at is None:
        return []
    return [CredentialButton(texts=texts, action=ROTATE, provider=connection.provider, name=connection.name)]


def look_into(bot: PatchbayBot, connection: Connection, error: object) -> None:
    """Find out in the background what a provider's refusal means; any other error needs no looking into.

    The first time that it refuses the credentials altogether, that goes into the audit log.
    """
    if _is_refusal(error, connection):
        bot.in_background(_look_into(bot, connection, error.key))


def _is_refusal(error: object, connection: Connection) -> TypeGuard[UnauthorizedError | ForbiddenError]:
    return (
        isinstance(error, (UnauthorizedError, ForbiddenError))
        and not isinstance(error, EnteredCredentialsRefusedError)
        and error.provider == connection.provider
    )


async def _look_into(bot: PatchbayBot, connection: Connection, key: str) -> None:
    await note_refusal(bot.connections, bot.audit, connection, key)
