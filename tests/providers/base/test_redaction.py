"""Secrets are masked by value and by shape, ordinary words stay, and hostile text takes no longer."""

import json
import re
import string
from base64 import b64encode
from collections.abc import Callable
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.providers.base.current_guild import working_for
from bot.providers.base.redaction import MASK, Redactor
from tests.support.clock import Clock

SECRET = "FAKE-CANARY-0123456789"
DISCORD_TOKEN = "FAKEFAKEFAKEFAKEFAKEFAKE.CANARY.FAKE-TOKEN-CANARY-000000000"
MARK = "CANARY"

secrets = st.text(string.ascii_letters + string.digits + string.punctuation, min_size=8, max_size=60)
surroundings = st.text(st.characters(codec="utf-8"), max_size=40)
# Prose, file names and figures without the words and signs by which a secret is recognised.
words = st.text(string.ascii_lowercase + string.digits + "_-.", min_size=1, max_size=12)
prose = st.lists(words | st.sampled_from([",", "(", ")", "'", '"', "\n", "[", "]"])).map(" ".join)
pieces = st.lists(
    st.sampled_from(["token", *"=:\"'\\ a,}\n", MASK, "Bearer ", "bot ", "b'", SECRET, DISCORD_TOKEN])
).map("".join)


@given(secrets, surroundings, surroundings)
def test_a_known_value_is_masked_wherever_it_stands(secret: str, before: str, after: str) -> None:
    """Remembered values are masked in plain text, in JSON, in a repr and in a repr inside JSON."""
    assume(secret not in MASK)
    assume(secret not in before + after)
    redactor = Redactor()
    redactor.remember([secret])
    text = f"{before}{secret}{after}"
    for written in (text, json.dumps(text), repr(text), json.dumps({"error": repr({"x": text})})):
        cleaned = redactor.clean(written)
        assert secret not in cleaned
        assert json.dumps(secret)[1:-1] not in cleaned


@given(st.lists(secrets, min_size=2, max_size=5), surroundings)
def test_one_secret_inside_another_leaves_no_rest(values: list[str], between: str) -> None:
    """If one remembered value is a part of another, the longer one is masked as a whole."""
    redactor = Redactor()
    redactor.remember([values[0], values[0] + values[1]])
    cleaned = redactor.clean(f"<{values[0]}{values[1]}>")
    assert cleaned == f"<{MASK}>"


@given(prose)
@example("GET /v1/replicas?page_size=1 answered 200 in 0.31 s")
@example("connection 'default' of guild 1102345678901234567 verified")
@example("bot.features.connections.service.ConnectionService")
@example("secretary, tokenise, passwords: 3")
@example("5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e401")
@example("2026-11-23T18:55:48.123456Z [info     ] ready guilds=12 shards=1")
def test_ordinary_text_survives(text: str) -> None:
    """Text with neither the value nor the shape of a secret is unchanged."""
    redactor = Redactor()
    redactor.remember([SECRET])
    assert redactor.clean(text) == text


@given(
    st.recursive(
        prose | st.integers() | st.booleans() | st.none(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(prose, inner, max_size=4),
    )
)
def test_ordinary_values_survive(value: object) -> None:
    """JSON values without a secret are unchanged, at any depth."""
    assert Redactor().clean_all(value) == value


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        ([SECRET, (SECRET, 1)], [MASK, [MASK, 1]]),
        ({SECRET: {"a": SECRET}}, {MASK: {"a": MASK}}),
        ({1: SECRET.encode()}, {"1": f"b'{MASK}'"}),
        (ValueError(SECRET), f"ValueError('{MASK}')"),
        ({SECRET}, f"{{'{MASK}'}}"),
        ({"token": MARK, "tokens": 3, "x-api-key": None}, {"token": MASK, "tokens": 3, "x-api-key": None}),
        ({"Authorization": [MARK, {"a": MARK}]}, {"Authorization": MASK}),
        ([("X-Secret", MARK), (b"token", MARK)], [["X-Secret", MASK], ["b'token'", MASK]]),
        (("token", "a", "b"), ["token", "a", "b"]),
    ],
)
def test_values_are_cleaned_at_any_depth(value: object, cleaned: object) -> None:
    """Texts, names and reprs are cleaned, and a value under the name of a secret is masked as a whole."""
    redactor = Redactor()
    redactor.remember([SECRET])
    assert redactor.clean_all(value) == cleaned


@given(st.text() | pieces)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    """Cleaning twice gives the same as cleaning once."""
    redactor = Redactor()
    redactor.remember([SECRET])
    once = redactor.clean(text)
    assert redactor.clean(once) == once


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {SECRET}",
        f"authorization: Bot {SECRET}",
        f"Proxy-Authorization: Basic {SECRET}",
        f"curl -H 'Authorization: Bearer {SECRET}' https://api.example",
        f"sent with Bearer {SECRET}",
        f"X-ORGANIZATION-SECRET: {SECRET}",
        f"x-organization-secret={SECRET}",
        f"{{'X-ORGANIZATION-SECRET': '{SECRET}', 'Accept': '*/*'}}",
        f'Headers({{"x-organization-secret": "{SECRET}"}})',
        f"Headers([('x-organization-secret', '{SECRET}'), ('accept', '*/*')])",
        f"[(b'Authorization', b'Bearer {SECRET}')]",
        f"(b'x-organization-secret', b'{SECRET}')",
        f'{{"access_token": "{SECRET}"}}',
        f'{{"discordToken":"{SECRET}"}}',
        f"{{'token': '{SECRET}', 'password': 'CANARY with \"blanks\"'}}",
        json.dumps({"event": json.dumps({"botToken": f"{SECRET} and blanks"})}),
        json.dumps({"event": json.dumps({"inner": json.dumps({"api_key": f"{SECRET} x"})})}),
        f"https://api.example/v1?api_key={SECRET}&page=1",
        f"https://api.example/v1?access_token={SECRET}",
        f"ApiKey={SECRET}",
        f"password = {SECRET}",
        f"token: '{SECRET}",
        f"logged in with {DISCORD_TOKEN}.",
        json.dumps(f"Traceback\n{DISCORD_TOKEN}\n"),
        json.dumps(f"Traceback\nBearer {SECRET}\n"),
        f"({DISCORD_TOKEN})",
        f"PATCH https://discord.com/api/v10/webhooks/1219876543210987654/aW50ZXJhY3Rpb246{SECRET}/messages/@original",
        f"POST /interactions/1219876543210987654/aW50ZXJhY3Rpb246{SECRET}/callback",
        f"keys k1:{b64encode(b'CANARY' + bytes(26)).decode()},k2:{b64encode(bytes(26) + b'CANARY').decode()}",
    ],
)
def test_an_unknown_secret_goes_by_its_shape(text: str) -> None:
    """Secrets are masked in headers, fields and query strings of every form, and so are tokens and keys."""
    cleaned = Redactor().clean(text)
    assert MASK in cleaned
    assert MARK not in cleaned
    assert not re.search(r"Q0FOQVJZ|DQU5BUlk", cleaned)


def test_what_surrounds_a_secret_stays() -> None:
    """Only the value of a header, a field or a URL is masked."""
    clean = Redactor().clean
    assert (
        clean(f"Authorization: Bearer {SECRET}\nAccept: */*") == f"Authorization: Bearer {MASK}\nAccept: */*"
    )
    assert clean(f'{{"token": "{SECRET}", "id": 7}}') == f'{{"token": "{MASK}", "id": 7}}'
    assert clean(f"/webhooks/12/{SECRET}xy/messages/3") == f"/webhooks/12/{MASK}/messages/3"


@pytest.mark.slow
@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "token",
        "token ",
        'token="',
        "token='",
        'secret\\"',
        "token: ",
        "bearer ",
        "\\",
        "A" * 44,
        "-.",
        "a.",
        "'",
    ],
)
def test_hostile_text_is_cleaned_in_linear_time(piece: str) -> None:
    """A megabyte that is made for the patterns does not block the event loop."""
    Redactor().clean(piece * (2**20 // len(piece)))


@pytest.mark.slow
@pytest.mark.timeout(10)
@pytest.mark.parametrize("beginning", ['token="', "token='", 'token=\\"', "token: b'", "('token', '"])
@pytest.mark.parametrize("filler", ["\\", '\\"', "\\'", "\\\\n", " ", "x"])
def test_a_value_without_an_end_is_cleaned_in_linear_time(beginning: str, filler: str) -> None:
    """A quote without an end takes no longer than one with an end."""
    Redactor().clean(beginning + filler * (2**20 // len(filler)))


def test_a_short_value_is_no_secret() -> None:
    """Values of fewer than eight characters are not masked, because they may be ordinary words."""
    redactor = Redactor()
    redactor.remember(["", "on", "guild", "session"])
    assert redactor.clean("session of a guild is on") == "session of a guild is on"


def test_the_values_lately_used_are_kept() -> None:
    """The number of values is bounded; the least recently used ones are dropped."""
    redactor = Redactor()
    redactor.remember([SECRET, "FAKE-forgotten-value"])
    for number in range(255):
        redactor.remember([f"FAKE-other-{number:04}"])
        redactor.remember([SECRET])
    assert redactor.clean(f"{SECRET} FAKE-forgotten-value") == f"{MASK} FAKE-forgotten-value"


def test_the_bots_own_secrets_are_never_forgotten() -> None:
    """Kept values stay masked, however many others are remembered."""
    redactor = Redactor()
    redactor.keep([SECRET, ""])
    redactor.remember(f"FAKE-other-{number:04}" for number in range(1000))
    assert redactor.clean(f"{SECRET} and more") == f"{MASK} and more"


@pytest.mark.parametrize("guild", [None, 1])
def test_a_value_that_nobody_uses_any_more_is_forgotten(guild: int | None) -> None:
    """An hour after its last use nothing of it is in memory, whether or not others of the guild are used."""
    clock = Clock()
    redactor = Redactor(clock)
    redactor.remember([SECRET], guild)
    redactor.remember(["FAKE-of-another-guild"], 2)
    for _ in range(6):
        clock.now += 600
        redactor.remember(["FAKE-in-use-0001"], 1)
        with working_for(guild):
            assert redactor.clean(f"<{SECRET}>") == f"<{MASK}>"
    clock.now += 1
    with working_for(guild):
        assert redactor.clean(f"<{SECRET}>") == f"<{SECRET}>"
    assert repr(redactor) == "<Redactor of 1 values>"


def test_the_redactor_shows_nothing_that_it_knows() -> None:
    """The repr of a redactor holds only a number."""
    redactor = Redactor()
    redactor.remember([SECRET])
    assert repr(redactor) == "<Redactor of 1 values>"


@given(
    st.text(string.ascii_letters + string.digits + "-_.~+/=&<>'\"%", min_size=4, max_size=60),
    st.text(max_size=250),
    st.sampled_from([str, escape, lambda secret: quote(secret, safe=""), "\0".join, "\u200b".join]),
    st.integers(1, 300),
)
def test_an_excerpt_is_cleaned_before_it_is_cut(
    secret: str, before: str, spell: Callable[[str], str], limit: int
) -> None:
    """At any place of any page, and however it is spelled, a secret is masked as a whole or cut off."""
    assume(secret not in f"{before} {MASK} after")
    excerpt = Redactor().excerpt(f"{before} {spell(secret)} after", [secret], limit)
    assert len(excerpt) <= limit
    assert "\n" not in excerpt
    assert excerpt == Redactor().excerpt(f"{before} {MASK} after", [secret], limit)
