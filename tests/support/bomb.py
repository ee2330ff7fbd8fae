"""Receives a gzip bomb in its own process, and prints by how many KiB the process has grown at most."""

import asyncio
import sys
from pathlib import Path

from bot.errors import AnswerTooLargeError
from bot.providers.base.simulator import GzipBomb
from tests.support.order_api import Order, OrderApi, failure, get, open_api


def peak() -> int:
    """Return the largest resident size of this program so far, in KiB.

    The kernel's account of the process would begin with the size of the one that started it.
    """
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


async def main(decoded: int) -> None:
    """Receive an ordinary answer and a small bomb, so that all code is loaded, then the real bomb."""
    async with OrderApi() as order_api, open_api(order_api.url) as api:
        await api.send(get(order_api.url), Order)
        order_api.fail(GzipBomb(2**22))
        await failure(api, get(order_api.url))

        order_api.fail(GzipBomb(decoded), times=2)
        before = peak()
        for _ in range(2):
            assert type(await failure(api, get(order_api.url))) is AnswerTooLargeError
        sys.stdout.write(str(peak() - before))


asyncio.run(main(int(sys.argv[1])))
