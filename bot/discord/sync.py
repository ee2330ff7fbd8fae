"""Sends our commands to Discord, only when they changed, and turns their names in our texts into links.

Discord limits how many commands are created per day.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Final

import structlog
from discord import app_commands

from bot.features.commands.store import CommandStore, SyncedCommands

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# How our texts write a command: `/toolzz status`.
_COMMAND: Final = re.compile(r"`/([a-z]+)((?: [a-z-]+)?)`")


class CommandLinks:
    """Knows Discord's ids of our top-level commands, once they are synchronised."""

    def __init__(self) -> None:
        self.ids: Mapping[str, int] = {}
        """Name -> Discord's id; empty before the first synchronisation."""

    def link(self, text: str) -> str:
        """Return the text with each command in it as a link that can be clicked."""
        return _COMMAND.sub(
            lambda match: (
                f"</{match[1]}{match[2]}:{self.ids[match[1]]}>" if match[1] in self.ids else match[0]
            ),
            text,
        )


async def sync_commands(
    tree: app_commands.CommandTree[Any], store: CommandStore, application_id: int, *, force: bool = False
) -> SyncedCommands:
    """Send the tree's commands if they differ from what was sent last; force: send them in any case.

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
