"""Proves which states and incidents the recorder stores."""

from __future__ import annotations

import asyncio

import pytest

from bot.features.alerts.incident_store import Kind
from bot.features.monitoring.check_result import CheckOutcome
from bot.providers.base.integration import State
from bot.providers.base.report import GONE, NOT_LISTED, Report
from bot.store.database import Database
from tests.support.alert_parts import INTERVAL
from tests.support.check_recorder import FAULTY, LOST, OFF, START, WELL, RecordedChecks, report
from tests.support.ids import GUILD, OTHER_GUILD


async def test_an_incident_opens_is_told_of_and_closes(checks: RecordedChecks) -> None:
    """Two bad checks open it, counted from the first one, and make an alert due; two good checks close it."""
    await checks.route()
    await checks.answer(report())
    await checks.answer(report(LOST, detail="4004"))
    assert await checks.incidents() == []
    await checks.answer(report(LOST, detail="4004"))
    (opened,) = await checks.incidents()
    assert (opened.number, opened.kind, opened.id, opened.label) == (1, Kind.INTEGRATION, "a", "Agent a")
    assert (opened.state, opened.detail, opened.opened_at) == (LOST, "4004", checks.now - INTERVAL)
    alert = await checks.alert()
    assert alert is not None
    assert (alert.next_at, alert.desired_version, alert.sent_version) == (checks.now, 1, 0)
    await checks.answer(report(FAULTY, detail="4014"))
    (changed,) = await checks.incidents()
    assert (changed.state, changed.detail, changed.opened_at) == (FAULTY, "4014", opened.opened_at)
    await checks.answer(report())
    assert (await checks.incidents())[0].closed_at is None
    await checks.answer(report())
    (closed,) = await checks.incidents()
    assert (closed.closed_at, closed.ended, closed.state) == (checks.now, "recovered", FAULTY)
    alert = await checks.alert()
    assert alert is not None
    assert (alert.next_at, alert.desired_version) == (checks.now, 3)


async def test_without_a_route_there_is_an_incident_and_no_alert(checks: RecordedChecks) -> None:
    """Nobody gets a message. A route that is set later makes an alert of the open incident."""
    for _ in range(2):
        await checks.answer(report(LOST))
    assert len(await checks.incidents()) == 1
    assert await checks.alert() is None
    await checks.route()
    assert await checks.alert() is not None


async def test_an_incident_that_comes_back_gets_an_alert_if_it_had_none(checks: RecordedChecks) -> None:
    """An incident from before there was a route has an alert when it comes back."""
    for state in (LOST, LOST, WELL, WELL):
        await checks.answer(report(state))
    await checks.route()
    assert await checks.alert() is None
    for _ in range(2):
        await checks.answer(report(LOST))
    (incident,) = await checks.incidents()
    assert (incident.closed_at, incident.ended, incident.reopened) == (None, "", 1)
    alert = await checks.alert()
    assert alert is not None
    assert alert.next_at == checks.now


async def test_the_route_sets_states_and_number_of_checks(checks: RecordedChecks) -> None:
    """A state that the route does not name opens no incident, and so many checks in a row open one."""
    await checks.route(FAULTY, checks=3)
    for state in (LOST, LOST, LOST, FAULTY, LOST, FAULTY):
        await checks.answer(report(state))
    assert await checks.incidents() == []
    await checks.answer(report(FAULTY))
    assert len(await checks.incidents()) == 1


async def test_a_lower_number_of_checks_counts_from_the_next_check_on(checks: RecordedChecks) -> None:
    """An integration that was bad more often than the new route asks for has an incident with the next
    check.
    """
    await checks.route(checks=5)
    for _ in range(3):
        await checks.answer(report(LOST))
    await checks.route(checks=2)
    assert await checks.incidents() == []
    await checks.answer(report(LOST))
    assert [each.opened_at for each in await checks.incidents()] == [START + INTERVAL]


async def test_a_check_without_an_answer_neither_opens_nor_closes(checks: RecordedChecks) -> None:
    """It does not interrupt a row of bad checks, nor a row of good ones."""
    await checks.route(LOST, State.UNKNOWN, checks=3)
    for state in (LOST, None, None, LOST, None, LOST, WELL, None, None, WELL):
        if state is None:
            await checks.fail(CheckOutcome.DOWN)
            assert (await checks.states())["a"] == (State.UNKNOWN, "down")
        else:
            await checks.answer(report(state))
    assert await checks.endings() == [(Kind.INTEGRATION, "a", "recovered")]


async def test_an_integration_that_could_not_be_read_is_not_bad(checks: RecordedChecks) -> None:
    """It keeps its name. Only an unknown state that the provider reports opens an incident."""
    await checks.route(State.UNKNOWN)
    await checks.answer(report(), report(integration="b"))
    for _ in range(3):
        await checks.answer(Report("a", "", State.UNKNOWN, "timeout"), report(State.UNKNOWN, "b"))
    assert await checks.states() == {"a": (State.UNKNOWN, "timeout"), "b": (State.UNKNOWN, "")}
    assert (await checks.rows())["a"].label == "Agent a"
    assert await checks.endings() == [(Kind.INTEGRATION, "b", "")]


@pytest.mark.parametrize("connections", [1, 3])
async def test_an_outage_is_one_incident(checks: RecordedChecks, connections: int) -> None:
    """There is one for all connections and integrations. It opens after two intervals and closes with the
    outage.
    """
    await checks.route(LOST, FAULTY, State.UNKNOWN)
    names = ["default", *map(str, range(connections - 1))]
    await checks.connect(*names[1:])
    for name in names:
        await checks.answer(report(integration=f"{name}-a"), report(integration=f"{name}-b"), connection=name)
    opened_after = []
    checks.now += INTERVAL
    for _ in range(4):
        for name in names:
            await checks.fail(CheckOutcome.DOWN, connection=name, after=INTERVAL // connections)
            opened_after.append(len(await checks.incidents()))
    assert opened_after.index(1) == connections
    assert max(opened_after) == 1
    assert set((await checks.states()).values()) == {(State.UNKNOWN, "down")}
    assert await checks.states(Kind.PROVIDER) == {"toolzz": (LOST, "down")}
    assert await checks.states(Kind.CONNECTION) == dict.fromkeys(names, (WELL, ""))
    for _ in range(2):
        for name in names:
            await checks.answer(connection=name, own=[f"{name}-a", f"{name}-b"])
    assert await checks.endings() == [(Kind.PROVIDER, "toolzz", "recovered")]


@pytest.mark.parametrize(("after", "opened"), [(INTERVAL - 15, 1), (INTERVAL - 16, 0)])
async def test_a_check_that_comes_a_little_early_counts(
    checks: RecordedChecks, after: int, opened: int
) -> None:
    """Two checks count if they are at least three quarters of an interval apart."""
    await checks.fail(CheckOutcome.DOWN)
    await checks.fail(CheckOutcome.DOWN, after=after)
    assert len(await checks.incidents()) == opened


async def test_a_connection_that_fails_alone_is_no_outage(checks: RecordedChecks) -> None:
    """While other connections are answered, only this one is unknown, and the provider is connected."""
    await checks.connect("second")
    for _ in range(4):
        await checks.fail(CheckOutcome.DOWN, after=INTERVAL // 2)
        await checks.answer(report(), connection="second", after=INTERVAL // 2)
    assert await checks.states(Kind.PROVIDER) == {"toolzz": (WELL, "")}
    assert await checks.states(Kind.CONNECTION) == {"default": (State.UNKNOWN, "down"), "second": (WELL, "")}
    assert await checks.incidents() == []
    await checks.answer()
    assert (await checks.states(Kind.CONNECTION))["default"] == (WELL, "")


@pytest.mark.parametrize(
    ("outcome", "ended"),
    [(CheckOutcome.REFUSED, "recovered"), (CheckOutcome.STILL_REFUSED, ""), (CheckOutcome.FAILED, "")],
)
async def test_only_an_answer_ends_an_outage(
    checks: RecordedChecks, outcome: CheckOutcome, ended: str
) -> None:
    """A refusal is an answer. The outage goes on if the provider may not even have been asked."""
    await checks.connect("second")
    for _ in range(2):
        await checks.fail(CheckOutcome.DOWN)
    for _ in range(2):
        await checks.fail(outcome, connection="second")
    outage = (await checks.incidents())[0]
    assert (outage.kind, outage.ended) == (Kind.PROVIDER, ended)


async def test_a_refusal_is_one_incident_of_the_connection(checks: RecordedChecks) -> None:
    """Its integrations are unknown and have no incidents. Only an answer closes it."""
    await checks.answer(report(), report(integration="b"))
    for outcome in (
        CheckOutcome.REFUSED,
        CheckOutcome.STILL_REFUSED,
        CheckOutcome.STILL_REFUSED,
        CheckOutcome.DOWN,
        CheckOutcome.FAILED,
    ):
        await checks.fail(outcome)
    assert set((await checks.states()).values()) == {(State.UNKNOWN, "failed")}
    assert await checks.endings() == [(Kind.CONNECTION, "default", "")]
    for _ in range(2):
        await checks.answer(report(), report(integration="b"))
    assert await checks.endings() == [(Kind.CONNECTION, "default", "recovered")]


async def test_only_what_is_in_the_guild_is_watched(checks: RecordedChecks) -> None:
    """A report that names another guild, or none, counts only if the integration is this guild's own."""
    await checks.connect("default", guild=OTHER_GUILD)
    found = [
        report(integration="a", guild=GUILD),
        report(integration="b", guild=OTHER_GUILD),
        report(integration="c", guild=None),
        report(integration="d", guild=None),
    ]
    await checks.answer(*found, own=["b", "c"])
    await checks.answer(*found, guild=OTHER_GUILD)
    assert set(await checks.rows()) == {"a", "b", "c"}
    assert set(await checks.rows(guild=OTHER_GUILD)) == {"b"}


async def test_an_integration_of_two_connections_stays_with_the_first(checks: RecordedChecks) -> None:
    """The reports of the second connection change nothing, whether they contain it or not."""
    await checks.connect("second")
    for _ in range(3):
        await checks.answer(report(), after=30)
        await checks.answer(report(LOST), report(integration="b"), connection="second", after=30)
    await checks.answer(report(integration="b"), connection="second")
    assert {each.id: each.connection for each in (await checks.rows()).values()} == {
        "a": "default",
        "b": "second",
    }
    assert await checks.history() == [(30, WELL, "")]
    assert await checks.incidents() == []


async def test_an_integration_is_read_through_the_connection_it_was_linked_with(
    checks: RecordedChecks,
) -> None:
    """Whichever connection is checked first: it moves there and stays, while that shows it."""
    await checks.connect("second")
    for _ in range(2):
        await checks.answer(report(), connection="second", after=0)
        await checks.answer(report(), own=["a"], after=0)
        await checks.answer(report(), connection="second", after=0)
        assert (await checks.rows())["a"].connection == "default"
    for _ in range(2):
        await checks.answer(report(OFF, detail=GONE), own=["a"], after=0)
        await checks.answer(report(), connection="second", after=0)
        assert (await checks.rows())["a"].connection == "second"
    assert await checks.incidents() == []


async def test_a_removed_connection_keeps_nothing_back(checks: RecordedChecks) -> None:
    """What it read is read by another one at that one's next check, before anything is tidied up."""
    await checks.connect("second")
    await checks.answer(report(), connection="second")
    await checks.disconnect("second")
    await checks.answer(report())
    assert (await checks.rows())["a"].connection == "default"


@pytest.mark.parametrize("why", ["refused", "gone", "missing", "not listed", "removed"])
async def test_another_connection_takes_an_integration_over(checks: RecordedChecks, why: str) -> None:
    """It takes over an integration that the first connection cannot read or does not show, and keeps it."""
    await checks.connect("second")
    await checks.answer(report())
    await checks.answer(report(), connection="second", after=0)
    match why:
        case "refused":
            await checks.fail(CheckOutcome.REFUSED)
        case "gone":
            await checks.answer(report(OFF, detail=GONE))
        case "missing":
            await checks.answer(missing=["a"])
        case "not listed":
            await checks.answer(report(State.UNKNOWN, detail=NOT_LISTED))
        case _:
            await checks.disconnect()
            await checks.recorder.remove_orphans(checks.now)
    await checks.answer(report(), connection="second", after=0)
    if why != "removed":
        await checks.answer(report(LOST))
    assert (await checks.states())["a"] == (WELL, "")
    assert (await checks.rows())["a"].connection == "second"


async def test_orphans_of_a_removed_connection_are_deleted(checks: RecordedChecks) -> None:
    """Its integrations, its row and its last check go, and the provider with the last connection; others
    stay.
    """
    await checks.connect("second")
    await checks.connect("default", guild=OTHER_GUILD)
    for _ in range(2):
        await checks.answer(report(LOST))
        await checks.answer(report(LOST, guild=OTHER_GUILD), guild=OTHER_GUILD)
        await checks.answer(report(LOST, "b"), connection="second")
    announced: list[int] = []
    checks.changes.subscribe(announced.append)
    await checks.disconnect()
    await checks.recorder.remove_orphans(checks.now)
    assert await checks.endings() == [(Kind.INTEGRATION, "a", "unwatched"), (Kind.INTEGRATION, "b", "")]
    assert {(each.kind, each.id) for each in await checks.store.watched(GUILD)} == {
        (Kind.PROVIDER, "toolzz"),
        (Kind.CONNECTION, "second"),
        (Kind.INTEGRATION, "b"),
    }
    assert [each.connection for each in await checks.store.checks(GUILD)] == ["second"]
    await checks.disconnect("second")
    await checks.recorder.remove_orphans(checks.now)
    assert await checks.store.watched(GUILD) == []
    assert [each.ended for each in await checks.incidents()] == ["unwatched"] * 2
    await checks.recorder.remove_orphans(checks.now)
    assert announced == [GUILD, GUILD]
    assert len(await checks.store.watched(OTHER_GUILD)) == 3
    assert len(await checks.history()) == 1


async def test_a_look_for_orphans_keeps_nobody_from_writing(
    checks: RecordedChecks, database: Database
) -> None:
    """To look at all servers takes long: where nothing is to be removed, no transaction is needed."""
    await checks.answer(report())
    async with database._turn, asyncio.timeout(10):
        await checks.recorder.remove_orphans(checks.now)
    assert (await checks.states())["a"] == (WELL, "")


async def test_a_check_does_not_unmute(checks: RecordedChecks) -> None:
    """An integration stays muted through checks with and without an answer."""
    await checks.answer(report())
    assert await checks.store.mute(GUILD, "toolzz", "a", until=checks.now + 999, member_id=5, now=checks.now)
    await checks.answer(report(LOST))
    await checks.fail(CheckOutcome.DOWN)
    row = (await checks.rows())["a"]
    assert (row.muted_until, row.muted_by, row.state) == (
        checks.now - 2 * INTERVAL + 999,
        5,
        State.UNKNOWN,
    )


async def test_an_integration_that_was_always_inactive_has_no_incident(checks: RecordedChecks) -> None:
    """This holds if the route names ``inactive``. Once the integration was connected, it has one."""
    await checks.route(OFF)
    for _ in range(3):
        await checks.answer(report(OFF))
    await checks.fail(CheckOutcome.DOWN)
    for _ in range(2):
        await checks.answer(report(OFF))
    assert await checks.incidents() == []
    await checks.answer(report())
    await checks.fail(CheckOutcome.FAILED)
    for _ in range(2):
        await checks.answer(report(OFF))
    assert await checks.endings() == [(Kind.INTEGRATION, "a", "")]
