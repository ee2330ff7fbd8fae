"""`patchbay doctor` prints a line for each check, with a fix where something is wrong, and an exit code."""

import asyncio
import base64
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.providers.base.simulator import Simulator
from tests.support.doctor import ENDPOINTS, IDS, MACHINE, PROVIDERS, SETTINGS, OddDiscord, doctor, examine
from tests.support.source import ROOT

TOKEN = "FAKE-TOKEN-CANARY-1.not-a-real.value-0000000000000000000000000000"
KEY = base64.b64encode(b"FAKE-KEY-CANARY-FOR-TESTS-000000").decode()
ABSENT = ["database-keys", "unreadable-rows"]
"""What there is to check only once there is a database."""


async def test_a_healthy_bot(environment: dict[str, str], discord: OddDiscord, tmp_path: Path) -> None:
    """Exit code 0, no fix, nothing written, no start used up, the token sent to Discord alone."""
    found = await examine(environment)
    assert list(found.findings) == IDS
    assert found.outcomes("ok") == [name for name in IDS if name not in ABSENT]
    assert found.outcomes("skipped") == ABSENT
    assert not any(each["fix"] for each in found.findings.values())
    assert found.exit_code == 0
    token = f"Bot {environment['PATCHBAY_DISCORD_TOKEN']}"
    assert sorted(discord.asked) == [("/applications/@me", token), ("/gateway/bot", token)]
    assert discord.identified == 0
    assert list(tmp_path.iterdir()) == []


async def test_the_document_has_its_shape(environment: dict[str, str]) -> None:
    """The keys that docs/hosting.md names, and no others."""
    document = (await examine(environment | {"PATCHBAY_LOG_LEVEL": "loud"})).document
    assert list(document) == [
        "format", "version", "python", "checked_at", "offline", "exit_code", "counts", "findings",
    ]  # fmt: skip
    assert (document["format"], document["offline"], document["exit_code"]) == (1, False, 1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["checked_at"])
    assert document["counts"] == {"failed": 1, "warning": 0, "ok": 3, "skipped": len(IDS) - 4}
    for finding in document["findings"]:
        assert list(finding) == ["id", "group", "subject", "outcome", "text", "fix", "facts"]
        assert finding["outcome"] in document["counts"]
        assert isinstance(finding["facts"], dict)


def test_every_id_is_documented() -> None:
    """The hosts' document has a row for each check."""
    told = (ROOT / "docs" / "hosting.md").read_text("utf-8")
    rows = set(re.findall(r"^\| `([a-z-]+)` \|", told, re.MULTILINE))
    assert set(IDS) - set(PROVIDERS) <= rows
    assert "`provider-…`" in told


async def test_the_text_says_the_same(environment: dict[str, str]) -> None:
    """Each finding of the document has a line in its group, with its fix below, and there is a sum."""
    environment |= {"PATCHBAY_ENCRYPTION_KEYS": "", "PATCHBAY_DISCORD_TOKE": "x"}
    found, result = await examine(environment), await doctor(environment)
    lines = result.output.splitlines()
    marks = {"ok": "✓", "warning": "!", "failed": "✗"}
    shown = [each for each in found.findings.values() if each["outcome"] in marks]
    for each in shown:
        (line,) = [
            text for text in lines if text.startswith(f"  {marks[each['outcome']]} {each['subject']:<24}  ")
        ]
        # The database's folder, the gateway's milliseconds and the free space differ.
        assert re.sub(r"\d", "", line.partition("  ")[2]).endswith(re.sub(r"\d", "", each["text"]))
        if each["fix"]:
            assert lines[lines.index(line) + 1].startswith("      → ")
    assert [line for line in lines if line.isalpha()] == [
        "Settings", "Machine", "Database", "Discord", "Providers",
    ]  # fmt: skip
    assert lines[-1] == ("The bot does not start, or does not work, until this is mended: encryption keys.")
    assert lines[-2] == f"✗ 1 failed, ! 1 to look at, ✓ {len(shown) - 2} fine"
    assert (result.exit_code, found.exit_code) == (1, 1)


async def test_settings_that_cannot_be_read_leave_a_whole_document(environment: dict[str, str]) -> None:
    """What is wrong is named without its value, and what could not be checked is listed as such."""
    found = await examine(environment | {"PATCHBAY_HTTP_PORT": "FAKE-CANARY"})
    assert list(found.findings) == IDS
    assert found.outcomes("failed") == ["settings"]
    assert found.findings["settings"]["facts"] == {"setting": "PATCHBAY_HTTP_PORT"}
    assert found.outcomes("ok") == ["setting-names", "secret-files", "libraries"]
    assert "CANARY" not in found.output
    assert found.exit_code == 1


async def test_a_misspelt_option_has_an_exit_code_of_its_own() -> None:
    """2 says that nothing was checked."""
    assert (await doctor({}, "--jsn")).exit_code == 2


async def test_offline_asks_nobody(
    environment: dict[str, str], discord: OddDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --offline no socket is used and no database is opened, and only the other checks are there."""

    def refuse(*_: object) -> None:
        raise AssertionError("the network was used")

    for name in ("connect", "connect_ex", "bind", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    path = tmp_path / "patchbay.db"
    path.touch(0o600)
    path.write_bytes(b"no database at all, but long enough " * 20)
    found = await examine(environment | {"PATCHBAY_HTTP_PORT": "8080"}, "--offline")
    assert found.outcomes("ok") == list(found.findings) == [*SETTINGS, *MACHINE, "database-folder"]
    assert (found.exit_code, found.document["offline"], discord.asked) == (0, True, [])
    environment["PATCHBAY_ENCRYPTION_KEYS"] = ""
    del environment["PATCHBAY_DISCORD_TOKEN"]
    found = await examine(environment, "--offline")
    assert (found.outcomes("failed"), found.exit_code) == (["encryption-keys", "discord-token"], 1)


async def test_a_check_that_fails_itself_stops_no_other(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a machine answers to a question, there is a finding and no traceback."""

    def fail(_path: object) -> None:
        raise RuntimeError("CANARY")

    monkeypatch.setattr(shutil, "disk_usage", fail)
    found = await examine(environment)
    assert found.said("disk-space") == ("failed", "cannot be looked at (RuntimeError)")
    assert list(found.findings) == IDS
    assert "CANARY" not in found.output


PROBE = """
import sys
for name in sys.argv[1].split(","):
    sys.modules[name] = None
sys.argv = ["patchbay", *sys.argv[2:]]
from bot.__main__ import main
main()
"""


async def examine_without(
    modules: str, environment: dict[str, str], *options: str
) -> dict[str, dict[str, str]]:
    """Run the doctor as a process that lacks modules; return its findings by id."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROBE, modules, "doctor", "--json", *options),
        env=environment | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), 30)
    assert errors == b""
    return {each["id"]: each for each in json.loads(output)["findings"]}


@pytest.mark.parametrize("options", [(), ("--offline",)])
async def test_a_missing_library_is_a_finding(environment: dict[str, str], options: tuple[str, ...]) -> None:
    """On a Python without audioop discord.py cannot be imported: the fix is named, the rest is checked."""
    found = await examine_without("audioop", environment, *options)
    assert found["libraries"]["outcome"] == "failed"
    assert "discord cannot be imported: audioop is missing" in found["libraries"]["text"]
    assert "pip install audioop-lts" in found["libraries"]["fix"]
    if not options:
        assert list(found) == IDS
        assert found["discord-gateway"]["outcome"] == "ok"
        assert found["discord-commands"]["text"] == "discord.py cannot be imported"


async def test_without_a_database_driver_the_rest_is_checked(environment: dict[str, str]) -> None:
    """What needs it is skipped and says so, and the library is named."""
    found = await examine_without("aiosqlite,alembic,cryptography", environment)
    assert found["libraries"]["outcome"] == "failed"
    assert found["provider-" + PROVIDERS[0].removeprefix("provider-")]["outcome"] == "ok"
    assert found["discord-application"]["outcome"] == "ok"
    assert not [each for each in found.values() if "cannot be looked at" in each["text"]]


def break_discord(environment: dict[str, str]) -> None:
    """Point to an address where nothing listens."""
    environment["PATCHBAY_DISCORD_API_URL"] = "http://127.0.0.1:1/api/v10"
    environment["PATCHBAY_DISCORD_GATEWAY_URL"] = "ws://127.0.0.1:1"


def break_proxy(environment: dict[str, str]) -> None:
    """Go through a proxy that does not exist."""
    environment["PATCHBAY_PROXY_URL"] = "http://CANARY-USER:FAKE-TOKEN-CANARY-PASSWORD@127.0.0.1:1"


def break_names(environment: dict[str, str]) -> None:
    """Write settings as a file for Docker does that has a colon for an equals sign."""
    environment[f"PATCHBAY_ENCRYPTION_KEYS:k1:{KEY[:-1]}"] = ""
    environment[f"PATCHBAY_DISCORD_TOKEN: {TOKEN}"] = ""


def break_setting(environment: dict[str, str]) -> None:
    """Give the token a form that no token has."""
    environment["PATCHBAY_DISCORD_TOKEN"] = f"{TOKEN} CANARY"


def break_key(environment: dict[str, str]) -> None:
    """Give a key a form that no key has."""
    environment["PATCHBAY_ENCRYPTION_KEYS"] = f"k1:{KEY[:-4]}"


def break_nothing(environment: dict[str, str]) -> None:
    """All is well but for the token, which Discord does not know."""


@pytest.mark.parametrize(
    "harm", [break_nothing, break_discord, break_proxy, break_names, break_setting, break_key]
)
async def test_no_secret_is_printed(
    environment: dict[str, str], tmp_path: Path, harm: Callable[[dict[str, str]], None]
) -> None:
    """Neither form shows the token, a key, a password in a URL, or what a file holds, whatever is wrong."""
    environment |= {
        "PATCHBAY_DISCORD_TOKEN": TOKEN,
        "PATCHBAY_ENCRYPTION_KEYS": f"k1:{KEY}",
        "PATCHBAY_HEARTBEAT_URL": "https://hc.example/FAKE-TOKEN-CANARY-HEARTBEAT",
    }
    (tmp_path / "patchbay_log_level").write_text("CANARY-OF-A-FILE")
    harm(environment)
    printed = (await doctor(environment)).output + (await doctor(environment, "--json")).output
    assert "CANARY" not in printed
    assert KEY[:20] not in printed
    assert TOKEN[-20:] not in printed


async def test_no_secret_is_sent_to_a_provider(
    environment: dict[str, str], simulators: dict[str, Simulator]
) -> None:
    """Providers are asked as by a stranger, once for each endpoint."""
    await examine(environment)
    received = [each for simulator in simulators.values() for each in simulator.requests]
    assert len(received) == len(ENDPOINTS)
    for each in received:
        assert "Authorization" not in each.headers
        assert environment["PATCHBAY_DISCORD_TOKEN"] not in f"{dict(each.headers)}"


def test_help_tells_the_exit_codes() -> None:
    """Who writes a script needs no other page."""
    ran = subprocess.run(
        [sys.executable, "-m", "bot", "doctor", "--help"],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Exit code 0" in ran.stdout
