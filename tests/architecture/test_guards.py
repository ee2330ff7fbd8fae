"""Shows that the guards around every test are up."""

import socket
from pathlib import Path

import pytest
from blockbuster import BlockingError

import bot

ELSEWHERE = "192.0.2.1"  # reserved for documentation: nobody answers there


async def test_a_blocking_call_of_ours_is_found() -> None:
    """Code of bot/ that sleeps in the event loop fails its test."""
    code = compile("import time; time.sleep(0)", str(Path(bot.__path__[0], "sleeper.py")), "exec")
    with pytest.raises(BlockingError, match=r"time\.sleep"):
        exec(code, {})  # noqa: S102 - the code is the line above


@pytest.mark.filterwarnings("ignore:A test tried to use socket:UserWarning")
def test_no_test_reaches_another_machine() -> None:
    """A connection to an address other than loopback is refused before it starts."""
    with socket.socket() as client, pytest.raises(RuntimeError, match="A test tried to use socket"):
        client.connect((ELSEWHERE, 80))
