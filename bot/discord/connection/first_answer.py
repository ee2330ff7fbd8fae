"""Gives the first answer to an interaction, and finds out whether Discord took one whose reply got lost.

Discord's edge may answer 502 after Discord took an answer. discord.py then sends the same again, and is told
that the interaction has been acknowledged (40060). One process serves a shard and answers each interaction
once, so what Discord took is this answer: whoever gave it goes on by editing.
"""

import asyncio
from collections.abc import Awaitable
from typing import Final

import aiohttp
import discord
import structlog

from bot.discord.context import Context, Interaction

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

ANSWER_SECONDS: Final = 20.0
"""Discord takes no first answer after three. discord.py repeats one for longer after a 502, and after a 429
it waits for as long as Discord says, which may be hours.
"""
_ALREADY_ACKNOWLEDGED: Final = 40060
_UNKNOWN_INTERACTION: Final = 10062
_LEAST_SERVER_FAULT: Final = 500
_Kind = discord.InteractionResponseType
_SHOWS_NO_MESSAGE: Final = frozenset({_Kind.modal, _Kind.autocomplete_result})


async def first_answer(interaction: Interaction, kind: _Kind, answer: Awaitable[object]) -> bool:
    """Send the first answer; return False if Discord took it and only its reply got lost.

    Raises what sending it raises, where Discord has not taken it.
    """
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await answer
    except (discord.HTTPException, aiohttp.ClientError, OSError) as failed:
        if not await _was_taken(interaction, kind, failed):
            raise
        _log.info("answer_had_been_taken", kind=kind.name, error=type(failed).__name__)
        # discord.py goes by this when it is asked whether there is an answer, and has no way to set it.
        interaction.response._response_type = kind  # noqa: SLF001
        return False
    finally:
        if interaction.response.is_done():
            Context.of(interaction).handling.answered()
    return True


async def _was_taken(interaction: Interaction, kind: _Kind, failed: Exception) -> bool:
    if isinstance(failed, discord.HTTPException):
        if failed.code == _ALREADY_ACKNOWLEDGED:
            return True
        # An interaction that is answered late may have been answered in time.
        if failed.code != _UNKNOWN_INTERACTION and failed.status < _LEAST_SERVER_FAULT:
            return False
    if kind in _SHOWS_NO_MESSAGE:
        return False
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await interaction.original_response()
    except (discord.DiscordException, aiohttp.ClientError, OSError):
        return False
    return True
