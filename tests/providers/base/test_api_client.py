"""Each failure of a request has its own error, and no error holds a secret."""

import base64
import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    ProviderError,
    ProviderTimeoutError,
    RateLimitedError,
    RejectedError,
    ServerFaultError,
    UnauthorizedError,
    UnexpectedStatusError,
    UnsupportedMediaError,
)
from bot.providers.base.api_client import ApiClient, Request
from bot.providers.base.error_format import read_error, read_retry_after
from bot.providers.base.simulator import Answer, Slow
from tests.support.exposure import everything_said
from tests.support.order_api import SECRET, TOKEN, Order, OrderApi, answered, failure, open_api, post

# Where the machine's own time is not UTC.
NOON = datetime(2026, 11, 23, 9, tzinfo=ZoneInfo("America/Sao_Paulo"))
DAY = 86_400

Kind = type[ProviderError]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RejectedError),
        (401, UnauthorizedError),
        (402, UnexpectedStatusError),
        (403, ForbiddenError),
        (404, NotFoundError),
        (405, UnexpectedStatusError),
        (409, ConflictError),
        (415, UnsupportedMediaError),
        (418, UnexpectedStatusError),
        (422, RejectedError),
        (429, RateLimitedError),
        (500, ServerFaultError),
        (501, ServerFaultError),
        (502, ServerFaultError),
        (503, ServerFaultError),
        (599, ServerFaultError),
        (300, UnexpectedStatusError),
        (302, UnexpectedStatusError),
        (304, UnexpectedStatusError),
    ],
)
async def test_each_status_is_told_apart(status: int, kind: Kind) -> None:
    """A refusal has the error class of its status, and the provider's text and reference."""
    body = {"success": True, "error": "No such luck", "request_id": "abc1::reg1:reg1::z-1700000000000-01ab"}
    error = await answered(status, b"" if status == 304 else body)
    assert type(error) is kind
    assert (error.provider, error.status, error.outcome_unknown) == ("orders", status, False)
    if status != 304:
        assert error.detail == "No such luck"
        assert error.request_id == "abc1::reg1:reg1::z-1700000000000-01ab"


@pytest.mark.parametrize(
    ("body", "detail", "request_id"),
    [
        ({"error": "one", "message": "two"}, "one", None),
        ({"error": " ", "message": "two"}, "two", None),
        ({"error": {"text": "one"}, "message": "two"}, "two", None),
        ({"statusCode": 400, "message": ["one", "two"], "error": "Bad Request"}, "one · two", None),
        ({"message": "one", "error": "Bad Request"}, "one", None),
        ({"message": [], "error": "Bad Request"}, "Bad Request", None),
        ({"message": ["one", 2, None, {"message": "three"}, ["four"]]}, "one · three · four", None),
        ({"message": [str(number) for number in range(9_999)]}, "0 · 1 · 2 · 3 · 4", None),
        ({"error": {"message": "one", "code": 7, "stack": "at run.ts:7"}}, "one", None),
        ({"error": {"error": {"message": ["one"]}}}, "one", None),
        ({"error": {"error": {"error": {"error": {"message": "too deep"}}}}}, None, None),
        ({"error": "one", "inner_exception": {"message": "inner", "stack": "at run.ts:7"}}, "one", None),
        ({"error": "one\n    at run (run.ts:7)\n    at go (go.ts:3)"}, "one", None),
        ({"error": None, "request_id": 7}, None, None),
        ({"request_id": "has a blank"}, None, None),
        ({"request_id": "ш" * 8}, None, None),
        ({"request_id": "a" * 129}, None, None),
        ({"error": "e" * 600}, "e" * 500, None),
        ({"inner_exception": {"message": "inner", "stack": "at run.ts:7"}}, None, None),
        (["error"], None, None),
        ("error", None, None),
        ("<html>error</html>", None, None),
        (b'{"error": "caf\xe9"}', None, None),
        (b"[" * 100_000, None, None),
        (b'{"error": ' + b"1" * 5_000 + b"}", None, None),
        (b"", None, None),
    ],
)
async def test_words_are_taken_as_far_as_they_are_words(
    body: object, detail: str | None, request_id: str | None
) -> None:
    """An error has a short text and a plain reference of the body, or nothing, and never a stack trace."""
    error = await answered(500, body)
    assert type(error) is ServerFaultError
    assert (error.detail, error.request_id) == (detail, request_id)


@pytest.mark.parametrize(
    ("code", "taken"),
    [
        ("QUOTA_EXCEEDED", "QUOTA_EXCEEDED"),
        ("E_42", "E_42"),
        ("A" * 64, "A" * 64),
        ("A" * 65, None),
        ("", None),
        ("quota_exceeded", None),
        ("QUOTA EXCEEDED", None),
        ("QUOTA_EXCEEDED\n", None),
        ("../QUOTA", None),
        ("QUOTA.TITLE", None),
        ("ＱＵＯＴＡ", None),
        ("٤٢", None),
        (42, None),
        (["QUOTA_EXCEEDED"], None),
        (None, None),
    ],
)
async def test_a_code_is_a_plain_word(code: object, taken: str | None) -> None:
    """The provider's error code is taken if it can be part of a text key."""
    error = await answered(429, {"error": "no", "error_code": code})
    assert (type(error), error.detail, error.code) == (RateLimitedError, "no", taken)


@given(
    st.dictionaries(
        st.sampled_from(["error", "message", "request_id", "error_code", "other"]),
        st.text() | st.from_regex(r"[A-Z0-9_]{1,70}\n?", fullmatch=True) | st.integers() | st.none(),
    )
)
def test_of_an_errors_body_only_words_are_taken(body: dict[str, object]) -> None:
    """Whatever an error's fields hold, reference and code are plain words or missing."""
    said = read_error(body)
    assert said.request_id is None or re.fullmatch(r"[A-Za-z0-9_.:-]{1,128}", said.request_id)
    assert said.code is None or re.fullmatch(r"[A-Z0-9_]{1,64}", said.code)
    assert said.code in {None, body.get("error_code")}


@pytest.mark.parametrize(
    "echo",
    [
        f"invalid: {SECRET}",
        f"{SECRET}{TOKEN}{SECRET}",
        f'{{"discordToken": "{TOKEN}"}}',
        f"Authorization: Bearer {SECRET}",
        "e" * 480 + SECRET,
        "e" * 7_990 + SECRET + "e" * 1_000,
    ],
)
@pytest.mark.parametrize("field", ["error", "message", "request_id"])
async def test_an_echo_gives_no_secret_away(
    order_api: OrderApi, api: ApiClient, echo: str, field: str
) -> None:
    """Nothing that a provider repeats of a request, in any field, is in an error."""
    order_api.fail(Answer(400, {field: echo}))
    error = await failure(api, post(order_api.url))
    assert type(error) is RejectedError
    said = everything_said(error)
    assert SECRET not in said
    assert TOKEN not in said
    assert "FAKE-TOKEN" not in said


async def test_a_long_echo_is_not_cut_through(order_api: OrderApi, api: ApiClient) -> None:
    """No part of a secret is left where text is cut, however long it is and however often it is repeated."""
    secret = "FAKE-TOKEN-" + "long" * 1_000
    order_api.fail(Answer(400, {"error": secret * 5}))
    error = await failure(api, Request("GET", order_api.url, ("orders",), {}, (secret,)))
    assert error.detail
    assert "longlong" not in everything_said(error)


@pytest.mark.parametrize("secret", [SECRET, TOKEN])
async def test_a_reference_can_be_an_echo(order_api: OrderApi, api: ApiClient, secret: str) -> None:
    """A secret that has the form of a reference is not taken as one."""
    order_api.fail(Answer(400, {"error": "no", "request_id": secret}))
    assert (await failure(api, post(order_api.url))).request_id is None


async def test_a_code_can_be_an_echo(order_api: OrderApi, api: ApiClient) -> None:
    """A secret that has the form of a code is not taken as one."""
    secret = "FAKE_TOKEN_0001"
    order_api.fail(Answer(400, {"error_code": secret}))
    assert (await failure(api, Request("GET", order_api.url, ("orders",), {}, (secret,)))).code is None


def discord_shaped() -> str:
    """Return a token, composed here so that no scanner finds it in this file."""
    name = base64.urlsafe_b64encode(b"1209876543210987654").decode().rstrip("=")
    return f"{name}.{'Gz0000'}.{'x' * 38}"


@pytest.mark.parametrize(
    ("words", "hidden"),
    [
        (f"refused {discord_shaped()}", discord_shaped()),
        ("the header was Authorization: Bearer zzzz-yyyy-xxxx-wwww-vvvv", "zzzz-yyyy"),
        ('got {"access_token": "zzzz yyyy"}', "zzzz yyyy"),
        ("X-ORGANIZATION-SECRET=zzzzyyyyxxxx is unknown", "zzzzyyyyxxxx"),
        ("password = 'zzzzyyyyxxxx'", "zzzzyyyyxxxx"),
    ],
)
async def test_other_secrets_are_known_by_their_shape(words: str, hidden: str) -> None:
    """Text in the form of a credential is masked in the provider's text, although it is unknown."""
    error = await answered(400, {"error": words})
    assert error.detail
    assert "redacted" in error.detail
    assert hidden not in everything_said(error)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("0", 0),
        ("86400", DAY),
        ("86401", DAY),
        ("9" * 6_000, DAY),
        ("Mon, 23 Nov 2026 12:01:30 GMT", 90),
        ("Mon, 23 Nov 2026 12:01:30 -0000", 90),
        ("Mon, 23 Nov 2026 09:01:30 -0300", 90),
        ("Sun, 22 Nov 2026 12:00:00 GMT", 0),
        ("Tue, 28 Dec 2027 12:00:00 GMT", DAY),
        ("Mon, 23 Nov 2026 12:00:00 +99999999999999999999", None),
        ("Mon, 23 Nov 99999 12:00:00 GMT", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
async def test_retry_after_is_read(header: str | None, seconds: int | None) -> None:
    """Seconds and dates are read as seconds, from 0 to a day; other values are ignored."""
    with time_machine.travel(NOON, tick=False):
        error = await answered(429, {}, {} if header is None else {"Retry-After": header})
    assert type(error) is RateLimitedError
    assert error.retry_after == seconds


@given(
    st.text()
    | st.lists(
        st.sampled_from(["Mon", "Feb", "23", "2026", "0001", "9999", "12:00:00", "25:61", "GMT", "+", "-"])
    ).map(" ".join)
)
def test_retry_after_never_fails(header: str) -> None:
    """For any header the waiting time is a day at most, or there is none."""
    seconds = read_retry_after(header)
    assert seconds is None or 0 <= seconds <= DAY


async def test_retry_after_counts_for_any_refusal() -> None:
    """The waiting time of a 503 is read too."""
    assert (await answered(503, {}, {"Retry-After": "30"})).retry_after == 30


@pytest.mark.parametrize("status", [200, 201, 202, 203, 299])
async def test_a_success_is_told_by_its_status(order_api: OrderApi, api: ApiClient, status: int) -> None:
    """The status of a good answer is returned with it on request."""
    order_api.fail(Answer(status, {"id": "7"}))
    assert await api.answered(post(order_api.url), Order) == (status, Order(id="7"))


async def test_a_request_can_have_a_longer_deadline(order_api: OrderApi) -> None:
    """A request may have a longer deadline of its own; the next one has the client's again."""
    async with open_api(order_api.url, deadline=0.1) as api:
        order_api.fail(Slow(0.5), times=2)
        assert (await api.send(post(order_api.url, deadline=30), Order)).id == "1"
        error = await failure(api, post(order_api.url))
    assert type(error) is ProviderTimeoutError
    assert error.seconds == 0
