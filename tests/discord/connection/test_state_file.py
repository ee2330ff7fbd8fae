"""The file on our standing with Discord is shared by processes; losing it is no failure."""

import asyncio
import fcntl
import math
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.discord.connection.state_file import StateFile, read_state
from bot.store.sqlite.private_files import alone_in


def more(kept: Mapping[str, int]) -> dict[str, int]:
    """Count one more."""
    return {"count": kept.get("count", 0) + 1}


async def test_processes_keep_what_others_have_stored(tmp_path: Path) -> None:
    """Two processes of one bot change the file in turns, and no change is lost."""
    processes = [StateFile(tmp_path / "state") for _ in range(2)]
    await asyncio.gather(*(process.change("x", more) for _ in range(20) for process in processes))
    await processes[0].put("y", {"of": "the first"})
    await processes[1].put("z", {"of": "the second"})
    assert await asyncio.to_thread(read_state, tmp_path / "state") == {
        "x": {"count": 40}, "y": {"of": "the first"}, "z": {"of": "the second"},
    }  # fmt: skip


@pytest.mark.parametrize("damage", [None, "", "[" * 100_000, '{"x": {"co', "\x00\x00"])
async def test_a_file_that_is_lost_while_the_bot_runs_comes_back(tmp_path: Path, damage: str | None) -> None:
    """The bot still knows what it has counted, and writes it with the next change."""
    path = tmp_path / "state"
    state = StateFile(path)
    await state.change("x", more)
    path.unlink() if damage is None else path.write_text(damage)
    assert await state.get("x") == {"count": 1}
    await state.change("x", more)
    assert await asyncio.to_thread(read_state, path) == {"x": {"count": 2}}


async def test_a_file_that_cannot_be_written_is_kept_in_memory(tmp_path: Path) -> None:
    """Counting goes on, and is written as soon as that works again."""
    path = tmp_path / "folder" / "state"
    path.parent.mkdir()
    state = StateFile(path)
    await state.change("x", more)
    in_the_way = path.with_suffix(".new")
    in_the_way.mkdir()
    await state.change("x", more)
    assert await state.change("x", more) == {"count": 3}
    assert await asyncio.to_thread(read_state, path) == {"x": {"count": 1}}
    in_the_way.rmdir()
    await state.change("x", more)
    assert await asyncio.to_thread(read_state, path) == {"x": {"count": 4}}
    assert [each.name for each in path.parent.iterdir()] == ["state"]


async def test_a_folder_that_is_missing_is_no_failure(tmp_path: Path) -> None:
    """There is nothing to lock then either."""
    state = StateFile(tmp_path / "missing" / "state")
    await state.change("x", more)
    assert await state.change("x", more) == {"count": 2}


async def test_a_process_that_is_halted_halts_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever keeps the lock is waited for a second at most."""
    monkeypatch.setattr("bot.discord.connection.state_file._LOCK_PAUSE", 0.0)
    held = os.open(tmp_path / "state", os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        assert await StateFile(tmp_path / "state").change("x", more) == {"count": 1}
    finally:
        os.close(held)


async def test_a_backup_under_way_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is locked for as long as the database is copied; the file has a lock of its own."""
    monkeypatch.setattr("bot.discord.connection.state_file._LOCK_TRIES", 1)
    monkeypatch.setattr("bot.discord.connection.state_file._LOCK_PAUSE", math.nan)
    with alone_in(tmp_path):
        assert await StateFile(tmp_path / "state").change("x", more) == {"count": 1}


async def test_a_lock_is_not_that_of_a_file_that_was_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many processes at once lose no change, although the file that one waits for is replaced or deleted."""
    monkeypatch.setattr("bot.discord.connection.state_file._LOCK_TRIES", 10_000)
    monkeypatch.setattr("bot.discord.connection.state_file._LOCK_PAUSE", 0.0001)
    for _ in range(2):
        processes = [StateFile(tmp_path / "state") for _ in range(4)]
        await asyncio.gather(*(each.change("x", more) for _ in range(25) for each in processes))
        assert await processes[0].get("x") == {"count": 100}
        await processes[0].put("x", {})
        assert list(tmp_path.iterdir()) == []
