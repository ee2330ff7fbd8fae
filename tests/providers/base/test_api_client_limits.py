"""A provider's fault, or a cancelled command, costs others no memory, no time and no place."""

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import AnswerTooLargeError, ProviderTimeoutError
from bot.providers.base.api_client import ApiClient, Request
from bot.providers.base.body import MAX_BYTES
from bot.providers.base.current_guild import working_for
from bot.providers.base.fair_slots import PER_HOST
from bot.providers.base.simulator import Answer, Drip, GzipBomb, Slow
from tests.support.order_api import Order, OrderApi, failure, get, open_api, post

MIB = 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="reads the size of a process from /proc")
def test_a_gzip_bomb_does_not_go_off() -> None:
    """A quarter of a MiB that decodes to 256 MiB makes the process grow by 8 MiB at most."""
    grown = subprocess.run(
        [sys.executable, "-m", "tests.support.bomb", str(256 * MIB)],
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
    )
    assert int(grown.stdout) * 1024 <= 8 * MIB


@pytest.mark.parametrize("more", [0, 1])
async def test_an_answer_has_a_greatest_size(order_api: OrderApi, api: ApiClient, more: int) -> None:
    """An answer of 2 MiB is read; one with a byte more is refused."""
    body = b'{"id": "a"}'.ljust(MAX_BYTES + more)
    order_api.fail(Answer(200, body))
    if more:
        assert type(await failure(api, get(order_api.url))) is AnswerTooLargeError
    else:
        assert (await api.send(get(order_api.url), Order)).id == "a"


async def test_a_bomb_leaves_nothing_behind(order_api: OrderApi, api: ApiClient) -> None:
    """After an answer that was too large the next request works."""
    order_api.fail(GzipBomb(64 * MIB))
    assert type(await failure(api, post(order_api.url))) is AnswerTooLargeError
    assert (await api.send(get(order_api.url), Order)).id == "0"


async def test_a_drip_ends_at_the_deadline(order_api: OrderApi) -> None:
    """The deadline also ends an answer that comes byte by byte for minutes."""
    async with open_api(order_api.url, deadline=0.3) as api:
        order_api.fail(Drip(interval=0.02))
        assert type(await failure(api, get(order_api.url))) is ProviderTimeoutError


async def test_a_request_with_a_patience_of_its_own_tells_it(order_api: OrderApi, api: ApiClient) -> None:
    """The error of a request with a deadline of its own names that deadline."""
    order_api.fail(Slow(3600))
    error = await failure(api, replace(get(order_api.url), deadline=0.6))
    assert type(error) is ProviderTimeoutError
    assert error.seconds == 1


async def test_one_host_gets_a_few_requests_at_once(order_api: OrderApi, api: ApiClient) -> None:
    """Of many requests at most PER_HOST are sent at a time, and all are answered."""
    asked = [ask(api, get(order_api.url, "crowd"), number) for number in range(5 * PER_HOST)]
    assert len(await asyncio.gather(*asked)) == 5 * PER_HOST
    assert order_api.most_at_once == PER_HOST


async def test_hosts_do_not_wait_for_each_other(order_api: OrderApi) -> None:
    """Requests to one host occupy no place of another host."""
    async with OrderApi() as other, open_api(order_api.url, other.url) as api:
        order_api.fail(Slow(3600), times=None)
        stuck = [ask(api, get(order_api.url), number) for number in range(PER_HOST)]
        assert (await api.send(get(other.url), Order)).id == "0"
        await cancel(stuck)


async def test_patient_requests_do_not_hold_up_the_others(order_api: OrderApi, api: ApiClient) -> None:
    """Requests with a deadline of their own have as many places of their own."""
    order_api.fail(Slow(3600), times=None)
    patient = replace(get(order_api.url), deadline=60)
    stuck = [ask(api, patient, number) for number in range(2 * PER_HOST)]
    await arrived(order_api, PER_HOST)
    order_api.heal()
    assert (await api.send(get(order_api.url), Order)).id == "0"
    assert len(order_api.requests) == PER_HOST + 1
    await cancel(stuck)


async def test_waiting_for_a_place_is_not_sending(order_api: OrderApi) -> None:
    """A create that was not sent before the deadline has certainly not happened."""
    async with open_api(order_api.url) as patient, open_api(order_api.url, deadline=0.3) as api:
        api.slots = patient.slots
        order_api.fail(Slow(3600), times=None)
        stuck = [ask(patient, get(order_api.url), number) for number in range(PER_HOST)]
        await arrived(order_api, PER_HOST)
        error = await failure(api, post(order_api.url))
        await cancel(stuck)
    assert type(error) is ProviderTimeoutError
    assert not error.outcome_unknown
    assert len(order_api.requests) == PER_HOST


async def test_cancelled_requests_leave_no_trace(order_api: OrderApi, api: ApiClient) -> None:
    """After 720 cancelled requests, PER_HOST at once are answered."""
    order_api.fail(Slow(3600), times=None)
    for _ in range(720 // (2 * PER_HOST)):
        # Half of them are under way when they are cancelled, the other half wait for a place.
        tasks = [ask(api, get(order_api.url), number) for number in range(2 * PER_HOST)]
        await arrived(order_api, PER_HOST)
        await cancel(tasks)
        order_api.requests.clear()
    order_api.heal()
    asked = [ask(api, get(order_api.url, "crowd"), number) for number in range(PER_HOST)]
    assert len(await asyncio.gather(*asked)) == PER_HOST
    assert order_api.most_at_once == PER_HOST


def ask(api: ApiClient, request: Request, number: int) -> asyncio.Task[Order]:
    """Begin to send a request that no other number shares, for one of two guilds."""
    with working_for(number % 2):
        return asyncio.create_task(api.send(replace(request, params={"number": number}), Order))


async def arrived(order_api: OrderApi, count: int) -> None:
    """Wait until this many requests have arrived."""
    while len(order_api.requests) < count:  # noqa: ASYNC110 - the simulator counts, it gives no signal
        await asyncio.sleep(0)


async def cancel(tasks: list[asyncio.Task[Order]]) -> None:
    """Cancel tasks, and wait until they have ended."""
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * len(tasks)
