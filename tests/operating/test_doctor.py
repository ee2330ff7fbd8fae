"""`patchbay doctor` prints a line for each check, with a fix where something is wrong, and an exit code."""

import asyncio
import base64
import os
import re
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from aiohttp import web
from click.testing import CliRunner, Result

from bot.__main__ import main
from bot.discord.connection.starts import IDENTIFIES
from bot.discord.connection.state_file import StateFile, path_beside
from bot.discord.sync import SYNC_REFUSAL
from bot.providers import providers
from bot.providers.base.endpoint import ApiVersion, Endpoint
from bot.providers.base.simulator import Answer, Simulator
from bot.store.database import Database
from bot.store.revision import HEAD

TOKEN = "FAKE-TOKEN-FOR-TESTS.not-a-real.value-00000000000000000000000000"
ENDPOINTS = {endpoint.setting: endpoint for provider in providers() for endpoint in provider.endpoints}
CHECKS = 5 + len(ENDPOINTS)
"""How many lines a healthy bot gets."""
KEY = base64.b64encode(b"FAKE-KEY-FOR-TESTS-0000000000000").decode()


class Discord:
    """Answers `/applications/@me` and nothing else; `status` is what a right token gets."""

    def __init__(self) -> None:
        self.status = 200
        self.body: dict[str, object] = {"id": "1219876543210987654"}
        self.authorizations: list[str | None] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        """Answer as Discord does."""
        self.authorizations.append(request.headers.get("Authorization"))
        return web.json_response(self.body, status=self.status)


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls: nothing else runs in the doctor's event loop."""


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


class Versioned(NamedTuple):
    """A provider's simulator, and its endpoint that has versions."""

    simulator: Simulator
    endpoint: Endpoint
    version: ApiVersion


@pytest.fixture
def versioned(simulators: dict[str, Simulator]) -> Versioned:
    """The first provider that has versions."""
    return next(
        Versioned(simulators[provider.slug], endpoint, endpoint.version)
        for provider in providers()
        for endpoint in provider.endpoints
        if endpoint.version is not None
    )


@pytest.fixture
async def environment(
    discord: Discord,
    simulators: dict[str, Simulator],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, str]:
    """Settings of a healthy bot; a test breaks one of them."""
    for name in os.environ:
        if name.startswith("PATCHBAY_"):
            monkeypatch.delenv(name)
    return {
        "PATCHBAY_SECRETS_DIR": str(tmp_path),
        "PATCHBAY_DISCORD_TOKEN": TOKEN,
        "PATCHBAY_DISCORD_API_URL": discord.url,
        "PATCHBAY_DATABASE_URL": f"sqlite:///{tmp_path / 'patchbay.db'}",
        "PATCHBAY_ENCRYPTION_KEYS": f"new:{KEY},old:{base64.b64encode(bytes(32)).decode()}",
        **{name: url for each in simulators.values() for name, url in each.environment().items()},
    }


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
    """Each check has a line with a tick and no fix, and the exit code is 0."""
    result = await doctor(environment)
    lines = result.output.splitlines()
    assert lines[: -len(ENDPOINTS)] == [
        "✓ settings: all values can be read",
        "✓ encryption keys: 2, new secrets use 'new'",
        f"✓ database folder: {tmp_path} can be written to",
        f"✓ database: {tmp_path / 'patchbay.db'} does not exist yet; the first start makes it",
        "✓ discord token: Discord accepts it",
    ]
    for line, (setting, endpoint) in zip(lines[-len(ENDPOINTS) :], ENDPOINTS.items(), strict=True):
        # Without credentials a provider refuses (401) or knows no such path (404).
        version = "" if endpoint.version is None else f" with version {endpoint.version.pinned}, as asked"
        start = re.escape(f"✓ {setting}: {environment[setting]} answers")
        assert re.fullmatch(rf"{start} \((401|404)\){re.escape(version)}", line)
    assert result.exit_code == 0
    assert discord.authorizations == [f"Bot {TOKEN}"]
    assert list(tmp_path.iterdir()) == []


async def test_no_secret_is_printed_or_sent_to_a_provider(environment: dict[str, str]) -> None:
    """No line holds the token or a key, with a fault or without."""
    well = await doctor(environment)
    ill = await doctor(environment | {"PATCHBAY_DISCORD_API_URL": "http://127.0.0.1:1/api/v10"})
    for secret in (TOKEN, KEY):
        assert secret not in well.output + ill.output


async def test_another_version_is_a_warning(environment: dict[str, str], versioned: Versioned) -> None:
    """Both versions are named, the fix is named, and the bot can still start."""
    simulator, endpoint, version = versioned
    simulator.fail(Answer(401, {}, {version.header: "2999-06-01"}))
    result = await doctor(environment)
    assert (
        f"! {endpoint.setting}: {simulator.url} answers (401) with version '2999-06-01' where"
        f" {version.pinned} was asked for\n"
        "    Answers may read differently now: look for an update of Patchbay.\n"
    ) in result.output
    assert result.exit_code == 0
    (received,) = simulator.requests
    assert received.headers[version.header] == version.pinned
    sent = f"{dict(received.headers)}"
    assert "Authorization" not in received.headers
    assert not any(secret in sent for secret in simulator.credentials.values())


async def test_an_unknown_version_is_no_fault(environment: dict[str, str], versioned: Versioned) -> None:
    """A proxy may remove the header; the doctor says that it does not know the version."""
    simulator, endpoint, _ = versioned
    simulator.fail(Answer(404, {"error": "no such route"}))
    result = await doctor(environment)
    line = f"✓ {endpoint.setting}: {simulator.url} answers (404); it does not say with which version\n"
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
async def test_a_hostile_version_does_no_harm(
    environment: dict[str, str], versioned: Versioned, version: bytes
) -> None:
    """Whatever the header holds, only a few printable ASCII characters of it are shown."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        header = versioned.version.header.encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + header + b": " + version + b"\r\n\r\n{}")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        result = await doctor(environment | {versioned.endpoint.setting: url})
    (line,) = [line for line in result.stdout.splitlines() if f"{versioned.endpoint.setting}:" in line]
    assert line[0] in "!✗"
    assert line[1:].isascii()
    assert line[1:].isprintable()
    assert len(line) < 200
    assert result.output.count("✓") == CHECKS - 1


async def test_a_database_that_exists_is_looked_at(environment: dict[str, str], tmp_path: Path) -> None:
    """A database without faults is called sound, and the check does not disturb a bot that has it open."""
    path = tmp_path / "patchbay.db"
    async with Database.open(path):
        result = await doctor(environment)
    assert f"✓ database: {path} is sound\n" in result.output
    assert result.exit_code == 0


def ruin(environment: dict[str, str], path: Path) -> None:
    """Overwrite the database with something else."""
    path.write_bytes(b"no database at all, but long enough " * 20)


def lose_keys(environment: dict[str, str], path: Path) -> None:
    """Remove the encryption keys."""
    environment["PATCHBAY_ENCRYPTION_KEYS"] = ""


def shorten_key(environment: dict[str, str], path: Path) -> None:
    """Configure a key that is too short."""
    environment["PATCHBAY_ENCRYPTION_KEYS"] = "k1:c2hvcnQ="


def lose_folder(environment: dict[str, str], path: Path) -> None:
    """Point to a folder that does not exist."""
    environment["PATCHBAY_DATABASE_URL"] = f"sqlite:///{path.parent / 'missing' / 'patchbay.db'}"


def lose_token(environment: dict[str, str], path: Path) -> None:
    """Remove the Discord token."""
    del environment["PATCHBAY_DISCORD_TOKEN"]


def lose_discord(environment: dict[str, str], path: Path) -> None:
    """Point to an address where nothing listens."""
    environment["PATCHBAY_DISCORD_API_URL"] = f"http://127.0.0.1:{unused_port()}"


def lose_provider(environment: dict[str, str], path: Path) -> None:
    """Point to an address where nothing listens."""
    environment[next(iter(ENDPOINTS))] = f"http://127.0.0.1:{unused_port()}"


@pytest.mark.parametrize(
    ("harm", "line", "fix"),
    [
        (lose_keys, "✗ encryption keys: missing", "python3 -c"),
        (shorten_key, "✗ encryption keys: missing or not usable", "32 bytes"),
        (lose_folder, "✗ database folder: ", "Make the folder writable"),
        (ruin, "✗ database: cannot be used", "file is not a database"),
        (lose_token, "✗ discord token: PATCHBAY_DISCORD_TOKEN is not set", "Developer Portal"),
        (lose_discord, "✗ discord token: Discord cannot be reached (ConnectError)", "Check this machine's"),
        (lose_provider, f"✗ {next(iter(ENDPOINTS))}: http://127.0.0.1:", "Check this machine's network"),
    ],
)
async def test_what_is_wrong_is_named_with_its_fix(
    environment: dict[str, str],
    tmp_path: Path,
    harm: Callable[[dict[str, str], Path], None],
    line: str,
    fix: str,
) -> None:
    """One fault gives one cross with the fix below it, ticks for the rest, and exit code 1."""
    await asyncio.to_thread(harm, environment, tmp_path / "patchbay.db")
    result = await doctor(environment)
    crosses = [text for text in result.output.splitlines() if text.startswith("✗")]
    assert len(crosses) == 1
    assert crosses[0].startswith(line)
    below = result.output.split(crosses[0])[1].split("✓")[0]
    assert fix in below
    assert below.startswith("\n    ")
    assert result.output.count("✓") == CHECKS - 1
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
    """Only a refusal is a fault of the token; an error of Discord's own is a warning."""
    discord.status = status
    result = await doctor(environment)
    assert line in result.output
    assert result.exit_code == exit_code


async def test_discords_own_code_is_told(environment: dict[str, str], discord: Discord) -> None:
    """What Discord itself says is more than its status."""
    discord.status, discord.body = 403, {"code": 40002, "message": "CANARY"}
    result = await doctor(environment)
    assert "! discord token: Discord answered 403, code 40002\n" in result.output
    assert "CANARY" not in result.output


async def test_what_a_run_has_kept_is_told(environment: dict[str, str], tmp_path: Path) -> None:
    """A refused synchronisation and failed starts are warnings, with Discord's code and fields."""
    state = StateFile(path_beside(tmp_path / "patchbay.db"))
    refusal = {
        "route": "PUT /applications/{id}/commands",
        "status": 400,
        "code": 30034,
        "fields": "0.name: X",
    }
    await state.put(SYNC_REFUSAL, {"error": "HTTPException", **refusal})
    await state.put(IDENTIFIES, {"0": [3, 1.0]})
    result = await doctor(environment)
    assert (
        "! discord commands: Discord did not take the commands (route PUT /applications/{id}/commands,"
        " status 400, code 30034, fields 0.name: X, error HTTPException)"
    ) in result.output
    assert "! discord starts: the last starts did not get as far as READY (3)" in result.output
    assert result.exit_code == 0


async def test_a_due_migration_is_announced_and_not_made(environment: dict[str, str], tmp_path: Path) -> None:
    """An empty database file is no fault, and the doctor does not change it."""
    path = tmp_path / "patchbay.db"
    await asyncio.to_thread(path.touch)
    result = await doctor(environment)
    assert f"schema empty is brought to {HEAD} at the next start" in result.output
    assert (result.exit_code, path.stat().st_size) == (0, 0)


async def test_a_setting_that_cannot_be_read_ends_it(environment: dict[str, str]) -> None:
    """If a setting cannot be read, its variable is named and nothing else is checked; its value is not
    shown.
    """
    result = await doctor(environment | {"PATCHBAY_HTTP_PORT": "FAKE-CANARY"})
    assert "PATCHBAY_HTTP_PORT" in result.output
    assert "CANARY" not in result.output
    assert result.exit_code == 1


async def test_offline_asks_nobody(environment: dict[str, str], discord: Discord, tmp_path: Path) -> None:
    """With --offline neither network nor database is used, and only the other checks are reported."""
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
    """A missing token is reported without a network."""
    del environment["PATCHBAY_DISCORD_TOKEN"]
    result = await doctor(environment, "--offline")
    assert result.exit_code == 1
    assert "✗ discord token: PATCHBAY_DISCORD_TOKEN is not set" in result.output
