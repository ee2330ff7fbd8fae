"""Checks the machine: libraries, modes of files, free space, and the port."""

import contextlib
import errno
import importlib
import platform
import shutil
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bot.operating.doctor.finding import DoctorCheck, Finding, size
from bot.operating.running import running_processes
from bot.settings import Settings
from bot.setup_errors import SetupError

LIBRARIES: Final = DoctorCheck("libraries", "machine", "libraries")
MODES: Final = DoctorCheck("file-modes", "machine", "file modes")
SPACE: Final = DoctorCheck("disk-space", "machine", "disk space")
PORT: Final = DoctorCheck("http-port", "machine", "http port")

_NEEDED: Final = ("discord", "bot.store.database", "bot.store.vault")
"""The last two bring the database driver and the cryptography."""
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_SHOWN: Final = 5
_SPARE: Final = 64 << 20
"""Bytes that are to be free besides a copy of the database: a day's log and what the database grows by."""
_NOTHING: Final = 1 << 20
"""With fewer free bytes the database takes no writes."""


def examine_libraries() -> list[Finding]:
    """Import what the bot imports at its start."""
    return [_examine_libraries()]


def _examine_libraries() -> Finding:
    for name in _NEEDED:
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - a library may raise anything when it is imported
            missing = (error.name if isinstance(error, ImportError) else None) or name
            return LIBRARIES.failed(
                f"{name} cannot be imported: {missing} is missing or broken ({type(error).__name__})",
                _fix_of(missing),
                missing=missing,
                python=platform.python_version(),
            )
    version = importlib.import_module("discord").__version__
    python = platform.python_version()
    return LIBRARIES.ok(f"Python {python}, discord.py {version}", python=python, discord_py=version)


def _fix_of(missing: str) -> str:
    if missing == "audioop":
        return "Python has no audioop from 3.13 on. Install what takes its place:\n  pip install audioop-lts"
    return (
        f"Install Patchbay's requirements into this Python ({platform.python_version()}), as docs/hosting.md"
        " says under 'Start it'."
    )


def examine_modes(settings: Settings) -> list[Finding]:
    """Look for files with stored data that other users can read or change."""
    shared = [path for path in _stored_files(settings) if _is_shared(path)]
    if not shared:
        return [MODES.ok("no other user can read what is stored")]
    more = f" and {len(shared) - _SHOWN} more" if len(shared) > _SHOWN else ""
    commands = "\n".join(f"  chmod go-rwx {path}" for path in shared[:_SHOWN])
    return [
        MODES.warning(
            f"other users of this machine can read {', '.join(map(str, shared[:_SHOWN]))}{more}",
            f"Take the access away:\n{commands}",
            readable_by_others=[str(path) for path in shared],
        )
    ]


def _stored_files(settings: Settings) -> Iterator[Path]:
    """Return the database, what is kept beside it, and its backups."""
    if isinstance(settings.database, Path):
        database = settings.database.absolute()
        yield from sorted(database.parent.glob(f"{database.name}*"))
        yield from sorted(database.parent.glob(f"{database.stem}.discord.json"))
    if settings.backup_folder is not None:
        yield from sorted(settings.backup_folder.glob("patchbay-*.db"))


def _is_shared(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & _OTHERS)
    except OSError:
        return False


def examine_space(settings: Settings) -> list[Finding]:
    """Compare what is free with what a copy of the database takes, in its folder and in that of backups."""
    if isinstance(settings.database, str):
        return [SPACE.skipped("the database is on a server")]
    database = settings.database.absolute()
    needed = sum(_bytes_of(database.with_name(database.name + end)) for end in ("", "-wal")) + _SPARE
    folders = [database.parent]
    if settings.backup_folder is not None:
        folders.append(settings.backup_folder.absolute())
    seen = {}
    for folder in map(_existing, folders):
        try:
            seen[folder.stat().st_dev] = folder, shutil.disk_usage(folder).free
        except OSError as error:
            return [SPACE.failed(f"{folder} cannot be looked at: {error.strerror}", "Check the disk.")]
    folder, free = min(seen.values(), key=lambda each: each[1])
    facts = {"folder": str(folder), "free_bytes": free, "needed_bytes": needed}
    said = f"{size(free)} are free in {folder}"
    if free < _NOTHING:
        return [SPACE.failed(f"{said}: nothing can be stored", _MAKE_ROOM, **facts)]
    if free < needed:
        text = f"{said}, but a backup, or the copy before a migration, may take {size(needed)}"
        return [SPACE.warning(text, _MAKE_ROOM, **facts)]
    return [SPACE.ok(said, **facts)]


_MAKE_ROOM: Final = "Make room, or move the database or its backups to a larger disk."


def _bytes_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _existing(folder: Path) -> Path:
    """Return the folder, or the one in which it will be made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def examine_port(settings: Settings) -> list[Finding]:
    """Try whether the health endpoint gets its port; the bot itself may have it already."""
    host, port = settings.http_host, settings.http_port
    if port is None:
        return [PORT.ok("none, because PATCHBAY_HTTP_PORT is not set")]
    facts = {"host": host, "port": port}
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in addresses:
            with socket.socket(family, kind, protocol) as probe:
                # As the bot's own socket: one that was closed a moment ago does not count.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
                probe.listen(1)
    except OSError as error:
        if error.errno == errno.EADDRINUSE and _is_running(settings):
            return [PORT.ok(f"{host}:{port} is used by the bot that is running", **facts)]
        return [PORT.failed(f"{host}:{port} cannot be used: {_port_flaw(error)}", _fix_port(error), **facts)]
    return [PORT.ok(f"{host}:{port} is free", **facts)]


def _is_running(settings: Settings) -> bool:
    with contextlib.suppress(SetupError):  # the check of the database says it
        return bool(running_processes(settings))
    return False


def _port_flaw(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program listens there"
    if isinstance(error, socket.gaierror):
        return "this host name is not known"
    return (error.strerror or type(error).__name__).lower()


def _fix_port(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "End that program, or set PATCHBAY_HTTP_PORT to another port."
    if error.errno in {errno.EACCES, errno.EPERM}:
        return "Set PATCHBAY_HTTP_PORT to a port from 1024 on, which needs no rights."
    return "Set PATCHBAY_HTTP_HOST to an address of this machine: 127.0.0.1, or 0.0.0.0 for all of them."
