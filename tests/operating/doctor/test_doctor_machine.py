"""The doctor looks at the port, the disk and the modes of files as they matter to the bot."""

import shutil
import socket
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store.sqlite.migrations import migrate
from bot.store.sqlite.process_lock import process_lock
from tests.support.doctor import examine

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as shutil has it


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Another program on a port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


async def test_a_port_that_another_program_has_is_a_failure(
    environment: dict[str, str], listener: socket.socket
) -> None:
    """It is named with the fix, and it is found free once the program ends."""
    port = listener.getsockname()[1]
    environment["PATCHBAY_HTTP_PORT"] = str(port)
    found = await examine(environment)
    text = f"127.0.0.1:{port} cannot be used: another program listens there"
    assert found.said("http-port") == ("failed", text)
    assert "PATCHBAY_HTTP_PORT" in found.findings["http-port"]["fix"]
    assert found.exit_code == 1
    listener.close()
    found = await examine(environment)
    assert found.said("http-port") == ("ok", f"127.0.0.1:{port} is free")


async def test_the_port_of_the_running_bot_is_fine(
    environment: dict[str, str], listener: socket.socket, tmp_path: Path
) -> None:
    """While a process holds the lock of the database, the port is its own; the process is named."""
    port = listener.getsockname()[1]
    with process_lock(tmp_path / "patchbay.db", key_id="new"):
        found = await examine(environment | {"PATCHBAY_HTTP_PORT": str(port)})
    assert found.said("http-port") == ("ok", f"127.0.0.1:{port} is used by the bot that is running")
    assert found.said("bot-process")[1].startswith("running as process ")
    (process,) = found.findings["bot-process"]["facts"]["processes"]
    assert set(process) == {"pid", "host", "since"}
    assert found.exit_code == 0


async def test_an_address_of_another_machine_is_a_failure(environment: dict[str, str]) -> None:
    """The fix names the setting with the address."""
    found = await examine(environment | {"PATCHBAY_HTTP_HOST": "192.0.2.1", "PATCHBAY_HTTP_PORT": "0"})
    assert found.said("http-port")[0] == "failed"
    assert "PATCHBAY_HTTP_HOST" in found.findings["http-port"]["fix"]


@pytest.mark.parametrize(
    ("free", "outcome"),
    [(0, "failed"), (2 << 20, "warning"), (1 << 40, "ok")],
    ids=["none", "little", "much"],
)
async def test_free_space_is_compared_with_what_a_copy_takes(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, outcome: str
) -> None:
    """A full disk stops the bot; one without room for a copy is a warning."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(1 << 40, 0, free))
    migrate(tmp_path / "patchbay.db")
    found = await examine(environment | {"PATCHBAY_BACKUP_FOLDER": str(tmp_path / "not" / "yet")})
    assert found.said("disk-space")[0] == outcome
    facts = found.findings["disk-space"]["facts"]
    assert facts["free_bytes"] == free
    assert facts["needed_bytes"] > (tmp_path / "patchbay.db").stat().st_size


async def test_files_that_others_can_read_are_named(environment: dict[str, str], tmp_path: Path) -> None:
    """The database, what is beside it, and backups: each with the command that mends it."""
    backups = tmp_path / "backups"
    backups.mkdir()
    migrate(tmp_path / "patchbay.db")
    (tmp_path / "patchbay.db").chmod(0o600)
    shared = [
        tmp_path / "patchbay.db.before-0011",
        tmp_path / "patchbay.discord.json",
        backups / "patchbay-20260131T120000Z.db",
    ]
    for path in shared:
        path.touch()
        path.chmod(0o640)
    environment["PATCHBAY_BACKUP_FOLDER"] = str(backups)
    found = await examine(environment)
    assert found.said("file-modes")[0] == "warning"
    assert found.findings["file-modes"]["facts"] == {"readable_by_others": [str(path) for path in shared]}
    assert found.exit_code == 0
    for path in shared:
        assert f"  chmod go-rwx {path}\n" in found.findings["file-modes"]["fix"] + "\n"
        path.chmod(0o600)
    assert (await examine(environment)).said("file-modes")[0] == "ok"
