"""Receives a gzip bomb in a process of its own, and prints by how many KiB the process has grown at most."""

import asyncio
import sys
from pathlib import Path

from bot.errors import AnswerTooLargeError
from bot.kit.simulator import GzipBomb
from tests.kit.desk import Desk, Order, failure, get, open_api


def peak() -> int:
    """Return the largest resident size of this program so far, in KiB.

    The kernel's account of the process would begin with the size of the one that started it.
    """
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


async def main(decoded: int) -> None:
    """Take an ordinary answer and a bomb of a few bytes, so that all code is loaded, then the real one."""
    async with Desk() as desk, open_api(desk.url) as api:
        await api.send(get(desk.url), Order)
        desk.fail(GzipBomb(2**22))
        await failure(api, get(desk.url))

        desk.fail(GzipBomb(decoded), times=2)
        before = peak()
        for _ in range(2):
            assert type(await failure(api, get(desk.url))) is AnswerTooLargeError
        sys.stdout.write(str(peak() - before))


asyncio.run(main(int(sys.argv[1])))
