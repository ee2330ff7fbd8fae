"""Pictures come from a process of their own, whatever becomes of it."""

import os
import pickle
import signal
import subprocess
import sys

import pytest

from bot.pictures import drawing
from bot.pictures.charts import BarChart
from bot.pictures.drawing import draw

CHART = BarChart("Conversations", ["one", "two"], [1, 2])


def process_id() -> int:
    running = drawing._process._running
    assert running is not None
    return running.pid


async def test_a_picture_is_drawn_after_the_process_was_killed() -> None:
    """What kills the process, such as a lack of memory, costs no member the picture."""
    before = await draw(CHART)
    first = process_id()
    os.kill(first, signal.SIGKILL)
    assert await draw(CHART) == before
    assert process_id() != first


def test_half_an_answer_is_no_answer() -> None:
    """A process that is killed while it answers costs no member the picture, either."""
    before = drawing._process.draw((CHART,))
    drawing._process.close()
    half = pickle.dumps(before)[: len(before) // 2]
    program = f"import sys; sys.stdin.buffer.read1(); sys.stdout.buffer.write({half!r})"
    drawing._process._running = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert drawing._process.draw((CHART,)) == before


def test_a_process_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the next picture nor the end of the bot waits for it for ever."""
    before = drawing._process.draw((CHART,))
    first = process_id()
    monkeypatch.setattr(drawing, "_ANSWER_SECONDS", 5)
    os.kill(first, signal.SIGSTOP)
    assert drawing._process.draw((CHART,)) == before
    assert process_id() != first


async def test_pictures_share_one_process() -> None:
    """The second picture costs no start of a process."""
    await draw(CHART)
    first = process_id()
    await draw(CHART)
    assert process_id() == first


async def test_what_goes_wrong_is_raised_with_its_place() -> None:
    """The error is that of the drawing, and says where in the other process it was."""
    wrong = BarChart("Conversations", ["one"], ["many"])  # type: ignore[list-item]
    with pytest.raises((TypeError, ValueError)) as caught:
        await draw(wrong)
    assert "charts.py" in caught.value.__notes__[0]
    assert (await draw(CHART)).startswith(b"\x89PNG")
