"""The update to revision 0006 keeps what a server watches, and adds a state to its alerts."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.features.alerts.incident_store import Kind
from bot.features.alerts.routes import Route
from bot.features.alerts.store import AlertStore
from bot.features.integrations.store import IntegrationStore
from bot.features.monitoring.store import MonitoringStore
from bot.providers.base.integration import State
from bot.store.database import Database
from tests.support.ids import GUILD
from tests.support.old_databases import execute, release

DOWN, FAULTY, OFF, UNKNOWN = State.DISCONNECTED, State.ERROR, State.INACTIVE, State.UNKNOWN


@pytest.mark.parametrize(
    ("states", "is_told"),
    [
        ([DOWN, FAULTY, OFF], True),
        ([DOWN, FAULTY, OFF, UNKNOWN], True),
        ([OFF, UNKNOWN, FAULTY, DOWN], True),
        ([DOWN, FAULTY], False),
        ([DOWN, FAULTY, UNKNOWN], False),
        ([FAULTY, OFF], False),
        ([DOWN, OFF], False),
        ([OFF], False),
        ([UNKNOWN], False),
    ],
    ids=[
        "default",
        "all",
        "all in another order",
        "failing",
        "unknown",
        "no outage",
        "no error",
        "off",
        "only unknown",
    ],
)
async def test_a_route_for_everything_also_tells_of_blocked_agents(
    path: Path, states: list[State], *, is_told: bool
) -> None:
    """A route with the default or all states gets the new one; other routes stay as they were."""
    values = f"{GUILD + 1}, 7, 8, '{','.join(states)}', 3, 600, 5, 180, 'lost'"
    execute(release(path, "0005"), f"INSERT INTO route VALUES ({values})")  # noqa: S608 - constants
    async with Database.open(path) as database:
        (row,) = await AlertStore(database).routes(GUILD + 1)
    expected = [*states, State.BLOCKED] if is_told else states
    route = Route.of(row)
    assert (route.states, route.partial) == (tuple(expected), False)


async def test_the_bots_of_links_are_known(path: Path) -> None:
    """What is watched takes its bot over from the link; nobody knows its application yet."""
    async with Database.open(release(path, "0005")) as database:
        rows = await MonitoringStore(database).watched(GUILD)
        links = await IntegrationStore(database).of_guild(GUILD, "toolzz")
    assert {(row.provider, row.id): row.bot_id for row in rows} == {
        ("sensay", "a"): None,
        ("toolzz", "b"): 1219876543210987654,
        ("toolzz", "d"): None,
    }
    assert [(link.id, link.bot_id, link.application_id) for link in links] == [
        ("b", 1219876543210987654, None),
        ("c", 42, None),
    ]


async def test_only_integrations_have_bots(path: Path) -> None:
    """A connection with the id of a linked integration has none, nor has another guild's integration."""
    row = "'toolzz', 'b', 'second', 'X', 'connected', '', 1, 0, 0, NULL, NULL, NULL, 'connected'"
    execute(
        release(path, "0005"),
        f"INSERT INTO watched VALUES ({GUILD}, 'connection', {row})",  # noqa: S608 - constants
        f"INSERT INTO watched VALUES ({GUILD + 1}, 'integration', {row})",  # noqa: S608 - constants
    )
    async with Database.open(path) as database:
        store = MonitoringStore(database)
        (connection,) = [each for each in await store.watched(GUILD) if each.kind is Kind.CONNECTION]
        (theirs,) = await store.watched(GUILD + 1)
    assert (connection.bot_id, theirs.bot_id) == (None, None)


async def test_nothing_is_known_of_discord_and_of_absence(path: Path) -> None:
    """All that is watched begins as if Discord had said nothing and the provider had shown it."""
    async with Database.open(release(path, "0005")) as database:
        rows = await MonitoringStore(database).watched(GUILD)
        ignored = await IntegrationStore(database).ignored(GUILD, "toolzz")
    assert {(row.access, row.missing, row.missing_at) for row in rows} == {("", 0, None)}
    assert {row.found for row in rows} == {"error", "connected"}
    assert ignored == []
