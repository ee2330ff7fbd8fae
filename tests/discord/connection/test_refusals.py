"""What is logged of a refusal names the route, the status and the code, and never what was sent."""

import json
from types import SimpleNamespace
from typing import Any

import discord
import pytest
import yarl
from hypothesis import given
from hypothesis import strategies as st

from bot.discord.connection.refusals import describe, route_template, sentence

TOKEN = "aW50ZXJhY3Rpb246MTIzNDU2.FAKE-TOKEN_canary"


def refused(path: str, status: int, body: Any) -> discord.HTTPException:  # noqa: ANN401 - any JSON
    """Return what discord.py raises."""
    response: Any = SimpleNamespace(
        status=status, reason="Bad", method="POST", url=yarl.URL(f"https://discord.example/api/v10{path}")
    )
    return discord.HTTPException(response, body)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/gateway/bot", "GET /gateway/bot"),
        ("/api/v10/users/@me", "GET /users/@me"),
        ("/api/v10/guilds/1102345678901234567/channels", "GET /guilds/{id}/channels"),
        (f"/api/v10/interactions/1/{TOKEN}/callback", "GET /interactions/{id}/{token}/callback"),
        (f"/api/v10/webhooks/1/{TOKEN}/messages/@original", "GET /webhooks/{id}/{token}/messages/@original"),
        ("/api/v10/webhooks/1/lowercase/messages/2", "GET /webhooks/{id}/{token}/messages/{id}"),
        (
            "/api/v10/channels/1/messages/2/reactions/%F0%9F/@me",
            "GET /channels/{id}/messages/{id}/reactions/{…}/@me",
        ),
    ],
)
def test_a_route_has_no_ids_and_no_tokens(path: str, route: str) -> None:
    """What differs from request to request is replaced."""
    assert route_template("GET", path) == route


@given(
    st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/"), min_size=8)
)
def test_no_token_of_an_interaction_is_in_a_route(token: str) -> None:
    """Whatever a token looks like, the template is the same."""
    for start in ("/api/v10/interactions/1", "/webhooks/2"):
        assert route_template("POST", f"{start}/{token}/x") == route_template(
            "POST", f"{start}/other-token/x"
        )


def test_a_refusal_is_told_in_fields() -> None:
    """The first three refused fields are named by path and code; what they held is not."""
    errors = {
        str(number): {"description": {"_errors": [{"code": "BASE_TYPE_BAD_LENGTH", "message": "CANARY"}]}}
        for number in range(5)
    }
    error = refused("/applications/1/commands", 400, {"code": 50035, "message": "CANARY", "errors": errors})
    described = describe(error)
    assert (described["route"], described["status"], described["code"]) == (
        "POST /applications/{id}/commands", 400, 50035,
    )  # fmt: skip
    assert described["fields"] == ", ".join(f"{n}.description: BASE_TYPE_BAD_LENGTH" for n in range(3))
    assert "status 400, code 50035 (0.description: BASE_TYPE_BAD_LENGTH" in sentence(error)
    assert "CANARY" not in json.dumps(described) + sentence(error)


leaves = st.none() | st.booleans() | st.integers() | st.text()
trees = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@given(trees)
def test_any_list_of_errors_can_be_described(errors: Any) -> None:  # noqa: ANN401 - any JSON
    """A body of another shape is no reason to fail, and no line break gets into the log."""
    error = refused("/x", 400, "page")
    error._errors = errors
    assert "\n" not in sentence(error)
    assert len(sentence(error)) < 700
