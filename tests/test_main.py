"""What the command line prints, its exit codes, and that it does not start with incomplete settings."""

import asyncio
import base64
import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import test_utils, web
from click.testing import CliRunner

from bot.__main__ import main
from bot.demo.discord_server import SimulatedDiscord
from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.store.database import Database
from bot.store.sqlite.migrations import migrate
from bot.store.sqlite.process_lock import process_lock
from bot.store.vault import Place, Vault, read_keys
from tests.support.guild_rows import counts, fill

ROOT = Path(__file__).parents[1]
KEY = base64.b64encode(b"FAKE-KEY-FOR-TESTS-0000000000000").decode()
GUILD, OTHER_GUILD = 1102345678901234567, 1102345678999999999
OTHER_TOKEN = "FAKE-TOKEN-OF-NOBODY.not-a-real.value-0000000000000000000000000"


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls: the event loop that must not block is in the other process."""


@pytest.fixture
async def discord() -> AsyncIterator[SimulatedDiscord]:
    """A Discord on loopback."""
    async with SimulatedDiscord.serve() as discord:
        yield discord


@pytest.fixture
def environment(discord: SimulatedDiscord, tmp_path: Path) -> dict[str, str]:
    """The environment of the process: settings with which everything works."""
    return {
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "PATCHBAY_SECRETS_DIR": str(tmp_path),
        "PATCHBAY_DATABASE_URL": f"sqlite:///{tmp_path / 'patchbay.db'}",
        "PATCHBAY_ENCRYPTION_KEYS": f"k1:{KEY}",
        **discord.environment(),
    }


@dataclass(frozen=True)
class Ended:
    """How a process ended and what it printed."""

    exit_code: int
    output: str
    errors: str


async def patchbay(environment: dict[str, str], *words: str) -> Ended:
    """Run a command in another process until it ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *words,
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        output, errors = await asyncio.wait_for(process.communicate(), 30)
    finally:
        if process.returncode is None:
            process.kill()
    return Ended(await process.wait(), output.decode(), errors.decode())


def registered(discord: SimulatedDiscord) -> set[str]:
    """Return the names of the commands that Discord knows."""
    return {name for commands in discord.env.backend.commands.values() for name, _ in commands}


def test_help_lists_the_commands() -> None:
    """Without arguments and with --help the commands are listed."""
    shown = CliRunner().invoke(main, ["--help"])
    assert shown.exit_code == 0
    for command in ("run", "demo", "doctor", "sync", "purge-guild", "member", "rotate-key"):
        assert f"\n  {command} " in shown.output
    assert CliRunner().invoke(main, ["-h"]).output == shown.output


def test_an_unknown_command_is_refused() -> None:
    """An unknown command is named in the error, and the exit code is 2."""
    answer = CliRunner().invoke(main, ["start"])
    assert answer.exit_code == 2
    assert "'start'" in answer.output


async def test_without_keys_it_refuses_and_says_how_to_make_one(
    environment: dict[str, str], discord: SimulatedDiscord
) -> None:
    """`run` ends before it connects to Discord, and prints a command that makes a key with which it
    starts.
    """
    environment["PATCHBAY_ENCRYPTION_KEYS"] = ""
    before = len(discord.env.http_requests)
    refused = await patchbay(environment, "run")
    assert refused.exit_code == 78
    said = refused.errors.splitlines()[-1]
    assert said.startswith("Error: PATCHBAY_ENCRYPTION_KEYS isn't set.")
    assert len(discord.env.http_requests) == before
    _, command = said.split("run: ")
    made = subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stdout  # noqa: ASYNC221, S602
    assert [len(key) for key in read_keys(made).values()] == [32]
    environment["PATCHBAY_ENCRYPTION_KEYS"] = made
    assert (await patchbay(environment, "sync")).exit_code == 0


def lose_token(environment: dict[str, str], path: Path) -> None:
    """Remove the Discord token."""
    del environment["PATCHBAY_DISCORD_TOKEN"]


def change_token(environment: dict[str, str], path: Path) -> None:
    """Use a token that Discord does not know."""
    environment["PATCHBAY_DISCORD_TOKEN"] = OTHER_TOKEN


def lose_discord(environment: dict[str, str], path: Path) -> None:
    """Point to an address where nothing listens."""
    environment["PATCHBAY_DISCORD_API_URL"] = "http://127.0.0.1:1/api/v10"


@pytest.mark.parametrize("harm", [lose_discord, change_token])
async def test_what_is_due_is_erased_although_discord_takes_no_login(
    environment: dict[str, str], tmp_path: Path, harm: Callable[[dict[str, str], Path], None]
) -> None:
    """A bot that ends at once, each time it is started, erases what has been due for an hour, and no more."""
    path = tmp_path / "patchbay.db"
    migrate(path)
    harm(environment, path)
    due = time.time() - 7 * 86_400 - 3600
    for guild_id, removed_at in ((GUILD, due - 60), (OTHER_GUILD, due + 600)):
        fill(path, guild_id)
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            values = {"guild": guild_id, "removed_at": int(removed_at)}
            database.execute("UPDATE guild SET removed_at = :removed_at WHERE guild_id = :guild", values)
    assert (await patchbay(environment, "run")).exit_code in {75, 78}
    assert set(counts(path, GUILD).values()) == {0}
    assert counts(path, OTHER_GUILD)["audit"] > 0


@pytest.mark.parametrize(("status", "code"), [(403, 40001), (400, 50035), (501, 0)])
async def test_a_discord_that_refuses_is_worded(environment: dict[str, str], status: int, code: int) -> None:
    """The error names the route, the status, Discord's code and the refused fields, and blames no network."""

    async def fail(_request: web.Request) -> web.Response:
        errors = {"name": {"_errors": [{"code": "BASE_TYPE_REQUIRED", "message": "CANARY"}]}}
        return web.json_response(
            {"message": "CANARY", "code": code, "errors": errors},
            status=status,
            dumps=json.dumps,
            content_type="application/json",
        )

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", fail)
    async with test_utils.TestServer(app) as stand_in:
        environment["PATCHBAY_DISCORD_API_URL"] = str(stand_in.make_url("/api/v10"))
        ended = await patchbay(environment, "run")
    assert ended.exit_code == (75 if status == 501 else 78)
    assert f"GET /users/@me was answered with status {status}" in ended.errors
    assert "network" not in ended.errors
    assert "Traceback" not in ended.errors
    assert "CANARY" not in ended.errors


async def test_sync_sends_the_commands_and_counts_them(
    environment: dict[str, str], discord: SimulatedDiscord
) -> None:
    """The first and the second run send all commands, print how many, and open no gateway."""
    for number in (1, 2):
        ended = await patchbay(environment, "sync")
        assert (ended.exit_code, "Traceback" in ended.errors) == (0, False)
        assert ended.output.startswith(f"Sent {len(registered(discord))} commands to Discord.")
        sent = [call for call in discord.env.http_requests if call.path.endswith("/commands")]
        assert [call.method for call in sent] == ["PUT"] * number
    assert {"connections", "help"} < registered(discord)


@pytest.mark.parametrize(
    ("harm", "words"),
    [(lose_token, "PATCHBAY_DISCORD_TOKEN is not set"), (change_token, "Discord refused")],
)
async def test_sync_words_its_errors_too(
    environment: dict[str, str], tmp_path: Path, harm: Callable[[dict[str, str], Path], None], words: str
) -> None:
    """`sync` refuses the same settings as `run`, with the same texts."""
    harm(environment, tmp_path / "patchbay.db")
    ended = await patchbay(environment, "sync")
    assert ended.exit_code == 1
    assert ended.errors.splitlines()[-1].startswith("Error: ")
    assert words in ended.errors
    assert OTHER_TOKEN not in ended.errors + ended.output


def test_the_demo_names_the_package_that_it_lacks() -> None:
    """Without the extra the error names the command that installs it, and shows no traceback."""
    code = "import sys; sys.modules['simcord'] = None; from bot.__main__ import main; main(['demo'])"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr == "Error: simcord is missing; install with: pip install 'patchbay[demo]'\n"


async def test_a_second_bot_on_the_same_database_ends_at_once(
    environment: dict[str, str], discord: SimulatedDiscord, tmp_path: Path
) -> None:
    """It says who holds the lock, and Discord never hears of it."""
    before = len(discord.env.http_requests)
    with process_lock(tmp_path / "patchbay.db"):
        refused = await patchbay(environment, "run")
    assert refused.exit_code == 75
    assert f"process {os.getpid()} on the machine {socket.gethostname()}" in refused.errors
    assert len(discord.env.http_requests) == before


async def test_keys_are_rotated_from_the_command_line(environment: dict[str, str], tmp_path: Path) -> None:
    """It says what was done, and afterwards the database opens with the new key alone."""
    path, place = tmp_path / "patchbay.db", Place(1, "sensay", "default", 2, 3)
    old = Vault(read_keys(environment["PATCHBAY_ENCRYPTION_KEYS"]))
    async with Database.open(path) as database:
        row = ConnectionRow(1, "sensay", "default", old.seal({"a": "b"}, place), 1, 2, 3, generation=3)
        await ConnectionStore(database).insert(row)
    new = f"k2:{base64.b64encode(bytes(range(32))).decode()}"
    environment["PATCHBAY_ENCRYPTION_KEYS"] = f"{new},{environment['PATCHBAY_ENCRYPTION_KEYS']}"
    with process_lock(path, key_id="k1"):
        refused = await patchbay(environment, "rotate-key")
    assert refused.exit_code == 1
    assert "with k1 as its first key, not k2" in refused.errors
    ended = await patchbay(environment, "rotate-key")
    assert (ended.exit_code, ended.errors) == (0, "1 of 1 connections\n")
    assert "Encrypted 1 connections and signed 0 seals of audit logs with the key k2." in ended.output
    assert "you can remove the others" in ended.output
    async with Database.open(path) as database:
        (stored,) = await ConnectionStore(database).of_guild(1)
    assert Vault(read_keys(new)).open(stored.secret, stored.place) == {"a": "b"}


async def test_child_processes_inherit_no_secret(environment: dict[str, str]) -> None:
    """A process that the command line starts after it read the settings finds no key and no token."""
    script = (
        "import subprocess, sys; from bot.__main__ import _prepare; settings, _ = _prepare();"
        "assert settings.encryption_keys.get_secret_value() and settings.discord_token;"
        "sys.exit(subprocess.call([sys.executable, '-c', 'import os; print(*os.environ)']))"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, env=environment, cwd=ROOT, stdout=subprocess.PIPE
    )
    output, _ = await process.communicate()
    inherited = set(output.decode().split())
    assert "PATCHBAY_SECRETS_DIR" in inherited
    secrets = {"PATCHBAY_ENCRYPTION_KEYS", "PATCHBAY_DISCORD_TOKEN", "PATCHBAY_DATABASE_URL"}
    assert secrets & inherited == set()
