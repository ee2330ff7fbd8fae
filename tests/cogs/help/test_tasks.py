"""How commands are grouped, whatever commands and providers there are, and how the next step is decided."""

from __future__ import annotations

from typing import Any

import pytest
from discord import app_commands
from hypothesis import given
from hypothesis import strategies as st

from bot.features.connections.service import Summary
from bot.features.monitoring.service import Watched
from bot.i18n.catalog import LOCALES, load_catalog
from bot.providers import providers
from bot.providers.base.integration import DOWN_STATES, State
from cogs.help.next_step import HelpStep, ServerState, next_step
from cogs.help.tasks import task_lines, tasks_of

SLUGS = [provider.slug for provider in providers()]
TOPS = ["setup", "connections", "integrations", "alerts", "access", "audit", "privacy", *SLUGS]
EVERYTHING = frozenset(TOPS)
PHONE = 38
"""About so many signs fit beside each other at 390 px."""


def group(name: str, *commands: str) -> app_commands.Group | app_commands.Command[Any, ..., Any]:
    """Return a top-level command; a group if it has subcommands."""

    async def callback(_: Any) -> None:  # noqa: ANN401 - never called
        """Do nothing."""

    def one(of: str) -> app_commands.Command[Any, ..., Any]:
        return app_commands.Command(name=of, description="x", callback=callback)

    if not commands:
        return one(name)
    made = app_commands.Group(name=name, description="x")
    for each in commands:
        made.add_command(one(each))
    return made


def summary(*, readable: bool = True, refused: bool = False) -> Summary:
    """Return a connection."""
    return Summary("sensay", "default", "", (), 1, 1, 1, readable=readable, refused_at=1 if refused else None)


def watched(state: State, *, stale: bool = False, maintained: bool = False) -> Watched:
    """Return an agent in a state."""
    return Watched(
        guild_id=1,
        kind="integration",  # type: ignore[arg-type] # as the database returns it
        provider="sensay",
        id="a",
        connection="default",
        label="Nora",
        state=state,
        detail="",
        changed_at=1,
        answered_at=1,
        is_stale=stale,
        incident=None,
        maintenance_until=2 if maintained else None,
    )


SERVERS = st.builds(
    ServerState,
    connections=st.lists(st.builds(summary, readable=st.booleans(), refused=st.booleans()), max_size=2),
    integrations=st.lists(
        st.builds(watched, st.sampled_from(State), stale=st.booleans(), maintained=st.booleans()), max_size=3
    ),
    has_alert_rule=st.booleans(),
)
USABLE = st.sets(st.sampled_from(TOPS))
TAKES = {
    HelpStep.CONNECT: "setup",
    HelpStep.REPLACE: "connections",
    HelpStep.ADD_AGENT: "setup",
    HelpStep.DOWN: "integrations",
    HelpStep.ALERTS: "alerts",
    HelpStep.OVERVIEW: "integrations",
}


@given(
    st.dictionaries(
        st.sampled_from([*TOPS, *(f"p{n}" for n in range(30))]),
        st.lists(st.from_regex(r"[a-z]{3,20}", fullmatch=True), max_size=20, unique=True),
    ),
    st.sets(st.sampled_from(SLUGS)),
)
def test_every_command_is_in_one_task(named: dict[str, list[str]], connected: set[str]) -> None:
    """Nothing is lost and nothing is named twice, however many commands and providers there are."""
    usable = [group(name, *commands) for name, commands in named.items()]
    tasks = tasks_of(usable, [], SLUGS, connected)
    found = [command for task in tasks for command in task.commands]
    wanted = [f"{name} {each}" for name, commands in named.items() for each in commands]
    wanted += [name for name, commands in named.items() if not commands]
    assert sorted(found) == sorted(wanted)
    assert len({task.name for task in tasks}) == len(tasks)
    own = [task.name for task in tasks if task.name in SLUGS]
    assert own == sorted(own, key=lambda name: (name not in connected, name))


@pytest.mark.parametrize("locale", LOCALES)
@given(st.sets(st.sampled_from(TOPS)))
def test_lines_are_few_and_short(locale: str, shown: set[str]) -> None:
    """Eight lines at most, each with the first command of its task, and short enough for a phone."""
    texts = load_catalog()[locale]
    tasks = tasks_of([group(name, "overview", "list") for name in shown], [], SLUGS, [])
    lines = task_lines(tasks, texts)
    assert len(lines) == min(len(tasks), 8)
    for line, task in zip(lines, tasks, strict=False):
        assert line.split("`")[1::2] == [f"/{task.commands[0]}"]
        assert len(line.replace("*", "").replace("`", "")) <= PHONE


@given(SERVERS, USABLE)
def test_a_step_is_one_that_the_member_may_take(server: ServerState, usable: set[str]) -> None:
    """``may`` says so; a step that has to be asked for is one without which nothing works."""
    step = next_step(server, usable)
    assert step.may is (TAKES[step.step] in usable)
    if not step.may:
        assert step.step in {HelpStep.CONNECT, HelpStep.REPLACE, HelpStep.ADD_AGENT, HelpStep.OVERVIEW}


@given(SERVERS)
def test_a_step_is_one_that_the_server_needs(server: ServerState) -> None:
    """Each is told only where it is true, and all is well only where nothing else is."""
    down = [
        each
        for each in server.integrations
        if each.state in DOWN_STATES and not each.is_stale and each.maintenance_until is None
    ]
    needs = {
        HelpStep.CONNECT: not server.connections,
        HelpStep.REPLACE: any(each.needs_attention for each in server.connections),
        HelpStep.DOWN: bool(down),
        HelpStep.ADD_AGENT: bool(server.connections) and not server.integrations,
        HelpStep.ALERTS: not server.has_alert_rule,
    }
    step = next_step(server, EVERYTHING).step
    assert needs.get(step, not any(needs.values()))


def test_the_worst_comes_first() -> None:
    """Without credentials nothing else helps; a broken agent matters more than who is told of it."""
    down = watched(State.ERROR)
    everything = ServerState([summary(), summary(refused=True)], [down], has_alert_rule=False)
    assert next_step(everything, EVERYTHING).step is HelpStep.REPLACE
    assert next_step(ServerState([summary()], [down], has_alert_rule=False), EVERYTHING).step is HelpStep.DOWN
    assert next_step(everything, {"integrations"}).step is HelpStep.REPLACE
    assert not next_step(everything, {"integrations"}).may


@pytest.mark.parametrize("harmless", [{"stale": True}, {"maintained": True}])
def test_what_may_be_well_is_not_called_down(harmless: dict[str, bool]) -> None:
    """A state that is out of date, and one during maintenance, is no reason to look."""
    server = ServerState([summary()], [watched(State.ERROR, **harmless)], has_alert_rule=True)
    assert next_step(server, EVERYTHING).step is HelpStep.OVERVIEW
