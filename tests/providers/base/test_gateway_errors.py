"""An error's known cause is recognised in every form in which libraries report it, and in no other text."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.base.gateway_errors import known_code

KNOWN = {
    "4014": [
        "4014", "DisallowedIntents", "DISALLOWED_INTENTS", "Disallowed intents", "Used disallowed intents",
        "Disallowed intent(s)", "DisallowedGatewayIntents", "closed with code 4014",
        "PrivilegedIntentsRequired", "WS_CLOSE_4014", "GatewayError(4014)", "close-code:4014",
        '{"code":4014}', "E_DISALLOWED_INTENTS",
        "websocket: close 4014: Disallowed intent(s).", "Message Content Intent is required",
        "[DISALLOWED_INTENTS]: Privileged intent provided is not enabled or whitelisted.",
        "Shard ID None is requesting privileged intents that have not been explicitly enabled",
    ],
    "4013": [
        "4013", "InvalidIntents", "InvalidIntent", "INVALID_INTENTS", "Used invalid intents",
        "Invalid intent(s)", "Invalid intents specified", "Invalid intent provided for WebSocket intents.",
    ],
    "4004": [
        "4004", "TokenInvalid", "TOKEN_INVALID", "An invalid token was provided.", "Invalid bot token",
        "Improper token has been passed.", "LoginFailure", "The provided token is invalid!", "401",
        "discord.errors.LoginFailure: Improper token has been passed.", "401 Unauthorized", "HTTP 401",
        "WebSocket closed: 4004 Authentication failed", "AuthenticationFailed", "AUTHENTICATION_FAILED",
        "Unauthorized", "UnauthorizedError", "UNAUTHORIZED", "Request failed with status code 401",
        "Shard ID 0 WebSocket closed with 4004", "401: Unauthorized", "HTTP/1.1 401 Unauthorized", "ERR_401",
    ],
}  # fmt: skip
FORMS = [(code, form) for code, forms in KNOWN.items() for form in forms]
OTHERS = [
    "", "5000", "1006", "4000", "4008", "4010", "4011", "4012", "14014", "40140", "54004", "4014.5", "1.4014",
    "4,014", "4014ms", "x4014", "401k plan", "40401", "timeout after 4004 ms", "4014 servers are offline",
    "shard 4014", "e3b0c442-4014-41d4-a716-446655440000", "2026-04-17 12:40:14", "INTENT_NOT_RECOGNISED",
    "intentional close", "invalid intention", "disallowedintentional", "Unexpected token < in JSON",
    "Invalid or unexpected token", "token bucket is empty", "tokenizer invalidated", "Not authenticated",
    "Session invalid. Token refreshed.", "password authentication failed for user bot",
    "unauthorized channel", "ECONNRESET", "Rate limited", "Missing Access",
]  # fmt: skip
# Words as a message has them around the cause; none of them changes what an error means.
AROUND = st.lists(
    st.sampled_from(["Error:", "discord", "gateway", "(shard 0)", "bot", "while", "connecting"])
)
WORDS = [("4014", ("disallowed", "intents")), ("4013", ("invalid", "intents")),
         ("4004", ("token", "invalid")), ("4004", ("invalid", "token")),
         ("4004", ("authentication", "failed"))]  # fmt: skip


@pytest.mark.parametrize(("code", "form"), FORMS)
def test_every_form_is_recognised(code: str, form: str) -> None:
    """A number, a name and a sentence mean the same, as a code and as a message, also in capitals."""
    for shown in (form, form.upper(), form.lower()):
        assert known_code(shown) == code
        assert known_code("", shown) == code
        assert known_code("E_GATEWAY", shown) == code


@pytest.mark.parametrize("text", OTHERS)
def test_nothing_else_is_recognised(text: str) -> None:
    """Other codes, longer numbers and words that only look alike have no known cause."""
    assert known_code(text) is None
    assert known_code("", text) is None


def test_the_code_comes_before_the_message() -> None:
    """The message counts only where the code says nothing."""
    assert known_code("4004", "closed with code 4014") == "4004"
    assert known_code("ECONNRESET", "closed with code 4014") == "4014"


@given(st.sampled_from(WORDS), st.sampled_from(["", " ", "_", "-", ".", "  "]), AROUND, AROUND, st.randoms())
def test_spelling_and_surroundings_do_not_matter(
    known: tuple[str, tuple[str, str]], separator: str, before: list[str], after: list[str], random: object
) -> None:
    """Case, separators and words before and after change nothing."""
    code, words = known
    form = separator.join(words)
    mixed = "".join(each.upper() if random.random() < 0.5 else each for each in form)  # type: ignore[attr-defined]
    for spelling in (form, form.upper(), mixed, separator.join(map(str.title, words))):
        assert known_code(" ".join([*before, spelling, *after])) == code
        assert known_code("", " ".join([*before, spelling, *after])) == code


@given(
    st.sampled_from(["401", "4004", "4013", "4014"]),
    st.text(string.ascii_letters + string.digits, max_size=6),
    st.text(string.ascii_letters + string.digits, max_size=6),
)
def test_a_number_counts_only_by_itself(number: str, before: str, after: str) -> None:
    """A known number within a longer number or a word is another number."""
    text = f"{before}{number}{after}"
    if text != number and not re.fullmatch(r"0*(401|4004|4013|4014)", text):
        assert known_code(text) is None
        assert known_code("", f"closed with code {text}") is None


@given(st.text(), st.text())
def test_any_text_can_be_asked_about(code: str, message: str) -> None:
    """The answer is a known code or None, whatever the texts are."""
    assert known_code(code, message) in {None, *KNOWN}


def test_a_megabyte_takes_no_time() -> None:
    """Only the beginning of a text is looked at."""
    assert known_code("token " * 200_000, "invalid " * 200_000) is None
