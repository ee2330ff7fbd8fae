"""Lets the files of a running bot not grow any more, and grow again, while its members go on."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Final

from bot.demo.stage import Stage, open_stage
from prove.processes.bots import AGENT, WatchedBot, ask_status, connect, running_bot
from prove.runner import Figure, Scale
from tests.support.demo_steps import text
from tests.support.file_limit import let_files_grow

CYCLES: Final = 15
"""Three commands of one member each; the bot takes 60 a minute."""
WITHIN: Final = 30.0
"""Seconds within which the bot notices that it can write again; it tries with each check."""
OK: Final = 200
UNAVAILABLE: Final = 503


async def prove(scale: Scale) -> AsyncIterator[Figure]:
    """Show that reads go on, that refused writes are told, and that acknowledged ones stay."""
    cycles = scale.of(CYCLES, 1)
    read = refused = unready = back = 0
    granted: set[int] = set()
    async with open_stage("en-US") as stage:
        world = stage.world
        members = [
            world.guild.add_member(stage.discord.env.create_user(f"m{each}")) for each in range(cycles)
        ]
        async with running_bot(stage) as bot:
            await connect(stage)
            for member in members:
                let_files_grow(bot, may=False)
                refused += not await _grant(stage, member)
                read += AGENT in text(await stage.discord.answer(await ask_status(stage)))
                unready += await bot.probe("/readyz") == UNAVAILABLE
                let_files_grow(bot, may=True)
                back += await _is_ready(bot)
                if await _grant(stage, member):
                    granted.add(member.id)
            code = await bot.stop()
        with closing(sqlite3.connect(stage.database)) as database:
            kept = {subject for (subject,) in database.execute("SELECT subject FROM access")}
    yield Figure(
        "a full disk: reads go on, a write's error is shown, acknowledged writes stay",
        f"{cycles} times no file of the bot could grow: {read} reads answered, {refused} writes told that"
        f" they failed, {unready} times not ready; {back} times ready again, {len(granted)} writes"
        f" acknowledged then, {len(granted - kept)} lost; exit code {code}",
        holds=read == refused == unready == back == len(granted) == cycles and granted <= kept and code == 0,
    )


async def _grant(stage: Stage, member: object) -> bool:
    """Give a member viewer access; return whether the bot says that this is done."""
    world = stage.world
    asked = await world.mira.slash(world.operations, "access grant", tier="viewer", member=member)
    return text(await stage.discord.answer(asked, WITHIN)).startswith("✅")


async def _is_ready(bot: WatchedBot) -> bool:
    for _ in range(int(WITHIN / 0.1)):
        if await bot.probe("/readyz") == OK:
            return True
        await asyncio.sleep(0.1)
    return False
