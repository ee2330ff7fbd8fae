"""Work beside the commands goes on by itself, is cancelled by its name, and ends with the bot."""

import asyncio
import io
from typing import NoReturn

import pytest

from bot.discord.background import BackgroundTasks
from bot.errors import RestartingError, ServerFaultError
from tests.support.log_capture import log_lines
from tests.support.work import Work


@pytest.fixture
def background() -> BackgroundTasks:
    """The tasks of a bot that is not shutting down."""
    return BackgroundTasks()


async def fail() -> NoReturn:
    """Fail as a provider does."""
    raise ServerFaultError("toolzz", status=503)


async def wait_until_forgotten(background: BackgroundTasks) -> None:
    """Wait until no task is left."""
    while background._tasks:  # noqa: ASYNC110 - no event says that a task was forgotten
        await asyncio.sleep(0)


class TestCancelOnShutdown:
    """What ``cancel_on_shutdown`` awaits."""

    async def test_a_result_is_returned(self, background: BackgroundTasks, work: Work) -> None:
        """While nobody stops the bot, the result of the work is returned, and no task is left."""
        work.may_end.set()
        before = asyncio.all_tasks()
        assert await background.cancel_on_shutdown(work.result()) == "result"
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == before

    async def test_an_error_is_raised_as_it_is(self, background: BackgroundTasks) -> None:
        """An error of the work reaches whoever awaits it."""
        with pytest.raises(ServerFaultError) as caught:
            await background.cancel_on_shutdown(fail())
        assert caught.value.status == 503

    async def test_a_shutdown_ends_the_wait(self, background: BackgroundTasks, work: Work) -> None:
        """As soon as the bot shuts down, the wait raises RestartingError and the work is cancelled."""
        waiting = asyncio.create_task(background.cancel_on_shutdown(work.result()))
        await work.has_begun.wait()
        background.shut_down()
        with pytest.raises(RestartingError):
            await waiting
        await asyncio.sleep(0)
        assert work.end == "cancelled"

    async def test_nothing_starts_after_a_shutdown(self, background: BackgroundTasks, work: Work) -> None:
        """Work that would start after the shutdown raises RestartingError too."""
        background.shut_down()
        with pytest.raises(RestartingError):
            await background.cancel_on_shutdown(work.result())
        await asyncio.sleep(0)
        assert work.end != "done"

    async def test_a_result_wins_over_a_shutdown(self, background: BackgroundTasks, work: Work) -> None:
        """If a result and a shutdown come at the same moment, the result counts: the work was done."""
        waiting = asyncio.create_task(background.cancel_on_shutdown(work.result()))
        await work.has_begun.wait()
        work.may_end.set()
        background.shut_down()
        assert await waiting == "result"

    async def test_work_is_cancelled_with_its_waiter(self, background: BackgroundTasks, work: Work) -> None:
        """If the waiting task is cancelled, the work does not go on."""
        waiting = asyncio.create_task(background.cancel_on_shutdown(work.result()))
        await work.has_begun.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.sleep(0)
        assert work.end == "cancelled"


class TestStart:
    """What ``start`` runs."""

    async def test_work_goes_on_by_itself(self, background: BackgroundTasks, work: Work) -> None:
        """Work runs to its end without anybody who awaits it, and is then forgotten."""
        background.start(work.run())
        await work.has_begun.wait()
        work.may_end.set()
        await wait_until_forgotten(background)
        assert work.end == "done"

    async def test_a_name_belongs_to_one_task(self, background: BackgroundTasks, work: Work) -> None:
        """A task with the name of an earlier one replaces it; other names and no name replace nothing."""
        others = [Work(), Work(), Work()]
        background.start(work.run(), "a")
        background.start(others[0].run(), "b")
        background.start(others[1].run())
        background.start(others[2].run())
        await work.has_begun.wait()
        again = Work()
        background.start(again.run(), "a")
        await again.has_begun.wait()
        assert [each.end for each in (work, again, *others)] == ["cancelled", "", "", "", ""]
        background.cancel_all()

    async def test_a_task_is_cancelled_by_its_name(self, background: BackgroundTasks, work: Work) -> None:
        """``cancel`` ends the task of this name, and does nothing where there is none."""
        background.start(work.run(), "a")
        await work.has_begun.wait()
        background.cancel("b")
        await asyncio.sleep(0)
        assert [work.end] == [""]
        background.cancel("a")
        await wait_until_forgotten(background)
        assert work.end == "cancelled"

    async def test_a_failure_is_logged(self, background: BackgroundTasks, log: io.StringIO) -> None:
        """An error is logged, because nobody awaits the task; a task that is cancelled is not logged."""
        background.start(fail())
        await wait_until_forgotten(background)
        background.start(asyncio.Event().wait(), "endless")
        await asyncio.sleep(0)
        background.cancel_all()
        await wait_until_forgotten(background)
        (line,) = log_lines(log, "background_failed")
        assert "ServerFaultError" in line["exception"]


def test_a_shutdown_can_be_seen(background: BackgroundTasks) -> None:
    """Whether the bot is shutting down is known to whoever refuses new work."""
    assert not background.is_shutting_down
    background.shut_down()
    assert background.is_shutting_down
