"""An answer that stays the same is not parsed again."""

import pytest

from bot.errors import MalformedAnswerError, RejectedError, ServerFaultError
from bot.kit.api_client import ApiClient
from bot.kit.memo import MOST_ANSWERS, Memo
from bot.kit.simulator import Answer
from tests.exposure import everything_said
from tests.kit.desk import SECRET, Desk, Order, get


class Receipt(Order):
    """The same answer, read as something else."""


async def test_the_same_answer_is_the_same_object(api: ApiClient, desk: Desk) -> None:
    """Asked again, the same body gives back what it gave first, and another body something new."""
    memo = Memo()
    first = await api.send(get(desk.url), Order, memo)
    assert await api.send(get(desk.url), Order, memo) is first
    desk.fail(Answer(200, {"id": "1"}))
    assert await api.send(get(desk.url), Order, memo) == Order(id="1")
    again = await api.send(get(desk.url), Order, memo)
    assert again == first
    assert again is not first
    assert len(desk.requests) == 4


async def test_only_what_was_asked_for_is_given_back(api: ApiClient, desk: Desk) -> None:
    """The same body from another address, with other parameters or for another model is parsed on its own."""
    memo = Memo()
    first = await api.send(get(desk.url, page=1), Order, memo)
    assert await api.send(get(desk.url, page=2), Order, memo) is not first
    assert await api.send(get(desk.url, page=1), Order) is not first
    assert await api.send(get(desk.url, page=1), Order, Memo()) is not first
    assert await api.send(get(desk.url, page=1), Order, memo) is first
    assert type(await api.send(get(desk.url, page=1), Receipt, memo)) is Receipt


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(200, {"id": None}), MalformedAnswerError),
        (Answer(200, {"success": False}), RejectedError),
        (Answer(500, {"id": "0"}), ServerFaultError),
    ],
)
async def test_a_failure_is_not_kept(
    api: ApiClient, desk: Desk, answer: Answer, kind: type[Exception]
) -> None:
    """What could not be read fails again when it comes again, and the answer before it is still known."""
    memo = Memo()
    first = await api.send(get(desk.url), Order, memo)
    desk.fail(answer, times=2)
    for _ in range(2):
        with pytest.raises(kind):
            await api.send(get(desk.url), Order, memo)
    assert await api.send(get(desk.url), Order, memo) is first


async def test_it_says_no_secret(api: ApiClient, desk: Desk) -> None:
    """Neither what was sent in a header nor its echo is kept, and nothing at all is shown."""
    memo = Memo()
    desk.fail(Answer(200, {"id": f"Bearer {SECRET}"}))
    await api.send(get(desk.url), Order, memo)
    assert SECRET not in everything_said(vars(memo))
    assert desk.url not in everything_said(memo)


def test_it_does_not_grow() -> None:
    """Of more addresses than it has places for, the ones used last are known."""
    memo, parsed = Memo(), []

    def parse(body: bytes) -> Order:
        parsed.append(body)
        return Order(id=body.decode())

    for number in range(MOST_ANSWERS + 1):
        memo.read("/first", b"0", Order, parse)
        memo.read(f"/{number}", str(number).encode(), Order, parse)
    assert len(parsed) == MOST_ANSWERS + 2
    memo.read(f"/{MOST_ANSWERS}", str(MOST_ANSWERS).encode(), Order, parse)
    memo.read("/0", b"0", Order, parse)
    assert len(parsed) == MOST_ANSWERS + 3
