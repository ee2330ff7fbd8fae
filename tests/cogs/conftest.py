"""The town that every command's journey plays in."""

import io
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from bot.app import build_bot
from bot.errors import PatchbayError
from bot.kit.redaction import Redactor
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from bot.runtime.client import PatchbayBot
from bot.settings import Settings, load_settings
from bot.store.migrations import migrate
from tests.cogs.discord_desk import DiscordDesk
from tests.cogs.town import UNCHECKED, Env, StartBot, Town, environment, settle
from tests.test_logs import logging_to_memory


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all its tables; copying it is faster than to migrate for each test."""
    path = tmp_path_factory.mktemp("database") / "empty.db"
    migrate(path)
    return path


@pytest.fixture
async def desk() -> AsyncIterator[DiscordDesk]:
    """Where Discord is asked whose a token is."""
    async with DiscordDesk() as desk:
        yield desk


@pytest.fixture
def check_interval() -> int:
    """Seconds between two checks: none comes by itself, unless a test has a shorter one of its own.

    No shorter than 120: a twelfth is slept at a time, and simcord waits for whatever ends within 5 seconds.
    """
    return UNCHECKED


@pytest.fixture
def settings(
    tmp_path: Path,
    empty_database: Path,
    sensay: SensaySimulator,
    toolzz: ToolzzSimulator,
    desk: DiscordDesk,
    check_interval: int,
) -> Settings:
    """Settings that know the simulators and a database in the test's own folder."""
    known = environment(tmp_path, sensay, toolzz, desk, check_interval=check_interval)
    with mock.patch.dict(os.environ, known):
        settings = load_settings()
    shutil.copy(empty_database, settings.database_path)
    return settings


@pytest.fixture
async def start_bot(settings: Settings) -> AsyncIterator[StartBot]:
    """Build one bot after another on the same database; all are closed in the end."""
    async with AsyncExitStack() as stack:

        async def start(redactor: Redactor) -> PatchbayBot:
            bot = await stack.enter_async_context(build_bot(settings, redactor))
            if settings.check_interval == UNCHECKED:
                bot.poller._pace = replace(bot.poller._pace, interval=365 * 86_400)
            return bot

        yield start


@pytest.fixture
async def bot(start_bot: StartBot, redactor: Redactor) -> PatchbayBot:
    """The real bot, not yet in Discord."""
    return await start_bot(redactor)


@pytest.fixture
async def env(bot: PatchbayBot) -> AsyncIterator[Env]:
    """The simulated Discord with the bot in it; an error of no kind that we word fails the test.

    Unless the test has looked at it: reading ``env.errors`` takes note of what there is so far.
    """
    env = Env(bot, check_errors=False)
    await env.start()
    yield env
    await env.shutdown()
    causes = [getattr(error, "original", error) for error in env.errors_since(env._errors_acknowledged)]
    assert [error for error in causes if not isinstance(error, PatchbayError)] == []


@pytest.fixture
def town(
    env: Env,
    bot: PatchbayBot,
    start_bot: StartBot,
    sensay: SensaySimulator,
    toolzz: ToolzzSimulator,
    desk: DiscordDesk,
    settings: Settings,
) -> Town:
    """The manager's server with nothing connected yet."""
    return settle(env, bot, start_bot, sensay, toolzz, desk, settings.database_path)


@pytest.fixture
async def office(town: Town) -> Town:
    """The town with Toolzz connected, whose integrations run here."""
    await town.connect("toolzz")
    town.toolzz.place_in_guild(str(town.guild.id), "Harbour Ops", [(str(town.channel.id), "bridge")])
    return town


@pytest.fixture
def log(redactor: Redactor) -> Iterator[io.StringIO]:
    """What the first bot's own logging writes at DEBUG, as JSON lines."""
    with logging_to_memory("json", redactor=redactor) as written:
        yield written
