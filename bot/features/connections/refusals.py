"""Records in the audit log that a provider refuses a connection's credentials."""

from bot.features.audit.service import AuditService
from bot.features.connections.service import Connection, ConnectionService


async def note_refusal(
    connections: ConnectionService,
    audit: AuditService,
    connection: Connection,
    key: str,
    *,
    by_intermediary: bool = False,
) -> bool:
    """Return what ``confirm_refusal`` returns; if it is True, add an entry to the audit log.

    key: of the error with which the provider refused a request.
    """
    if not await connections.confirm_refusal(connection, by_intermediary=by_intermediary):
        return False
    target = f"{connection.provider} · {connection.name}"
    await audit.note(connection.guild_id, "connection.refused", target, f"refused:{key}")
    return True
