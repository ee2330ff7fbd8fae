"""A bot that is told to stop lets the last answers out, and nothing keeps it from leaving."""

import asyncio
from typing import NoReturn

import pytest

from bot.errors import RestartingError, ServerFaultError
from bot.runtime import client
from bot.runtime.client import PatchbayBot


class Work:
    """Something that takes until it is let go; it notes that it began, and how it ended."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.let_go = asyncio.Event()
        self.ended = ""

    async def result(self) -> str:
        """Do the work."""
        self.began.set()
        try:
            await self.let_go.wait()
        except asyncio.CancelledError:
            self.ended = "cancelled"
            raise
        self.ended = "done"
        return "result"

    async def nothing(self) -> None:
        """Do the work, as what goes on in the background."""
        await self.result()


@pytest.fixture
def work() -> Work:
    """Work that nobody has begun."""
    return Work()


async def fail() -> NoReturn:
    """Fail as a provider does."""
    raise ServerFaultError("toolzz", status=503)


async def test_what_is_awaited_comes_back(bot: PatchbayBot, work: Work) -> None:
    """While nobody stops the bot, a result is a result, and nothing is left running."""
    work.let_go.set()
    before = asyncio.all_tasks()
    assert await bot.unless_stopping(work.result()) == "result"
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_what_fails_fails_as_it_did(bot: PatchbayBot) -> None:
    """An error passes as the error that it is, to be worded as ever."""
    with pytest.raises(ServerFaultError) as caught:
        await bot.unless_stopping(fail())
    assert caught.value.status == 503


async def test_a_stop_ends_the_waiting(bot: PatchbayBot, work: Work) -> None:
    """As soon as the bot begins to close, whoever waits is told so, and the work is given up."""
    waiting = asyncio.create_task(bot.unless_stopping(work.result()))
    await work.began.wait()
    await bot.close()
    with pytest.raises(RestartingError):
        await waiting
    await asyncio.sleep(0)
    assert work.ended == "cancelled"


async def test_nothing_new_is_waited_for(bot: PatchbayBot, work: Work) -> None:
    """What would begin only after the stop is told the same."""
    await bot.close()
    with pytest.raises(RestartingError):
        await bot.unless_stopping(work.result())
    await asyncio.sleep(0)
    assert work.ended != "done"


async def test_what_is_done_at_that_moment_counts(bot: PatchbayBot, work: Work) -> None:
    """Of a result and a stop that come together, the result wins: it has happened."""
    waiting = asyncio.create_task(bot.unless_stopping(work.result()))
    await work.began.wait()
    work.let_go.set()
    bot._stopping.set()
    assert await waiting == "result"


async def test_who_is_cancelled_takes_the_work_along(bot: PatchbayBot, work: Work) -> None:
    """Work that nobody waits for any more does not go on."""
    waiting = asyncio.create_task(bot.unless_stopping(work.result()))
    await work.began.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0)
    assert work.ended == "cancelled"


@pytest.mark.timeout(20)
async def test_a_long_wait_does_not_hold_the_door(
    bot: PatchbayBot, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that waits for a provider ends with the stop, however long last answers may take."""
    monkeypatch.setattr(client, "_LAST_ANSWERS_SECONDS", 3600)
    command = asyncio.create_task(bot.unless_stopping(work.result()), name="CommandTree-invoker")
    await work.began.wait()
    await bot.close()
    assert isinstance(command.exception(), RestartingError)


@pytest.mark.timeout(20)
async def test_the_background_does_not_hold_the_door(
    bot: PatchbayBot, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes on after its command has answered is not waited for, but cancelled."""
    monkeypatch.setattr(client, "_LAST_ANSWERS_SECONDS", 3600)
    bot.in_background(work.nothing())
    await work.began.wait()
    await bot.close()
    await asyncio.sleep(0)
    assert work.ended == "cancelled"


async def test_the_background_goes_on_by_itself(bot: PatchbayBot, work: Work) -> None:
    """It outlives the command that left it, to its end, and is then forgotten."""
    bot.in_background(work.nothing())
    await work.began.wait()
    assert len(bot._background) == 1
    work.let_go.set()
    while bot._background:  # noqa: ASYNC110 - nothing signals that it was forgotten
        await asyncio.sleep(0)
    assert work.ended == "done"


async def test_what_the_last_command_leaves_ends_as_well(bot: PatchbayBot, work: Work) -> None:
    """A command that finishes while the bot waits for it can no longer leave anything behind."""

    async def command() -> None:
        await bot._stopping.wait()
        bot.in_background(work.nothing())
        await work.began.wait()

    last = asyncio.create_task(command(), name="CommandTree-invoker")
    await asyncio.sleep(0)
    await bot.close()
    assert last.done()
    await asyncio.sleep(0)
    assert work.ended == "cancelled"
