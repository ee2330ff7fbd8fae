"""What ends the bot is one line in the format of the logs, with what to do and an exit code, in a process."""

import asyncio
import base64
import contextlib
import json
import socket
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from aiohttp import web

from bot.demo.discord_server import SimulatedDiscord
from bot.demo.gateway import GatewayConnection, Op
from bot.operating.keys.rotation import bring_up_to_date
from bot.store.database import Database
from bot.store.sqlite.migrations import migrate
from bot.store.sqlite.process_lock import process_lock
from bot.store.vault import Vault, read_keys

ROOT = Path(__file__).parents[2]
KEY = base64.b64encode(b"FAKE-KEY-FOR-TESTS-0000000000000").decode()
OTHER_KEY = base64.b64encode(b"FAKE-KEY-OF-OTHERS-0000000000000").decode()
OTHER_TOKEN = "FAKE-TOKEN-OF-NOBODY.not-a-real.value-0000000000000000000000000"
WITHIN = 30
CONFIGURATION, TEMPORARY = 78, 75
STYLES = ("console", "json")


@dataclass
class Attempt:
    """A start that is to fail: its settings, the path of its database, and what is undone afterwards."""

    environment: dict[str, str]
    path: Path
    stack: contextlib.ExitStack


Harm = Callable[[Attempt], None]


@dataclass(frozen=True)
class Ended:
    """How a process ended and what it wrote."""

    exit_code: int
    output: str
    errors: str


@pytest.fixture
async def discord() -> AsyncIterator[SimulatedDiscord]:
    """A Discord on loopback."""
    async with SimulatedDiscord.serve() as discord:
        yield discord


HARMING = threading.Lock()
"""Two migrations at once in one process get in each other's way."""


def harm_alone(harm: Harm, attempt: Attempt) -> None:
    """Do some harm while nobody else does. Blocks."""
    with HARMING:
        harm(attempt)


async def start(discord: SimulatedDiscord, folder: Path, style: str, harm: Harm) -> Ended:
    """Start the bot in a folder of its own, after some harm was done, and wait until it ends."""
    folder.mkdir()
    path = folder / "patchbay.db"
    environment = {
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "PATCHBAY_SECRETS_DIR": str(folder),
        "PATCHBAY_DATABASE_URL": f"sqlite:///{path}",
        "PATCHBAY_ENCRYPTION_KEYS": f"k1:{KEY}",
        "PATCHBAY_LOG_FORMAT": style,
        **discord.environment(),
    }
    with contextlib.ExitStack() as stack:
        await asyncio.to_thread(harm_alone, harm, Attempt(environment, path, stack))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", env=environment, stdout=PIPE, stderr=PIPE
        )
        try:
            output, errors = await asyncio.wait_for(process.communicate(), WITHIN)
        finally:
            if process.returncode is None:
                process.kill()
        return Ended(await process.wait(), output.decode(), errors.decode())


async def fails(
    discord: SimulatedDiscord, folder: Path, harm: Harm, error: str, exit_code: int, words: str
) -> None:
    """Check that a start ends as it should, in both formats."""
    console, structured = await asyncio.gather(
        *(start(discord, folder / style, style, harm) for style in STYLES)
    )
    for ended in (console, structured):
        assert "Traceback" not in ended.errors + ended.output, ended.errors
        assert ended.exit_code == exit_code, ended.errors
        secrets = (KEY, OTHER_KEY, OTHER_TOKEN, "CANARY")
        assert [secret for secret in secrets if secret in ended.output + ended.errors] == []
    said = [line for line in console.errors.splitlines() if line.startswith("Error: ")]
    assert len(said) == 1
    assert console.errors.endswith(f"{said[0]}\n")
    assert words in said[0]
    lines = [json.loads(line) for line in structured.errors.splitlines()]
    fatal = lines[-1]
    assert (fatal["event"], fatal["level"], fatal["error"]) == ("fatal", "critical", error)
    assert fatal["exit_code"] == exit_code
    assert words in fatal["text"]
    assert [line["event"] for line in lines].count("fatal") == 1


# --- settings, keys and database -------------------------------------------------------------------------


def setting(name: str, value: str) -> Harm:
    """Return what gives a setting another value."""

    def harm(attempt: Attempt) -> None:
        attempt.environment[f"PATCHBAY_{name}"] = value

    return harm


def no_setting(name: str) -> Harm:
    """Return what takes a setting away."""

    def harm(attempt: Attempt) -> None:
        del attempt.environment[f"PATCHBAY_{name}"]

    return harm


def misspell_and_format_by_file(attempt: Attempt) -> None:
    """Give a setting a value that it does not take, and the format as a file in the secrets folder."""
    attempt.environment["PATCHBAY_LOG_LEVEL"] = "CANARY"
    style = attempt.environment.pop("PATCHBAY_LOG_FORMAT")
    (attempt.path.parent / "patchbay_log_format").write_text(style)


def name_no_folder(attempt: Attempt) -> None:
    """Name a secrets folder that is not there."""
    attempt.environment["PATCHBAY_SECRETS_DIR"] = str(attempt.path.parent / "nowhere")


def occupy_port(attempt: Attempt) -> None:
    """Listen on the port of the health endpoint."""
    listener = attempt.stack.enter_context(socket.socket())
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    attempt.environment["PATCHBAY_HTTP_PORT"] = str(listener.getsockname()[1])


def change_key(attempt: Attempt) -> None:
    """Configure another key under the id of the one that the database was made with."""
    vault = Vault(read_keys(f"k1:{OTHER_KEY}"))

    async def make() -> None:
        async with Database.open(attempt.path) as database:
            await bring_up_to_date(database, vault)

    asyncio.run(make())


def run_already(attempt: Attempt) -> None:
    """Hold the lock that a running bot holds."""
    attempt.stack.enter_context(process_lock(attempt.path))


def lose_folder(attempt: Attempt) -> None:
    """Point to a folder that is not there."""
    attempt.environment["PATCHBAY_DATABASE_URL"] = f"sqlite:///{attempt.path.parent / 'gone' / 'patchbay.db'}"


def ruin_database(attempt: Attempt) -> None:
    """Overwrite the database with something else."""
    attempt.path.write_bytes(b"no database at all, but long enough " * 20)


def outrun_database(attempt: Attempt) -> None:
    """Mark the database as one of a later version."""
    migrate(attempt.path)
    with contextlib.closing(sqlite3.connect(attempt.path, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


@pytest.mark.parametrize(
    ("harm", "error", "exit_code", "words"),
    [
        (setting("LOG_LEVEL", "CANARY"), "invalid_setting", CONFIGURATION, "PATCHBAY_LOG_LEVEL"),
        (misspell_and_format_by_file, "invalid_setting", CONFIGURATION, "PATCHBAY_LOG_LEVEL"),
        (name_no_folder, "invalid_setting", CONFIGURATION, "PATCHBAY_SECRETS_DIR names no folder"),
        (no_setting("DISCORD_TOKEN"), "invalid_setting", CONFIGURATION, "PATCHBAY_DISCORD_TOKEN is not set"),
        (no_setting("ENCRYPTION_KEYS"), "missing_keys", CONFIGURATION, "To make one, run: python"),
        (setting("ENCRYPTION_KEYS", "k1:Q0FOQVJZ"), "invalid_keys", CONFIGURATION, "must be"),
        (occupy_port, "invalid_setting", CONFIGURATION, "PATCHBAY_HTTP_PORT cannot be used"),
        (change_key, "key_not_configured", CONFIGURATION, "Put the key back"),
        (run_already, "already_running", TEMPORARY, "Stop that process first"),
        (lose_folder, "database_unusable", TEMPORARY, "check that the folder exists"),
        (ruin_database, "database_damaged", CONFIGURATION, "run `patchbay restore"),
        (outrun_database, "database_newer", CONFIGURATION, "schema 9999"),
    ],
)  # fmt: skip
async def test_what_is_wrong_here(
    discord: SimulatedDiscord, tmp_path: Path, harm: Harm, error: str, exit_code: int, words: str
) -> None:
    """Settings, keys, port, lock and database each have their line, and Discord never hears of it."""
    before = len(discord.env.http_requests)
    await fails(discord, tmp_path, harm, error, exit_code, words)
    if harm is not occupy_port:
        assert len(discord.env.http_requests) == before


# --- Discord's REST API ----------------------------------------------------------------------------------


PAGE: dict[str, Any] = {"body": b"<html>CANARY</html>", "headers": {"Content-Type": "text/html"}}
"""An answer of what stands between the bot and Discord."""


def told(status: int, body: object) -> dict[str, Any]:
    """Return an answer in Discord's format."""
    headers = {"Content-Type": "application/json"}  # discord.py reads it without a charset only
    return {"status": status, "body": json.dumps(body).encode(), "headers": headers}


REFUSAL = {"message": "CANARY", "code": 0}
GATEWAY, ME, APPLICATION = "/gateway/bot", "/users/@me", "/oauth2/applications/@me"


@pytest.mark.parametrize(
    ("path", "answer", "error", "exit_code", "words"),
    [
        (GATEWAY, told(503, REFUSAL), "discord_failed", TEMPORARY, "status 503, code 0"),
        (GATEWAY, PAGE | {"status": 503}, "discord_failed", TEMPORARY, "GET /gateway/bot was answered with"),
        (GATEWAY, told(401, REFUSAL), "discord_login", CONFIGURATION, "PATCHBAY_DISCORD_TOKEN"),
        (GATEWAY, told(403, REFUSAL), "discord_refused", CONFIGURATION, "status 403"),
        (GATEWAY, PAGE | {"status": 200}, "discord_unreadable", TEMPORARY, "PATCHBAY_DISCORD_API_URL"),
        (GATEWAY, told(200, []), "discord_unreadable", TEMPORARY, "any proxy"),
        (GATEWAY, told(200, {"url": 1, "shards": 1}), "discord_unreadable", TEMPORARY, "a web page"),
        (GATEWAY, told(200, {}) | {"body": b"{"}, "discord_unreadable", TEMPORARY, "answered in"),
        (ME, PAGE | {"status": 200}, "discord_unreadable", TEMPORARY, "web page"),
        (ME, PAGE | {"status": 503}, "discord_failed", TEMPORARY, "GET /users/@me"),
        (ME, PAGE | {"status": 404}, "discord_refused", CONFIGURATION, "PATCHBAY_DISCORD_API_URL"),
        (APPLICATION, told(200, None), "discord_unreadable", TEMPORARY, "web page"),
    ],
)  # fmt: skip
async def test_what_discord_answers(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    answer: Mapping[str, Any],
    error: str,
    exit_code: int,
    words: str,
) -> None:
    """A refusal, a fault and what is no answer of Discord's are told apart."""
    answer_call = SimulatedDiscord._answer_call

    async def odd(self: SimulatedDiscord, request: web.Request) -> web.Response:
        asked = f"/{request.match_info['path']}"
        return web.Response(**answer) if asked == path else await answer_call(self, request)

    monkeypatch.setattr(SimulatedDiscord, "_answer_call", odd)
    async with SimulatedDiscord.serve() as discord:
        await fails(discord, tmp_path, lambda _: None, error, exit_code, words)


@pytest.mark.parametrize(
    ("harm", "error", "exit_code", "words"),
    [
        (setting("DISCORD_TOKEN", OTHER_TOKEN), "discord_login", CONFIGURATION, "Bot > Reset Token"),
        (setting("DISCORD_API_URL", "http://127.0.0.1:1/api/v10"), "discord_unreachable", TEMPORARY,
         "the host refuses the connection"),
        (setting("DISCORD_API_URL", "https://discord.invalid/api/v10"), "discord_unreachable", TEMPORARY,
         "the name of the host can't be looked up"),
    ],
)  # fmt: skip
async def test_what_keeps_it_from_discord(
    discord: SimulatedDiscord, tmp_path: Path, harm: Harm, error: str, exit_code: int, words: str
) -> None:
    """A refused token, a refused connection and a name that nobody knows are told apart."""
    await fails(discord, tmp_path, harm, error, exit_code, words)


async def test_no_secure_connection(discord: SimulatedDiscord, tmp_path: Path) -> None:
    """A host that speaks no TLS is named as such."""
    url = discord.environment()["PATCHBAY_DISCORD_API_URL"].replace("http:", "https:")
    harm = setting("DISCORD_API_URL", url)
    await fails(discord, tmp_path, harm, "discord_unreachable", TEMPORARY, "TLS")


# --- the gateway -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        (4004, "discord_login", "PATCHBAY_DISCORD_TOKEN"),
        (4010, "discord_shards_refused", "PATCHBAY_SHARD_IDS and PATCHBAY_SHARD_COUNT"),
        (4011, "discord_sharding_needed", "Remove PATCHBAY_SHARD_COUNT"),
        (4012, "discord_outdated_release", "code 4012"),
        (4013, "discord_outdated_release", "code 4013"),
        (4014, "discord_intents_refused", "Bot > Privileged Gateway Intents"),
    ],
)
async def test_what_the_gateway_closes_for(
    discord: SimulatedDiscord,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    error: str,
    words: str,
) -> None:
    """Each close code after which nobody may connect again says what to change."""
    receive = GatewayConnection._receive

    async def close(self: GatewayConnection, text: str) -> None:
        frame: Mapping[str, Any] = json.loads(text)
        if frame["op"] == Op.IDENTIFY:
            await self._socket.close(code=code, message=b"CANARY")
        else:
            await receive(self, text)

    monkeypatch.setattr(GatewayConnection, "_receive", close)
    await fails(discord, tmp_path, lambda _: None, error, CONFIGURATION, words)
