"""Compares checks of 10,000 integrations on 100 connections with a bare loop that reads each of them."""

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

from benchmarks.own_checks import FIRST_GUILD
from benchmarks.processes import cpu_seconds, environment_with
from benchmarks.table import Row, show
from bot.providers.base.report import MAX_SINGLE_READS
from bot.providers.toolzz.client import CHAT, UNIT
from bot.providers.toolzz.simulated_unit import integration
from bot.providers.toolzz.simulator import ToolzzSimulator

CONNECTIONS: Final = 100
EACH: Final = 100
"""The integrations of each connection."""
CHANGED: Final = 10
"""One in so many has another state at each check."""
REPEATED: Final = 4
"""Rounds of checks that one figure is measured over; the first is measured alone."""
ROUNDS: Final = 5
GOALS: Final[Mapping[str, float]] = {"first round": 0.8, "at rest": 0.1, "10 % changed": 0.3}
_TARGET: Final = re.compile(rb"GET (\S+) HTTP/1\.1\r\n")
_STATES: Final = ({"connectionStatus": "connected"}, {"connectionStatus": "disconnected"})


class Provider:
    """A host that has its answers ready: it takes the processor from nobody for long."""

    def __init__(self) -> None:
        self.units = [f"unit-{number}" for number in range(CONNECTIONS)]
        self.ids = [[_uuid(number, each) for each in range(EACH)] for number in range(CONNECTIONS)]
        self.answers: dict[bytes, bytes] = {}
        self._turn = 0
        self._prepare(range(EACH))

    def change(self) -> None:
        """Give another state to some integrations of each connection."""
        self._turn += 1
        self._prepare(range(0, EACH, CHANGED))

    def _prepare(self, changed: Sequence[int]) -> None:
        for number, (unit, ids) in enumerate(zip(self.units, self.ids, strict=True)):
            place = {"unitId": unit, "guildId": str(FIRST_GUILD + number)}
            listed = [
                integration(each, f"Agent {index}", **place, **self._state(index))
                for index, each in enumerate(ids)
            ]
            for index in changed:
                self._answer(f"/discord/integration/{ids[index]}", listed[index])
            self._answer(f"/discord/integration/unit/{unit}", listed)

    def _state(self, index: int) -> Mapping[str, str]:
        return _STATES[self._turn % 2 if index % CHANGED == 0 else 0]

    def _answer(self, path: str, value: object) -> None:
        body = json.dumps(value).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.answers[path.encode()] = head.encode() + body


class _Answering(asyncio.Protocol):
    """One connection to the provider."""

    def __init__(self, answers: Mapping[bytes, bytes]) -> None:
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


class Process:
    """A process that does its work once for each line that it gets."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def said(self) -> bytes:
        """Return the next line that it prints."""
        assert self._process.stdout is not None  # noqa: S101 - it has pipes
        return await self._process.stdout.readline()

    async def turn(self) -> tuple[float, bytes]:
        """Have the work done once; return the seconds of processor time, and what is printed."""
        before = cpu_seconds(self._process.pid)
        assert self._process.stdin is not None  # noqa: S101 - it has pipes
        self._process.stdin.write(b"\n")
        said = await self.said()
        return cpu_seconds(self._process.pid) - before, said

    async def checks(self, rounds: int = 1) -> float:
        """Have so many rounds of checks done; return the seconds of processor time for one round."""
        used, checked = 0.0, 0
        for _ in range(rounds):
            seconds, said = await self.turn()
            outcomes = json.loads(said)
            assert outcomes.keys() == {"ANSWERED"}, outcomes  # noqa: S101 - or something else was measured
            used, checked = used + seconds, checked + outcomes["ANSWERED"]
        return used * CONNECTIONS / checked


@contextlib.asynccontextmanager
async def working(work: Mapping[str, Any], *command: str) -> AsyncIterator[Process]:
    """Run a process until the block ends."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    try:
        assert process.stdin is not None  # noqa: S101 - it has pipes
        process.stdin.write(f"{json.dumps(work)}\n".encode())
        yield Process(process)
    finally:
        process.terminate()
        await process.wait()


async def figures(provider: Provider, host: str) -> Mapping[str, float]:
    """Run the checks of a new store; return the seconds of processor time for one round, by its kind."""
    credentials = {"access_token": ToolzzSimulator.credentials["access_token"]}
    work = {"settings": {CHAT: host, UNIT: host}, "units": provider.units, "credentials": credentials}
    async with working(work, sys.executable, "-m", "benchmarks.own_checks") as process:
        await process.said()
        found = {"first round": await process.checks()}
        # All bots are known after so many rounds, and the next one makes sure of it.
        await process.checks(EACH // MAX_SINGLE_READS + 1)
        found["at rest"] = await process.checks(REPEATED)
        changed = 0.0
        for _ in range(REPEATED):
            provider.change()
            changed += await process.checks()
    return {**found, f"{100 // CHANGED} % changed": changed / REPEATED}


async def measure(rounds: int = ROUNDS) -> Sequence[Row]:
    """Measure both in turn, and return the rows of the table."""
    provider = Provider()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Answering(provider.answers), "127.0.0.1")
    host = "http://{}:{}".format(*server.sockets[0].getsockname())
    urls = [f"{host}/discord/integration/{each}" for ids in provider.ids for each in ids]
    headers = {"Authorization": f"Bearer {ToolzzSimulator.credentials['access_token']}"}
    bare = {"urls": urls, "headers": headers}
    script = str(Path(__file__).with_name("bare_checks.py"))
    ratios: defaultdict[str, list[float]] = defaultdict(list)
    async with server, working(bare, str(environment_with("aiohttp", "aiohttp")), script) as loop_of_reads:
        for _ in range(rounds):
            own, (plain, _) = await figures(provider, host), await loop_of_reads.turn()
            for name, seconds in own.items():
                ratios[name].append(seconds / plain)
    return [
        Row(f"CPU of the checks of 10,000 integrations, {name}", found, GOALS[name])
        for name, found in ratios.items()
    ]


def _uuid(connection: int, integration_number: int) -> str:
    return str(UUID(int=(1 << 100) + connection * EACH + integration_number))


if __name__ == "__main__":
    show(asyncio.run(measure(*map(int, sys.argv[1:]))))
