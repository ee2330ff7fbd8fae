"""A secret is masked however JSON, URLs and HTML spell its characters."""

import json
import string
from collections.abc import Callable
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st
from pydantic_core import from_json

from bot.providers.base.redaction import MASK, Redactor, mask_content, mask_parsed, mask_spelled

ENTITIES = {"/": "&sol;", "+": "&plus;", "=": "&equals;", "_": "&lowbar;", ".": "&period;", "~": "~"}
SPELLINGS = (
    str,
    lambda each: f"\\u{ord(each):04x}",
    lambda each: f"\\u{ord(each):04X}",
    lambda each: f"\\\\u{ord(each):04x}",
    lambda each: f"\\u{{{ord(each):x}}}",
    lambda each: f"\\x{ord(each):02x}",
    lambda each: f"\\\\x{ord(each):02X}",
    lambda each: f"%{ord(each):02x}",
    lambda each: f"%{ord(each):02X}",
    lambda each: f"%u{ord(each):04x}",
    lambda each: f"%25{ord(each):02x}",
    lambda each: f"&#{ord(each)};",
    lambda each: f"&#x{ord(each):X};",
    lambda each: f"&#x00{ord(each):x};",
    lambda each: f"&amp;#{ord(each)};",
    lambda each: ENTITIES.get(each, each),
    lambda each: quote(each, safe=""),
    lambda each: f"\\{each}" if each in "/\"'" else each,
)
secrets = st.text(string.ascii_letters + string.digits + "-_.~+/=", min_size=8, max_size=60)
LAYERS: dict[str, Callable[[str], str]] = {
    "json": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "repr": lambda text: repr(text)[1:-1],
    "url": lambda text: quote(text, safe=""),
    "html": escape,
    "escaped": lambda text: "".join(f"\\u{ord(each):04x}" for each in text),
}


@given(
    st.text(string.ascii_letters + string.digits + string.punctuation, min_size=8, max_size=60).map(
        # At either end, a sign that escapes are made of may leave a part of its own escape.
        "x{}x".format
    ),
    st.lists(st.sampled_from(sorted(LAYERS)), min_size=1, max_size=3),
)
def test_what_is_escaped_as_a_whole_is_masked(secret: str, layers: list[str]) -> None:
    """An echo within JSON within a URL within a page is found as well."""
    text = secret
    for layer in layers:
        text = LAYERS[layer](text)
    assert mask_spelled(f"<{text}>", [secret]) == f"<{MASK}>"


@pytest.mark.slow
@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "piece", ["\\", "%41", "&#65;", "&", "%", "\\u0041", "&amp;", "\\\\u0041", "\\u{", "&a"]
)
def test_hostile_text_is_searched_in_linear_time(piece: str) -> None:
    """As much as is read of an answer is searched, whatever it is made of."""
    mask_spelled(piece * (2**18 // len(piece)), ["AAAA-FAKE-TOKEN", "&amp;FAKE-TOKEN"])


@given(secrets, st.data(), st.text("xyz <>", max_size=20), st.text("xyz <>", max_size=20))
def test_a_secret_is_masked_in_any_mixture_of_spellings(
    secret: str, data: st.DataObject, before: str, after: str
) -> None:
    """Each character may be written in another way; what surrounds the secret stays."""
    assume(secret not in before + after)
    ways = data.draw(st.lists(st.sampled_from(SPELLINGS), min_size=len(secret), max_size=len(secret)))
    spelled = "".join(way(each) for way, each in zip(ways, secret, strict=True))
    # Eight zeros are in "\\u00300000000" twice: as they stand there, which is masked first, and spelled.
    assume(spelled == secret or secret not in spelled)
    text, expected = f"{before}<{spelled}>{after}", f"{before}<{MASK}>{after}"
    assert mask_spelled(text, [secret]) == expected
    assert mask_content({"a": [text, 1, None], text: True}, [secret]) == {
        "a": [expected, 1, None],
        expected: True,
    }
    redactor = Redactor()
    redactor.remember([secret])
    for cleaned in (redactor.clean(text), redactor.excerpt(text, [secret], 500)):
        assert secret not in cleaned
        assert spelled not in cleaned


@given(
    st.lists(st.text('aA%41&;\\u0"/', max_size=16), max_size=4),
    st.lists(st.text('aA%41&;\\u0"/', max_size=12), max_size=3),
)
def test_no_text_is_too_short_to_be_searched(texts: list[str], known: list[str]) -> None:
    """Each text of an answer is masked as it is alone, also by a secret that spells a shorter one."""
    assert mask_content(texts, known) == [mask_spelled(each, known) for each in texts]


@given(
    st.lists(
        st.sampled_from(
            ["a", "0", "/", " ", "é", "%", "&", "&amp;", r"\/", r"\"", r"\n", r"\u00fa", r"\u00FA"]
        )
        | st.sampled_from([way("a") for way in SPELLINGS if way("a") != "a"]),
        max_size=12,
    ),
    st.lists(st.text('a0/é%&\\"\n', min_size=1, max_size=4), min_size=1, max_size=2),
)
def test_no_escape_of_a_body_hides_a_secret(pieces: list[str], known: list[str]) -> None:
    """A body whose escapes look harmless is masked as one of which each text is searched."""
    assume(not any(each in MASK for each in known))  # no secret is that short
    body = f'["{"".join(pieces)}"]'.encode()
    for secret in sorted(known, key=len, reverse=True):
        body = body.replace(secret.encode(), MASK.encode())
    try:
        content = from_json(body)
    except ValueError:
        reject()
    assert mask_parsed(content, body, known) == mask_content(content, known)
