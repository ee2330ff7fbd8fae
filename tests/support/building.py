"""Builds bots, and the server in which a test uses one."""

from __future__ import annotations

import os
import random
import shutil
from base64 import b64encode
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Any
from unittest import mock

from bot.app import build_bot
from bot.discord.client import PatchbayBot
from bot.features.monitoring.schedule import ConnectionSchedule
from bot.providers.base.redaction import Redactor
from bot.providers.base.simulator import Simulator, simulators
from bot.settings import Settings, load_settings
from tests.support.clock import SharedClock, no_pause
from tests.support.discord_api import SimulatedDiscordApi
from tests.support.env import Env
from tests.support.harness import HELPER, MANAGERS, UNCHECKED, BotHarness, Deadlines, StartBot


def environment(folder: Path, *simulators: Simulator, check_interval: int = UNCHECKED) -> dict[str, str]:
    """Return the settings of a bot that knows these simulators and keeps its database in a folder."""
    addresses = [simulator.environment() for simulator in simulators]
    return {
        "PATCHBAY_DATABASE_URL": f"sqlite:///{folder / 'patchbay.db'}",
        "PATCHBAY_ENCRYPTION_KEYS": f"test:{b64encode(bytes(32)).decode()}",
        "PATCHBAY_SHARD_COUNT": "1",
        "PATCHBAY_CHECK_INTERVAL": str(check_interval),
        **{name: url for environment in addresses for name, url in environment.items()},
    }


def bot_of(
    settings: Settings, redactor: Redactor, clock: SharedClock, deadlines: Deadlines
) -> AbstractAsyncContextManager[PatchbayBot]:
    """Build the real bot by the test's clock; it never looks at what is due if that is ``UNCHECKED``."""
    interval = 365 * 86_400 if settings.check_interval == UNCHECKED else settings.check_interval
    schedule = ConnectionSchedule(interval, clock, random.random, max_tick=interval)
    return build_bot(
        settings, redactor, clock=clock, schedule=schedule, deadline_of=deadlines, sleep=no_pause
    )


def build_harness(
    env: Env,
    bot: PatchbayBot,
    start_bot: StartBot,
    simulators: Mapping[str, Simulator],
    discord_api: SimulatedDiscordApi,
    deadlines: Deadlines,
    database: Path,
) -> BotHarness:
    """Create the server and its members; Discord knows the token that Sensay's simulator takes."""
    guild = env.create_guild("Harbour Ops")
    channel = guild.create_text_channel("bridge")
    managers = guild.create_role("Managers", permissions=MANAGERS)
    manager = guild.add_member(env.create_user("mira"), roles=[managers])
    member = guild.add_member(env.create_user("noor"))
    harness = BotHarness(
        env, bot, start_bot, simulators, discord_api, deadlines, guild, channel, manager, member, database
    )
    discord_api.introduce(harness.sensay.discord_token, HELPER)
    _localise(harness)
    return harness


def _localise(harness: BotHarness) -> None:
    """Let interactions carry the harness's locale; simcord always sends English."""
    emit = harness.env.backend.emit

    def emit_localised(event: str, payload: Mapping[str, Any]) -> None:
        if event == "INTERACTION_CREATE":
            harness.asked.note(payload)
            payload = {**payload, "locale": harness.locale}
        emit(event, payload)

    harness.env.backend.emit = emit_localised  # type: ignore[method-assign]


async def open_harness(stack: AsyncExitStack, folder: Path, empty: Path) -> BotHarness:
    """Build what the fixtures build, in the event loop of one example. empty: a database with all tables."""
    running = {kind.slug: await stack.enter_async_context(kind()) for kind in simulators()}
    discord_api = await stack.enter_async_context(SimulatedDiscordApi())
    with mock.patch.dict(os.environ, environment(folder, *running.values(), discord_api)):
        settings = load_settings()
    shutil.copy(empty, settings.database_path)
    clock, deadlines = SharedClock(), Deadlines()

    async def start(redactor: Redactor) -> PatchbayBot:
        return await stack.enter_async_context(bot_of(settings, redactor, clock, deadlines))

    bot = await start(Redactor())
    env = Env(bot, check_errors=False)
    clock.source = lambda: env.now().timestamp()
    await env.start()
    stack.push_async_callback(env.shutdown)
    return build_harness(env, bot, start, running, discord_api, deadlines, settings.database_path)
