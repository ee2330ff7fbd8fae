"""A signal that reloads others, and a standard error that nobody reads, do not end the bot as a process."""

import asyncio
import os
import platform
import signal
import sys
from importlib.metadata import version

import pytest

from bot.demo.bot_process import BotProcess
from bot.demo.stage import Stage
from bot.store.postgres.address import shown
from bot.store.revision import newest_revision
from tests.support.demo_steps import text
from tests.support.odd_discord import json_logs, logged
from tests.support.waiting import until

WITHIN = 30
ENDED_WITHIN = 12
SILENT = "import os, sys; os.close(2); os.execv(sys.executable, [sys.executable, '-m', 'bot', 'run'])"
"""Starts the bot without any standard error."""


async def answers_help(stage: Stage) -> None:
    """Have the bot answer a member."""
    await stage.discord.bot_ready(WITHIN)
    await stage.discord.commands_synced(WITHIN)
    asked = await stage.world.mira.slash(stage.world.operations, "help")
    assert "audit list" in text(await stage.discord.answer(asked))


async def test_it_says_what_starts_and_outlives_other_signals(stage: Stage) -> None:
    """One line names release, schema, database, shards and libraries; SIGHUP changes nothing."""
    environment = json_logs(stage)
    async with BotProcess(environment, stage.folder) as process:
        await process.alongside(answers_help(stage))
        (line,) = logged(process, "starting")
        assert {
            name: line[name] for name in line if name not in {"timestamp", "logger", "level", "event"}
        } == {
            "version": version("patchbay"),
            "schema": newest_revision(stage.database),
            "database": shown(stage.database) if isinstance(stage.database, str) else str(stage.database),
            "shards": "all",
            "shard_count": "as Discord recommends",
            "python": platform.python_version(),
            "discord_py": version("discord.py"),
        }
        await until(lambda: bool(logged(process, "ready")))
        (ready,) = logged(process, "ready")
        assert (ready["shards"], ready["shard_ids"]) == (1, "all")
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            process._process.send_signal(number)
        await process.alongside(answers_help(stage))
        assert await process.stop() == 0
    secrets = [environment["PATCHBAY_DISCORD_TOKEN"], environment["PATCHBAY_ENCRYPTION_KEYS"]]
    assert [secret for secret in secrets if secret in "\n".join(process.lines)] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("after", ["starting", "health_served"])
async def test_it_can_be_told_to_stop_before_it_runs(stage: Stage, number: int, after: str) -> None:
    """From its first line on, a supervisor that changes its mind sees an orderly end."""
    environment = json_logs(stage) | {"PATCHBAY_HTTP_PORT": "0"}
    async with BotProcess(environment, stage.folder) as process:
        await until(lambda: bool(logged(process, after)))
        process._process.send_signal(number)
        assert await asyncio.wait_for(process._process.wait(), ENDED_WITHIN) == 0
    assert "Traceback" not in "\n".join(process.lines)


@pytest.mark.parametrize("arguments", [("-m", "bot", "run"), ("-c", SILENT)], ids=["unread", "closed"])
async def test_a_log_that_nobody_reads_stops_nothing(stage: Stage, arguments: tuple[str, ...]) -> None:
    """Standard error that is closed before the start, or later, costs no answer and no orderly end."""
    read, write = os.pipe()
    environment = stage.environment() | {"PATCHBAY_LOG_LEVEL": "DEBUG"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=stage.folder, env=environment, stderr=write
    )
    os.close(write)
    os.close(read)
    try:
        await answers_help(stage)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), ENDED_WITHIN) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
