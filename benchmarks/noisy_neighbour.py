"""Compares how long commands take in a server while another one is quiet, and while it is at its limits."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from simcord import GuildHandle

from benchmarks.acting import ADMINISTERS, ANSWERED_WITHIN, MANAGES, Acting, buttons
from benchmarks.loud_server import LoudServer
from bot.demo.stage import Stage, open_stage
from bot.features.audit.entry import Entry
from bot.features.audit.store import AuditStore
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulated_unit import integration
from bot.providers.toolzz.simulator import ToolzzSimulator
from bot.store.database import Database
from bot.store.vault import Vault

ROWS: Final = 50_000
ROUNDS: Final = 4
"""How often a quiet phase and a loud one take turns, so that the machine's other work hits both."""
PHASE: Final = 10.0
"""Seconds."""
LAST_ROUND: Final = 120.0
"""Seconds after which no other round begins."""
EVERY: Final = 0.15
"""Seconds between two commands of the quiet server."""
MEMBERS: Final = 40
"""So many that none of them, nor their server, comes near a limit."""
MOST: Final = 2.0
"""The 99th percentile may be so many times that of the quiet phases."""
STEADY: Final = 10.0
"""A quiet 99th percentile of more than so many quiet medians is the machine's other work: it would hide
what the loud server does, so that nothing was measured.
"""
Samples = defaultdict[str, list[float]]
"""Seconds by command."""


async def fill(stage: Stage, guild_id: int) -> None:
    """Write the log of a server before the bot starts."""
    name, _, key = stage.keys.partition(":")
    drafts = [
        Entry(guild_id, 0, int(time.time()), None, "alerts.mute", f"toolzz · {number}", "done", b"", member=1)
        for number in range(ROWS)
    ]
    async with Database.open(stage.folder / "patchbay.db") as database:
        await AuditStore(database).append(drafts, Vault({name: base64.b64decode(key)}))


class QuietServer:
    """A server whose members run each kind of command in turn, far below every limit."""

    def __init__(self, stage: Stage, acting: Acting) -> None:
        self._stage = stage
        self._acting = acting
        env = stage.discord.env
        owner = env.create_user("rui")
        self._guild: GuildHandle = env.create_guild("Elsewhere", owner=owner)
        self._channel = self._guild.create_text_channel("quay")
        roles = [
            self._guild.create_role("Managers", permissions=MANAGES),
            self._guild.create_role("Administrators", permissions=ADMINISTERS),
        ]
        self._members = [
            self._guild.add_member(env.create_user(f"quiet{number}"), roles=[roles[number % 2]])
            for number in range(MEMBERS)
        ]
        (self._sensay,) = (each for each in stage.simulators if isinstance(each, SensaySimulator))
        (self._toolzz,) = (each for each in stage.simulators if isinstance(each, ToolzzSimulator))
        self._agent = str(UUID(int=1 << 100))
        self._count = 0
        self.commands: Sequence[tuple[str, Mapping[str, Any]]] = (
            ("help", {}),
            ("audit list", {}),
            ("integrations status", {"integration": f"toolzz:{self._agent}"}),
            ("sensay ask", {"replica": self._sensay.ACTIVE, "message": "Are you there?"}),
        )

    async def connect(self) -> None:
        """Add a connection with each provider."""
        unit = str(UUID(int=1 << 101))
        self._toolzz.integrations[self._agent] = integration(
            self._agent, "Quay", unitId=unit, guildId=str(self._guild.id)
        )
        await self._add("toolzz", {**self._toolzz.credentials, "unit_id": unit})
        await self._add("sensay", self._sensay.credentials)

    async def _add(self, provider: str, credentials: Mapping[str, str]) -> None:
        member = self._members[0]
        guide = await self._acting.run(member, self._channel, "connections add", provider=provider)
        form = await member.click(guide, custom_id=buttons(guide)[0])
        await self._stage.discord.answer(await member.submit_modal(form, dict(credentials)))

    async def measure(self, samples: Samples) -> None:
        """Run commands for a phase, whether or not the one before was answered; add their times."""

        async def once(number: int) -> None:
            command, options = self.commands[number % len(self.commands)]
            member = self._members[number // len(self.commands) % MEMBERS]
            began = time.perf_counter()
            with contextlib.suppress(
                TimeoutError
            ):  # no answer counts with the time for which one was awaited
                await self._acting.run(member, self._channel, command, **options)
            samples[command].append(time.perf_counter() - began)

        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as tasks:
            for number in range(int(PHASE / EVERY)):
                await asyncio.sleep(began + number * EVERY - loop.time())
                tasks.create_task(once(self._count))
                self._count += 1


def at(took: Sequence[float], share: float) -> float:
    """Return a percentile in milliseconds."""
    return sorted(took)[min(len(took) - 1, int(len(took) * share))] * 1000


def show(quiet: Samples, loud: Samples) -> None:
    """Print the percentiles of each command and of all."""
    heads = "".join(f"{f'p{share} quiet':>11}{'loud':>8}{'ratio':>7}" for share in (50, 99))
    print(f"{'ms':22}{'samples':>8}{heads}")
    for command in quiet:
        line = f"{command:22}{len(loud[command]):8}"
        for share in (0.5, 0.99):
            before, after = at(quiet[command], share), at(loud[command], share)
            line += f"{before:11.1f}{after:8.1f}{after / before:7.2f}"
        print(line)


def verdict(quiet: Sequence[float], loud: Sequence[float], owed: int) -> int:
    """Print whether the claim holds; return the exit code: 1 if it does not, 2 if nothing was measured.

    owed: the loud server's interactions that had no answer when the next quiet phase began.
    """
    before, after = at(quiet, 0.99), at(loud, 0.99)
    ratio = after / before
    print(f"p99 loud / p99 quiet = {ratio:.2f}: {'below' if ratio < MOST else 'NOT below'} {MOST}")
    unanswered = sum(each >= ANSWERED_WITHIN for each in (*quiet, *loud))
    if unanswered:
        print(f"NOT ANSWERED: {unanswered} commands of the quiet server")
    if ratio >= MOST or unanswered:
        return 1
    if owed:
        print("NOT MEASURED: the quiet phases were not quiet, as answers to the loud server were still due")
        return 2
    if before > STEADY * at(quiet, 0.5):
        print("NOT MEASURED: the quiet server's own times spread too far; the machine does something else")
        return 2
    return 0


async def main() -> int:
    """Measure both phases in turn and print them; return the exit code."""
    began = time.monotonic()
    async with open_stage("en-US") as stage:
        acting = Acting(stage.discord)
        loud_server, quiet_server = LoudServer(stage, acting), QuietServer(stage, acting)
        await fill(stage, stage.world.guild.id)
        async with stage.running_bot():
            await loud_server.connect()
            await quiet_server.connect()
            quiet: Samples = defaultdict(list)
            loud: Samples = defaultdict(list)
            await quiet_server.measure(defaultdict(list))  # whatever is slow only once
            await loud_server.warm_up()
            for _ in range(ROUNDS):
                if time.monotonic() - began > LAST_ROUND:
                    break
                await quiet_server.measure(quiet)
                async with loud_server.loud():
                    await quiet_server.measure(loud)
    done = ", ".join(f"{number} {what}" for what, number in loud_server.sent.most_common())
    print(f"the loud server has {ROWS:,} rows in its log, and did: {done}")
    for samples in (quiet, loud):
        samples["all"] = [each for took in list(samples.values()) for each in took]
    show(quiet, loud)
    seconds = time.monotonic() - began
    print(f"{seconds:.0f} s; load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return verdict(quiet["all"], loud["all"], loud_server.sent["unanswered"])


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
