"""A manager of one server asks for the data of another server in every way that there is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
import simcord
from discord import app_commands
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from bot.errors import PatchbayError
from bot.pictures import canvas
from cogs.integrations import history
from tests.support.building import open_harness
from tests.support.first_server import VERBS
from tests.support.harness import final
from tests.support.isolation import IDS, NAMES, USES, World

ANSWERED: Final = (PatchbayError, app_commands.TransformerError, app_commands.CommandOnCooldown)
"""The errors that the tree answers with a text for members."""
TABLES: Final = (
    "access",
    "alert_incident",
    "audit",
    "audit_member",
    "audit_seal",
    "board",
    "complaint",
    "connection",
    "guild",
    "history",
    "ignored",
    "incident",
    "incident_number",
    "integration",
    "last_check",
    "maintenance",
    "maintenance_count",
    "outbox",
    "quiet_hours",
    "route",
    "watched",
)


class Isolation(RuleBasedStateMachine):
    """One manager works, the other tries to reach that server; after each try nothing has changed there."""

    empty: Path
    own: bool
    """Whether the second server has connections of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._folder = self._stack.enter_context(TemporaryDirectory())
        self._world: World

    @initialize()
    def begin(self) -> None:
        """Create both servers."""

        async def work() -> None:
            harness = await open_harness(self._stack, Path(self._folder), self.empty)
            harness.remove_cooldowns()
            self._world = World(harness)
            await self._world.fill_first_server(own=self.own)
            manager, channel = self._world.other.manager, self._world.other.channel
            self._world.own_message = final(await manager.slash(channel, "help"))
            await self._world.ask()

        self._runner.run(work())
        assert {name for name, rows in self._world.stored().items() if rows} == set(TABLES)

    @rule(verb=st.sampled_from(VERBS), asks=st.booleans())
    def first_server(self, verb: str, *, asks: bool) -> None:
        """The first server's manager changes something, and leaves questions open."""
        self._runner.run(self._world.change(verb))
        if asks:
            self._runner.run(self._world.ask())

    @rule(
        name=st.sampled_from(NAMES),
        thing=st.sampled_from(IDS),
        without=st.sampled_from(["member", "role", "connection", "channel"]),
    )
    def second_server_by_command(self, name: str, thing: str, without: str) -> None:
        """Run all commands, and confirm every question."""
        self._try(lambda: self._world.commands(name, thing, without))

    @rule(name=st.sampled_from(NAMES), thing=st.sampled_from(IDS), typed=st.sampled_from(["", "p", *NAMES]))
    def second_server_by_typing(self, name: str, thing: str, typed: str) -> None:
        """Type into all options."""
        self._try(lambda: self._world.suggestions(name, thing, typed))

    @rule(name=st.sampled_from(NAMES), thing=st.sampled_from(IDS))
    def second_server_by_component(self, name: str, thing: str) -> None:
        """Use all persistent components, and all buttons of the answers."""
        self._try(lambda: self._world.components(name, thing))

    @rule()
    def second_server_by_menu(self) -> None:
        """Choose the entries of the Apps menus on the first server's agents and on their messages."""
        self._try(self._world.menus)

    @rule()
    def second_server_by_open_questions(self) -> None:
        """Use the questions and forms that the first server's manager has open."""
        self._try(self._world.opened)

    def _try(self, use: Callable[[], list[simcord.InteractionResult]]) -> None:
        world, env = self._world, self._world.harness.env
        before, asked, seen = world.stored(), world.asked_of_providers(), len(env.http_requests)
        files = set(env.backend.cdn._blobs)

        async def work() -> None:
            answers = use()
            await env.settle(idle=0.05)
            assert [answer for answer in answers if not answer.acknowledged] == []
            world.follow(answers)
            await env.settle(idle=0.05)

        self._runner.run(work())
        assert world.stored() == before
        sent = json.dumps(
            [
                (entry.path, entry.json)
                for entry in env.http_requests[seen:]
                if not entry.path.startswith(world.first_server_paths)
            ],
            default=str,
        )
        new = (blob for url, blob in env.backend.cdn._blobs.items() if url not in files)
        sent += "".join(blob.decode(errors="replace") for blob in new)
        assert [canary for canary in world.canaries if canary in sent] == []
        if not self.own:
            assert world.asked_of_providers() == asked
        causes = [getattr(error, "original", error) for error in env.errors]
        assert [error for error in causes if not isinstance(error, ANSWERED)] == []

    def teardown(self) -> None:
        """Close everything that the example has opened."""
        self._runner.run(self._stack.aclose())
        self._runner.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("own", [False, True])
def test_no_server_reads_or_changes_what_is_another_s(
    empty_database: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Any,  # noqa: ANN401 - pytest's own
    own: bool,
) -> None:
    """By command, suggestion, button, menu and form, with correct ids, nobody reaches another server."""
    # Dozens of pictures at once take longer than simcord waits, and this test cannot read a picture.
    for module in (canvas, history):
        monkeypatch.setattr(module, "draw_now", lambda _panels: b"a picture")
    monkeypatch.setattr(Isolation, "empty", empty_database, raising=False)
    monkeypatch.setattr(Isolation, "own", own, raising=False)
    USES["uses"] = 0
    # A failure is reported as it was found: the search for a smaller one takes a minute.
    # The answers of an example stay open, and simcord looks at each of them all the time: an example of many
    # steps takes minutes.
    few = settings(max_examples=6, stateful_step_count=4, phases=[Phase.generate], database=None)
    run_state_machine_as_test(Isolation, settings=few)
    record_property("isolation", f"{USES['uses']} uses of another server's ids, 0 successes")
