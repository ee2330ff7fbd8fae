"""Whatever a name or a text holds does nothing in a message, and the check of that notices what does."""

import pytest

from bot.discord.text import code, plain, quoted, quoted_lines
from tests.support.embeds import utf16_length
from tests.support.hostile import INSERTED, PAYLOADS, marks, payloads_with, plain_marks, unseen


def test_there_are_enough_payloads() -> None:
    """There are at least two hundred payloads, and no two are equal."""
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 200


@pytest.mark.parametrize("limit", [12, 40, 100, 256, 1024])
def test_hostile_text_does_nothing(limit: int) -> None:
    """At any limit no payload pings, links, formats or hides anything."""
    for payload in PAYLOADS:
        for shown in (quoted(payload, limit), f"• #{quoted(payload, limit)} x", code(payload, limit)):
            assert marks(shown) == {}, (payload, shown)
            assert unseen(shown) == set(), payload
        lines, _ = quoted_lines(f"{payload}\n{payload}", limit)
        assert marks(lines) == {}, (payload, lines)
        assert unseen(lines) == set(), payload
        assert utf16_length(lines) <= limit
        assert plain_marks(plain(payload, limit)) == {}, payload
        assert unseen(plain(payload, limit)) == set(), payload
        assert utf16_length(quoted(payload, limit)) <= limit


def test_the_check_would_notice() -> None:
    """Most payloads do something if they are shown as they come."""
    assert len([payload for payload in PAYLOADS if marks(payload) or unseen(payload)]) > len(PAYLOADS) / 2


@pytest.mark.parametrize("sign", INSERTED.values(), ids=INSERTED)
def test_no_joiner_helps_hostile_text(sign: str) -> None:
    """With an invisible sign anywhere in it no payload does anything, nor would it without the sign."""
    for payload in payloads_with(sign):
        lines, _ = quoted_lines(f"{payload}\n{payload}", 1000)
        for shown in (quoted(payload), code(payload), lines):
            assert marks(shown) == {}, (payload, shown)
            assert unseen(shown) == set(), payload
        assert plain_marks(plain(payload)) == {}, payload
        assert unseen(plain(payload)) == set(), payload


@pytest.mark.parametrize("sign", sorted({*INSERTED.values()} - {"\u200b"}))
def test_the_check_would_notice_what_is_overlooked(sign: str) -> None:
    """A sign hides no attack from the check."""
    assert plain_marks(f"discord{sign}.gg/abc") == {"invite": 1}
    assert marks(f"#{sign} [a](https:{sign}//b)")["masked link"] == 1
