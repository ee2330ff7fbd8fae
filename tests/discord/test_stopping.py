"""A bot that is told to stop gives the last answers, and nothing keeps it from stopping."""

import asyncio

import pytest

from bot.discord import client
from bot.discord.background import BackgroundTasks
from bot.discord.client import PatchbayBot
from bot.errors import RestartingError
from tests.support.work import Work


@pytest.fixture
def background(bot: PatchbayBot) -> BackgroundTasks:
    """The bot's work beside its commands."""
    return bot.services.background


async def test_a_stop_ends_the_waiting(bot: PatchbayBot, background: BackgroundTasks, work: Work) -> None:
    """As soon as the bot begins to close, work that a command awaits is cancelled."""
    waiting = asyncio.create_task(background.cancel_on_shutdown(work.result()))
    await work.has_begun.wait()
    await bot.close()
    with pytest.raises(RestartingError):
        await waiting
    await asyncio.sleep(0)
    assert work.end == "cancelled"


async def test_nothing_new_is_waited_for(bot: PatchbayBot, background: BackgroundTasks, work: Work) -> None:
    """A closed bot starts no work that a command would await."""
    await bot.close()
    with pytest.raises(RestartingError):
        await background.cancel_on_shutdown(work.result())
    await asyncio.sleep(0)
    assert work.end != "done"


@pytest.mark.timeout(20)
async def test_a_long_wait_does_not_delay_the_stop(
    bot: PatchbayBot, background: BackgroundTasks, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that waits for a provider ends at once, however long the last answers may take."""
    monkeypatch.setattr(client, "_LAST_ANSWERS_SECONDS", 3600)
    command = asyncio.create_task(background.cancel_on_shutdown(work.result()), name="CommandTree-invoker")
    await work.has_begun.wait()
    await bot.close()
    assert isinstance(command.exception(), RestartingError)


@pytest.mark.timeout(20)
async def test_background_work_does_not_delay_the_stop(
    bot: PatchbayBot, background: BackgroundTasks, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work that goes on after its command has answered is cancelled, not awaited."""
    monkeypatch.setattr(client, "_LAST_ANSWERS_SECONDS", 3600)
    background.start(work.run())
    await work.has_begun.wait()
    await bot.close()
    await asyncio.sleep(0)
    assert work.end == "cancelled"


async def test_work_that_the_last_command_starts_ends_as_well(
    bot: PatchbayBot, background: BackgroundTasks, work: Work
) -> None:
    """What a command starts while the bot waits for that command is cancelled too."""

    async def command() -> None:
        while not background.is_shutting_down:  # noqa: ASYNC110 - no event is public
            await asyncio.sleep(0)
        background.start(work.run())
        await work.has_begun.wait()

    last = asyncio.create_task(command(), name="CommandTree-invoker")
    await asyncio.sleep(0)
    await bot.close()
    assert last.done()
    await asyncio.sleep(0)
    assert work.end == "cancelled"
