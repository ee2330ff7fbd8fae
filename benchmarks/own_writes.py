"""Writes and reads through Patchbay's database, whenever it is told to.

Its first line of input says where, as JSON: ``database`` (a path, or the address of a server's database), and
``guild``, the first of the servers that the rows are for. Each further line is ``write`` or ``read``, how
many at once, and for how many seconds; it prints how many were done in a second.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.store.database import Database
from bot.store.vault import Vault

PAGE: Final = 10


async def rate(act: Callable[[int], Awaitable[object]], at_once: int, seconds: float) -> float:
    """Do it as often as can be, so many at once; return how often in a second."""
    done, began = 0, time.perf_counter()

    async def repeat(number: int) -> None:
        nonlocal done
        while time.perf_counter() < began + seconds:
            await act(number)
            done += 1

    await asyncio.gather(*(repeat(number) for number in range(at_once)))
    return done / (time.perf_counter() - began)


async def main() -> None:
    """Do what each line says, until standard input ends."""
    work = json.loads(sys.stdin.readline())
    place = work["database"] if "://" in work["database"] else Path(work["database"])
    guild = work["guild"]
    async with Database.open(place) as database:
        audit = AuditService(AuditStore(database), Vault({"k1": bytes(32)}), time.time)
        acts = {
            "write": lambda number: audit.note(guild + number, "integrations.board", "channel", "ok"),
            "read": lambda number: audit.page(guild + number, PAGE),
        }
        print(flush=True)
        while line := (await asyncio.to_thread(sys.stdin.readline)).split():
            what, at_once, seconds = line
            print(await rate(acts[what], int(at_once), float(seconds)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
