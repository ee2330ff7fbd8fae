"""A time is read in every form that Toolzz may send, and never placed in a zone that nobody knows."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.base.simulator import Answer
from bot.providers.toolzz import ToolzzProvider
from bot.providers.toolzz.client import CHAT, UNIT, ToolzzClient
from bot.providers.toolzz.models import Integration
from bot.providers.toolzz.simulator import ToolzzSimulator
from bot.providers.toolzz.times import ReportedTime, read_time
from tests.support.open_provider import accepted, open_provider

SAO_PAULO = timedelta(hours=-3)
FIELDS = ("lastConnectedAt", "lastDisconnectedAt", "createdAt", "updatedAt", "deletedAt")
OTHER_TEXT = st.text(max_size=200) | st.integers() | st.floats()


def at(*parts: int) -> datetime:
    """Return a time without a zone."""
    return datetime(*parts)  # type: ignore[arg-type] # noqa: DTZ001 - as Toolzz sends it


def utc(*parts: int) -> datetime:
    """Return a time in UTC."""
    return at(*parts).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "time"),
    [
        ("2026-04-17 12:26:14.14", at(2026, 4, 17, 12, 26, 14, 140_000)),
        ("2026-04-17 12:26:14.8044", at(2026, 4, 17, 12, 26, 14, 804_400)),
        ("2026-04-17 12:26:14.804444", at(2026, 4, 17, 12, 26, 14, 804_444)),
        ("2026-04-17 12:26:14.8044449", at(2026, 4, 17, 12, 26, 14, 804_444)),
        ("2026-04-17 12:26:14", at(2026, 4, 17, 12, 26, 14)),
        (" 2026-04-17 12:26:14 ", at(2026, 4, 17, 12, 26, 14)),
        ("2026-04-17T12:26:14.804Z", utc(2026, 4, 17, 12, 26, 14, 804_000)),
        ("2026-04-17T12:26:14.804444999Z", utc(2026, 4, 17, 12, 26, 14, 804_444)),
        ("2026-04-17 09:26:14.804-03", utc(2026, 4, 17, 12, 26, 14, 804_000)),
        ("2026-04-17T09:26:14.804-03:00", utc(2026, 4, 17, 12, 26, 14, 804_000)),
        (1_776_428_774, utc(2026, 4, 17, 12, 26, 14)),
        ("1776428774", utc(2026, 4, 17, 12, 26, 14)),
        (1_776_428_774.5, utc(2026, 4, 17, 12, 26, 14, 500_000)),
        (1_776_428_774_804, utc(2026, 4, 17, 12, 26, 14, 804_000)),
        (" 1776428774804 ", utc(2026, 4, 17, 12, 26, 14, 804_000)),
    ],
    ids=repr,
)
def test_a_time_is_read_in_every_form(value: object, time: datetime) -> None:
    """A time is read as text and as seconds or milliseconds since 1970, wherever the bot runs."""
    with time_machine.travel(datetime(2026, 11, 23, tzinfo=ZoneInfo("America/Sao_Paulo"))):
        found = read_time(value)
    assert found is not None
    assert (found.text, found.time) == (str(value).strip(), time)
    assert found.moment == (time if time.tzinfo else None)


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "2026-13-45 99:99:99",
        "0000-00-00 00:00:00",
        "2026-04-17",
        "17/04/2026 12:26:14",
        "20260417122614",
        0,
        "0",
        -1,
        7,
        10**400,
        float("nan"),
        float("inf"),
        "x" * 5_000,
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_time_is_kept_as_it_came(value: object) -> None:
    """A text or a number that is no time has no moment, and its beginning is kept."""
    found = read_time(value)
    assert found == ReportedTime(str(value)[:1000])
    assert found.moment is None


@pytest.mark.parametrize(
    "value", [None, "", "  ", True, False, [], {}, {"date": "2026-04-17 00:00:00"}], ids=repr
)
def test_nothing_is_no_time(value: object) -> None:
    """Null, blanks, switches and structures, which may hold a token, are not kept."""
    assert read_time(value) is None


@given(OTHER_TEXT)
def test_anything_can_be_read(value: object) -> None:
    """No text and no number fails, and what has a moment has a zone."""
    found = read_time(value)
    if found is not None:
        assert found.moment is None or found.moment.tzinfo is not None
        assert found.text


@given(st.datetimes(at(1973, 6, 1), at(2286, 1, 1)), st.booleans(), st.booleans())
def test_numbers_count_from_1970(time: datetime, thousandths: bool, as_text: bool) -> None:
    """Seconds and milliseconds since 1970 are told apart, as numbers and as digits."""
    whole = time.replace(microsecond=0, tzinfo=UTC)
    number: Any = int(whole.timestamp()) * (1000 if thousandths else 1)
    found = read_time(str(number) if as_text else number)
    assert found is not None
    assert found.moment == whole


@given(st.datetimes(), st.sampled_from(" T"), st.integers(-47, 56))
def test_a_known_offset_gives_the_moment(time: datetime, between: str, quarters: int) -> None:
    """A time without a zone has a moment only once the host's offset is known."""
    found, offset = read_time(time.isoformat(between)), timedelta(minutes=15 * quarters)
    assert found is not None
    assert found.moment is None
    moment = ReportedTime(found.text, found.time, "host", offset).moment
    assert moment == time.replace(tzinfo=timezone(offset))


def test_every_field_is_read_alike() -> None:
    """All five times of a report are read, and deleted is what has any time of deletion."""
    for value, is_deleted in (
        ("2026-04-17 12:26:14", True),
        ("soon", True),
        (1_776_428_774, True),
        ("", False),
    ):
        report = Integration.model_validate_json(json.dumps({"id": "a", **dict.fromkeys(FIELDS, value)}))
        assert list(report.times.values()) == [time for time in [read_time(value)] if time] * 5
        assert report.is_deleted is is_deleted


# --- which is later ---


def connected(last: object, lost: object) -> Integration:
    """Return a report of a connected integration with these two times."""
    fields = {"connectionStatus": "connected", "lastConnectedAt": last, "lastDisconnectedAt": lost}
    return Integration.model_validate({"id": "a", **fields})


@pytest.mark.parametrize(
    ("last", "lost", "later"),
    [
        ("2026-04-17 12:00:00", "2026-04-17 12:00:01", True),
        ("2026-04-17 12:00:00Z", "2026-04-17 09:00:01-03:00", True),
        (1_776_428_774, 1_776_428_775_000, True),
        ("2026-04-17 12:00:00", "2026-04-17 12:00:00", False),
        ("2026-04-17 12:00:01", "2026-04-17 12:00:00", False),
        ("2026-04-17 12:00:00Z", "2026-04-17 12:00:01", False),
        ("2026-04-17 12:00:00", "2027-04-17 12:00:01Z", False),
        ("yesterday", "2026-04-17 12:00:00", False),
        ("2026-04-17 12:00:00", "today", False),
        ("2026-04-17 12:00:00", None, False),
        (None, "2026-04-17 12:00:00", False),
    ],
)
def test_a_later_disconnection_contradicts(last: object, lost: object, later: bool) -> None:
    """A later disconnection is noticed only where both times can be compared."""
    report = connected(last, lost)
    assert report.lost_connection_later is later
    away = report.model_copy(update={"connection_status": "disconnected"})
    assert not away.lost_connection_later


async def test_times_of_two_hosts_are_not_compared(simulator: ToolzzSimulator) -> None:
    """A short report has one time from each host, and their zones may differ."""
    times = {"lastConnectedAt": "2026-04-17 12:00:00", "lastDisconnectedAt": "2026-04-17 13:00:00"}
    async with ToolzzSimulator() as other:
        for each in (simulator, other):
            each.touch(each.CONNECTED, **times)
        urls = {CHAT: simulator.environment()[CHAT], UNIT: other.environment()[UNIT]}
        async with open_provider(ToolzzProvider, simulator, urls) as toolzz:
            client = toolzz.client(accepted(toolzz, simulator))
            whole = await client.full(simulator.CONNECTED)
            assert whole.lost_connection_later
            short = {"id": simulator.CONNECTED, "lastConnectedAt": times["lastConnectedAt"]}
            simulator.fail(Answer(200, short), path="/chat/", times=None)
            assert not (await client.full(simulator.CONNECTED)).lost_connection_later
            hosts = [urls[name].removeprefix("http://").partition("/")[0] for name in (CHAT, UNIT)]
            toolzz.clock_offsets.update(dict.fromkeys(hosts, SAO_PAULO))
            assert (await client.full(simulator.CONNECTED)).lost_connection_later


async def test_an_offset_counts_for_its_host_alone(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """Times without a zone get the host's offset, and times with a zone stay as they are."""
    simulator.touch(
        simulator.CONNECTED, lastConnectedAt="2026-04-17 09:00:00", lastDisconnectedAt="2026-04-17T09:00Z"
    )
    host = simulator.url.removeprefix("http://")
    client._offsets["elsewhere"] = timedelta(hours=5)  # type: ignore[index]
    for offset, moment in ((None, None), (SAO_PAULO, utc(2026, 4, 17, 12))):
        if offset is not None:
            client._offsets[host] = offset  # type: ignore[index]
        for report in (await client.integration(simulator.CONNECTED), (await client.integrations()).data[0]):
            assert report.id == simulator.CONNECTED
            assert report.last_connected_at is not None
            assert report.last_connected_at.moment == moment
            assert report.last_disconnected_at is not None
            assert report.last_disconnected_at.moment == utc(2026, 4, 17, 9)


async def test_a_token_in_place_of_a_time_is_masked(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """What is no time is shown as received, so a token in it is masked."""
    token = "FAKE-TOKEN-in-a-time.FAKE-T.FAKE-TOKEN-0000000000000000000000"
    simulator.touch(simulator.CONNECTED, lastConnectedAt=simulator.discord_token, createdAt=f"since {token}")
    report = await client.integration(simulator.CONNECTED)
    assert simulator.discord_token not in report.model_dump_json()
