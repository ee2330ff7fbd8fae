"""Keeps an answer true for a while after it was given."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final, NamedTuple

import aiohttp
import discord
import structlog

from bot.errors import PatchbayError
from bot.ui.replies import renew

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.ui.components import Interaction

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PAUSES: Final = (20, 40, 60, 120, 240, 240)
"""Seconds between looks: twelve minutes in all, as an answer can be changed for fifteen."""


class Look(NamedTuple):
    """What an answer shows now. settled: nothing more is going to change."""

    embed: discord.Embed
    view: discord.ui.View
    settled: bool


def _no_sooner(_wake: Callable[[], object]) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext()


async def follow(
    interaction: Interaction,
    look: Callable[[], Awaitable[Look | None]],
    sooner: Callable[[Callable[[], object]], contextlib.AbstractContextManager[None]] = _no_sooner,
) -> None:
    """Look now and then, and renew the answer, until it is settled or may no longer be changed.

    A look that fails is no answer and no reason to stop: the next one may succeed. One that finds nothing new
    gives None. sooner: calls what it is given, while its block lasts, when a look should not wait any longer.
    """
    for pause in PAUSES:
        nap = asyncio.create_task(asyncio.sleep(pause))
        try:
            with sooner(nap.cancel):
                await asyncio.wait({nap})
        finally:
            nap.cancel()
        try:
            shown = await look()
        except PatchbayError:
            continue
        except Exception:  # noqa: BLE001 - the answer has promised more looks
            _log.exception("look_failed")
            continue
        if shown is None:
            continue
        try:
            await renew(interaction, shown.embed, shown.view)
        except discord.NotFound:
            return  # the member has dismissed it
        except (discord.HTTPException, aiohttp.ClientError, OSError):
            continue
        if shown.settled:
            return
