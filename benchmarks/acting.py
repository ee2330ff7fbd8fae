"""What simulated members do at the same time, where simcord's own methods let one act after the other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Final

import discord
from simcord import ChannelHandle, InteractionResult, MemberActor, ResponseMessage
from simcord.enums import ComponentType

from bot.demo.discord_server import SimulatedDiscord

ANSWERED_WITHIN: Final = 30.0
"""Seconds after which an answer counts as not given."""
MANAGES: Final = discord.Permissions(manage_guild=True, moderate_members=True)
MODERATES: Final = discord.Permissions(moderate_members=True)
ADMINISTERS: Final = discord.Permissions(administrator=True)


class Acting:
    """Runs commands, presses and questions for suggestions, and waits for the whole answer to each."""

    def __init__(self, simulated: SimulatedDiscord) -> None:
        self._discord = simulated

    async def run(
        self,
        member: MemberActor,
        channel: ChannelHandle,
        command: str,
        /,
        **options: Any,  # noqa: ANN401 - options of any type
    ) -> ResponseMessage:
        """Run a command. Raises TimeoutError, and LookupError where a form is the answer."""
        return await self._answer(await self.open(member, channel, command, **options))

    async def open(
        self,
        member: MemberActor,
        channel: ChannelHandle,
        command: str,
        /,
        **options: Any,  # noqa: ANN401 - options of any type
    ) -> InteractionResult:
        """Run a command, and return as soon as the bot has acknowledged it."""
        asked: InteractionResult = await _freed(member.slash)(member, channel, command, **options)
        return asked

    async def press(self, member: MemberActor, message: ResponseMessage, custom_id: str) -> ResponseMessage:
        """Press a button."""
        return await self._answer(await _freed(member.click)(member, message, custom_id=custom_id))

    async def suggest(
        self, member: MemberActor, channel: ChannelHandle, command: str, option: str, typed: str
    ) -> None:
        """Ask what could be entered."""
        await _freed(member.autocomplete)(member, channel, command, option, typed)

    async def _answer(self, asked: InteractionResult) -> ResponseMessage:
        return await self._discord.answer(asked, ANSWERED_WITHIN)


@contextlib.asynccontextmanager
async def meanwhile(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do all of it until the block ends."""
    tasks = [asyncio.create_task(each) for each in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def buttons(message: ResponseMessage) -> list[str]:
    """Return the ids of the buttons under a message that can be pressed."""
    return [
        button["custom_id"]
        for row in message.components
        for button in row.get("components", [])
        if button["type"] == ComponentType.BUTTON and "custom_id" in button and not button.get("disabled")
    ]


def _freed(method: Any) -> Any:  # noqa: ANN401 - simcord's own types are lost with the check
    """Return a method of simcord without the check that nobody else is doing something."""
    return method.__func__.__wrapped__
