"""Sends our commands to Discord, only when they changed, and turns their names in our texts into links.

Discord limits how many commands are created per day.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import aiohttp
import discord
import structlog
from discord import app_commands

from bot.backoff import Backoff
from bot.discord.connection.refusals import describe_failure
from bot.discord.connection.state_file import DiscordState
from bot.features.commands.store import CommandStore, SyncedCommands

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

SYNC_REFUSAL: Final = "sync"
"""The key under which the state file keeps why Discord has not taken the commands."""
_FIRST_PAUSE: Final = 60.0
_MAX_PAUSE: Final = 6 * 3600.0
"""Seconds between two attempts: some twelve in the first day, because command creates are limited."""
_SLOW_SECONDS: Final = 60.0
# How our texts write a command: `/toolzz status`.
_COMMAND: Final = re.compile(r"`/([a-z]+)((?: [a-z-]+)?)`")


class CommandLinks:
    """Knows Discord's ids of our top-level commands, once they are synchronised."""

    def __init__(self) -> None:
        self.ids: Mapping[str, int] = {}
        """Name -> Discord's id; empty before the first synchronisation."""

    @staticmethod
    def named_in(text: str) -> set[str]:
        """Return the top-level commands that a text names."""
        return {match[1] for match in _COMMAND.finditer(text)}

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


async def keep_trying(
    tree: app_commands.CommandTree[Any],
    store: CommandStore,
    links: CommandLinks,
    state: DiscordState,
    application_id: int,
    *,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Send the commands if they changed, again and again until Discord takes them.

    What Discord refuses costs new commands only: those that it knows go on, and so does all else.
    """
    backoff = Backoff(_FIRST_PAUSE, _MAX_PAUSE)
    while True:
        try:
            synced = await _send(tree, store, state, application_id)
        except (discord.HTTPException, aiohttp.ClientError, OSError) as failed:
            pause = backoff.fail()
            known = describe_failure(failed)
            _log.error("commands_not_synced", retry_in=round(pause), **known)
            await state.put(SYNC_REFUSAL, known)
        except Exception as error:  # noqa: BLE001 - a locked database may be free later
            pause = backoff.fail_with(_log, "commands_not_synced", error)
        else:
            links.ids = synced.ids
            await state.put(SYNC_REFUSAL, {})
            return
        await sleep(pause)


async def _send(
    tree: app_commands.CommandTree[Any], store: CommandStore, state: DiscordState, application_id: int
) -> SyncedCommands:
    """Send the commands, and take note where Discord lets that wait: discord.py sleeps through a long 429."""
    sending = asyncio.create_task(sync_commands(tree, store, application_id))
    try:
        done, _ = await asyncio.wait((sending,), timeout=_SLOW_SECONDS)
        if not done:
            _log.warning("commands_sync_waits", seconds=_SLOW_SECONDS)
            await state.put(SYNC_REFUSAL, {"error": "Discord asked for a pause"})
        return await sending
    finally:
        sending.cancel()


async def _fingerprint(tree: app_commands.CommandTree[Any]) -> str:
    payload = [
        await command.get_translated_payload(tree, tree.translator)  # type: ignore[arg-type]
        for command in sorted(tree.get_commands(), key=lambda command: command.name)
    ]
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
