"""Finds out what a provider's refusal means, and has the audit log say so once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.services.audit import AuditService
    from bot.services.connections import Connection, ConnectionService


async def note_refusal(
    connections: ConnectionService, audit: AuditService, connection: Connection, key: str
) -> bool:
    """Tell whether the provider turns out to refuse the credentials altogether; True comes once.

    key: of the error that gave rise to the doubt.
    """
    if not await connections.refused(connection):
        return False
    target = f"{connection.provider} · {connection.name}"
    await audit.note(connection.guild_id, "connection.refused", target, f"refused:{key}")
    return True
