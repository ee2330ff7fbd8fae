"""Tells Discord our commands, only when they changed: it counts how often they are created."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import structlog

from bot.store.commands import SyncedCommands

if TYPE_CHECKING:
    from discord import app_commands

    from bot.store.commands import CommandStore

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def sync_commands(
    tree: app_commands.CommandTree[Any], store: CommandStore, application_id: int, *, force: bool = False
) -> SyncedCommands:
    """Send the tree's commands if they differ from what was sent last, or when forced.

    Raises discord.HTTPException.
    """
    fingerprint = await _fingerprint(tree)
    known = await store.get(application_id)
    if known is not None and known.hash == fingerprint and not force:
        return known
    commands = await tree.sync()
    synced = SyncedCommands(fingerprint, {command.name: command.id for command in commands})
    await store.put(application_id, synced)
    _log.info("commands_synced", count=len(commands))
    return synced


async def _fingerprint(tree: app_commands.CommandTree[Any]) -> str:
    payload = [
        await command.get_translated_payload(tree, tree.translator)  # type: ignore[arg-type]
        for command in sorted(tree.get_commands(), key=lambda command: command.name)
    ]
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
