"""A server that does all that its members can do, at once and beyond every limit."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from simcord import MemberActor, ResponseMessage

from benchmarks.acting import ANSWERED_WITHIN, MANAGES, MODERATES, Acting, buttons, meanwhile
from bot.demo.stage import Stage
from bot.providers.base.simulator import Answer, Fault, Reset, Slow
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulated_unit import integration
from bot.providers.toolzz.simulator import ToolzzSimulator

MANAGERS: Final = 5
"""Accounts with Manage Server; together they can use up their share of the server's limit."""
EVERY: Final = 0.5
"""Seconds between two commands or presses of a member: a minute's 60 are used up in half a minute."""
TYPED_EVERY: Final = 0.125
"""Seconds between two questions for suggestions of a member: 240 in half a minute."""
SLOW: Final = 3.0
"""Seconds that a provider takes for this server's questions and single reads."""
FAILING: Final[Mapping[str, Fault]] = {
    "paused": Answer(503, b"", {"Retry-After": "86400"}),
    "busy": Answer(503, b"", {"Retry-After": "1"}),
    "silent": Slow(60),
    "mute": Slow(60),
    "broken": Answer.html(502),
    "closed": Reset(),
}
"""This server's connections that fail, by name, and what happens to each of their requests."""
AGENTS: Final = 25
"""The integrations of each of them."""
PRESSES: Final = 0.4
"""The share of presses among commands and presses."""
PAGES: Final = 4
"""Of the messages that a member was shown, buttons under so many are pressed."""


class LoudServer:
    """The demo's server with more members. It is quiet outside of ``loud``."""

    def __init__(self, stage: Stage, acting: Acting) -> None:
        self.sent: Counter[str] = Counter()
        """How often its members did what."""
        self._stage = stage
        self._acting = acting
        self._channel = stage.world.operations
        guild, env = stage.world.guild, stage.discord.env
        manages = guild.create_role("Loud managers", permissions=MANAGES)
        moderates = guild.create_role("Loud moderators", permissions=MODERATES)
        self._managers = [stage.world.mira] + [
            guild.add_member(env.create_user(f"loud{number}"), roles=[manages]) for number in range(MANAGERS)
        ]
        self._viewer = guild.add_member(env.create_user("viewer"), roles=[moderates])
        self._member = stage.world.ravi
        (self._sensay,) = (each for each in stage.simulators if isinstance(each, SensaySimulator))
        (self._toolzz,) = (each for each in stage.simulators if isinstance(each, ToolzzSimulator))
        self._units = {name: str(UUID(int=number)) for number, name in enumerate(FAILING, 1)}
        self._shown: defaultdict[int, deque[ResponseMessage]] = defaultdict(lambda: deque(maxlen=PAGES))
        """Messages with buttons, by the member to whom they were shown."""
        self._public: list[ResponseMessage] = []
        self._added = 0

    async def connect(self) -> None:
        """Add all connections, which work at first."""
        for name, unit in self._units.items():
            for number in range(AGENTS):
                uuid = str(UUID(int=UUID(unit).int * 1000 + number))
                self._toolzz.integrations[uuid] = integration(
                    uuid, f"{name} {number}", unitId=unit, guildId=str(self._stage.world.guild.id)
                )
            await self._add("toolzz", {**self._toolzz.credentials, "unit_id": unit}, name)
        await self._add("toolzz", self._toolzz.credentials, "works")
        await self._add("sensay", self._sensay.credentials, "works")
        # A list that everybody may see, under which those press who may not.
        public = await self._acting.run(self._managers[0], self._channel, "audit list", share=True)
        self._public = [public]

    async def warm_up(self) -> None:
        """Have the first picture drawn: what draws is loaded once in the life of the bot."""
        integration = f"toolzz:{self._toolzz.CONNECTED}"
        await self._acting.run(self._viewer, self._channel, "integrations history", integration=integration)

    async def _add(self, provider: str, credentials: Mapping[str, str], name: str) -> None:
        manager = self._managers[self._added % len(self._managers)]  # each below the limit of the command
        self._added += 1
        guide = await self._acting.run(
            manager, self._channel, "connections add", provider=provider, name=name
        )
        form = await manager.click(guide, custom_id=buttons(guide)[0])
        await self._stage.discord.answer(await manager.submit_modal(form, dict(credentials)))

    @contextlib.asynccontextmanager
    async def loud(self) -> AsyncIterator[None]:
        """Be loud until the block ends; after it, nothing of this server is under way."""
        for name, fault in FAILING.items():
            self._toolzz.fail(fault, times=None, path=self._units[name])
        self._toolzz.fail(Slow(SLOW), times=None, path=self._toolzz.CONNECTED)
        self._sensay.fail(Slow(SLOW), times=None, path=f"{self._sensay.PORTUGUESE}/")
        under_way: set[asyncio.Task[None]] = set()
        typing = (*self._managers, self._viewer)
        acting = (*typing, self._member)
        try:
            async with meanwhile(
                *(self._repeat(member, EVERY, self._act, under_way) for member in acting),
                *(self._repeat(member, TYPED_EVERY, self._type, under_way) for member in typing),
            ):
                yield
        finally:
            self._toolzz.heal()
            self._sensay.heal()
        ended, late = await asyncio.wait(under_way, timeout=ANSWERED_WITHIN) if under_way else (set(), set())
        self.sent["unanswered"] += len(late)
        for each in ended:
            each.result()

    async def _repeat(
        self,
        member: MemberActor,
        every: float,
        act: Callable[[MemberActor], Awaitable[str]],
        under_way: set[asyncio.Task[None]],
    ) -> None:
        """Act again and again, whether or not there was an answer."""

        async def once() -> None:
            try:
                self.sent[await act(member)] += 1
            except TimeoutError:
                self.sent["unanswered"] += 1
            except LookupError:
                self.sent["forms"] += 1

        loop = asyncio.get_running_loop()
        due = loop.time() + random.random() * every
        while True:
            await asyncio.sleep(due - loop.time())
            task = asyncio.create_task(once())
            under_way.add(task)
            due += every

    async def _type(self, member: MemberActor) -> str:
        typed = random.choice(("", "a", "works", "paused 1"))
        if member is not self._viewer and random.choice((True, False)):
            await self._acting.suggest(member, self._channel, "sensay ask", "replica", typed)
        else:
            await self._acting.suggest(member, self._channel, "integrations status", "integration", typed)
        return "suggestions"

    async def _act(self, member: MemberActor) -> str:
        """Run a command or press a button; return what it was."""
        if member is self._member:
            public = self._public[0]
            await self._acting.press(member, public, random.choice(buttons(public)))
            return "refused presses"
        pages = self._shown[member.id]
        if pages and random.random() < PRESSES:
            page = random.choice(pages)
            await self._acting.press(member, page, random.choice(buttons(page)))
            return "presses"
        command, options = random.choice(self._commands(member))
        answer = await self._acting.run(member, self._channel, command, **options)
        if buttons(answer):
            pages.append(answer)
        return command

    def _commands(self, member: MemberActor) -> Sequence[tuple[str, Mapping[str, Any]]]:
        reads = [
            ("help", {}),
            ("integrations overview", {}),
            ("integrations status", {"integration": f"toolzz:{self._toolzz.CONNECTED}"}),
            ("integrations history", {"integration": f"toolzz:{self._toolzz.CONNECTED}"}),
        ]
        if member is self._viewer:
            return reads
        return [
            *reads,
            ("audit list", {}),
            ("audit list", {"action": "alerts.quiet_hours"}),
            ("audit list", {"member": member}),
            ("audit export", {}),
            ("access revoke", {"member": member}),
            ("connections list", {}),
            ("sensay status", {}),
            ("sensay ask", {"replica": self._sensay.PORTUGUESE, "message": "Are you there?"}),
            ("toolzz status", {"integration": self._toolzz.CONNECTED, "connection": "works"}),
        ]
