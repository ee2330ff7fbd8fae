"""A provider's own errors are told from those of something in between, and only their words are read."""

import json
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import (
    IntermediaryError,
    IntermediaryUnauthorizedError,
    NotFoundError,
    NotJsonError,
    RejectedError,
    ServerFaultError,
    UnauthorizedError,
    UnexpectedStatusError,
)
from bot.providers.base.api_client import ApiClient, Request
from bot.providers.base.error_format import ErrorFormat, is_public, kind_of, read_error, refused_status
from bot.providers.base.simulator import Answer
from tests.support.exposure import everything_said
from tests.support.intermediary import CF_RAY, CHALLENGE, PAGES, page
from tests.support.order_api import (
    SECRET,
    TOKEN,
    OrderApi,
    answered,
    failure,
    get,
    post,
)

FORMAT = ErrorFormat(frozenset({"error", "message"}), frozenset({(404, ("chat", "history"))}))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ERRORS = st.recursive(
    JSON,
    lambda inner: st.dictionaries(
        st.sampled_from(["error", "message", "stack", "inner_exception", "fingerprint"]),
        inner | st.lists(inner, max_size=9),
        max_size=5,
    ),
    max_leaves=20,
)


@given(st.integers(400, 499), JSON)
def test_only_an_object_with_an_own_field_is_own(status: int, content: object) -> None:
    """Of all JSON, only an object with one of the fields is the provider's own error."""
    own = isinstance(content, dict) and bool({"error", "message"} & content.keys())
    assert FORMAT.matches(status, ("things",), json.dumps(content).encode(), content) is own


@pytest.mark.parametrize(
    ("status", "segments", "body", "own"),
    [
        (404, ("v1", "things", "7", "chat", "history"), b"", True),
        (404, ("chat", "history"), b"", True),
        (404, ("history",), b"", False),
        (404, ("chat", "history", "7"), b"", False),
        (404, ("v1", "things", "7"), b"", False),
        (401, ("chat", "history"), b"", False),
        (403, ("chat", "history"), b"", False),
        (404, ("chat", "history"), b" ", False),
        (404, ("chat", "history"), b"<html>", False),
    ],
)
def test_an_error_without_a_body_is_own_where_that_is_declared(
    status: int, segments: tuple[str, ...], body: bytes, own: bool
) -> None:
    """Only the declared status of the declared operation may come without a body."""
    assert FORMAT.matches(status, segments, body, None) is own


async def test_a_declared_empty_error_is_the_providers_own(order_api: OrderApi, api: ApiClient) -> None:
    """An empty 404 means that the thing is not there in the declared operation only."""
    for path, kind in (("history", NotFoundError), ("other", IntermediaryError)):
        order_api.fail(Answer(404))
        assert type(await failure(api, get(order_api.url, "orders", path))) is kind


@given(st.integers(100, 599), st.booleans())
def test_only_the_provider_refuses(status: int, is_own: bool) -> None:
    """A foreign 4xx other than 429 is an answer from in between; no other status depends on the form."""
    kind = kind_of(status, is_own=is_own)
    if 400 <= status < 500 and status != 429 and not is_own:
        assert issubclass(kind, IntermediaryError)
        assert (kind is IntermediaryUnauthorizedError) is (status == 401)
    else:
        assert not issubclass(kind, IntermediaryError)
        assert kind is kind_of(status, is_own=True)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ({"statusCode": 400}, 400),
        ({"statusCode": 401, "success": False}, 401),
        ({"statusCode": 599}, 599),
        ({"statusCode": 200}, None),
        ({"statusCode": 302}, None),
        ({"statusCode": 399}, None),
        ({"statusCode": 600}, None),
        ({"statusCode": 10**400}, None),
        ({"statusCode": "401"}, None),
        ({"statusCode": 401.0}, None),
        ({"statusCode": True}, None),
        ({"statusCode": None}, None),
        ({"status": 401}, None),
        ({"success": False}, 200),
        ({"success": 0}, None),
        ([{"statusCode": 401}], None),
        ("statusCode", None),
        (None, None),
    ],
)
def test_a_good_status_can_be_contradicted(content: object, status: int | None) -> None:
    """A whole number from 400 to 599 as ``statusCode``, or success: false, makes a 200 a refusal."""
    assert refused_status(200, content) == status


@pytest.mark.parametrize(("status", "unknown"), [(401, False), (404, False), (405, True), (500, True)])
async def test_what_a_write_with_a_status_in_the_body_has_done(
    order_api: OrderApi, api: ApiClient, status: int, unknown: bool
) -> None:
    """The status in the body says whether a write may have been carried out, as the answer's own does."""
    order_api.fail(Answer(201, {"statusCode": status, "id": "7"}))
    error = await failure(api, post(order_api.url))
    assert (error.status, error.outcome_unknown) == (status, unknown)
    assert type(error) is {
        401: UnauthorizedError,
        404: NotFoundError,
        405: UnexpectedStatusError,
        500: ServerFaultError,
    }.get(status)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("status", [401, 403, 404, 409, 415, 502])
async def test_a_write_that_a_page_answers_may_be_done(
    order_api: OrderApi, api: ApiClient, name: str, status: int
) -> None:
    """Nobody knows whether the provider had the write when something in between answered; it is sent once."""
    order_api.fail(page(name, status))
    error = await failure(api, post(order_api.url))
    assert error.outcome_unknown
    assert len(order_api.requests) == 1
    order_api.fail(page(name, status))
    assert not (await failure(api, post(order_api.url, repeatable=True))).outcome_unknown


@given(ERRORS)
def test_an_errors_text_is_a_text_of_the_error(content: object) -> None:
    """Whatever an error holds, what is read of it is short in parts, and no part of a nested exception."""
    said = read_error(content)
    assert said.fingerprint is None or said.fingerprint.isascii()
    if said.detail is not None:
        assert said.detail == said.detail.strip()
        whole = json.dumps(content, ensure_ascii=False)
        for part in said.detail.split(" · "):
            assert json.dumps(part, ensure_ascii=False)[1:-1] in whole


@pytest.mark.parametrize("depth", [1, 10, 90])
async def test_hostile_shapes_cost_nothing(depth: int) -> None:
    """Deep errors and lists of twenty thousand errors are read in no time."""
    deep: object = "end"
    for _ in range(depth):
        deep = {"error": [deep, deep] if depth < 10 else [deep]}
    wide = {"message": [{"error": ["x"] * 9, "message": "y"}] * 20_000}
    for content in ({"error": deep}, wide):
        error = await answered(400, content)
        assert type(error) is RejectedError
        assert len(error.detail or "") <= 500
    assert read_error(wide).detail == " · ".join(["x · x · x · x · x"] * 5)


async def test_a_fingerprint_is_for_support() -> None:
    """The provider's fingerprint of an error is kept for its support, if it is a plain word and no secret."""
    for fingerprint, kept in (
        ("0a1b2c", "0a1b2c"),
        ("a b", None),
        (7, None),
        ("x" * 129, None),
        (SECRET, None),
    ):
        error = await answered(500, {"error": "no", "fingerprint": fingerprint})
        assert error.support.get("fingerprint") == kept


async def test_an_own_error_has_no_excerpt() -> None:
    """Of what the provider itself says only words are kept; the rest, stacks included, is not."""
    stack = {"error": "no", "inner_exception": {"stack": "at run.ts:7"}}
    for status in (400, 500):
        error = await answered(status, stack, {"CF-RAY": CF_RAY, "Server": "cloudflare"})
        assert error.support == {"cf-ray": CF_RAY, "server": "cloudflare"}


async def test_a_page_with_a_good_status_is_kept_as_well() -> None:
    """A 200 that is a page shows who has sent it; a 200 that is half an answer is not kept."""
    error = await answered(200, CHALLENGE, {"Server": "cloudflare"})
    assert type(error) is NotJsonError
    assert error.support == {"server": "cloudflare", "answer begins": CHALLENGE[:200]}
    error = await answered(200, b'{"name": "CANARY"', {"Server": "x"})
    assert error.support == {"server": "x"}


@pytest.mark.parametrize(
    "cut", [b'{"items": [{"name": "CANARY', b'[{"name": "CANARY', b'callback({"name": "CANARY"})']
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-32"])
async def test_data_in_a_page_is_not_kept(cut: bytes, encoding: str) -> None:
    """JSON that is no problem report or was cut off may hold private data: nothing of it is in an error."""
    for body in (
        cut.decode().encode(encoding),
        {"items": [{"name": "CANARY"}]},
        {"name": "CANARY"},
    ):
        error = await answered(403, body)
        assert type(error) is IntermediaryError
        assert "CANARY" not in everything_said(error)


@pytest.mark.parametrize("content", [{}, {"detail": "no", "status": 403}, [], "x", 7, True], ids=repr)
def test_a_problem_report_is_public(content: object) -> None:
    """Plain problem reports can be shown to a support team, as pages and texts can."""
    assert is_public(json.dumps(content).encode(), content)
    assert is_public(CHALLENGE.encode(), None)


@pytest.mark.parametrize(
    "content",
    [{"name": "x"}, {"detail": "no", "name": "x"}, {"detail": {}}, {"detail": []}, ["x"], [[]]],
    ids=repr,
)
def test_other_json_is_not_public(content: object) -> None:
    """JSON with other fields, with depth or with entries may be somebody's data."""
    assert not is_public(json.dumps(content).encode(), content)


SPELLINGS = {
    "plain": lambda secret: secret,
    "html": escape,
    "url": lambda secret: quote(secret, safe=""),
    "json": lambda secret: secret.replace("/", "\\/"),
    "header": lambda secret: f"Authorization: Bearer {secret}",
    "twice": lambda secret: secret * 2,
    "utf-16": "\0".join,
    "zero-width": "\u200b".join,
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("place", [0, 100, 190, 195, 7_990])
async def test_no_page_gives_a_secret_away(
    order_api: OrderApi, api: ApiClient, spelling: object, place: int
) -> None:
    """However a page repeats what was sent, and wherever it is cut, no part of it is in the error."""
    assert callable(spelling)
    secret = "FAKE-TOKEN-<odd>&'\"/+%-0001"
    order_api.fail(Answer(403, f"<{'p' * place} {spelling(secret)} {'q' * 400}", {"Server": f"x {TOKEN}"}))
    error = await failure(api, Request("GET", order_api.url, ("orders",), {}, (secret, TOKEN)))
    said = everything_said(error)
    assert "FAKE-TOKEN" not in said.replace("\0", "").replace("\\x00", "")
    assert "odd" not in said
