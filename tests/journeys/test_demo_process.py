"""`patchbay demo` prints instructions and leaves nothing behind."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bot.providers.base.simulator import simulators

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def demo(folder: Path, *options: str) -> AsyncIterator[tuple[Process, str]]:
    """Start the demo with its temporary files in this folder; yield it and what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "demo", "--no-browser", *options,
        cwd=ROOT, env={**os.environ, "TMPDIR": str(folder)}, stdout=PIPE, stderr=STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield process, (await process.stdout.readuntil(b"Ctrl-C")).decode()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def bot_of(process: Process) -> int:
    """Return the process id of the bot that the demo started."""
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(child)


@pytest.mark.parametrize(("number", "options"), [(signal.SIGINT, ()), (signal.SIGTERM, ("--empty",))])
async def test_the_demo_leaves_nothing_behind(
    number: signal.Signals, options: tuple[str, ...], tmp_path: Path
) -> None:
    """The demo prints what to type and paste; on a signal it ends with 0, and page, bot and files are
    gone.
    """
    async with demo(tmp_path, *options) as (process, said):
        assert all(value in said for provider in simulators() for value in provider.credentials.values())
        (url,) = re.findall(r"http://127\.0\.0\.1:\d+/#\S+", said)
        async with aiohttp.ClientSession() as http, http.get(url) as page:
            assert page.status == 200
        bot = bot_of(process)
        process.send_signal(number)
        assert await process.wait() == 0
        assert not Path(f"/proc/{bot}").exists()
        assert list(tmp_path.iterdir()) == []
        async with aiohttp.ClientSession() as http:
            with pytest.raises(aiohttp.ClientConnectorError):
                await http.get(url)


async def test_the_demo_ends_with_its_bot(tmp_path: Path) -> None:
    """If the bot dies, the demo prints its last lines and ends with exit code 1."""
    async with demo(tmp_path, "--empty") as (process, _):
        os.kill(bot_of(process), signal.SIGKILL)
        assert process.stdout is not None
        assert "commands_synced" in (await process.stdout.read()).decode()
        assert await process.wait() == 1
        assert list(tmp_path.iterdir()) == []
