"""Proves what is read by itself beside a unit's list: what the list lacks, and each agent's bot."""

from __future__ import annotations

import gc
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.providers.base.credentials import Credentials
from bot.providers.base.integration import State
from bot.providers.base.report import GONE, MAX_SINGLE_READS, NOT_LISTED, Report, Reports, Wanted
from bot.providers.base.response_cache import ResponseCache
from bot.providers.base.simulator import Answer, Fault, Reset
from bot.providers.toolzz import ToolzzProvider
from bot.providers.toolzz.models import SingleOutline
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.exposure import everything_said
from tests.support.open_provider import accepted, open_provider

OTHER_UNIT = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4d00"
CANARY = "FAKE-TOKEN-canary.not-a-real.value-00000000000000000000000000"


def read_alone(simulator: ToolzzSimulator) -> list[str]:
    """Return the ids that were read by themselves since the last call, in order."""
    paths = [received.path for received in simulator.requests]
    simulator.requests.clear()
    return [path.rpartition("/")[2] for path in paths if path.startswith("/chat/")]


def crowd(simulator: ToolzzSimulator, number: int) -> list[str]:
    """Replace all integrations by so many of another unit; return their ids."""
    template = simulator.integrations[simulator.CONNECTED]
    ids = [f"a-{each:03}" for each in range(number)]
    simulator.integrations = {each: {**template, "id": each, "unitId": OTHER_UNIT} for each in ids}
    return ids


def found(reports: Reports, integration: str) -> Report:
    """Return the one report of an integration."""
    (report,) = [each for each in reports.items if each.id == integration]
    return report


async def test_one_of_another_unit_is_read_by_itself(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """A wanted integration that the list lacks is reported as its own read shows it."""
    simulator.touch(simulator.DISCONNECTED, unitId=OTHER_UNIT, lastConnectionErrorCode="4014")
    reports = await toolzz.reports(credentials, Wanted([simulator.DISCONNECTED]), ResponseCache())
    entry, report = simulator.integrations[simulator.DISCONNECTED], found(reports, simulator.DISCONNECTED)
    assert (report.state, report.detail, report.label) == (State.DISCONNECTED, "4014", entry["title"])
    assert (report.guild_id, str(report.bot_id)) == (entry["guildId"], entry["botClientId"])
    assert reports.missing == set()
    assert read_alone(simulator) == [simulator.DISCONNECTED]


async def test_only_what_the_list_lacks_and_somebody_wants_is_read(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """A wanted integration that is listed costs nothing, nor does one that nobody wants."""
    simulator.touch(simulator.STRANGE, unitId=OTHER_UNIT)
    await toolzz.reports(credentials, Wanted([simulator.CONNECTED]), ResponseCache())
    assert read_alone(simulator) == []


async def test_what_is_read_by_itself_beside_a_list_is_not_kept(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """The cache holds the list's answer only, however many agents were asked for their bots."""
    cache = ResponseCache()
    wanted = Wanted([simulator.CONNECTED], without_bot=[simulator.CONNECTED])
    report = found(await toolzz.reports(credentials, wanted, cache), simulator.CONNECTED)
    assert read_alone(simulator) == [simulator.CONNECTED]
    gc.collect()
    kept = [each for each in gc.get_objects() if isinstance(each, SingleOutline)]
    assert (report.bot_id is None, kept) == (False, [])


@pytest.mark.parametrize(
    "body",
    [
        {"total": 9},
        {"totalCount": 9},
        {"hasMore": True},
        {"meta": {"total": 9}},
        {"nextCursor": "bmV4dA"},
        {},
    ],
    ids=str,
)
async def test_an_entry_of_a_later_page_is_read_by_itself(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials, body: dict[str, object]
) -> None:
    """A list that has become paged, whether it says so or not, takes no integration away."""
    first = [{"id": simulator.CONNECTED, "connectionStatus": "connected"}]
    simulator.fail(Answer(200, {"data": first, **body}), path="/converflow/")
    wanted = Wanted([simulator.CONNECTED, simulator.DISCONNECTED, simulator.STRANGE])
    reports = await toolzz.reports(credentials, wanted, ResponseCache())
    assert {each.id: each.state for each in reports.items} == {
        simulator.CONNECTED: State.CONNECTED,
        simulator.DISCONNECTED: State.DISCONNECTED,
        simulator.STRANGE: State.UNKNOWN,
    }
    assert reports.missing == set()


async def test_more_than_twenty_are_read_in_turn(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """A check reads twenty at most, the next one those that follow; what it does not read is in neither."""
    ids, cache, read = crowd(simulator, 45), ResponseCache(), Counter[str]()
    for check in range(9):
        reports = await toolzz.reports(credentials, Wanted(ids), cache)
        alone = read_alone(simulator)
        assert len(alone) == len(set(alone)) == MAX_SINGLE_READS
        assert {each.id for each in reports.items} == set(alone)
        assert reports.missing == set()
        read.update(alone)
        if check == 2:
            assert read.keys() == set(ids)
    assert set(read.values()) == {4}


async def test_what_does_not_exist_is_missing(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """Toolzz's own 404 makes an integration missing; there is no report of it."""
    reports = await toolzz.reports(credentials, Wanted([simulator.UNKNOWN]), ResponseCache())
    assert reports.missing == {simulator.UNKNOWN}
    assert simulator.UNKNOWN not in {each.id for each in reports.items}


async def test_a_deletion_that_the_list_lacks_is_seen(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """The mark of the single read makes it gone."""
    simulator.touch(simulator.DELETED, unitId=OTHER_UNIT)
    reports = await toolzz.reports(credentials, Wanted([simulator.DELETED]), ResponseCache())
    report = found(reports, simulator.DELETED)
    assert (report.state, report.detail) == (State.INACTIVE, GONE)


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        (Answer(500), "server_fault"),
        (Reset(), "unreachable"),
        (Answer.html(200), "not_json"),
        (Answer(401, {"statusCode": 401, "message": "no"}), "unauthorized"),
        (Answer(403, {"statusCode": 403, "message": "no"}), "forbidden"),
    ],
    ids=["500", "reset", "page", "401", "403"],
)
async def test_a_single_read_that_fails_costs_only_itself(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials, fault: Fault, key: str
) -> None:
    """That integration is unknown, with the error; it is not missing, and all others are reported."""
    simulator.touch(simulator.STRANGE, unitId=OTHER_UNIT)
    simulator.fail(fault, times=None, path=simulator.STRANGE)
    reports = await toolzz.reports(credentials, Wanted([simulator.STRANGE]), ResponseCache())
    assert found(reports, simulator.STRANGE) == Report(simulator.STRANGE, "", State.UNKNOWN, key)
    assert found(reports, simulator.CONNECTED).state is State.CONNECTED
    assert reports.missing == set()


async def test_the_bot_is_asked_for_once(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """Of an integration whose bot is not known one read is made although it is listed, and no second one."""
    cache = ResponseCache()
    wanted = Wanted([simulator.CONNECTED, simulator.STRANGE], [simulator.CONNECTED])
    simulator.touch(simulator.CONNECTED, botClientId="1219876543210987000")
    reports = await toolzz.reports(credentials, wanted, cache)
    assert (found(reports, simulator.CONNECTED).bot_id, read_alone(simulator)) == (
        1219876543210987000,
        [simulator.CONNECTED],
    )
    assert found(reports, simulator.STRANGE).bot_id is None
    for _ in range(3):
        await toolzz.reports(credentials, wanted, cache)
    assert read_alone(simulator) == []


async def test_of_a_listed_one_the_list_counts(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """The single read adds the bot, and changes neither state nor name, also if it fails or finds nothing."""
    wanted = Wanted([simulator.CONNECTED], [simulator.CONNECTED])
    listed = found(await toolzz.reports(credentials, Wanted(), ResponseCache()), simulator.CONNECTED)
    other = {"id": simulator.CONNECTED, "title": "x", "connectionStatus": "error", "deletedAt": "2026-01-01"}
    for answer in (Answer(200, other), Answer(500), Answer(404, {"statusCode": 404, "message": "no"})):
        simulator.fail(answer, path="/chat/")
        reports = await toolzz.reports(credentials, wanted, ResponseCache())
        assert found(reports, simulator.CONNECTED) == listed
        assert reports.missing == set()


async def test_a_bot_that_could_not_be_read_is_asked_for_again(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """A read that failed is repeated with the next check, until Toolzz answers."""
    cache, wanted = ResponseCache(), Wanted([simulator.CONNECTED], [simulator.CONNECTED])
    bots = []
    simulator.fail(Answer(500), times=2, path="/chat/")
    for _ in range(4):
        reports = await toolzz.reports(credentials, wanted, cache)
        bots.append(found(reports, simulator.CONNECTED).bot_id)
    assert bots == [None, None, 1219876543210987654, None]
    assert read_alone(simulator) == [simulator.CONNECTED] * 3


@pytest.mark.parametrize(
    "named", [None, "", "42", "a bot", "381234567890123456", "9" * 19, "1219876543210987654 ", 7]
)
async def test_an_application_that_is_no_bot_for_sure_is_asked_for_once(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials, named: object
) -> None:
    """Applications from before 2018 have another id than their bots, and other texts are no ids."""
    cache, wanted = ResponseCache(), Wanted([simulator.CONNECTED], [simulator.CONNECTED])
    simulator.touch(simulator.CONNECTED, botClientId=named)
    for _ in range(2):
        reports = await toolzz.reports(credentials, wanted, cache)
        assert found(reports, simulator.CONNECTED).bot_id is None
    assert read_alone(simulator) == [simulator.CONNECTED]


@pytest.mark.parametrize("wanted", [[], [ToolzzSimulator.STRANGE, ToolzzSimulator.DISCONNECTED]])
async def test_no_token_of_a_single_read_is_kept(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials, wanted: list[str]
) -> None:
    """Neither the reports nor what is kept between checks has a bot token or an error's text."""
    for each in (simulator.STRANGE, simulator.DISCONNECTED):
        simulator.touch(each, botToken=CANARY, lastConnectionErrorMessage=CANARY, unitId=OTHER_UNIT)
    cache = ResponseCache()
    reports = await toolzz.reports(credentials, Wanted(wanted, wanted), cache)
    assert CANARY in str(simulator.integrations)
    assert "canary" not in everything_said(reports) + everything_said(vars(cache))


@settings(max_examples=30)
@given(st.data())
async def test_no_list_makes_an_integration_gone(data: st.DataObject) -> None:
    """Whatever sequence of lists comes, a wanted one that exists is reported as it is, and never missing."""
    async with ToolzzSimulator() as simulator, open_provider(ToolzzProvider, simulator) as toolzz:
        credentials, cache = accepted(toolzz, simulator), ResponseCache()
        readable = sorted(simulator.integrations.keys() - {simulator.UNREACHABLE, simulator.DELETED})
        wanted = Wanted(data.draw(st.sets(st.sampled_from(readable))))
        truth = {each: (await toolzz.client(credentials).integration(each)).state for each in wanted.ids}
        for _ in range(4):
            listed = data.draw(st.sets(st.sampled_from(readable)))
            for each in readable:
                unit = simulator.UNIT if each in listed else OTHER_UNIT
                simulator.touch(each, unitId=unit)
            reports = await toolzz.reports(credentials, wanted, cache)
            states = {each.id: each.state for each in reports.items}
            assert {each: states.get(each) for each in wanted.ids} == truth
            assert reports.missing == set()
            assert not {GONE, NOT_LISTED} & {each.detail for each in reports.items}


async def test_a_pause_is_respected(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """After a 429 nothing more is read by itself, and what was not read is neither unknown nor missing."""
    ids = crowd(simulator, MAX_SINGLE_READS)
    simulator.fail(Answer(429, {"message": "Too many requests"}), path="/chat/", times=None)
    reports = await toolzz.reports(credentials, Wanted(ids), ResponseCache())
    assert reports == Reports(())
    assert len(read_alone(simulator)) < MAX_SINGLE_READS


async def test_what_is_placed_in_the_guild_has_its_bot_at_once(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """The first check of a guild learns the bots of what Toolzz places there, and of nothing else."""
    cache = ResponseCache()
    for number, entry in enumerate(simulator.integrations.values()):
        entry.update(guildId="7" if number < 3 else "8", deletedAt=None)
    here = sorted(simulator.integrations)[:3]
    reports = await toolzz.reports(credentials, Wanted(guild_id=7), cache)
    assert sorted(read_alone(simulator)) == here
    assert {each.id for each in reports.items if each.bot_id is not None} <= set(here)
    assert found(reports, here[0]).bot_id is not None
    await toolzz.reports(credentials, Wanted(guild_id=7), cache)
    assert read_alone(simulator) == []
