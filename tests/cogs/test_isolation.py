"""One server's manager asks for what another server has, by every door that there is."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import pytest
import simcord
from discord import app_commands
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from bot.errors import PatchbayError
from tests.cogs.neighbours import IDS, NAMES, TALLY, VERBS, World, found
from tests.cogs.town import final

if TYPE_CHECKING:
    from collections.abc import Callable


WORDED: Final = (PatchbayError, app_commands.TransformerError, app_commands.CommandOnCooldown)
"""What the tree answers with a text of its own."""
TABLES: Final = (
    "access",
    "alert",
    "audit",
    "audit_head",
    "board",
    "connection",
    "guild",
    "history",
    "incident",
    "integration",
    "last_check",
    "route",
    "watched",
)


class Neighbours(RuleBasedStateMachine):
    """Our manager works; the strangers' manager tries doors. After each try, nothing of ours has moved."""

    empty: Path
    own: bool
    """Whether the strangers have connected something themselves."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._folder = self._stack.enter_context(TemporaryDirectory())
        self._world: World

    @initialize()
    def begin(self) -> None:
        """Found both servers."""

        async def work() -> None:
            town = await found(self._stack, Path(self._folder), self.empty)
            self._world = World(town)
            await self._world.furnish(own=self.own)
            manager, channel = self._world.abroad.manager, self._world.abroad.channel
            self._world.own = final(await manager.slash(channel, "help"))
            await self._world.ask()

        self._runner.run(work())
        assert {name for name, rows in self._world.stored().items() if rows} == set(TABLES)

    @rule(verb=st.sampled_from(VERBS), asks=st.booleans())
    def ours(self, verb: str, *, asks: bool) -> None:
        """Our manager changes something, and leaves questions open."""
        self._runner.run(self._world.change(verb))
        if asks:
            self._runner.run(self._world.ask())

    @rule(
        name=st.sampled_from(NAMES),
        thing=st.sampled_from(IDS),
        without=st.sampled_from(["member", "role", "connection", "channel"]),
    )
    def theirs_by_command(self, name: str, thing: str, without: str) -> None:
        """Run all commands, and agree to whatever is asked back."""
        self._try(lambda: self._world.commands(name, thing, without))

    @rule(name=st.sampled_from(NAMES), thing=st.sampled_from(IDS), typed=st.sampled_from(["", "p", *NAMES]))
    def theirs_by_typing(self, name: str, thing: str, typed: str) -> None:
        """Type into all options."""
        self._try(lambda: self._world.suggestions(name, thing, typed))

    @rule(name=st.sampled_from(NAMES), thing=st.sampled_from(IDS))
    def theirs_by_component(self, name: str, thing: str) -> None:
        """Press all lasting components, and whatever comes back."""
        self._try(lambda: self._world.components(name, thing))

    @rule()
    def theirs_by_what_is_open(self) -> None:
        """Use the questions and forms that our manager has open."""
        self._try(self._world.opened)

    def _try(self, door: Callable[[], list[simcord.InteractionResult]]) -> None:
        world, env = self._world, self._world.town.env
        before, asked, seen = world.stored(), world.asked_of_providers(), len(env.http_requests)
        files = set(env.backend.cdn._blobs)

        async def work() -> None:
            answers = door()
            await env.settle(idle=0.05)
            assert [answer for answer in answers if not answer.acknowledged] == []
            world.follow(answers)
            await env.settle(idle=0.05)

        self._runner.run(work())
        assert world.stored() == before
        told = json.dumps(
            [
                (entry.path, entry.json)
                for entry in env.http_requests[seen:]
                if not entry.path.startswith(world.ours)
            ],
            default=str,
        )
        new = (blob for url, blob in env.backend.cdn._blobs.items() if url not in files)
        told += "".join(blob.decode(errors="replace") for blob in new)
        assert [canary for canary in world.canaries if canary in told] == []
        if not self.own:
            assert world.asked_of_providers() == asked
        causes = [getattr(error, "original", error) for error in env.errors]
        assert [error for error in causes if not isinstance(error, WORDED)] == []

    def teardown(self) -> None:
        """Close everything that the example has opened."""
        self._runner.run(self._stack.aclose())
        self._runner.close()


@pytest.mark.parametrize("own", [False, True])
def test_no_server_reads_or_changes_what_is_another_s(
    empty_database: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Any,  # noqa: ANN401 - pytest's own
    own: bool,
) -> None:
    """By command, suggestion, button, menu and form, with ids that are right, strangers get at nothing."""
    for pace in ("MEMBER_PACE", "GUILD_PACE"):
        monkeypatch.setattr(f"bot.runtime.guard.{pace}", (10**6, 60.0))
    # Dozens of pictures at once take longer than simcord waits, and what is drawn cannot be read here.
    monkeypatch.setattr("bot.ui.sheet._draw", lambda _panels: b"a picture")
    monkeypatch.setattr(Neighbours, "empty", empty_database, raising=False)
    monkeypatch.setattr(Neighbours, "own", own, raising=False)
    TALLY["uses"] = 0
    # A failure is told as it was found: to look for a smaller one takes a minute.
    few = settings(max_examples=4, stateful_step_count=6, phases=[Phase.generate], database=None)
    run_state_machine_as_test(Neighbours, settings=few)
    record_property("isolation", f"{TALLY['uses']} uses of another server's ids, 0 successes")
