"""`patchbay doctor`: a line for each thing that has to be right, its fix where it is not, the exit code."""

import asyncio
import base64
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web
from click.testing import CliRunner, Result

from bot.__main__ import main
from bot.kit.simulator import Answer
from bot.providers import simulators
from bot.providers.sensay.simulator import SensaySimulator
from bot.store.database import Database
from bot.store.migrations import HEAD

TOKEN = "FAKE-TOKEN-FOR-TESTS.not-a-real.value-00000000000000000000000000"
VERSION = "2025-03-25"
AS_ASKED = f"answers (401) with version {VERSION}, as asked"
KEY = base64.b64encode(b"FAKE-KEY-FOR-TESTS-0000000000000").decode()


class Discord:
    """Answers `/applications/@me` and nothing else; `status` is what a right token gets."""

    def __init__(self) -> None:
        self.status = 200
        self.authorizations: list[str | None] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        """Answer as Discord would, as far as a doctor looks."""
        self.authorizations.append(request.headers.get("Authorization"))
        return web.json_response({"id": "1219876543210987654"}, status=self.status)


@pytest.fixture
def blockbuster() -> None:
    """Let the doctor block: nobody else is in its event loop."""


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    """A stand-in for Discord on loopback."""
    stand_in, app = Discord(), web.Application()
    app.router.add_get("/api/v10/applications/@me", stand_in.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    stand_in.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/v10"
    yield stand_in
    await runner.cleanup()


@pytest.fixture
async def environment(
    discord: Discord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[dict[str, str]]:
    """Settings of a healthy bot; a test makes one of them ill."""
    for name in os.environ:
        if name.startswith("PATCHBAY_"):
            monkeypatch.delenv(name)
    async with AsyncExitStack() as stack:
        values = {
            "PATCHBAY_SECRETS_DIR": str(tmp_path),
            "PATCHBAY_DISCORD_TOKEN": TOKEN,
            "PATCHBAY_DISCORD_API_URL": discord.url,
            "PATCHBAY_DATABASE_URL": f"sqlite:///{tmp_path / 'patchbay.db'}",
            "PATCHBAY_ENCRYPTION_KEYS": f"new:{KEY},old:{base64.b64encode(bytes(32)).decode()}",
        }
        for simulator in simulators():
            values |= (await stack.enter_async_context(simulator())).environment()
        yield values


async def doctor(environment: Mapping[str, str], *options: str) -> Result:
    """Run the command beside the stand-ins, in a thread of its own."""
    return await asyncio.to_thread(
        CliRunner().invoke, main, ["doctor", *options], env=environment, catch_exceptions=False
    )


def unused_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_healthy_bot(environment: dict[str, str], discord: Discord, tmp_path: Path) -> None:
    """Each check has its line with a tick, nothing is to be mended, and the exit code is 0."""
    result = await doctor(environment)
    assert result.output.splitlines() == [
        "✓ settings: all values can be read",
        "✓ encryption keys: 2, new secrets use 'new'",
        f"✓ database folder: {tmp_path} can be written to",
        f"✓ database: {tmp_path / 'patchbay.db'} does not exist yet; the first start makes it",
        "✓ discord token: Discord accepts it",
        f"✓ PATCHBAY_SENSAY_URL: {environment['PATCHBAY_SENSAY_URL']} {AS_ASKED}",
        f"✓ PATCHBAY_TOOLZZ_URL: {environment['PATCHBAY_TOOLZZ_URL']} answers (404)",
        f"✓ PATCHBAY_TOOLZZ_UNIT_URL: {environment['PATCHBAY_TOOLZZ_UNIT_URL']} answers (404)",
    ]
    assert result.exit_code == 0
    assert discord.authorizations == [f"Bot {TOKEN}"]
    assert list(tmp_path.iterdir()) == []


async def test_no_secret_is_printed_or_sent_to_a_provider(environment: dict[str, str]) -> None:
    """Token and keys are in no line, whether all is well or not."""
    well = await doctor(environment)
    ill = await doctor(environment | {"PATCHBAY_DISCORD_API_URL": "http://127.0.0.1:1/api/v10"})
    for secret in (TOKEN, KEY):
        assert secret not in well.output + ill.output


async def test_another_version_is_a_warning(environment: dict[str, str], sensay: SensaySimulator) -> None:
    """Both versions are named, what to do is said, and the bot can still start."""
    sensay.served_version = "2026-06-01"
    result = await doctor(environment | sensay.environment())
    assert (
        f"! PATCHBAY_SENSAY_URL: {sensay.url} answers (401) with version '2026-06-01' where {VERSION} was"
        " asked for\n    Answers may read differently now: look for an update of Patchbay.\n"
    ) in result.output
    assert result.exit_code == 0
    (received,) = sensay.requests
    assert received.headers["X-API-Version"] == VERSION
    assert {"Authorization", "X-ORGANIZATION-SECRET"} & set(received.headers) == set()


async def test_no_version_is_said_so(environment: dict[str, str], sensay: SensaySimulator) -> None:
    """A proxy that swallows the header is no fault, but nothing is known of the version."""
    sensay.fail(Answer(404, {"error": "no such route"}))
    result = await doctor(environment | sensay.environment())
    line = f"✓ PATCHBAY_SENSAY_URL: {sensay.url} answers (404); it does not say with which version\n"
    assert line in result.output
    assert result.exit_code == 0


@pytest.mark.parametrize(
    "version",
    [
        b"",
        b"\x1b[31m2099",
        b"2099\xff\xfe",
        "２０９９\u202e".encode(),
        b"x" * 5_000,
        b"a, b",
        b"\x9b2J",
        b"\x7f",
    ],
)
async def test_a_hostile_version_does_no_harm(environment: dict[str, str], version: bytes) -> None:
    """Whatever the header holds is shown in plain signs, and not much of it, or is no answer at all."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-API-Version: " + version + b"\r\n\r\n{}")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        result = await doctor(environment | {"PATCHBAY_SENSAY_URL": url})
    (line,) = [line for line in result.stdout.splitlines() if "PATCHBAY_SENSAY_URL" in line]
    assert line[0] in "!✗"
    assert line[1:].isascii()
    assert line[1:].isprintable()
    assert len(line) < 200
    assert result.output.count("✓") == 7


async def test_a_database_that_exists_is_looked_at(environment: dict[str, str], tmp_path: Path) -> None:
    """A sound one is called sound, and the look does not disturb a bot that has it open."""
    path = tmp_path / "patchbay.db"
    async with Database.open(path):
        result = await doctor(environment)
    assert f"✓ database: {path} is sound\n" in result.output
    assert result.exit_code == 0


def ruin(environment: dict[str, str], path: Path) -> None:
    """Put something else where the database should be."""
    path.write_bytes(b"no database at all, but long enough " * 20)


def lose_keys(environment: dict[str, str], path: Path) -> None:
    """Forget the encryption keys."""
    environment["PATCHBAY_ENCRYPTION_KEYS"] = ""


def shorten_key(environment: dict[str, str], path: Path) -> None:
    """Configure a key that is too short."""
    environment["PATCHBAY_ENCRYPTION_KEYS"] = "k1:c2hvcnQ="


def lose_folder(environment: dict[str, str], path: Path) -> None:
    """Point at a folder that is not there."""
    environment["PATCHBAY_DATABASE_URL"] = f"sqlite:///{path.parent / 'missing' / 'patchbay.db'}"


def lose_token(environment: dict[str, str], path: Path) -> None:
    """Forget the Discord token."""
    del environment["PATCHBAY_DISCORD_TOKEN"]


def lose_discord(environment: dict[str, str], path: Path) -> None:
    """Point at an address where nobody is."""
    environment["PATCHBAY_DISCORD_API_URL"] = f"http://127.0.0.1:{unused_port()}"


def lose_sensay(environment: dict[str, str], path: Path) -> None:
    """Point at an address where nobody is."""
    environment["PATCHBAY_SENSAY_URL"] = f"http://127.0.0.1:{unused_port()}"


@pytest.mark.parametrize(
    ("harm", "line", "fix"),
    [
        (lose_keys, "✗ encryption keys: missing", "python3 -c"),
        (shorten_key, "✗ encryption keys: missing or not usable", "32 bytes"),
        (lose_folder, "✗ database folder: ", "Make the folder writable"),
        (ruin, "✗ database: cannot be used", "file is not a database"),
        (lose_token, "✗ discord token: PATCHBAY_DISCORD_TOKEN is not set", "Developer Portal"),
        (lose_discord, "✗ discord token: Discord cannot be reached (ConnectError)", "Check this machine's"),
        (lose_sensay, "✗ PATCHBAY_SENSAY_URL: http://127.0.0.1:", "Check this machine's network"),
    ],
)
async def test_what_is_wrong_is_named_with_its_fix(
    environment: dict[str, str],
    tmp_path: Path,
    harm: Callable[[dict[str, str], Path], None],
    line: str,
    fix: str,
) -> None:
    """One thing that is wrong: one cross, the fix below it, ticks for the rest, and exit code 1."""
    await asyncio.to_thread(harm, environment, tmp_path / "patchbay.db")
    result = await doctor(environment)
    crosses = [text for text in result.output.splitlines() if text.startswith("✗")]
    assert len(crosses) == 1
    assert crosses[0].startswith(line)
    below = result.output.split(crosses[0])[1].split("✓")[0]
    assert fix in below
    assert below.startswith("\n    ")
    assert result.output.count("✓") == 7
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("status", "line", "exit_code"),
    [
        (200, "✓ discord token: Discord accepts it", 0),
        (401, "✗ discord token: Discord refuses it\n    Reset the token", 1),
        (403, "! discord token: Discord answered 403\n    Try again", 0),
        (429, "! discord token: Discord answered 429\n    Try again", 0),
        (500, "! discord token: Discord answered 500\n    Try again", 0),
    ],
)
async def test_discords_answer_is_told_apart(
    environment: dict[str, str], discord: Discord, status: int, line: str, exit_code: int
) -> None:
    """Only a refusal is a fault of the token; trouble of Discord's own is a warning."""
    discord.status = status
    result = await doctor(environment)
    assert line in result.output
    assert result.exit_code == exit_code


async def test_a_due_migration_is_announced_and_not_made(environment: dict[str, str], tmp_path: Path) -> None:
    """An empty database file is no fault; the doctor leaves it as it is."""
    path = tmp_path / "patchbay.db"
    await asyncio.to_thread(path.touch)
    result = await doctor(environment)
    assert f"schema empty is brought to {HEAD} at the next start" in result.output
    assert (result.exit_code, path.stat().st_size) == (0, 0)


async def test_a_setting_that_cannot_be_read_ends_it(environment: dict[str, str]) -> None:
    """Without settings there is nothing to examine: the variable is named, its value is not."""
    result = await doctor(environment | {"PATCHBAY_HTTP_PORT": "FAKE-CANARY"})
    assert "PATCHBAY_HTTP_PORT" in result.output
    assert "CANARY" not in result.output
    assert result.exit_code == 1


async def test_offline_asks_nobody(environment: dict[str, str], discord: Discord, tmp_path: Path) -> None:
    """With --offline neither network nor database is touched, and only what can be known is reported."""
    await asyncio.to_thread(ruin, environment, tmp_path / "patchbay.db")
    result = await doctor(environment, "--offline")
    assert [line.split(":")[0] for line in result.output.splitlines()] == [
        "✓ settings",
        "✓ encryption keys",
        "✓ database folder",
    ]
    assert (result.exit_code, discord.authorizations) == (0, [])
    lose_keys(environment, tmp_path)
    assert (await doctor(environment, "--offline")).exit_code == 1


async def test_offline_tells_of_a_missing_token(environment: dict[str, str]) -> None:
    """That nothing is set takes no network to see."""
    del environment["PATCHBAY_DISCORD_TOKEN"]
    result = await doctor(environment, "--offline")
    assert result.exit_code == 1
    assert "✗ discord token: PATCHBAY_DISCORD_TOKEN is not set" in result.output
