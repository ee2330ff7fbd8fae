"""Compares checks of 10,000 integrations on 100 connections with a bare loop that reads each of them."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from benchmarks.answering import answer_of, answering
from benchmarks.own_checks import FIRST_GUILD
from benchmarks.processes import BARE_READS, Worker, environment_with, working
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
_STATES: Final = ({"connectionStatus": "connected"}, {"connectionStatus": "disconnected"})


class Provider:
    """A host that has its answers ready: it takes the processor from nobody for long."""

    def __init__(self) -> None:
        self.units = [f"unit-{number}" for number in range(CONNECTIONS)]
        self.ids = [[_uuid(number, each) for each in range(EACH)] for number in range(CONNECTIONS)]
        self.answers: dict[str, bytes] = {}
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
                self.answers[f"/discord/integration/{ids[index]}"] = answer_of(listed[index])
            self.answers[f"/discord/integration/unit/{unit}"] = answer_of(listed)

    def _state(self, index: int) -> Mapping[str, str]:
        return _STATES[self._turn % 2 if index % CHANGED == 0 else 0]


async def checks(worker: Worker, rounds: int = 1) -> float:
    """Have so many rounds of checks done; return the seconds of processor time for one round."""
    used, checked = 0.0, 0
    for _ in range(rounds):
        seconds, said = await worker.turn()
        outcomes = json.loads(said)
        assert outcomes.keys() == {"ANSWERED"}, outcomes  # noqa: S101 - or something else was measured
        used, checked = used + seconds, checked + outcomes["ANSWERED"]
    return used * CONNECTIONS / checked


async def figures(provider: Provider, host: str) -> Mapping[str, float]:
    """Run the checks of a new store; return the seconds of processor time for one round, by its kind."""
    credentials = {"access_token": ToolzzSimulator.credentials["access_token"]}
    work = {"settings": {CHAT: host, UNIT: host}, "units": provider.units, "credentials": credentials}
    async with working(work, sys.executable, "-m", "benchmarks.own_checks") as worker:
        await worker.said()  # every server is connected
        found = {"first round": await checks(worker)}
        # All bots are known after so many rounds, and the next one makes sure of it.
        await checks(worker, EACH // MAX_SINGLE_READS + 1)
        found["at rest"] = await checks(worker, REPEATED)
        changed = 0.0
        for _ in range(REPEATED):
            provider.change()
            changed += await checks(worker)
    return {**found, f"{100 // CHANGED} % changed": changed / REPEATED}


async def measure(rounds: int = ROUNDS) -> Sequence[Row]:
    """Measure both in turn, and return the rows of the table."""
    provider = Provider()
    headers = {"Authorization": f"Bearer {ToolzzSimulator.credentials['access_token']}"}
    ratios: defaultdict[str, list[float]] = defaultdict(list)
    async with answering(provider.answers) as host:
        urls = [f"{host}/discord/integration/{each}" for ids in provider.ids for each in ids]
        bare = {"urls": urls, "headers": headers, "at_once": 1}
        async with working(bare, environment_with("aiohttp", "aiohttp"), BARE_READS) as bare_loop:
            await bare_loop.turn()  # what the first reads cost besides is not measured
            for _ in range(rounds):
                own, (plain, _) = await figures(provider, host), await bare_loop.turn()
                for name, seconds in own.items():
                    ratios[name].append(seconds / plain)
    return [
        Row(f"CPU of the checks of 10,000 integrations, {name} / bare loop", found, GOALS[name])
        for name, found in ratios.items()
    ]


def _uuid(connection: int, integration_number: int) -> str:
    return str(UUID(int=(1 << 100) + connection * EACH + integration_number))


if __name__ == "__main__":
    show(asyncio.run(measure(*map(int, sys.argv[1:]))))
