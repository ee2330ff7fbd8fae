"""An answer that stays the same is not parsed again."""

import pytest

from bot.errors import MalformedAnswerError, RejectedError, ServerFaultError
from bot.providers.base.api_client import ApiClient
from bot.providers.base.response_cache import MAX_ANSWERS, KnownEntries, ResponseCache
from bot.providers.base.simulator import Answer
from tests.support.exposure import everything_said
from tests.support.order_api import SECRET, Order, OrderApi, get


class Receipt(Order):
    """Another model for the same answer."""


async def test_the_same_answer_is_the_same_object(api: ApiClient, order_api: OrderApi) -> None:
    """The same body returns the same object, and another body a new one."""
    cache = ResponseCache()
    first = await api.send(get(order_api.url), Order, cache)
    assert await api.send(get(order_api.url), Order, cache) is first
    order_api.fail(Answer(200, {"id": "1"}))
    assert await api.send(get(order_api.url), Order, cache) == Order(id="1")
    again = await api.send(get(order_api.url), Order, cache)
    assert again == first
    assert again is not first
    assert len(order_api.requests) == 4


async def test_only_what_was_asked_for_is_given_back(api: ApiClient, order_api: OrderApi) -> None:
    """The same body is parsed again for another address, other parameters or another model."""
    cache = ResponseCache()
    first = await api.send(get(order_api.url, page=1), Order, cache)
    assert await api.send(get(order_api.url, page=2), Order, cache) is not first
    assert await api.send(get(order_api.url, page=1), Order) is not first
    assert await api.send(get(order_api.url, page=1), Order, ResponseCache()) is not first
    assert await api.send(get(order_api.url, page=1), Order, cache) is first
    assert type(await api.send(get(order_api.url, page=1), Receipt, cache)) is Receipt


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(200, {"id": None}), MalformedAnswerError),
        (Answer(200, {"success": False}), RejectedError),
        (Answer(500, {"id": "0"}), ServerFaultError),
    ],
)
async def test_a_failure_is_not_kept(
    api: ApiClient, order_api: OrderApi, answer: Answer, kind: type[Exception]
) -> None:
    """A body that cannot be parsed raises each time, and the answer before it stays known."""
    cache = ResponseCache()
    first = await api.send(get(order_api.url), Order, cache)
    order_api.fail(answer, times=2)
    for _ in range(2):
        with pytest.raises(kind):
            await api.send(get(order_api.url), Order, cache)
    assert await api.send(get(order_api.url), Order, cache) is first


async def test_it_says_no_secret(api: ApiClient, order_api: OrderApi) -> None:
    """Headers and their echo are not kept, and the repr shows nothing."""
    cache = ResponseCache()
    order_api.fail(Answer(200, {"id": f"Bearer {SECRET}"}))
    await api.send(get(order_api.url), Order, cache)
    assert SECRET not in everything_said(vars(cache))
    assert order_api.url not in everything_said(cache)


async def test_it_does_not_grow() -> None:
    """Only the last used addresses are kept."""
    cache, parsed = ResponseCache(), []

    async def read(address: int, number: int) -> None:
        async def parse(_: KnownEntries) -> Order:
            parsed.append(number)
            return Order(id=str(number))

        await cache.read(f"/{address}", str(number).encode(), Order, parse)

    for number in range(MAX_ANSWERS + 1):
        await read(-1, -1)
        await read(number, number)
    assert len(parsed) == MAX_ANSWERS + 2
    await read(MAX_ANSWERS, MAX_ANSWERS)
    await read(0, 0)
    assert len(parsed) == MAX_ANSWERS + 3


async def test_what_is_made_of_an_entry_stays_with_it() -> None:
    """Only of a new entry something is made, wherever it stands; those that are gone are forgotten."""
    cache, made = ResponseCache(), []

    def make(entry: Order) -> list[str]:
        made.append(entry.id)
        return [entry.id]

    first, second, third = (Order(id=each) for each in "123")
    entries = first, second
    before = cache.made_of(entries, make)
    assert cache.made_of(entries, make) is before
    after = cache.made_of((third, second), make)
    assert after == [["3"], ["2"]]
    assert after[1] is before[1]
    cache.made_of((first, third, second), make)
    assert made == ["1", "2", "3", "1"]
