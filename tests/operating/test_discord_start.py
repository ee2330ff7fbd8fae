"""What ends a start is worded where Discord is the cause, and stays an error of ours where it is not."""

from collections.abc import Callable
from types import FunctionType
from typing import Any

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.operating.discord_start import worded
from bot.setup_errors import DiscordLoginError, DiscordUnreadableError, SetupError


def fail(_: object = None) -> None:
    """Raise what reading a wrong answer raises."""
    raise TypeError("string indices must be integers")


def within(module: str) -> Callable[..., None]:
    """Return the same function as a part of another module."""
    return FunctionType(fail.__code__, {**globals(), "__name__": module})


def test_an_answer_that_discord_py_cannot_read_is_discords_fault() -> None:
    """The error came out of the library's own code."""
    with pytest.raises(DiscordUnreadableError), worded():
        discord.utils.find(within("discord.state"), [1])
    text: Any = "not a number"
    with pytest.raises(DiscordUnreadableError), worded():
        discord.utils.snowflake_time(text)


def test_after_the_start_it_is_a_defect() -> None:
    """A bot that was in Discord has read such answers before."""
    with pytest.raises(TypeError), worded(lambda: True):
        discord.utils.find(within("discord.state"), [1])


@pytest.mark.parametrize("module", ["bot.discord.client", "cogs.help", "cogs"])
def test_a_defect_of_ours_keeps_its_traceback(module: str) -> None:
    """What the library calls of ours, such as the loading of the cogs, is not blamed on Discord."""
    with pytest.raises(TypeError), worded():
        discord.utils.find(within(module), [1])
    with pytest.raises(TypeError), worded():
        fail()


class Closed(discord.ConnectionClosed):
    """The gateway has closed the connection."""

    def __init__(self, code: int) -> None:
        self.code = code


@given(st.integers(0, 5000))
def test_any_close_code_is_worded(code: int) -> None:
    """Each one is an error for the host; only 4004 is about the token."""
    with pytest.raises(SetupError) as caught, worded():
        raise Closed(code)
    assert isinstance(caught.value, DiscordLoginError) is (code == 4004)
    assert str(code) in str(caught.value.values) or 4004 <= code <= 4014
