"""The bot as a process whose database is on a PostgreSQL server."""

import asyncio
import base64
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest

from bot.demo.bot_process import BotFailedError, BotProcess
from bot.demo.stage import Stage
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.demo_steps import connect, simulator, text
from tests.support.english import english
from tests.support.postgres import PostgresServer
from tests.support.waiting import until

PASSWORD = "CANARY-of-the-server"
LEASE_SECONDS = 30
CONNECTIONS = 8
"""So many does docs/operating.md let a process have."""


def environment_of(stage: Stage, url: str) -> dict[str, str]:
    """Return the settings of the bot with a database on a server, whose address holds a password."""
    return stage.environment() | {"PATCHBAY_DATABASE_URL": url.replace("@", f":{PASSWORD}@", 1)}


async def comes_up(stage: Stage, bot: BotProcess, seconds: float = 30) -> None:
    """Wait until the bot answers commands."""
    await bot.alongside(stage.discord.bot_ready(seconds))
    await bot.alongside(stage.discord.commands_synced(30))


async def patchbay(environment: dict[str, str], folder: Path, *words: str) -> tuple[int | None, str]:
    """Run a command to its end; return its exit code and what it has printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *words, cwd=folder, env=environment, stdout=PIPE, stderr=STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_what_was_stored_outlives_a_kill(stage: Stage, empty_postgres_url: str) -> None:
    """The first start makes the tables; after kill -9 the next one has what a member was told of.

    It has the shards once the lease of the killed one is over. A second process with another key does not
    start beside it, and the password of the address is in no output.
    """
    environment = environment_of(stage, empty_postgres_url)
    toolzz, mira, channel = simulator(stage, ToolzzSimulator), stage.world.mira, stage.world.operations
    async with BotProcess(environment, stage.folder) as bot:
        await comes_up(stage, bot)
        await connect(stage, toolzz)
        asked = await mira.slash(channel, "toolzz status", integration=toolzz.CONNECTED)
        before = await stage.discord.answer(asked)
        other_key = {"PATCHBAY_ENCRYPTION_KEYS": f"other:{base64.b64encode(bytes(32)).decode()}"}
        refused, second = await patchbay(environment | other_key, stage.folder, "run")
        _, looked = await patchbay(environment, stage.folder, "doctor", "--json")
        bot._process.send_signal(signal.SIGKILL)
        await bot.stop()
        lines = [*bot.lines, second, looked]
    assert refused == 75
    assert f"process {bot._process.pid}" in second
    found = {each["id"]: each for each in json.loads(looked)["findings"]}
    (process,) = found["bot-process"]["facts"]["processes"]
    assert (process["pid"], process["shards"]) == (str(bot._process.pid), "0")
    assert [found[name]["outcome"] for name in ("database", "database-keys", "unreadable-rows")] == ["ok"] * 3
    async with BotProcess(environment, stage.folder) as bot:
        await comes_up(stage, bot, LEASE_SECONDS + 30)
        after = await stage.discord.answer(await mira.click(before.message, label="Refresh"))
        assert "Suporte da loja" in text(after)
        assert await bot.stop() == 0
        lines += bot.lines
    assert PASSWORD not in "\n".join(lines)
    assert list(stage.folder.glob("*.db*")) + list(stage.folder.glob("*.discord.json")) == []


async def test_a_process_that_was_halted_ends_without_a_word(stage: Stage, postgres_url: str) -> None:
    """Another process has the shard once the lease is over, and hands it over when it is told to stop."""
    environment = environment_of(stage, postgres_url)
    async with BotProcess(environment, stage.folder) as bot:
        await comes_up(stage, bot)
        bot._process.send_signal(signal.SIGSTOP)
        async with BotProcess(environment, stage.folder) as other:
            await other.alongside(_holds_a_shard(other, LEASE_SECONDS + 20))
            bot._process.send_signal(signal.SIGCONT)
            assert await asyncio.wait_for(bot._process.wait(), 10) == 75
            assert "This process couldn't renew its lease" in bot.lines[-1]
            async with BotProcess(environment, stage.folder) as third:
                assert await other.stop() == 0
                await third.alongside(_holds_a_shard(third, 15))


async def _holds_a_shard(bot: BotProcess, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        await until(lambda: any("shards_held" in line for line in bot.lines))


async def test_a_server_that_crashes_is_waited_for(stage: Stage, own_server: PostgresServer) -> None:
    """Members are told while it is away; the bot goes on by itself when it is back.

    It has no more connections than it is said to need.
    """
    toolzz, mira, channel = simulator(stage, ToolzzSimulator), stage.world.mira, stage.world.operations

    async def shown() -> str:
        asked = await mira.slash(channel, "toolzz status", integration=toolzz.CONNECTED)
        return text(await stage.discord.answer(asked))

    with own_server.database() as name:
        own_server.execute(f"ALTER DATABASE {name} CONNECTION LIMIT {CONNECTIONS}")
        async with BotProcess(environment_of(stage, own_server.url(name)), stage.folder) as bot:
            await comes_up(stage, bot)
            await connect(stage, toolzz)
            assert "Suporte da loja" in await shown()
            await asyncio.to_thread(own_server.stop)
            assert english("problem.unavailable.title") in await shown()
            await asyncio.to_thread(own_server.start)
            assert "Suporte da loja" in await shown()
            assert await bot.stop() == 0


@pytest.mark.parametrize(
    "words",
    [
        ["run"],
        ["doctor"],
        ["purge-guild", "1", "--yes"],
        ["member", "export", "1"],
        ["rotate-key"],
    ],
    ids=" ".join,
)
async def test_a_missing_driver_is_named(stage: Stage, postgres_url: str, words: list[str]) -> None:
    """Each command says in one line what to install."""
    environment = environment_of(stage, postgres_url)
    (stage.folder / "psycopg.py").write_text("raise ImportError")
    environment["PYTHONPATH"] = f"{stage.folder}{os.pathsep}{environment['PYTHONPATH']}"
    code, said = await patchbay(environment, stage.folder, *words)
    assert code == (78 if words == ["run"] else 1)
    assert said.count("pip install 'patchbay[postgres]'") == 1
    assert "Traceback" not in said
    assert PASSWORD not in said


async def test_a_server_that_does_not_answer_keeps_the_bot_from_starting(stage: Stage) -> None:
    """One line names the server without the password, and the exit code lets a supervisor try again."""
    url = f"postgresql://bot:{PASSWORD}@127.0.0.1:9/patchbay"
    environment = stage.environment() | {"PATCHBAY_DATABASE_URL": url}
    async with BotProcess(environment, stage.folder) as bot:
        with pytest.raises(BotFailedError, match="exit code 75"):
            await comes_up(stage, bot)
    said = "\n".join(bot.lines)
    assert "postgresql://127.0.0.1:9/patchbay can't be used: the server cannot be reached" in said
    assert PASSWORD not in said


@pytest.mark.parametrize("command", ["backup", "restore"])
async def test_copies_are_the_servers_business(stage: Stage, postgres_url: str, command: str) -> None:
    """Both commands say what to use in their place, and make no file."""
    code, said = await patchbay(environment_of(stage, postgres_url), stage.folder, command, "copy.db")
    assert code == 1
    assert "PATCHBAY_DATABASE_URL names a PostgreSQL server; back it up with pg_dump" in said
    assert PASSWORD not in said
    assert not (stage.folder / "copy.db").exists()


async def test_a_database_without_tables_is_no_database(stage: Stage, empty_postgres_url: str) -> None:
    """A mistyped name does not look like a server of Discord's of which nothing is stored."""
    environment = environment_of(stage, empty_postgres_url)
    code, said = await patchbay(environment, stage.folder, "purge-guild", "1", "--yes")
    assert code == 1
    assert "it has no tables of Patchbay's" in said


async def test_hosts_commands_work_on_a_server(stage: Stage, postgres_url: str) -> None:
    """What is stored is counted, erased, exported and encrypted anew."""
    environment = environment_of(stage, postgres_url)
    for words in (
        ["purge-guild", "1", "--yes"],
        ["member", "export", "1"],
        ["member", "erase", "1", "--yes"],
        ["rotate-key"],
    ):
        code, said = await patchbay(environment, stage.folder, *words)
        assert code == 0, said
