"""Compares how long simple commands take in a quiet server while another server works as hard as it may."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from typing import Final

import discord
import simcord

from bot.demo.stage import Stage, open_stage
from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.store.database import Database
from bot.store.vault import Vault

ROWS: Final = 50_000
FILLED_WITHIN: Final = 45.0
"""Seconds; what is not written by then is left out, and the number is printed."""
SAMPLES: Final = 40
MEASURED_WITHIN: Final = 15.0
"""Seconds for the samples of one phase; an unfinished one counts with its time so far."""
MANAGERS: Final = discord.Permissions(manage_guild=True, moderate_members=True)
PAUSE: Final = 0.3
"""Seconds between two commands, so that the quiet server stays below its own limit."""
SIMPLE: Final = ("help", "connections list")
LOUD: Final = ("audit list", "audit list", "help", "connections list", "access list")
LOUDERS: Final = range(len(LOUD))
"""One member for each of these commands, so that the server's limit is reached, and not only a member's."""


async def fill(stage: Stage, guild_id: int) -> int:
    """Write the log of a server before the bot starts; return the number of rows.

    Only this function depends on how entries are written.
    """
    name, _, key = stage.keys.partition(":")
    written, end = 0, time.monotonic() + FILLED_WITHIN
    async with Database.open(stage.folder / "patchbay.db") as database:
        audit = AuditService(AuditStore(database), Vault({name: base64.b64decode(key)}), time.time)
        while written < ROWS and time.monotonic() < end:
            await audit.note(guild_id, "connection.refused", "toolzz", member_id=1)
            written += 1
    return written


async def measure(
    stage: Stage, member: simcord.MemberActor, channel: simcord.ChannelHandle, one_at_a_time: asyncio.Lock
) -> Sequence[float]:
    """Return the seconds from sending each simple command to its whole answer."""
    took: list[float] = []
    end = time.monotonic() + MEASURED_WITHIN
    while len(took) < SAMPLES and (left := end - time.monotonic()) > 0:
        began = time.perf_counter()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left):
                async with one_at_a_time:
                    began = time.perf_counter()
                    asked = await member.slash(channel, SIMPLE[len(took) % len(SIMPLE)])
                await stage.discord.answer(asked)
        took.append(time.perf_counter() - began)
        await asyncio.sleep(PAUSE)
    return sorted(took)


@contextlib.asynccontextmanager
async def noise(stage: Stage, one_at_a_time: asyncio.Lock) -> AsyncIterator[list[int]]:
    """Send the loud server's commands until the block ends; yield a list that grows by one for each."""
    sent: list[int] = []

    async def repeat(member: simcord.MemberActor, command: str) -> None:
        while True:
            async with one_at_a_time:
                asked = await member.slash(stage.world.operations, command)
            sent.append(1)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(MEASURED_WITHIN):
                    await stage.discord.answer(asked)
            await asyncio.sleep(0.05)

    guild = stage.world.guild
    role = guild.create_role("Loud", permissions=MANAGERS)
    members = [
        guild.add_member(stage.discord.env.create_user(f"loud{number}"), roles=[role]) for number in LOUDERS
    ]
    tasks = [
        asyncio.create_task(repeat(member, command)) for member, command in zip(members, LOUD, strict=True)
    ]
    try:
        yield sent
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for each in ended:
        if isinstance(each, Exception):
            raise SystemExit(f"the loud server stopped: {each!r}")


def at(took: Sequence[float], share: float) -> float:
    """Return a percentile in milliseconds."""
    return took[min(len(took) - 1, int(len(took) * share))] * 1000


async def main() -> None:
    """Measure both phases and print them."""
    async with open_stage("en-US") as stage:
        env = stage.discord.env
        one_at_a_time = asyncio.Lock()  # the simulated Discord takes one command at a time
        guild = env.create_guild("Elsewhere")
        channel = guild.create_text_channel("quay")
        role = guild.create_role("Managers", permissions=MANAGERS)
        # One for each phase: both phases together are more than a member may do in a minute.
        first, second = (guild.add_member(env.create_user(name), roles=[role]) for name in ("rui", "eva"))
        rows = await fill(stage, stage.world.guild.id)
        async with stage.running_bot():
            quiet = await measure(stage, first, channel, one_at_a_time)
            async with noise(stage, one_at_a_time) as sent:
                loud = await measure(stage, second, channel, one_at_a_time)
    print(f"{rows} rows in the loud server's log; {len(sent)} commands of it; {len(loud)} samples")
    for share in (0.5, 0.99):
        before, after = at(quiet, share), at(loud, share)
        print(f"p{share * 100:.0f}  quiet {before:8.1f} ms  loud {after:8.1f} ms  {after / before:.2f}")


if __name__ == "__main__":
    asyncio.run(main())
