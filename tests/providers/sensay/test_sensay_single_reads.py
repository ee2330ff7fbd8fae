"""Proves what is read by itself beside the list of replicas: whether a replica that it lacks exists."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.providers.base.integration import State
from bot.providers.base.report import GONE, MAX_SINGLE_READS, NOT_LISTED, Report, Reports, Wanted
from bot.providers.base.response_cache import ResponseCache
from bot.providers.base.simulator import Answer, Fault, Reset, made_up_token
from bot.providers.sensay import SensayProvider
from bot.providers.sensay.simulator import SensaySimulator
from tests.support.open_provider import accepted, open_provider
from tests.support.sensay_client import Acting, linked, organization, replica, user


def read_alone(simulator: SensaySimulator) -> list[str]:
    """Return the UUIDs that were read by themselves since the last call, in order."""
    paths = [received.path for received in simulator.requests]
    simulator.requests.clear()
    return [path.rpartition("/")[2] for path in paths if path.startswith("/v1/replicas/")]


def found(reports: Reports, uuid: str) -> Report:
    """Return the one report of a replica."""
    (report,) = [each for each in reports.items if each.id == uuid]
    return report


@pytest.mark.parametrize("acting", [organization, user, linked])
async def test_a_replica_that_exists_and_is_not_listed_is_unknown(
    sensay: SensayProvider, simulator: SensaySimulator, acting: Acting
) -> None:
    """Sensay's list is the only source of its state: the single read says its name and no more."""
    wanted = Wanted([simulator.UNCONNECTED])
    reports = await sensay.reports(acting(sensay, simulator), wanted, ResponseCache())
    name = simulator.replicas[simulator.UNCONNECTED]["name"]
    expected = Report(simulator.UNCONNECTED, name, State.UNKNOWN, NOT_LISTED)
    assert found(reports, simulator.UNCONNECTED) == expected
    assert reports.missing == set()


@pytest.mark.parametrize("acting", [organization, user, linked])
async def test_a_single_read_takes_the_organizations_secret_alone(
    sensay: SensayProvider, simulator: SensaySimulator, acting: Acting
) -> None:
    """It names no user, as Sensay documents it."""
    await sensay.reports(acting(sensay, simulator), Wanted([simulator.UNCONNECTED]), ResponseCache())
    received = simulator.requests[-1]
    assert received.path == f"/v1/replicas/{simulator.UNCONNECTED}"
    assert not [name for name in received.headers if name.upper().startswith("X-USER")]


async def test_only_what_the_list_lacks_and_somebody_wants_is_read(
    sensay: SensayProvider, simulator: SensaySimulator
) -> None:
    """A wanted replica that is listed costs nothing, nor does one that nobody wants."""
    wanted = Wanted([simulator.ACTIVE, simulator.INACTIVE], [simulator.ACTIVE])
    await sensay.reports(organization(sensay, simulator), wanted, ResponseCache())
    assert read_alone(simulator) == []


async def test_what_does_not_exist_is_missing(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """Sensay's own 404 makes a replica missing; there is no report of it."""
    wanted = Wanted([simulator.UNKNOWN, simulator.UNCONNECTED])
    reports = await sensay.reports(organization(sensay, simulator), wanted, ResponseCache())
    assert reports.missing == {simulator.UNKNOWN}
    assert simulator.UNKNOWN not in {each.id for each in reports.items}


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        (Answer(500), "server_fault"),
        (Reset(), "unreachable"),
        (Answer.html(200), "not_json"),
        (Answer(200, {"uuid": []}), "malformed_answer"),
        (Answer(401, {"success": False, "error": "no"}), "unauthorized"),
        (Answer(403, {"success": False, "error": "no"}), "forbidden"),
    ],
    ids=["500", "reset", "page", "malformed", "401", "403"],
)
async def test_a_single_read_that_fails_costs_only_itself(
    sensay: SensayProvider, simulator: SensaySimulator, fault: Fault, key: str
) -> None:
    """That replica is unknown, with the error; it is not missing, and all others are reported."""
    simulator.fail(fault, times=None, path=simulator.UNCONNECTED)
    wanted = Wanted([simulator.UNCONNECTED])
    reports = await sensay.reports(organization(sensay, simulator), wanted, ResponseCache())
    assert found(reports, simulator.UNCONNECTED) == Report(simulator.UNCONNECTED, "", State.UNKNOWN, key)
    assert found(reports, simulator.ACTIVE).state is State.CONNECTED
    assert reports.missing == set()


async def test_a_pause_is_respected(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """After a 429 nothing more is read by itself, and what was not read is neither unknown nor missing."""
    template = simulator.replicas[simulator.UNCONNECTED]
    simulator.replicas = {each["uuid"]: {**template, **each} for each in map(replica, range(9))}
    simulator.fail(Answer(429, {"success": False, "error": "later"}), path="/v1/replicas/", times=None)
    wanted = Wanted(simulator.replicas)
    reports = await sensay.reports(organization(sensay, simulator), wanted, ResponseCache())
    assert reports == Reports(())
    assert len(read_alone(simulator)) == 1


async def test_a_pause_costs_nobody_the_turn(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """If Sensay takes five requests a check, the next check begins where the last one had to stop."""
    template = simulator.replicas[simulator.UNCONNECTED]
    simulator.replicas = {each["uuid"]: {**template, **each} for each in map(replica, range(15))}
    credentials, cache, read = organization(sensay, simulator), ResponseCache(), Counter[str]()
    ids = sorted(simulator.replicas)
    for refused in (ids[5], ids[10], ids[0]):
        simulator.heal()
        simulator.fail(Answer(429, {"success": False, "error": "later"}), path=refused, times=None)
        reports = await sensay.reports(credentials, Wanted(simulator.replicas), cache)
        read.update(each.id for each in reports.items)
    assert set(read.values()) == {1}
    assert len(read) == 15


async def test_more_than_twenty_are_read_in_turn(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """A check reads twenty at most, the next one those that follow; what it does not read is in neither."""
    template = simulator.replicas[simulator.UNCONNECTED]
    simulator.replicas = {each["uuid"]: {**template, **each} for each in map(replica, range(45))}
    credentials, cache, read = organization(sensay, simulator), ResponseCache(), Counter[str]()
    for check in range(9):
        reports = await sensay.reports(credentials, Wanted(simulator.replicas), cache)
        alone = read_alone(simulator)
        assert len(alone) == len(set(alone)) == MAX_SINGLE_READS
        assert {each.id for each in reports.items} == set(alone)
        assert reports.missing == set()
        read.update(alone)
        if check == 2:
            assert read.keys() == simulator.replicas.keys()
    assert set(read.values()) == {4}


async def test_the_bot_comes_from_the_list(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """The first part of the token names the bot; another text, or none, names no bot."""
    bot = 1209876543210987654
    simulator.replicas[simulator.ACTIVE]["discord_integration"]["token"] = made_up_token(str(bot), "0" * 8)
    simulator.replicas[simulator.INACTIVE]["discord_integration"]["token"] = None
    reports = await sensay.reports(organization(sensay, simulator), Wanted(), ResponseCache())
    bots = {each.id: each.bot_id for each in reports.items}
    assert bots == dict.fromkeys(bots) | {simulator.ACTIVE: bot}


@settings(max_examples=30)
@given(st.data())
async def test_no_list_makes_a_replica_gone(data: st.DataObject) -> None:
    """Whatever sequence of lists comes, a wanted replica is as the list has it, or unknown, never missing."""
    async with SensaySimulator() as simulator, open_provider(SensayProvider, simulator) as sensay:
        credentials, cache = accepted(sensay, simulator), ResponseCache()
        kept = {
            uuid: simulator.replicas[uuid]["discord_integration"] for uuid in simulator.discord_integrations()
        }
        wanted = Wanted(data.draw(st.sets(st.sampled_from(sorted(kept)))))
        for _ in range(4):
            listed = data.draw(st.sets(st.sampled_from(sorted(kept))))
            for uuid, integration in kept.items():
                simulator.replicas[uuid]["discord_integration"] = integration if uuid in listed else None
            reports = await sensay.reports(credentials, wanted, cache)
            assert reports.missing == set()
            assert GONE not in {each.detail for each in reports.items}
            assert {each.id for each in reports.items} == listed | set(wanted.ids)
            unlisted = {each.id for each in reports.items if each.detail == NOT_LISTED}
            assert unlisted == set(wanted.ids) - listed
            assert {each.state for each in reports.items if each.id in unlisted} <= {State.UNKNOWN}
