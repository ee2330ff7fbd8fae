"""Pictures come from a process of their own, whatever becomes of it."""

import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.pictures import drawing
from bot.pictures.charts import BarChart
from bot.pictures.drawing import draw
from tests.support.source import ROOT

CHART = BarChart("Conversations", ["one", "two"], [1, 2])
READ_ONLY = """
import errno, os, sys

def refuse(event, arguments):
    if event in {"os.mkdir", "tempfile.mkdtemp", "tempfile.mkstemp"} or (
        event == "open"
        and arguments[0] != os.devnull
        and (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    ):
        raise OSError(errno.EROFS, "Read-only file system", str(arguments[0]))

sys.addaudithook(refuse)
from bot.pictures.worker import main
main()
"""


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


def test_a_picture_is_drawn_where_nothing_can_be_written() -> None:
    """In a container without a writable folder, not even /tmp, the picture is the same."""
    drawn = subprocess.run(
        [sys.executable, "-B", "-c", READ_ONLY],
        cwd=ROOT,
        env={"HOME": os.devnull, "PATH": os.environ["PATH"]},
        input=pickle.dumps((CHART,)),
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert drawn.stdout == pickle.dumps(drawing._process.draw((CHART,)))


def test_the_process_has_one_thread() -> None:
    """On a machine with many cores it stays below a limit of processes and threads."""
    drawing._process.draw((CHART,))
    assert len(list(Path(f"/proc/{process_id()}/task").iterdir())) == 1


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
