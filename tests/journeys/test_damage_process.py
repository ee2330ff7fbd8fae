"""The bot as a process whose database is damaged, or locked by another process, while it runs."""

import asyncio
import subprocess
import sys

import aiohttp
import pytest

from bot.demo.bot_process import BotProcess
from bot.demo.stage import Stage
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.damage import damage
from tests.support.demo_steps import connect, simulator, text
from tests.support.odd_discord import json_logs, logged
from tests.support.waiting import until

pytestmark = pytest.mark.sqlite
WITHIN = 30
"""Seconds for some checks of the demo, three seconds apart, on a busy machine."""
HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


async def test_a_bot_whose_database_is_damaged_says_so_once(stage: Stage) -> None:
    """With the newest backup and the command; it stays in Discord and is not ready."""
    toolzz, world = simulator(stage, ToolzzSimulator), stage.world
    own = {"PATCHBAY_HTTP_PORT": "0", "PATCHBAY_BACKUP_FOLDER": str(stage.folder / "backups")}
    async with BotProcess(json_logs(stage, **own), stage.folder) as process:
        await process.alongside(stage.discord.bot_ready(WITHIN))
        await process.alongside(stage.discord.commands_synced(WITHIN))
        await connect(stage, toolzz)
        await until(lambda: bool(logged(process, "backed_up")))
        await damage(stage.folder / "patchbay.db", "watched")
        await until(lambda: bool(logged(process, "database_damaged")))
        for _ in range(3):
            asked = await world.mira.slash(world.operations, "alerts set", channel=world.alerts, after=1)
            assert "Patchbay's database is damaged" in text(await stage.discord.answer(asked))
        port = logged(process, "health_served")[0]["port"]
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                assert answer.status == 503
                assert "it is damaged" in await answer.text()
            async with session.get(f"http://127.0.0.1:{port}/healthz") as answer:
                assert answer.status == 200
        (told,) = logged(process, "database_damaged")
        assert str(told["fix"]).startswith("stop the bot, then run: patchbay restore ")
        assert str(told["fix"]).endswith(str(told["backup"]))
        assert str(told["backup"]) == logged(process, "backed_up")[0]["path"]
        assert not [line for line in process.lines if "Traceback" in line]


async def test_a_bot_whose_database_another_process_has_locked_names_it(stage: Stage) -> None:
    """Members read that it is busy, and one line has the process, until it lets go."""
    world = stage.world
    async with BotProcess(json_logs(stage), stage.folder) as process:
        await process.alongside(stage.discord.bot_ready(WITHIN))
        await process.alongside(stage.discord.commands_synced(WITHIN))
        other = await asyncio.create_subprocess_exec(
            sys.executable, "-c", HOLD, str(stage.folder / "patchbay.db"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert other.stdin is not None
        assert other.stdout is not None
        await other.stdout.readline()
        for _ in range(3):
            asked = await world.mira.slash(world.operations, "alerts set", channel=world.alerts, after=1)
            assert "Patchbay is busy" in text(await stage.discord.answer(asked))
        other.stdin.close()
        await other.wait()
        asked = await world.mira.slash(world.operations, "alerts set", channel=world.alerts, after=1)
        assert "Alerts" in text(await stage.discord.answer(asked))
        (failing,) = logged(process, "writes_failing")
        assert str(failing["locked_by"]).startswith(f"process {other.pid} (python")
        assert failing["database"] == str(stage.folder / "patchbay.db")
        assert len(logged(process, "writes_back")) == 1
        assert not [line for line in process.lines if "Traceback" in line]
