"""A read that is under way is shared within a guild, and one guild does not keep another waiting."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from bot.errors import ProviderError, ProviderTimeoutError, QueueFullError, ServerFaultError
from bot.providers.base.api_client import ApiClient, Request
from bot.providers.base.current_guild import working_for
from bot.providers.base.fair_slots import MAX_WAITING, PER_GUILD
from bot.providers.base.response_cache import ResponseCache
from bot.providers.base.simulator import Answer, Slow
from tests.support.order_api import Order, OrderApi, get, open_api, post

PRESSES = 63


def begin(
    api: ApiClient, request: Request, guild_id: int | None = 1, cache: ResponseCache | None = None
) -> asyncio.Task[Order]:
    """Begin to send a request for a guild."""
    with working_for(guild_id):
        return asyncio.create_task(api.send(request, Order, cache))


async def arrived(order_api: OrderApi, count: int) -> None:
    """Wait until this many requests have arrived."""
    while len(order_api.requests) < count:  # noqa: ASYNC110 - the simulator counts, it gives no signal
        await asyncio.sleep(0)


async def turns(count: int = 20) -> None:
    """Let tasks go on as far as they can without the network."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_presses_at_once_share_their_reads(order_api: OrderApi, api: ApiClient) -> None:
    """63 presses of one guild that each read the same six things cause six requests, not 378; meanwhile
    another guild's read is answered.
    """
    order_api.fail(Slow(3600), times=6)
    pages = [get(order_api.url, page=page) for page in range(6)]
    presses = [begin(api, page) for _ in range(PRESSES) for page in pages]
    await arrived(order_api, 6)
    assert (await begin(api, get(order_api.url), 2)).id == "0"
    await turns()
    assert len(order_api.requests) == 6 + 1
    assert not any(press.done() for press in presses)
    await cancel(presses)


async def test_different_reads_of_one_guild_leave_room(order_api: OrderApi, api: ApiClient) -> None:
    """Where nothing can be shared, another guild's read is answered while all of the first guild's wait, and
    the first guild is told at once when too much waits.
    """
    order_api.fail(Slow(3600), times=PER_GUILD)
    reads = [begin(api, get(order_api.url, page=page)) for page in range(PRESSES)]
    await arrived(order_api, PER_GUILD)
    assert (await begin(api, get(order_api.url), 2)).id == "0"
    assert len(order_api.requests) == PER_GUILD + 1
    refused = [read for read in reads if read.done()]
    assert len(refused) == PRESSES - PER_GUILD - MAX_WAITING
    assert {type(read.exception()) for read in refused} == {QueueFullError}
    await cancel([read for read in reads if not read.done()])


async def test_each_that_shares_gets_the_answer_into_its_own_cache(
    order_api: OrderApi, api: ApiClient
) -> None:
    """The answer of a shared read is kept by a check as if the check had sent the request."""
    cache = ResponseCache()
    sharing = [begin(api, get(order_api.url)), begin(api, get(order_api.url), cache=cache)]
    assert {order.id for order in await asyncio.gather(*sharing)} == {"0"}
    assert (len(order_api.requests), cache.answers_read) == (1, 1)


async def test_what_has_ended_is_not_shared(order_api: OrderApi, api: ApiClient) -> None:
    """Only a read under way is shared: one after it is sent anew."""
    await begin(api, get(order_api.url))
    await begin(api, get(order_api.url))
    assert len(order_api.requests) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"headers": {"Authorization": "Bearer FAKE-TOKEN-another"}, "secrets": ("FAKE-TOKEN-another",)},
        {"params": {"page": 2}},
        {"segments": ("crowd",)},
        {"method": "POST", "repeatable": True},
        {"json": {"a": 1}},
        {"deadline": 9.0},
    ],
    ids="+".join,
)
async def test_only_the_same_is_shared(
    order_api: OrderApi, api: ApiClient, change: dict[str, object]
) -> None:
    """Reads that differ in credentials, address, body or patience are all sent."""
    order_api.fail(Slow(3600), times=None)
    first = get(order_api.url, page=1)
    reads = [begin(api, first), begin(api, replace(first, **change))]  # type: ignore[arg-type]
    await arrived(order_api, 2)
    await cancel(reads)


async def test_guilds_share_nothing(order_api: OrderApi, api: ApiClient) -> None:
    """The same read for another guild, or for none, is another request."""
    order_api.fail(Slow(3600), times=None)
    reads = [begin(api, get(order_api.url), guild_id) for guild_id in (1, 2, None)]
    await arrived(order_api, 3)
    await cancel(reads)


async def test_writes_are_never_shared(order_api: OrderApi, api: ApiClient) -> None:
    """Two equal creates at once are two creates."""
    orders = await asyncio.gather(begin(api, post(order_api.url)), begin(api, post(order_api.url)))
    assert {order.id for order in orders} == {"1", "2"}


@pytest.mark.parametrize("fault", [None, Answer(500)])
async def test_a_look_after_a_write_begins_anew(
    order_api: OrderApi, api: ApiClient, fault: Answer | None
) -> None:
    """A read that was under way before a write may show what was before; whoever looks after the write,
    even one that failed, does not share it.
    """
    order_api.fail(Slow(3600), times=1)
    before = begin(api, get(order_api.url))
    await arrived(order_api, 1)
    if fault is not None:
        order_api.fail(fault)
    await asyncio.gather(begin(api, post(order_api.url)), return_exceptions=True)
    order_api.heal()
    assert (await begin(api, get(order_api.url))).id == "0"
    assert not before.done()
    await cancel([before])


async def test_a_cancelled_sharer_leaves_the_others_their_read(order_api: OrderApi, api: ApiClient) -> None:
    """Even if the one that began the read is cancelled, the other gets the answer of the same request."""
    reads = [begin(api, get(order_api.url, "crowd")) for _ in range(3)]
    await arrived(order_api, 1)
    await cancel(reads[:2])
    order_api.full.set()
    assert (await reads[2]).id == "0"
    assert len(order_api.requests) == 1


async def test_the_last_cancelled_sharer_ends_the_read(order_api: OrderApi, api: ApiClient) -> None:
    """A read that nobody waits for any more is cancelled: its place is free, and the next is sent anew."""
    order_api.fail(Slow(3600), times=1)
    reads = [begin(api, get(order_api.url)) for _ in range(3)]
    await arrived(order_api, 1)
    await cancel(reads)
    assert not any(slots._used for slots in api.slots.values())
    assert (await begin(api, get(order_api.url))).id == "0"
    assert len(order_api.requests) == 2


async def test_each_sharer_gets_an_error_of_its_own(order_api: OrderApi, api: ApiClient) -> None:
    """A refusal and a missing answer reach everybody, as different exceptions that say the same."""
    order_api.fail(Answer(500), times=1)
    kinds = Counter(type(error) for error in await failures([begin(api, get(order_api.url)) for _ in "abc"]))
    assert kinds == {ServerFaultError: 3}
    async with open_api(order_api.url, deadline=0.3) as hasty:
        order_api.fail(Slow(3600), times=1)
        errors = await failures([begin(hasty, get(order_api.url)) for _ in "abc"])
    assert {(type(error), error.provider, error.seconds) for error in errors} == {
        (ProviderTimeoutError, "orders", 0)
    }
    assert len({id(error) for error in errors}) == 3
    assert len(order_api.requests) == 2


async def failures(reads: list[asyncio.Task[Order]]) -> list[ProviderError]:
    """Return the errors of reads that all fail."""
    outcomes = await asyncio.gather(*reads, return_exceptions=True)
    errors = [outcome for outcome in outcomes if isinstance(outcome, ProviderError)]
    assert len(errors) == len(reads)
    return errors


async def cancel(tasks: list[asyncio.Task[Order]]) -> None:
    """Cancel tasks, and wait until they have ended."""
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {asyncio.CancelledError}
