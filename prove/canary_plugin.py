"""A plugin of pytest that keeps all that the bot writes while the tests run, at DEBUG.

`PROVE_KEPT_IN` names the folder: a file of log lines as `patchbay run` writes them, one of the requests that
Discord is sent, one of what other processes of the bot print, one with the size of each file before it was
deleted, one with the size of each page of metrics that was served, one with a line for each request that took
a canary to a provider, and one with each place in which a canary or a key was found.
"""

from __future__ import annotations

import base64
import copy
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from unittest import mock

import pytest
import structlog
from simcord.http import router

from bot import logs
from bot.demo.bot_process import BotProcess
from bot.demo.stage import Stage
from bot.operating.metrics import page
from bot.operating.metrics.reading import Reading
from bot.providers.base import simulator
from bot.providers.base.redaction import Redactor
from bot.store.vault import Vault, read_keys

CANARY: Final = b"FAKE-TOKEN"
"""What each made-up secret of tests and simulators holds: tokens, credentials, keys of providers, the
password of a proxy, and the address of a monitor."""
SPELLINGS: Final = [
    # Wherever it begins in a text that is encoded in base64.
    CANARY,
    *(base64.b64encode(bytes(shift) + CANARY)[2 * shift : -3] for shift in range(3)),
]


class Keeper:
    """Keeps what was written in memory until a test ends, because the bot must not wait for files."""

    def __init__(self, folder: Path) -> None:
        self.log = io.StringIO()
        self.sent: list[object] = []
        self.printed: list[str] = []
        self.pages: list[bytes] = []
        self.used: list[str] = []
        self.canaries = set(SPELLINGS)
        self._files: list[str] = []
        self._hits: list[str] = []
        self._name = f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}-{os.getpid()}"
        self._folder = folder

    def look_for(self, keys: Iterable[bytes]) -> None:
        """Count these encryption keys as canaries too, as they are configured and in hexadecimal."""
        for key in keys:
            if len(set(key)) > 2:  # noqa: PLR2004 - zeros are in every file
                self.canaries |= {base64.b64encode(key).rstrip(b"="), key.hex().encode()}

    def search(self, folder: Path) -> None:
        """Note the size of each file, and whether it holds a canary."""
        for file in folder.rglob("*"):
            if file.is_file() and not file.is_symlink():
                content = file.read_bytes()
                self._files.append(f"{len(content)} {file}")
                self._check(content, f"file {file}")

    def _check(self, content: bytes, where: str) -> None:
        if any(each in content for each in self.canaries):
            self._hits.append(where)

    def flush(self) -> None:
        """Write all that is kept into the folder."""
        sent = [json.dumps(each, default=repr, ensure_ascii=False) for each in self.sent]
        kept: dict[str, list[str]] = {
            "files": self._files,
            "log": self.log.getvalue().splitlines(),
            "sent": sent,
            "printed": self.printed,
            "used": self.used,
            "pages": [str(len(each)) for each in self.pages],
        }
        for each in self.pages:
            for series in each.splitlines():
                self._check(series, f"metrics {series.decode()}")
        for name in ("log", "sent", "printed"):
            for line in kept[name]:
                self._check(line.encode(), f"{name} {line}")
        kept["hits"] = self._hits
        for name, lines in kept.items():
            with (self._folder / f"{name}-{self._name}").open("a", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in lines)
        self.log.seek(0)
        self.log.truncate()
        self.sent.clear()
        self.pages.clear()
        for lines in (self.printed, self.used, self._files, self._hits):
            lines.clear()


def pytest_configure(config: pytest.Config) -> None:
    """Stand between the bot and whatever it writes to."""
    keeper = Keeper(Path(os.environ["PROVE_KEPT_IN"]))
    config.stash[_KEEPER] = keeper
    dispatch, environment, read = router.dispatch, Stage.environment, BotProcess._read  # noqa: SLF001 - of our own
    vault, original, delete = Vault.__init__, simulator.Received, tempfile.TemporaryDirectory.cleanup
    render = page._render  # noqa: SLF001 - of our own

    def send(backend: Any, method: str, path: str, **values: Any) -> Any:  # noqa: ANN401 - simcord's
        keeper.sent.append([method, path, copy.deepcopy(values)])
        return dispatch(backend, method, path, **values)

    def receive(method: str, path: str, headers: Mapping[str, str], body: object) -> simulator.Received:
        received = original(method, path, headers, body)
        if CANARY in repr((dict(received.headers), received.body)).encode():
            keeper.used.append(method)
        return received

    def make_vault(self: Vault, keys: Mapping[str, bytes]) -> None:
        keeper.look_for(keys.values())
        vault(self, keys)

    def at_debug(self: Stage) -> dict[str, str]:
        keeper.look_for(read_keys(self.keys).values())
        return environment(self) | {"PATCHBAY_LOG_LEVEL": "DEBUG"}

    async def keep_lines(self: BotProcess) -> None:
        await read(self)
        keeper.printed += self.lines

    def keep_page(readings: Iterable[Reading], accepted: str) -> tuple[bytes, str]:
        rendered = render(readings, accepted)
        keeper.pages.append(rendered[0])
        return rendered

    def search_first(self: tempfile.TemporaryDirectory[str]) -> None:
        keeper.search(Path(self.name))
        delete(self)

    for owner, name, ours in (
        (router, "dispatch", send),
        (Stage, "environment", at_debug),
        (Vault, "__init__", make_vault),
        (simulator, "Received", receive),
        (BotProcess, "_read", keep_lines),
        (page, "_render", keep_page),
        (tempfile.TemporaryDirectory, "cleanup", search_first),
    ):
        patch = mock.patch.object(owner, name, ours)
        patch.start()
        config.add_cleanup(patch.stop)


_KEEPER: Final = pytest.StashKey[Keeper]()


@pytest.fixture(autouse=True)
def kept(request: pytest.FixtureRequest, redactor: Redactor, tmp_path: Path) -> Iterator[None]:
    """Log as `patchbay run` does, and search the test's files when it has ended."""
    request.getfixturevalue("logging_state")  # restores at the end what this changes
    keeper = request.config.stash[_KEEPER]
    with mock.patch.object(sys, "stderr", keeper.log):
        logs.set_up_logs("DEBUG", "json", redactor)
    structlog.configure(cache_logger_on_first_use=False)
    yield
    keeper.search(tmp_path)
    keeper.flush()
