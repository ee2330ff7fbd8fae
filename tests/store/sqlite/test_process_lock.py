"""Of two processes that would answer for the same shards on one database, the second one is refused."""

import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.setup_errors import AlreadyRunningError, DatabaseUnusableError, OtherKeyInUseError
from bot.store.sqlite.process_lock import process_lock, require_key
from tests.support.source import ROOT

HOLDER = """
import sys
from pathlib import Path
from bot.store.sqlite.process_lock import process_lock

with process_lock(Path(sys.argv[1]), [int(shard) for shard in sys.argv[2:]], lambda: 1_800_000_000):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def holder(path: Path, *shards: int) -> Iterator[subprocess.Popen[str]]:
    """Hold the lock in another process."""
    command = [sys.executable, "-c", HOLDER, str(path), *map(str, shards)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        try:
            yield other
        finally:
            other.kill()


def test_a_second_process_is_told_who_holds_the_lock(path: Path) -> None:
    """The error names the other process, its machine and since when it runs."""
    with holder(path) as other, pytest.raises(AlreadyRunningError) as refused, process_lock(path):
        pass
    assert refused.value.values == {
        "path": str(path),
        "pid": str(other.pid),
        "host": socket.gethostname(),
        "since": "2027-01-15T08:00:00Z",
    }


def test_another_name_of_the_file_is_the_same_database(path: Path, tmp_path: Path) -> None:
    """A link to the file leads to the same lock."""
    path.touch()
    link = tmp_path / "link.db"
    link.symlink_to(path)
    with process_lock(path), pytest.raises(AlreadyRunningError), process_lock(link):
        pass


def test_a_killed_process_leaves_no_lock(path: Path) -> None:
    """After SIGKILL the file is still there, and the next process takes the lock."""
    with holder(path) as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
        assert path.with_name("patchbay.db.lock").read_text()
        with process_lock(path):
            pass


@pytest.mark.parametrize(
    ("held", "wanted", "free"),
    [((), (), False), ((), (0,), False), ((0, 1), (), False), ((0, 1), (1, 2), False), ((0, 1), (2,), True)],
)
def test_each_shard_has_one_process(
    path: Path, held: tuple[int, ...], wanted: tuple[int, ...], free: bool
) -> None:
    """Processes with different shards share a database; any overlap, and all shards, are refused."""
    refused = contextlib.nullcontext() if free else pytest.raises(AlreadyRunningError)
    with holder(path, *held) as other, refused as error, process_lock(path, wanted):
        pass
    if not free:
        assert error is not None
        assert error.value.values["pid"] == str(other.pid)


def test_a_refused_process_keeps_nothing(path: Path) -> None:
    """Of the shards of a process that was refused because of another shard, none stays taken."""
    with holder(path, 5):
        with pytest.raises(AlreadyRunningError), process_lock(path, (4, 5)):
            pass
        with process_lock(path, (4,)):
            pass


@pytest.mark.parametrize("written", [b"", b"half a jso", b"[]", b'{"pid": 7}', b"\xff" * 9999])
def test_an_unreadable_holder_is_no_obstacle_to_the_refusal(path: Path, written: bytes) -> None:
    """The lock refuses although what the holder wrote is lost."""
    with holder(path):
        path.with_name("patchbay.db.lock").write_bytes(written)
        with pytest.raises(AlreadyRunningError) as refused, process_lock(path):
            pass
    assert refused.value.values["host"] == "?"


@pytest.mark.parametrize("shards", [(), (0, 1), (3,)])
def test_a_key_that_the_bot_does_not_sign_with_is_refused(path: Path, shards: tuple[int, ...]) -> None:
    """A rotation to another key than the running bot's would break the logs that both write to."""
    with process_lock(path, shards, lambda: 1_800_000_000, key_id="k1"):
        require_key(path, "k1")
        with pytest.raises(OtherKeyInUseError) as refused:
            require_key(path, "k2")
        path.with_name(f"patchbay.db.lock{f'-{shards[-1]}' if shards else ''}").write_bytes(b"noise")
        with pytest.raises(OtherKeyInUseError):
            require_key(path, "k1")
    assert refused.value.values == {
        "key_id": "k2",
        "in_use": "k1",
        "pid": str(os.getpid()),
        "host": socket.gethostname(),
        "since": "2027-01-15T08:00:00Z",
    }
    require_key(path, "k2")


def test_the_key_in_use_is_known_by_another_name_of_the_file(path: Path, tmp_path: Path) -> None:
    """Whoever rotates through a link must not miss the bot that runs on what it leads to."""
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.db"
    path.touch()
    link.symlink_to(path)
    with process_lock(path, key_id="k1"), pytest.raises(OtherKeyInUseError):
        require_key(link, "k2")


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    """The error is that of a database that cannot be opened."""
    with pytest.raises(DatabaseUnusableError), process_lock(tmp_path / "missing" / "patchbay.db"):
        pass


def test_the_files_are_private(path: Path) -> None:
    """Only the owner can read them, whatever the umask is and whatever mode they had."""
    path.with_name("patchbay.db.lock").touch(0o666)
    before = os.umask(0)
    try:
        with process_lock(path, (3,)):
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"patchbay.db.lock": 0o600, "patchbay.db.lock-3": 0o600}
