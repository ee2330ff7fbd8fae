"""Proves which names a connection can have."""

import pytest

from bot.errors import InvalidInputError
from bot.features.connections.service import read_name


@pytest.mark.parametrize("text", ["", " ", "-a", "_a", "a b", "a:b", "ação", "a" * 21, "a\x00", "../a"])
def test_an_invalid_name_is_refused(text: str) -> None:
    """A name has 1 to 20 lower-case letters, digits, - and _, and begins with a letter or digit."""
    with pytest.raises(InvalidInputError):
        read_name(text)


def test_no_name_is_the_default_name() -> None:
    """An option that is left out stands for ``default``."""
    assert read_name(None) == "default"
