"""What happens while several bots run, with the times: seconds since 1970, by the machine's one clock."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """A request that a bot has sent to Discord or to a provider. guild_id: None if it is about none."""

    at: float
    bot: int
    to: str
    what: str
    guild_id: int | None


@dataclass(frozen=True, slots=True)
class Identify:
    """A shard that wanted to begin a session. is_too_early: too soon after the last one of its bucket."""

    at: float
    bot: int
    shard_id: int
    is_too_early: bool


@dataclass(slots=True)
class Session:
    """A shard's session with Discord. until: None while it lasts."""

    bot: int
    shard_id: int
    since: float
    until: float | None = None


@dataclass(slots=True)
class Asked:
    """A command of a member. answered_at: None if there was no answer."""

    at: float
    guild_id: int
    command: str
    answered_at: float | None = None


@dataclass(slots=True)
class Run:
    """A process of a bot. code: its exit code, None while it runs."""

    bot: int
    pid: int
    since: float
    until: float | None = None
    code: int | None = None


@dataclass(slots=True)
class Record:
    """All of it.

    halted: when a bot stood still, or was cut off: (bot, since, until). phases: what was done to the bots,
    and since when. loaded_at: when each bot had its shards, and the load began. lists: when a server's agents
    were asked for, by the server.
    """

    began: float = field(default_factory=time.time)
    requests: list[Request] = field(default_factory=list)
    identifies: list[Identify] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    halted: list[tuple[int, float, float]] = field(default_factory=list)
    phases: list[tuple[float, str]] = field(default_factory=list)
    loaded_at: float = 0.0
    lists: defaultdict[int, list[float]] = field(default_factory=lambda: defaultdict(list))

    def say(self, text: str) -> None:
        """Print a line of the timeline."""
        print(f"    {time.time() - self.began:6.1f} s  {text}", file=sys.stderr, flush=True)

    def begin(self, phase: str, what: str) -> None:
        """Note that something is done to the bots."""
        self.phases.append((time.time(), phase))
        self.say(what)

    def phase_at(self, at: float) -> str:
        """Return what was done last before a moment."""
        return next((phase for since, phase in reversed(self.phases) if since <= at), "start")

    def run_of(self, bot: int, at: float) -> Run | None:
        """Return the process that a bot was at a moment; the last one before it if there was none."""
        return next((run for run in reversed(self.runs) if run.bot == bot and run.since <= at), None)
