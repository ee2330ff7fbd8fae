"""The fixtures with which a test runs the real bot in the simulated Discord."""

import io
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from unittest import mock

import pytest

from bot.discord.client import PatchbayBot
from bot.errors import PatchbayError
from bot.providers.base.redaction import Redactor
from bot.providers.base.simulator import Simulator
from bot.settings import Settings, load_settings
from bot.store.sqlite.migrations import migrate
from tests.support.building import bot_of, build_harness, environment
from tests.support.clock import SharedClock
from tests.support.discord_api import SimulatedDiscordApi
from tests.support.env import Env
from tests.support.harness import (
    UNCHECKED,
    BotHarness,
    Deadlines,
    StartBot,
)
from tests.support.log_capture import logging_to_memory
from tests.support.named_buttons import keep_requests, missing_buttons
from tests.support.reply_lines import too_long
from tests.support.reply_times import bare_in


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables: a copy of it takes less time than a migration for each test."""
    path = tmp_path_factory.mktemp("database") / "empty.db"
    migrate(path)
    return path


@pytest.fixture
async def discord_api() -> AsyncIterator[SimulatedDiscordApi]:
    """The part of Discord's API that says whose a token is."""
    async with SimulatedDiscordApi() as discord_api:
        yield discord_api


@pytest.fixture
def check_interval() -> int:
    """Seconds between two checks; with this value no check starts by itself.

    A test's own value is at least 120: the poller sleeps for a twelfth of it here, and simcord waits for
    whatever ends within 5 seconds.
    """
    return UNCHECKED


@pytest.fixture
def settings(
    tmp_path: Path,
    empty_database: Path,
    simulators: dict[str, Simulator],
    discord_api: SimulatedDiscordApi,
    check_interval: int,
) -> Settings:
    """Settings with the simulators' addresses and a database in the test's own folder."""
    known = environment(tmp_path, *simulators.values(), discord_api, check_interval=check_interval)
    with mock.patch.dict(os.environ, known):
        settings = load_settings()
    shutil.copy(empty_database, settings.database_path)
    return settings


@pytest.fixture
def clock() -> SharedClock:
    """The bot's clock, which is the simulated Discord's as soon as that runs."""
    return SharedClock()


@pytest.fixture
def deadlines() -> Deadlines:
    """The deadlines of the bot's requests to providers and to Discord's API."""
    return Deadlines()


@pytest.fixture
async def start_bot(settings: Settings, clock: SharedClock, deadlines: Deadlines) -> AsyncIterator[StartBot]:
    """A function that builds one bot after another on the same database; all are closed at the end."""
    async with AsyncExitStack() as stack:

        async def start(redactor: Redactor) -> PatchbayBot:
            bot = await stack.enter_async_context(bot_of(settings, redactor, clock, deadlines))
            await bot.held.begin(1)  # simcord opens no shards: it has no gateway
            return bot

        yield start


@pytest.fixture
async def bot(start_bot: StartBot, redactor: Redactor) -> PatchbayBot:
    """The real bot, not yet connected to the simulated Discord."""
    return await start_bot(redactor)


@pytest.fixture
async def env(bot: PatchbayBot, clock: SharedClock) -> AsyncIterator[Env]:
    """The simulated Discord with the bot in it.

    An unexpected error of the bot fails the test, and so does a message that names a button it has not.

    A test that expects one reads ``env.errors``, which acknowledges the errors so far.
    """
    env = Env(bot, check_errors=False)
    clock.source = lambda: env.now().timestamp()
    await env.start()
    requests = keep_requests(env)
    yield env
    await env.shutdown()
    assert [label for entry in requests for label in missing_buttons(entry)] == []
    causes = [getattr(error, "original", error) for error in env.errors_since(env._errors_acknowledged)]
    assert [error for error in causes if not isinstance(error, PatchbayError)] == []


@pytest.fixture
def harness(
    env: Env,
    bot: PatchbayBot,
    start_bot: StartBot,
    simulators: dict[str, Simulator],
    discord_api: SimulatedDiscordApi,
    deadlines: Deadlines,
    settings: Settings,
) -> Iterator[BotHarness]:
    """A server with a manager and a member, in which nothing is connected yet.

    At the end every reply that is no list has to have fit a phone's screen, and every relative time has to
    have said what it is.
    """
    harness = build_harness(env, bot, start_bot, simulators, discord_api, deadlines, settings.database_path)
    yield harness
    replies = list(harness.asked.replies(env))
    assert too_long(replies) == {}
    assert [(to, line) for to, embed in replies for line in bare_in(embed)] == []


@pytest.fixture
async def toolzz_connected(harness: BotHarness) -> BotHarness:
    """A server with Toolzz connected, in which most of the simulator's integrations run."""
    await harness.connect("toolzz")
    harness.toolzz.place_in_guild(str(harness.guild.id), "Harbour Ops", [(str(harness.channel.id), "bridge")])
    return harness


@pytest.fixture
def log(redactor: Redactor) -> Iterator[io.StringIO]:
    """What the bot logs, DEBUG included, as JSON lines."""
    with logging_to_memory("json", redactor=redactor) as written:
        yield written
