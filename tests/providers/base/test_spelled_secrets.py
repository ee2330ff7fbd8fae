"""A secret is masked however JSON, URLs and HTML spell its characters."""

import string

from hypothesis import assume, given
from hypothesis import strategies as st

from bot.providers.base.redaction import MASK, Redactor, mask_content, mask_spelled

SPELLINGS = (
    str,
    lambda each: f"\\u{ord(each):04x}",
    lambda each: f"\\u{ord(each):04X}",
    lambda each: f"%{ord(each):02x}",
    lambda each: f"%{ord(each):02X}",
    lambda each: f"&#{ord(each)};",
    lambda each: f"&#x{ord(each):X};",
    lambda each: "\\/" if each == "/" else each,
)
secrets = st.text(string.ascii_letters + string.digits + "-_.~+/=", min_size=8, max_size=60)


@given(secrets, st.data(), st.text("xyz <>", max_size=20), st.text("xyz <>", max_size=20))
def test_a_secret_is_masked_in_any_mixture_of_spellings(
    secret: str, data: st.DataObject, before: str, after: str
) -> None:
    """Each character may be written in another way; what surrounds the secret stays."""
    assume(secret not in before + after)
    ways = data.draw(st.lists(st.sampled_from(SPELLINGS), min_size=len(secret), max_size=len(secret)))
    spelled = "".join(way(each) for way, each in zip(ways, secret, strict=True))
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
