"""A create is sent once whatever happens, and its error says whether it may have been carried out."""

from dataclasses import replace
from typing import Any

import pytest

from bot.errors import (
    AnswerTooLargeError,
    ConflictError,
    ForbiddenError,
    MalformedAnswerError,
    NotFoundError,
    NotJsonError,
    ProviderError,
    ProviderTimeoutError,
    RateLimitedError,
    RejectedError,
    ServerFaultError,
    UnauthorizedError,
    UnexpectedStatusError,
    UnreachableError,
    UnsupportedMediaError,
)
from bot.providers.base.api_client import ApiClient
from bot.providers.base.body import MAX_BYTES
from bot.providers.base.simulator import Answer, Fault, GzipBomb, Reset, Slow, Truncated
from tests.support.exposure import everything_said
from tests.support.order_api import TOKEN, Order, OrderApi, failure, get, open_api, post

Kind = type[ProviderError]

BROKEN: list[Any] = [
    pytest.param(Reset(), UnreachableError, id="reset-before"),
    pytest.param(Reset(after_handling=True), UnreachableError, id="reset-after"),
    pytest.param(Truncated(), UnreachableError, id="truncated"),
    pytest.param(Truncated(after_handling=True), UnreachableError, id="truncated-after"),
    pytest.param(Slow(3600), ProviderTimeoutError, id="slow"),
    pytest.param(Slow(3600, after_handling=True), ProviderTimeoutError, id="slow-after"),
    pytest.param(GzipBomb(after_handling=True), AnswerTooLargeError, id="bomb"),
    pytest.param(Answer(200, b" " * (MAX_BYTES + 1), after_handling=True), AnswerTooLargeError, id="large"),
    pytest.param(Answer.html(200), NotJsonError, id="page"),
    pytest.param(Answer(204, after_handling=True), NotJsonError, id="no-content"),
    pytest.param(Answer(200, [], after_handling=True), MalformedAnswerError, id="shape"),
    pytest.param(Answer(500, {"error": "no", "request_id": "abc1::01"}), ServerFaultError, id="fault"),
    pytest.param(Answer.html(502), ServerFaultError, id="gateway"),
    pytest.param(Answer(504, after_handling=True), ServerFaultError, id="gateway-timeout"),
    pytest.param(
        Answer(303, headers={"Location": "/orders/1"}, after_handling=True),
        UnexpectedStatusError,
        id="redirect",
    ),
]
REFUSED: list[Any] = [
    *(
        pytest.param(Answer(status, {"error": "no"}), kind, id=str(status))
        for status, kind in (
            (400, RejectedError),
            (401, UnauthorizedError),
            (403, ForbiddenError),
            (404, NotFoundError),
            (409, ConflictError),
            (415, UnsupportedMediaError),
            (422, RejectedError),
            (429, RateLimitedError),
        )
    ),
    pytest.param(Answer(200, {"success": False, "id": "1"}), RejectedError, id="success-false"),
]


@pytest.mark.parametrize("warm", [False, True], ids=["new-connection", "kept-connection"])
@pytest.mark.parametrize(("fault", "kind"), BROKEN)
async def test_a_create_without_an_answer_may_be_done(
    order_api: OrderApi, fault: Fault, kind: Kind, warm: bool
) -> None:
    """A create is sent once; without a clear answer its error says that it may have been carried out."""
    async with open_api(order_api.url, deadline=1 if isinstance(fault, Slow) else 10) as api:
        if warm:
            await api.send(get(order_api.url), Order)
            order_api.requests.clear()
        order_api.fail(fault)
        error = await failure(api, post(order_api.url))
    assert type(error) is kind
    assert error.outcome_unknown
    assert [(received.method, received.body) for received in order_api.requests] == [
        ("POST", {"token": TOKEN})
    ]
    assert order_api.created == int(fault.after_handling)
    assert "FAKE-TOKEN" not in everything_said(error)


@pytest.mark.parametrize(("fault", "kind"), REFUSED)
async def test_a_refused_create_is_not_done(
    order_api: OrderApi, api: ApiClient, fault: Fault, kind: Kind
) -> None:
    """After a refusal, by status or with success: false, it is certain that nothing was carried out."""
    order_api.fail(fault)
    error = await failure(api, post(order_api.url))
    assert type(error) is kind
    assert not error.outcome_unknown
    assert (len(order_api.requests), order_api.created) == (1, 0)


@pytest.mark.parametrize(("fault", "kind"), [*BROKEN, *REFUSED])
async def test_a_read_changes_nothing(order_api: OrderApi, fault: Fault, kind: Kind) -> None:
    """A failed read raises the same class as a failed create, and leaves nothing unknown."""
    async with open_api(order_api.url, deadline=1 if isinstance(fault, Slow) else 10) as api:
        order_api.fail(fault, times=None)  # aiohttp itself sends a read again where a connection was reset
        error = await failure(api, get(order_api.url))
    assert type(error) is kind
    assert not error.outcome_unknown


@pytest.mark.parametrize(("fault", "kind"), [*BROKEN, *REFUSED])
async def test_what_may_be_repeated_leaves_nothing_unknown(
    order_api: OrderApi, fault: Fault, kind: Kind
) -> None:
    """A repeatable write raises the same classes, is sent once, and leaves nothing unknown."""
    async with open_api(order_api.url, deadline=1 if isinstance(fault, Slow) else 10) as api:
        order_api.fail(fault)
        error = await failure(api, post(order_api.url, repeatable=True))
    assert type(error) is kind
    assert not error.outcome_unknown
    assert (len(order_api.requests), order_api.created) == (1, int(fault.after_handling))


@pytest.mark.parametrize("fault", [Reset(), Truncated()], ids=repr)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("repeatable", [False, True])
async def test_no_write_is_repeated(
    order_api: OrderApi, api: ApiClient, fault: Fault, method: str, repeatable: bool
) -> None:
    """An idempotent write on a kept connection is not repeated either: somebody may have written since."""
    await api.send(get(order_api.url), Order)
    order_api.fail(fault, times=None)
    error = await failure(api, replace(post(order_api.url, repeatable=repeatable), method=method))
    assert type(error) is UnreachableError
    assert error.outcome_unknown is not repeatable
    assert [received.method for received in order_api.requests] == ["GET", method]


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_nobody_there_means_not_done(scheme: str) -> None:
    """If no connection could be opened, a create has certainly not happened."""
    order_api = OrderApi()
    await order_api.start()
    address = order_api.url.replace("http", scheme)
    if scheme == "http":
        await order_api.stop()
    async with open_api(address) as api:
        error = await failure(api, post(address))
    await order_api.stop()
    assert type(error) is UnreachableError
    assert not error.outcome_unknown
    assert "FAKE-TOKEN" not in everything_said(error)
    assert not order_api.requests
