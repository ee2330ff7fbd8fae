"""Compares single reads through Patchbay's client for Toolzz with a bare aiohttp loop that reads the same."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

from benchmarks.processes import ROOT, cpu_seconds, environment_with
from benchmarks.table import Row, show
from bot.providers.toolzz.client import CHAT, OPERATIONS, UNIT
from bot.providers.toolzz.simulated_unit import integration
from bot.providers.toolzz.simulator import ToolzzSimulator

INTEGRATIONS: Final = 2_000
"""Each is read once in a turn."""
AT_ONCE: Final = 4
"""As many as a check has under way with one connection."""
ROUNDS: Final = 7
GOAL: Final = 0.5
"""Reads per second, of the bare loop's."""
CPU_GOAL: Final = 2.0
_PATH: Final = "/chat/api/v1"
_TARGET: Final = re.compile(rb"GET (\S+) HTTP/1\.1\r\n")


class _Answering(asyncio.Protocol):
    """One connection of a host that has all its answers ready, so that it holds up neither of the two."""

    def __init__(self, answers: Mapping[bytes, bytes]) -> None:
        """answers: whole ones, by the path that is asked for."""
        self._answers = answers
        self._received = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        *requests, self._received = (self._received + data).split(b"\r\n\r\n")
        for request in requests:
            target = _TARGET.match(request)
            assert target is not None, request  # noqa: S101 - nobody else asks here
            self._transport.write(self._answers[target[1]])


class Reader:
    """A process that reads all integrations whenever it is told to."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    def tell(self, line: str) -> None:
        """Send the process a line."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._process.stdin.write(f"{line}\n".encode())

    async def turn(self) -> Mapping[str, float]:
        """Have everything read once; return the reads per second, and the processor time of one read."""
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        before = cpu_seconds(self._process.pid)
        self.tell("")
        seconds = float(await self._process.stdout.readline())
        used = cpu_seconds(self._process.pid) - before
        return {
            "single reads per second": INTEGRATIONS / seconds,
            "CPU of a single read": used / INTEGRATIONS,
        }


@contextlib.asynccontextmanager
async def reading(work: Mapping[str, Any], *command: str) -> AsyncIterator[Reader]:
    """Run a process that reads, until the block ends. It has read everything once before."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    try:
        reader = Reader(process)
        reader.tell(json.dumps(work))
        await reader.turn()
        yield reader
    finally:
        process.terminate()
        await process.wait()


def answers_of(ids: Sequence[str]) -> Mapping[str, bytes]:
    """Return what Toolzz's simulator answers about these integrations, by their paths."""
    found = {}
    for number, each in enumerate(ids):
        body = json.dumps(integration(each, f"Agent {number}")).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        path = OPERATIONS["getDiscordIntegration"].path.format(integrationId=each)
        found[f"{_PATH}{path}"] = head.encode() + body
    return found


async def measure(rounds: int = ROUNDS) -> Sequence[Row]:
    """Measure both in turn, and return the rows of the table."""
    answers = answers_of([str(UUID(int=(1 << 100) + number)) for number in range(INTEGRATIONS)])
    by_path = {path.encode(): answer for path, answer in answers.items()}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Answering(by_path), "127.0.0.1")
    host = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    token = ToolzzSimulator.credentials["access_token"]
    ours = {
        "settings": {CHAT: host + _PATH, UNIT: host + _PATH},
        "credentials": {"access_token": token},
        "ids": [path.rpartition("/")[2] for path in answers],
        "at_once": AT_ONCE,
    }
    bare = {
        "urls": [host + path for path in answers],
        "headers": {"Authorization": f"Bearer {token}"},
        "at_once": AT_ONCE,
    }
    found: defaultdict[str, list[float]] = defaultdict(list)
    script = str(Path(__file__).with_name("bare_reads.py"))
    async with (
        server,
        reading(ours, sys.executable, "-m", "benchmarks.own_reads") as one,
        reading(bare, str(environment_with("aiohttp", "aiohttp")), script) as other,
    ):
        for _ in range(rounds):
            own, plain = await one.turn(), await other.turn()
            for name, value in own.items():
                found[name].append(value / plain[name])
    return [
        Row("single reads per second", found["single reads per second"], GOAL, "more"),
        Row("CPU of a single read", found["CPU of a single read"], CPU_GOAL),
    ]


if __name__ == "__main__":
    show(asyncio.run(measure(*map(int, sys.argv[1:]))))
