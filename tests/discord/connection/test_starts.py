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

from bot.discord.connection.identify_count import of_last_day, one_more, seconds_until
from bot.discord.connection.starts import Starts, failed_starts, pause_after
from bot.discord.connection.state_file import StateFile, path_beside, read_state


class Gateway:
    """Discord's answer to the question for the budget."""

    def __init__(self, *remaining: int, total: int = 1000) -> None:
        self.remaining = list(remaining)
        self.total = total

    async def get_bot_gateway(self) -> tuple[int, str, Mapping[str, int]]:
        """Return the next answer; the last one stays."""
        remaining = self.remaining.pop(0) if len(self.remaining) > 1 else self.remaining[0]
        return 1, "", {"total": self.total, "remaining": remaining, "reset_after": 7_200_000}


class Time:
    """A clock that moves when somebody sleeps, and that can be set back."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.passed = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Move on."""
        assert seconds > 0
        self.now += seconds
        self.passed += seconds


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
    """After a start that worked, the next one waits for nothing; that it identified stays known."""
    path, time = path_beside(tmp_path / "patchbay.db"), Time()
    process = starts(path, time)
    for _ in range(4):
        await process.permit(Gateway(900), 0)
        await process.identifies(0)
    assert process.is_open(0)
    assert failed_starts((await asyncio.to_thread(read_state, path))["identifies"]) == 4
    await process.succeeded(0)
    assert not process.is_open(0)
    kept = await asyncio.to_thread(read_state, path)
    assert "identifies" not in kept
    assert sum(kept["identify_count"].values()) == 4
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
    assert "identifies" not in await asyncio.to_thread(read_state, tmp_path / "state")


@pytest.mark.parametrize(
    ("remaining", "total", "waits"),
    [(0, 1000, True), (200, 1000, True), (201, 1000, False), (1000, 1000, False),
     (0, 2, True), (1, 2, True), (2, 2, False), (-5, 1000, True), (0, 0, True)],
)  # fmt: skip
async def test_a_fifth_of_a_day_is_left(remaining: int, total: int, waits: bool) -> None:
    """With 80 % used by whichever process of the bot, it waits for the reset that Discord names."""
    time = Time()
    process = starts(None, time)
    await process.permit(Gateway(remaining, remaining, 1000, total=total), 0)
    assert time.passed == (7200 if waits else 0)
    assert process.waiting(0) is None


async def test_what_is_waited_for_can_be_told() -> None:
    """While a shard waits, a sentence says until when and why."""
    time, told = Time(), list[str | None]()

    async def sleep(seconds: float) -> None:
        told.append(process.waiting(0))
        await time.sleep(seconds)

    process = Starts(StateFile(None), clock=time, sleep=sleep)
    await process.permit(Gateway(200, 1000), 0)
    await process.identifies(0)
    await process.permit(Gateway(1000), 0)
    assert told == [
        f"Shard 0 begins no session before 2023-11-{when}."
        for when in (
            "15T00:13:20Z: 800 of the 1,000 identifies of a day are used",
            "14T23:13:25Z: starts that failed in a row: 1",
        )
    ]


class Silent:
    """A Discord that does not say how many identifies are left."""

    async def get_bot_gateway(self) -> object:
        """Fail."""
        raise OSError


async def test_after_800_identifies_there_are_none_until_the_day_is_over(tmp_path: Path) -> None:
    """They count across restarts, and although Discord says nothing, or that all of them are left."""
    path, time, identified = tmp_path / "state", Time(), list[float]()
    await StateFile(path).put("identify_count", {str(int(time.now) // 600 * 600): 780})
    for number in range(40):
        process = starts(path, time)
        await process.permit(Gateway(1000) if number % 2 else Silent(), 0)
        await process.identifies(0)
        await process.succeeded(0)
        identified.append(time.passed)
        await time.sleep(1)
    assert identified[19] == 19
    assert 86_400 < identified[20] <= 86_400 + 600 + 20


def test_attempts_that_fail_are_a_minute_apart_at_most() -> None:
    """A shard that cannot connect tries again after 1, 2, 4 … 60 seconds; a session makes it begin anew."""
    process = starts(None, Time())
    assert [process.reconnect_pause(0) for _ in range(9)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert process.reconnect_pause(1) == 1
    process.connected(0)
    assert process.reconnect_pause(0) == 1


async def test_shards_that_are_permitted_together_share_the_day(tmp_path: Path) -> None:
    """With one identify left, one of three shards may identify, and the others wait."""
    time = Time()
    process = starts(tmp_path / "state", time)
    for _ in range(7):
        await process.identifies(9)
    await asyncio.gather(*(process.permit(Gateway(10, total=10), shard) for shard in range(3)))
    assert time.passed >= 86_400


steps = st.lists(st.tuples(st.floats(0, 50_000), st.floats(0, 200_000), st.booleans()), max_size=60)


@given(steps)
def test_no_day_has_more_than_its_share(steps: list[tuple[float, float, bool]]) -> None:
    """Whatever happens, the clock set back included, 24 hours hold at most 80 %, and no wait is endless."""

    async def live() -> None:
        time, identified = Time(), list[float]()
        state = StateFile(None)
        process = Starts(state, clock=time, sleep=time.sleep)
        for pause, set_back, restarts in steps:
            if restarts:
                process = Starts(state, clock=time, sleep=time.sleep)
            time.passed += pause
            time.now += pause - set_back
            began = time.passed
            await process.permit(Gateway(10, total=10), 0)
            assert time.passed - began <= 86_400 + 600 + 3600
            await process.identifies(0)
            await process.succeeded(0)
            identified.append(time.passed)
        for at in identified:
            assert sum(at <= each < at + 86_400 for each in identified) <= 8

    asyncio.run(live())


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


@given(st.dictionaries(st.text() | st.integers().map(str), json), st.floats(0, 1e11))
def test_a_damaged_count_ends_within_a_day(kept: dict[str, object], now: float) -> None:
    """Whatever the file holds is a count that can be kept again, and after a day nothing of it is left."""
    counted = of_last_day(kept, now)
    assert of_last_day(counted, now) == counted
    assert all(count > 0 for count in counted.values())
    assert seconds_until(counted, now, below=1) <= 86_400 + 600
    assert of_last_day(counted, now + 86_400 + 600) == {}
    assert sum(one_more(kept, now).values()) == sum(counted.values()) + 1


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
