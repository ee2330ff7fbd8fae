"""What one provider does, or one member leaves off, costs the others neither memory nor time nor a place."""

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import AnswerTooLargeError, ProviderTimeoutError
from bot.kit.api_client import MAX_BYTES, PER_HOST, ApiClient
from bot.kit.simulator import Answer, Drip, GzipBomb, Slow
from tests.kit.desk import Desk, Order, failure, get, open_api, post

MIB = 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="reads the size of a process from /proc")
def test_a_gzip_bomb_does_not_go_off() -> None:
    """256 MiB behind a quarter of one are given up, the process having grown by no more than 8 MiB."""
    grown = subprocess.run(
        [sys.executable, "-m", "tests.kit.bomb", str(256 * MIB)],
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
    )
    assert int(grown.stdout) * 1024 <= 8 * MIB


@pytest.mark.parametrize("more", [0, 1])
async def test_an_answer_has_a_greatest_size(desk: Desk, api: ApiClient, more: int) -> None:
    """The last byte that we read is the two-mebibyte's; one more and none of it counts."""
    body = b'{"id": "a"}'.ljust(MAX_BYTES + more)
    desk.fail(Answer(200, body))
    if more:
        assert type(await failure(api, get(desk.url))) is AnswerTooLargeError
    else:
        assert (await api.send(get(desk.url), Order)).id == "a"


async def test_a_bomb_leaves_nothing_behind(desk: Desk, api: ApiClient) -> None:
    """After an answer that was given up the next request is as good as the first."""
    desk.fail(GzipBomb(64 * MIB))
    assert type(await failure(api, post(desk.url))) is AnswerTooLargeError
    assert (await api.send(get(desk.url), Order)).id == "0"


async def test_a_drip_ends_at_the_deadline(desk: Desk) -> None:
    """An answer that would go on for minutes, byte by byte, is given up as a whole."""
    async with open_api(desk.url, deadline=0.3) as api:
        desk.fail(Drip(interval=0.02))
        assert type(await failure(api, get(desk.url))) is ProviderTimeoutError


async def test_a_request_with_a_patience_of_its_own_tells_it(desk: Desk, api: ApiClient) -> None:
    """What was waited for in vain, in whole seconds, is the request's deadline and not the client's."""
    desk.fail(Slow(3600))
    error = await failure(api, replace(get(desk.url), deadline=0.6))
    assert type(error) is ProviderTimeoutError
    assert error.seconds == 1


async def test_one_host_gets_a_few_requests_at_once(desk: Desk, api: ApiClient) -> None:
    """Of many requests no more than PER_HOST are under way at a time, and all are answered."""
    asked = [api.send(get(desk.url, "crowd"), Order) for _ in range(5 * PER_HOST)]
    assert len(await asyncio.gather(*asked)) == 5 * PER_HOST
    assert desk.most_at_once == PER_HOST


async def test_hosts_do_not_wait_for_each_other(desk: Desk) -> None:
    """A host whose every place is taken leaves another one's free."""
    async with Desk() as other, open_api(desk.url, other.url) as api:
        desk.fail(Slow(3600), times=None)
        stuck = [asyncio.create_task(api.send(get(desk.url), Order)) for _ in range(PER_HOST)]
        assert (await api.send(get(other.url), Order)).id == "0"
        await cancel(stuck)


async def test_patient_requests_do_not_hold_up_the_others(desk: Desk, api: ApiClient) -> None:
    """Those with a deadline of their own have places of their own, as many and no more."""
    desk.fail(Slow(3600), times=None)
    patient = replace(get(desk.url), deadline=60)
    stuck = [asyncio.create_task(api.send(patient, Order)) for _ in range(2 * PER_HOST)]
    await arrived(desk, PER_HOST)
    desk.heal()
    assert (await api.send(get(desk.url), Order)).id == "0"
    assert len(desk.requests) == PER_HOST + 1
    await cancel(stuck)


async def test_waiting_for_a_place_is_not_sending(desk: Desk) -> None:
    """A create that never got its turn before the deadline is known not to be done."""
    async with open_api(desk.url) as patient, open_api(desk.url, deadline=0.3) as api:
        api._semaphores = patient._semaphores
        desk.fail(Slow(3600), times=None)
        stuck = [asyncio.create_task(patient.send(get(desk.url), Order)) for _ in range(PER_HOST)]
        await arrived(desk, PER_HOST)
        error = await failure(api, post(desk.url))
        await cancel(stuck)
    assert type(error) is ProviderTimeoutError
    assert not error.outcome_unknown
    assert len(desk.requests) == PER_HOST


async def test_cancelled_requests_leave_no_trace(desk: Desk, api: ApiClient) -> None:
    """After 720 requests that nobody waited for, PER_HOST at once are answered as ever."""
    desk.fail(Slow(3600), times=None)
    for _ in range(720 // (2 * PER_HOST)):
        # Half of them are under way when they are cancelled, the other half wait for a place.
        tasks = [asyncio.create_task(api.send(get(desk.url), Order)) for _ in range(2 * PER_HOST)]
        await arrived(desk, PER_HOST)
        await cancel(tasks)
        desk.requests.clear()
    desk.heal()
    asked = [api.send(get(desk.url, "crowd"), Order) for _ in range(PER_HOST)]
    assert len(await asyncio.gather(*asked)) == PER_HOST
    assert desk.most_at_once == PER_HOST


async def arrived(desk: Desk, count: int) -> None:
    """Wait until this many requests have come in."""
    while len(desk.requests) < count:  # noqa: ASYNC110 - the simulator counts, it gives no signal
        await asyncio.sleep(0)


async def cancel(tasks: list[asyncio.Task[Order]]) -> None:
    """Cancel tasks, and wait until they have ended by it."""
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * len(tasks)
