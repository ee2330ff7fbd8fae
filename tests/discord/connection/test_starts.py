"""Identifies are budgeted: none after a failed start without a pause, none when the day's are used up."""

import asyncio
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord.connection.starts import Starts, failed_starts, pause_after
from bot.discord.connection.state_file import StateFile, path_beside, read_state


class Gateway:
    """Discord's answer to the question for the budget."""

    def __init__(self, *remaining: int, total: int = 1000, shards: int = 1) -> None:
        self.remaining = list(remaining)
        self.total = total
        self.shards = shards

    async def get_bot_gateway(self) -> tuple[int, str, Mapping[str, int]]:
        """Return the next answer; the last one stays."""
        remaining = self.remaining.pop(0) if len(self.remaining) > 1 else self.remaining[0]
        return self.shards, "", {"total": self.total, "remaining": remaining, "reset_after": 7_200_000}


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Move on."""
        assert seconds > 0
        self.now += seconds


def starts(path: Path | None, time: Time) -> Starts:
    """Return the starts of a new process."""
    return Starts(StateFile(path), clock=time, sleep=time.sleep)


async def test_failing_starts_are_a_handful_an_hour(tmp_path: Path) -> None:
    """A process that is restarted at once after each failed start identifies six times in the first hour."""
    path, time = path_beside(tmp_path / "patchbay.db"), Time()
    began, identifies = time.now, []
    while time.now < began + 86_400:
        process = starts(path, time)
        await process.permit(Gateway(900), 0)
        await process.identifies(0)
        identifies.append(time.now - began)
    assert sum(at < 3600 for at in identifies) == 6
    assert len(identifies) <= 30
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_ready_clears_the_pause(tmp_path: Path) -> None:
    """After a start that worked, the next one waits for nothing, and the file is gone."""
    path, time = path_beside(tmp_path / "patchbay.db"), Time()
    process = starts(path, time)
    for _ in range(4):
        await process.permit(Gateway(900), 0)
        await process.identifies(0)
    assert process.is_open(0)
    assert failed_starts((await asyncio.to_thread(read_state, path))["identifies"]) == 4
    await process.succeeded(0)
    assert not process.is_open(0)
    assert not path.exists()
    before = time.now
    await starts(path, time).permit(Gateway(900), 0)
    assert time.now == before


async def test_shards_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """A shard that identifies while another waits for its READY is not held up."""
    time = Time()
    process, before = starts(tmp_path / "state", time), time.now
    for shard in range(3):
        await process.permit(Gateway(900), shard)
        await process.identifies(shard)
    assert time.now == before
    await asyncio.gather(*(process.succeeded(shard) for shard in range(3)))
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("remaining", "shards", "waits"),
    [
        (0, 1, True), (2, 1, True), (3, 1, False), (200, 1, False), (1000, 1, False),
        (32, 16, True), (33, 16, False), (200, 900, True), (201, 900, False),
    ],
)  # fmt: skip
async def test_the_last_identifies_of_a_day_are_left(remaining: int, shards: int, waits: bool) -> None:
    """With two for each shard left, or less, the bot waits for the reset; more than a fifth is never kept."""
    time = Time()
    before = time.now
    await starts(None, time).permit(Gateway(remaining, 1000, shards=shards), 0)
    assert time.now - before == (7200 if waits else 0)


@pytest.mark.parametrize("failure", [aiohttp.ClientError, OSError, KeyError])
async def test_a_discord_that_does_not_say_is_no_refusal(failure: type[Exception]) -> None:
    """Where the budget cannot be read, the pauses after failures are what holds."""

    class Silent:
        async def get_bot_gateway(self) -> object:
            raise failure

    time = Time()
    before = time.now
    await starts(None, time).permit(Silent(), 0)
    assert time.now == before


async def test_a_clock_that_was_set_back_does_not_lock_the_bot_out(tmp_path: Path) -> None:
    """A failure that seems to lie in the future costs one pause at most."""
    time = Time()
    process = starts(tmp_path / "state", time)
    await process.identifies(0)
    time.now -= 10**7
    before = time.now
    await starts(tmp_path / "state", time).permit(Gateway(900), 0)
    assert time.now - before == pause_after(1)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(json)
def test_a_damaged_file_is_no_failure(kept: Any) -> None:  # noqa: ANN401 - any JSON
    """Whatever the file holds, a number of failed starts comes of it, and a pause of an hour at most."""
    assert 0 <= pause_after(failed_starts(kept)) <= 3600


def test_a_file_that_is_no_json_is_as_good_as_none(tmp_path: Path) -> None:
    """A file that was cut off or overwritten holds nothing."""
    path = tmp_path / "state"
    assert read_state(path) == {}
    for text in ("", "{", "[1]", "null", "\x00"):
        path.write_text(text)
        assert read_state(path) == {}
