"""The reports of a unit's list, and of single reads where no unit is known."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from aiohttp import web

from bot.errors import ServerFaultError, UnauthorizedError
from bot.providers.base.credentials import Credentials
from bot.providers.base.integration import State
from bot.providers.base.report import GONE, MAX_LENGTH, Report, Wanted
from bot.providers.base.response_cache import ResponseCache
from bot.providers.base.simulator import Answer, Fault, Reset
from bot.providers.toolzz import ToolzzProvider
from bot.providers.toolzz.client import CHAT, UNIT, ToolzzClient
from bot.providers.toolzz.models import MAX_ENTRIES
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.exposure import everything_said
from tests.support.open_provider import open_provider

LONG = "a title that nothing keeps but the answer that it came in, as it is not short"
"""Text that is short, the parser itself may keep from one answer to the next."""
TOKEN = "FAKE-TOKEN-FOR-TESTS-ONLY.not-a-real.value-000000000000000000000000"


async def test_reports_are_what_the_list_holds(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """A report has title, state, server and channels, and the last error's code unless it is connected."""
    simulator.touch(simulator.CONNECTED, lastConnectionErrorCode="4004")
    simulator.touch(simulator.CROWDED, connectionStatus="error", guildId="  ", title=None)
    simulator.touch(simulator.CONNECTED, threadAutoCreate=True)
    reports = await toolzz.reports(credentials, Wanted(), ResponseCache())
    guild, elsewhere = "1102345678901234567", "1102345678909876543"
    assert reports.missing == set()
    assert [replace(report, channels=(), opens_threads=False) for report in reports.items] == [
        Report(simulator.CONNECTED, "Suporte da loja", State.CONNECTED, "", guild),
        Report(simulator.DISCONNECTED, "Pedidos e entregas", State.DISCONNECTED, "4004", guild),
        Report(simulator.INACTIVE, "Campanha de inverno", State.INACTIVE, "", guild),
        Report(simulator.CROWDED, "Loja do Porto", State.ERROR, "", None),
        Report(simulator.UNREACHABLE, "Plantão noturno", State.CONNECTED, "", guild),
        Report(simulator.STRANGE, "Teste_interno **@everyone**", State.UNKNOWN, "4014", guild),
        Report(simulator.ELSEWHERE, "Balcão do Norte", State.CONNECTED, "", elsewhere),
        Report(simulator.HOMELESS, "Rascunho da recepção", State.CONNECTED, "", None),
    ]
    for report in reports.items:
        entry = simulator.integrations[report.id]
        assert (list(report.channels), report.opens_threads) == (
            entry["channelIds"],
            entry["threadAutoCreate"],
        )


@pytest.mark.parametrize("unit", [True, False])
async def test_a_deleted_one_is_told_of_to_whom_it_belongs(
    toolzz: ToolzzProvider,
    simulator: ToolzzSimulator,
    credentials: Credentials,
    token_alone: Credentials,
    unit: bool,
) -> None:
    """A deleted integration is reported as gone only if its id was asked for."""
    acting = credentials if unit else token_alone
    reports = await toolzz.reports(acting, Wanted((simulator.DELETED,)), ResponseCache())
    (deleted,) = (report for report in reports.items if report.id == simulator.DELETED)
    assert (deleted.state, deleted.detail) == (State.INACTIVE, GONE)
    untold = await toolzz.reports(acting, Wanted((simulator.CONNECTED,)), ResponseCache())
    assert simulator.DELETED not in {report.id for report in untold.items}


async def test_an_answer_that_stays_the_same_is_not_parsed(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials, token_alone: Credentials
) -> None:
    """The same reply gives the same objects, and is not parsed again; another reply gives new ones."""
    simulator.touch(simulator.CONNECTED, title=LONG)
    for acting in (credentials, token_alone):
        cache, labels = ResponseCache(), []
        for count in range(3):
            if count == 2:
                simulator.touch(simulator.CONNECTED)
            reports = await toolzz.reports(acting, Wanted((simulator.CONNECTED,)), cache)
            labels.append(next(report.label for report in reports.items if report.label == LONG))
        assert labels[0] is labels[1]
        assert labels[1] is not labels[2]


async def test_what_stays_the_same_in_a_list_is_not_parsed(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """If a list changes, the entries that do not change keep their reports, wherever they stand now."""
    cache, wanted = ResponseCache(), Wanted((simulator.CONNECTED,))
    before = {each.id: each for each in (await toolzz.reports(credentials, wanted, cache)).items}
    gone, *others = simulator.integrations
    del simulator.integrations[gone]
    simulator.touch(simulator.DISCONNECTED, connectionStatus="connected")
    simulator.integrations = {each: simulator.integrations[each] for each in reversed(others)}
    after = {each.id: each for each in (await toolzz.reports(credentials, wanted, cache)).items}
    assert after[simulator.DISCONNECTED].state is State.CONNECTED
    same = {each for each in before if after.get(each) is before[each]}
    assert same == before.keys() - {gone, simulator.DISCONNECTED}


async def test_no_token_is_kept(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """A report has neither a bot token nor the error's text."""
    simulator.touch(
        simulator.DISCONNECTED, lastConnectionErrorCode=f"bad {TOKEN}", lastConnectionErrorMessage="CANARY"
    )
    cache = ResponseCache()
    reports = await toolzz.reports(credentials, Wanted(), cache)
    assert "bad " in everything_said(reports)
    assert TOKEN not in everything_said(reports)
    assert "CANARY" not in everything_said(vars(cache))


@pytest.mark.parametrize(
    ("entries", "ids", "complete"),
    [
        ([], [], True),
        ([{"id": "a"}, {"title": "of nobody"}], ["a"], False),
        ([{"id": "a"}, {"id": "b"}, {"id": "a", "title": "the second one"}], ["a", "b"], True),
        ([{"id": "../.."}, {"id": "x" * 65}, {"id": 7}], ["7"], True),
        ([{"id": str(number)} for number in range(MAX_ENTRIES)], None, True),
        ([{"id": str(number)} for number in range(MAX_ENTRIES + 1)], None, False),
    ],
    ids=["none", "no-id", "twice", "odd-ids", "just-all", "too-many"],
)
async def test_a_list_is_complete_or_says_so(
    toolzz: ToolzzProvider,
    simulator: ToolzzSimulator,
    credentials: Credentials,
    entries: list[dict[str, Any]],
    ids: list[str] | None,
    complete: bool,
) -> None:
    """Each id is reported once, in the list's order; a list with an entry that was left out is incomplete."""
    simulator.fail(Answer(200, {"data": entries}), times=2)
    assert (await toolzz.client(credentials).integrations()).complete is complete
    reports = await toolzz.reports(credentials, Wanted(), ResponseCache())
    assert len(reports.items) <= MAX_ENTRIES
    if ids is not None:
        assert [report.id for report in reports.items] == ids
        assert [report.label for report in reports.items] == ids


async def test_texts_are_data(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """Titles, codes and servers are reported unchanged, except for their length."""
    odd = {
        "lastConnectionErrorCode": "`<@&1>`",
        "lastConnectionErrorMessage": "?",
        "guildId": "0 OR 1=1",
        "title": "@everyone\0\u202e" * 50,
    }
    simulator.touch(simulator.DISCONNECTED, **odd)
    reports = await toolzz.reports(credentials, Wanted(), ResponseCache())
    (found,) = (report for report in reports.items if report.id == simulator.DISCONNECTED)
    assert (found.detail, found.guild_id) == ("`<@&1>`", "0 OR 1=1")
    assert found.label == odd["title"][:MAX_LENGTH]


@pytest.mark.parametrize(
    ("code", "message", "detail"),
    [
        ("4014", None, "4014"),
        ("DisallowedIntents", "closed with code 4004", "DisallowedIntents"),
        ("WS_ERROR", "closed with code 4014", "4014: WS_ERROR"),
        (None, "closed with code 4014", "4014"),
        ("x" * 200, "closed with code 4014", "4014: " + "x" * 94),
        ("x" * 200 + " 401 unauthorized", None, "4004: " + "x" * 94),
        ("5000", "Something broke", "5000"),
        (None, "Something broke", ""),
    ],
)
async def test_a_detail_shows_what_is_known_of_the_error(
    toolzz: ToolzzProvider,
    simulator: ToolzzSimulator,
    credentials: Credentials,
    code: str | None,
    message: str | None,
    detail: str,
) -> None:
    """The code stands as it was reported, after the known one if it does not show that by itself.

    Where no error explains the state, there is no detail.
    """
    for state, active in (("disconnected", True), ("connected", True), ("disconnected", False)):
        simulator.touch(
            simulator.CONNECTED,
            connectionStatus=state,
            isActive=active,
            lastConnectionErrorCode=code,
            lastConnectionErrorMessage=message,
        )
        reports = await toolzz.reports(credentials, Wanted(), ResponseCache())
        (found,) = (report for report in reports.items if report.id == simulator.CONNECTED)
        assert found.detail == (detail if (state, active) == ("disconnected", True) else "")


async def test_the_errors_text_is_not_kept(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """What monitoring keeps of an error's text is the known code alone."""
    words = "Improper token FAKE-TOKEN-in-a-message.not-a-real.value-000000000000000000000000"
    simulator.touch(simulator.CONNECTED, lastConnectionErrorMessage=words)
    outline = await client.outline(simulator.CONNECTED)
    assert outline.known_code == "4004"
    assert "FAKE-TOKEN" not in everything_said(outline) + outline.model_dump_json()


async def test_the_host_is_the_one_that_is_asked(credentials: Credentials, token_alone: Credentials) -> None:
    """The host is that of the list with a unit, and that of the single read without."""
    async with ToolzzSimulator() as chat, ToolzzSimulator() as converflow:
        urls = {CHAT: chat.environment()[CHAT], UNIT: converflow.environment()[UNIT]}
        async with open_provider(ToolzzProvider, chat, urls) as toolzz:
            for acting, asked, other in ((credentials, converflow, chat), (token_alone, chat, converflow)):
                other.requests.clear()
                await toolzz.reports(acting, Wanted((chat.CONNECTED,)), ResponseCache())
                assert toolzz.host(acting) == asked.url.removeprefix("http://")
                assert len(asked.requests) == 1
                assert not other.requests


async def test_list_and_single_read_agree(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """The list and the single read give the same report."""
    for change in (simulator.break_integration, simulator.heal_integration):
        change(simulator.CONNECTED)
        alone = await client.integration(simulator.CONNECTED)
        (listed,) = (entry for entry in (await client.integrations()).data if entry.id == simulator.CONNECTED)
        assert (listed.state, listed.error_code) == (alone.state, alone.error_code)
        expected = State.DISCONNECTED if change == simulator.break_integration else State.CONNECTED
        assert alone.state is expected
        assert (alone.error_code == "4004") is (expected is State.DISCONNECTED)
    assert alone.last_disconnected_at is not None
    assert alone.last_connected_at is not None
    assert not alone.last_disconnected_at.is_after(alone.last_connected_at)


async def test_without_a_unit_each_is_read_alone(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, token_alone: Credentials
) -> None:
    """Without a unit each id is read; failures are unknown, and what does not exist is missing."""
    ids = (simulator.DISCONNECTED, simulator.UNKNOWN, simulator.UNREACHABLE, simulator.INACTIVE)
    reports = await toolzz.reports(token_alone, Wanted(ids), ResponseCache())
    entry = simulator.integrations[simulator.DISCONNECTED]
    named, bot, places = entry["guildId"], int(entry["botClientId"]), tuple(entry["channelIds"])
    assert reports.missing == {simulator.UNKNOWN}
    assert reports.items == (
        Report(simulator.DISCONNECTED, entry["title"], State.DISCONNECTED, "4004", named, bot, places),
        Report(simulator.UNREACHABLE, "", State.UNKNOWN, "unreachable"),
        # The single read has only a few fields of this one.
        Report(simulator.INACTIVE, "Loja do Porto", State.INACTIVE, bot_id=bot, channels=places),
    )
    assert {received.path.rpartition("/")[2] for received in simulator.requests} == set(ids)


@pytest.mark.parametrize("own", [(), (ToolzzSimulator.UNKNOWN,)])
async def test_without_a_unit_there_may_be_nothing(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, token_alone: Credentials, own: tuple[str, ...]
) -> None:
    """Without a unit and ids the token alone is tried; if none of the ids exists, all are missing."""
    reports = await toolzz.reports(token_alone, Wanted(own), ResponseCache())
    assert (reports.items, reports.missing) == ((), frozenset(own))
    assert len(simulator.requests) == max(1, len(own))
    simulator.fail(Answer(401, {"message": "no"}))
    with pytest.raises(UnauthorizedError):
        await toolzz.reports(token_alone, Wanted(own), ResponseCache())


async def test_without_a_unit_all_may_fail(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, token_alone: Credentials
) -> None:
    """If every id fails, the first error is raised."""
    simulator.fail(Answer(500), path=simulator.CONNECTED)
    simulator.fail(Reset(), times=None, path=simulator.STRANGE)
    with pytest.raises(ServerFaultError):
        await toolzz.reports(token_alone, Wanted((simulator.CONNECTED, simulator.STRANGE)), ResponseCache())


@dataclass(frozen=True)
class Crowd(Fault):
    """A fault that counts how many requests are handled at the same time."""

    under_way: list[str] = field(default_factory=list)
    most: list[int] = field(default_factory=list)

    async def strike(self, request: web.Request) -> None:
        """Wait until all requests that are sent at the same time have arrived."""
        self.under_way.append(request.path)
        self.most.append(len(self.under_way))
        await asyncio.sleep(0.02)
        self.under_way.remove(request.path)


async def test_without_a_unit_a_few_are_read_at_a_time(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, token_alone: Credentials
) -> None:
    """Only a few ids are read at the same time, and all of them are read."""
    simulator.integrations = {str(number): simulator.integrations[simulator.CONNECTED] for number in range(9)}
    crowd = Crowd()
    simulator.fail(crowd, times=None)
    reports = await toolzz.reports(token_alone, Wanted(tuple(simulator.integrations)), ResponseCache())
    assert [report.id for report in reports.items] == list(simulator.integrations)
    assert max(crowd.most) == 4


async def test_a_refused_token_ends_the_reading(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, token_alone: Credentials
) -> None:
    """After one 401 nothing more is sent, and the error is raised."""
    ids = tuple(map(str, range(40)))
    simulator.fail(Answer(401, {"error": "no"}), path="/integration/3")
    with pytest.raises(UnauthorizedError):
        await toolzz.reports(token_alone, Wanted(ids), ResponseCache())
    await asyncio.sleep(0.05)
    assert len(simulator.requests) < len(ids)
