"""What readings leave behind: states, incidents and history, and nothing where nothing has changed."""

from __future__ import annotations

import pytest

from bot.kit.integration import State
from bot.kit.report import Report
from bot.monitors.reading import Outcome
from bot.monitors.recorder import Recorder
from bot.services.watching import Kind
from tests.monitors.watch import FAULTY, GUILD, INTERVAL, LOST, OFF, OTHER, START, WELL, Watch, report

GAP = 3600
"""Seconds in which nobody checked."""


async def test_an_incident_opens_is_told_of_and_closes(watch: Watch) -> None:
    """After two bad checks, from the first on, with an alert that is due; after two good ones it ends."""
    await watch.route()
    await watch.read(report())
    await watch.read(report(LOST, detail="4004"))
    assert await watch.incidents() == []
    await watch.read(report(LOST, detail="4004"))
    (opened,) = await watch.incidents()
    assert (opened.number, opened.kind, opened.id, opened.label) == (1, Kind.INTEGRATION, "a", "Agent a")
    assert (opened.state, opened.detail, opened.opened_at) == (LOST, "4004", watch.now - INTERVAL)
    alert = await watch.alert()
    assert alert is not None
    assert (alert.next_at, alert.wanted, alert.shown) == (watch.now, 1, 0)
    await watch.read(report(FAULTY, detail="4014"))
    (changed,) = await watch.incidents()
    assert (changed.state, changed.detail, changed.opened_at) == (FAULTY, "4014", opened.opened_at)
    await watch.read(report())
    assert (await watch.incidents())[0].closed_at is None
    await watch.read(report())
    (closed,) = await watch.incidents()
    assert (closed.closed_at, closed.ended, closed.state) == (watch.now, "recovered", FAULTY)
    alert = await watch.alert()
    assert alert is not None
    assert (alert.next_at, alert.wanted) == (watch.now, 3)


async def test_without_a_route_there_is_an_incident_and_no_alert(watch: Watch) -> None:
    """Nobody is told; a route that comes later has the open one told of."""
    for _ in range(2):
        await watch.read(report(LOST))
    assert len(await watch.incidents()) == 1
    assert await watch.alert() is None
    await watch.route()
    assert await watch.alert() is not None


async def test_what_comes_back_is_told_of_even_if_nobody_heard_of_it_before(watch: Watch) -> None:
    """An incident that came and went before there was a route has an alert once it is back."""
    for state in (LOST, LOST, WELL, WELL):
        await watch.read(report(state))
    await watch.route()
    assert await watch.alert() is None
    for _ in range(2):
        await watch.read(report(LOST))
    (incident,) = await watch.incidents()
    assert (incident.closed_at, incident.ended, incident.reopened) == (None, "", 1)
    alert = await watch.alert()
    assert alert is not None
    assert alert.next_at == watch.now


async def test_a_guild_says_what_it_is_told_of_and_when(watch: Watch) -> None:
    """States and number of checks are its route's; a state that it does not want opens nothing."""
    await watch.route(FAULTY, checks=3)
    for state in (LOST, LOST, LOST, FAULTY, LOST, FAULTY):
        await watch.read(report(state))
    assert await watch.incidents() == []
    await watch.read(report(FAULTY))
    assert len(await watch.incidents()) == 1


async def test_what_could_not_be_asked_neither_counts_nor_closes(watch: Watch) -> None:
    """Between two bad checks, and between two good ones, it is as if it had not been."""
    await watch.route(LOST, State.UNKNOWN, checks=3)
    for state in (LOST, None, None, LOST, None, LOST, WELL, None, None, WELL):
        if state is None:
            await watch.fail(Outcome.DOWN)
            assert (await watch.states())["a"] == (State.UNKNOWN, "down")
        else:
            await watch.read(report(state))
    assert await watch.briefly() == [(Kind.INTEGRATION, "a", "recovered")]


async def test_one_that_could_not_be_read_alone_is_not_bad(watch: Watch) -> None:
    """It keeps its name; only what the provider itself calls unknown counts where that is wanted."""
    await watch.route(State.UNKNOWN)
    await watch.read(report(), report(integration="b"))
    for _ in range(3):
        await watch.read(Report("a", "", State.UNKNOWN, "timeout"), report(State.UNKNOWN, "b"))
    assert await watch.states() == {"a": (State.UNKNOWN, "timeout"), "b": (State.UNKNOWN, "")}
    assert (await watch.rows())["a"].label == "Agent a"
    assert await watch.briefly() == [(Kind.INTEGRATION, "b", "")]


@pytest.mark.parametrize("connections", [1, 3])
async def test_an_outage_is_one_incident(watch: Watch, connections: int) -> None:
    """However many connections and integrations: one, after two intervals; it ends with the outage."""
    await watch.route(LOST, FAULTY, State.UNKNOWN)
    names = ["default", *map(str, range(connections - 1))]
    await watch.connect(*names[1:])
    for name in names:
        await watch.read(report(integration=f"{name}-a"), report(integration=f"{name}-b"), connection=name)
    opened_after = []
    watch.now += INTERVAL
    for _ in range(4):
        for name in names:
            await watch.fail(Outcome.DOWN, connection=name, after=INTERVAL // connections)
            opened_after.append(len(await watch.incidents()))
    assert opened_after.index(1) == connections
    assert max(opened_after) == 1
    assert set((await watch.states()).values()) == {(State.UNKNOWN, "down")}
    assert await watch.states(Kind.PROVIDER) == {"toolzz": (LOST, "down")}
    assert await watch.states(Kind.CONNECTION) == dict.fromkeys(names, (WELL, ""))
    for _ in range(2):
        for name in names:
            await watch.read(connection=name, own=[f"{name}-a", f"{name}-b"])
    assert await watch.briefly() == [(Kind.PROVIDER, "toolzz", "recovered")]


@pytest.mark.parametrize(("after", "opened"), [(INTERVAL - 15, 1), (INTERVAL - 16, 0)])
async def test_a_check_that_comes_a_little_early_counts(watch: Watch, after: int, opened: int) -> None:
    """They are spread by up to a quarter of an interval; what comes sooner is the same one seen twice."""
    await watch.fail(Outcome.DOWN)
    await watch.fail(Outcome.DOWN, after=after)
    assert len(await watch.incidents()) == opened


async def test_one_that_fails_alone_is_no_outage(watch: Watch) -> None:
    """While others are answered the connection itself cannot be read, and the provider is well."""
    await watch.connect("second")
    for _ in range(4):
        await watch.fail(Outcome.DOWN, after=INTERVAL // 2)
        await watch.read(report(), connection="second", after=INTERVAL // 2)
    assert await watch.states(Kind.PROVIDER) == {"toolzz": (WELL, "")}
    assert await watch.states(Kind.CONNECTION) == {"default": (State.UNKNOWN, "down"), "second": (WELL, "")}
    assert await watch.incidents() == []
    await watch.read()
    assert (await watch.states(Kind.CONNECTION))["default"] == (WELL, "")


@pytest.mark.parametrize(
    ("outcome", "ended"), [(Outcome.REFUSED, "recovered"), (Outcome.RESTING, ""), (Outcome.FAILED, "")]
)
async def test_only_whoever_was_asked_is_back(watch: Watch, outcome: Outcome, ended: str) -> None:
    """A refusal is an answer; where the provider was perhaps not even asked, its outage goes on."""
    await watch.connect("second")
    for _ in range(2):
        await watch.fail(Outcome.DOWN)
    for _ in range(2):
        await watch.fail(outcome, connection="second")
    outage = (await watch.incidents())[0]
    assert (outage.kind, outage.ended) == (Kind.PROVIDER, ended)


async def test_a_refusal_is_one_incident_of_the_connection(watch: Watch) -> None:
    """Its integrations are unknown, and none of them has one; rest is no recovery, an answer is."""
    await watch.read(report(), report(integration="b"))
    for outcome in (Outcome.REFUSED, Outcome.RESTING, Outcome.RESTING, Outcome.DOWN, Outcome.FAILED):
        await watch.fail(outcome)
    assert set((await watch.states()).values()) == {(State.UNKNOWN, "failed")}
    assert await watch.briefly() == [(Kind.CONNECTION, "default", "")]
    for _ in range(2):
        await watch.read(report(), report(integration="b"))
    assert await watch.briefly() == [(Kind.CONNECTION, "default", "recovered")]


async def test_what_a_list_lacks_is_gone_or_nobodys(watch: Watch) -> None:
    """One of the guild's own is shown as gone; another is let go, and so is its incident."""
    await watch.route()
    for _ in range(2):
        await watch.read(report(), report(LOST, "b"), own=["a"])
    await watch.read(own=["a"])
    assert await watch.states() == {"a": (OFF, "gone")}
    assert await watch.briefly() == [(Kind.INTEGRATION, "b", "unwatched")]
    alert = await watch.alert()
    assert alert is not None
    assert (alert.next_at, alert.wanted) == (watch.now, 2)
    await watch.read()
    assert await watch.states() == {}


async def test_what_is_beyond_a_long_list_is_unknown(watch: Watch) -> None:
    """Where the list does not end nobody knows of what it lacks, but of what it shows elsewhere."""
    mine = [report(LOST, each, guild=GUILD) for each in "abc"]
    for _ in range(2):
        await watch.read(*mine)
    await watch.read(mine[0], report(integration="b", guild=OTHER), complete=False)
    assert await watch.states() == {"a": (LOST, ""), "c": (State.UNKNOWN, "beyond")}
    assert await watch.briefly() == [
        (Kind.INTEGRATION, "a", ""),
        (Kind.INTEGRATION, "b", "unwatched"),
        (Kind.INTEGRATION, "c", ""),
    ]


async def test_only_what_is_in_the_guild_is_watched(watch: Watch) -> None:
    """One that names another server is shown only to whom it belongs; one that names none, to all."""
    await watch.connect("default", guild=OTHER)
    found = [
        report(integration="a", guild=GUILD),
        report(integration="b", guild=OTHER),
        report(integration="c"),
    ]
    await watch.read(*found, own=["b"])
    await watch.read(*found, guild=OTHER)
    assert set(await watch.rows()) == {"a", "b", "c"}
    assert set(await watch.rows(guild=OTHER)) == {"b", "c"}


async def test_two_connections_do_not_fight_over_what_both_show(watch: Watch) -> None:
    """It stays with the first, whatever the other one says of it, and is not let go for the other's sake."""
    await watch.connect("second")
    for _ in range(3):
        await watch.read(report(), after=30)
        await watch.read(report(LOST), report(integration="b"), connection="second", after=30)
    await watch.read(report(integration="b"), connection="second")
    assert {each.id: each.connection for each in (await watch.rows()).values()} == {
        "a": "default",
        "b": "second",
    }
    assert await watch.history() == [(30, WELL, "")]
    assert await watch.incidents() == []


@pytest.mark.parametrize("why", ["refused", "gone", "removed"])
async def test_another_connection_goes_on_where_the_first_cannot(watch: Watch, why: str) -> None:
    """It takes over what the first cannot read, has no longer, or left behind, and keeps it."""
    await watch.connect("second")
    await watch.read(report())
    await watch.read(report(), connection="second", after=0)
    match why:
        case "refused":
            await watch.fail(Outcome.REFUSED)
        case "gone":
            await watch.read(own=["a"])
        case _:
            await watch.disconnect()
            await watch.recorder.tidy(watch.now)
    await watch.read(report(), connection="second", after=0)
    if why != "removed":
        await watch.read(report(LOST))
    assert (await watch.states())["a"] == (WELL, "")
    assert (await watch.rows())["a"].connection == "second"


async def test_a_time_in_which_nobody_checked_is_unknown(watch: Watch) -> None:
    """It begins an interval after the last check and ends with the next; what was counted before is void."""
    await watch.read(report())
    await watch.read(report(LOST))
    watch.recorder = Recorder(watch.store, INTERVAL)
    await watch.read(report(LOST), after=GAP)
    assert await watch.history() == [
        (60, WELL, ""),
        (120, LOST, ""),
        (180, State.UNKNOWN, "not_checked"),
        (120 + GAP, LOST, ""),
    ]
    assert await watch.incidents() == []
    assert (await watch.rows())["a"].changed_at == START + 120
    await watch.read(report(LOST))
    assert [each.opened_at for each in await watch.incidents()] == [START + 120 + GAP]


async def test_a_restart_neither_ends_an_incident_nor_opens_it_again(watch: Watch) -> None:
    """It is open before and after, and closes as any other."""
    for _ in range(2):
        await watch.read(report(LOST))
    for state in (LOST, LOST, WELL, WELL):
        watch.recorder = Recorder(watch.store, INTERVAL)
        await watch.read(report(state), after=GAP)
    assert await watch.briefly() == [(Kind.INTEGRATION, "a", "recovered")]


async def test_what_is_switched_off_stays_an_incident_while_nobody_can_ask(watch: Watch) -> None:
    """After a pause that ends with an outage it is not taken for something that was always off."""
    await watch.route(OFF)
    for state in (WELL, OFF, OFF):
        await watch.read(report(state))
    await watch.fail(Outcome.FAILED, after=GAP)
    for _ in range(3):
        await watch.read(report(OFF))
    assert await watch.briefly() == [(Kind.INTEGRATION, "a", "")]


@pytest.mark.parametrize("late", [5 * INTERVAL, 5 * INTERVAL + 1])
async def test_a_check_that_is_a_little_late_is_no_gap(watch: Watch, late: int) -> None:
    """Five intervals may pass; what was unknown anyway is not told of twice."""
    await watch.read(report())
    await watch.fail(Outcome.DOWN)
    await watch.read(report(), after=late)
    await watch.read(report(), after=late)
    missed = [at for at, _, detail in await watch.history() if detail == "not_checked"]
    assert missed == ([] if late == 5 * INTERVAL else [watch.now - START - late + INTERVAL])


async def test_the_same_second_twice_ends_as_the_second_time_said(watch: Watch) -> None:
    """A reading on request may come right behind another one: one moment has one state."""
    await watch.read(report())
    await watch.read(report(LOST, detail="x"))
    await watch.read(report(FAULTY, detail="y"), after=0)
    assert await watch.history() == [(60, WELL, ""), (120, FAULTY, "y")]
    assert (await watch.states())["a"] == (FAULTY, "y")
    (incident,) = await watch.incidents()
    assert (incident.state, incident.opened_at) == (FAULTY, START + 120)


async def test_history_grows_with_changes_and_not_with_checks(watch: Watch) -> None:
    """A state, its reason, and nothing else makes a line: not the name, not one more check."""
    for state, detail, label in [
        (WELL, "", "Nora"),
        (WELL, "", "Nora II"),
        (LOST, "4004", "Nora"),
        (LOST, "4004", "Nora"),
        (LOST, "4014", "Nora"),
    ] * 2:
        await watch.read(Report("a", label, state, detail))
    assert [line[1:] for line in await watch.history()] == [(WELL, ""), (LOST, "4004"), (LOST, "4014")] * 2


async def test_what_a_removed_connection_left_is_let_go(watch: Watch) -> None:
    """Integrations, connection, last check, and with the last connection the provider; others' stay."""
    await watch.connect("second")
    await watch.connect("default", guild=OTHER)
    for _ in range(2):
        await watch.read(report(LOST))
        await watch.read(report(LOST), guild=OTHER)
        await watch.read(report(LOST, "b"), connection="second")
    told: list[int] = []
    watch.recorder.subscribe(told.append)
    await watch.disconnect()
    await watch.recorder.tidy(watch.now)
    assert await watch.briefly() == [(Kind.INTEGRATION, "a", "unwatched"), (Kind.INTEGRATION, "b", "")]
    assert {(each.kind, each.id) for each in await watch.store.watched(GUILD)} == {
        (Kind.PROVIDER, "toolzz"),
        (Kind.CONNECTION, "second"),
        (Kind.INTEGRATION, "b"),
    }
    assert [each.connection for each in await watch.store.checks(GUILD)] == ["second"]
    await watch.disconnect("second")
    await watch.recorder.tidy(watch.now)
    assert await watch.store.watched(GUILD) == []
    assert [each.ended for each in await watch.incidents()] == ["unwatched"] * 2
    await watch.recorder.tidy(watch.now)
    assert told == [GUILD, GUILD]
    assert len(await watch.store.watched(OTHER)) == 3
    assert len(await watch.history()) == 1


async def test_what_is_muted_stays_so(watch: Watch) -> None:
    """No reading undoes what a member said."""
    await watch.read(report())
    assert await watch.store.mute(GUILD, "toolzz", "a", until=watch.now + 999, member_id=5, now=watch.now)
    await watch.read(report(LOST))
    await watch.fail(Outcome.DOWN)
    row = (await watch.rows())["a"]
    assert (row.muted_until_at, row.muted_by, row.state) == (watch.now - 2 * INTERVAL + 999, 5, State.UNKNOWN)


async def test_what_was_always_off_is_no_incident(watch: Watch) -> None:
    """Also where a guild hears of what is switched off; once it was on, it is missed."""
    await watch.route(OFF)
    for _ in range(3):
        await watch.read(report(OFF))
    await watch.fail(Outcome.DOWN)
    for _ in range(2):
        await watch.read(report(OFF))
    assert await watch.incidents() == []
    await watch.read(report())
    await watch.fail(Outcome.FAILED)
    for _ in range(2):
        await watch.read(report(OFF))
    assert await watch.briefly() == [(Kind.INTEGRATION, "a", "")]
