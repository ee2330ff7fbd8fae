"""The host's address is called once a minute, and only while all is well."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from aiohttp import web

from bot.operating.health.heartbeat import SECONDS, Heartbeat
from bot.providers.base.api_client import open_http
from tests.support.log_capture import log_lines, logging_to_memory

PATH = "/api/push/FAKE-TOKEN-of-the-check?status=up&msg=OK&ping="
"""As Uptime Kuma's."""


@dataclass
class Monitor:
    """What is called. answers: the status of each call in turn, then 200."""

    answers: list[int] = field(default_factory=list)
    called: list[str] = field(default_factory=list)
    logins: list[str | None] = field(default_factory=list)
    endless: bool = False
    says_nothing: bool = False
    port: int = 0

    @property
    def url(self) -> str:
        """The address that the host configures."""
        return f"http://127.0.0.1:{self.port}{PATH}"

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Note a call."""
        assert request.method == "GET"
        self.called.append(request.path_qs)
        self.logins.append(request.headers.get("Authorization"))
        if self.says_nothing:
            await asyncio.Future()
        status = self.answers.pop(0) if self.answers else 200
        if self.endless:
            endless = web.StreamResponse(status=status)
            await endless.prepare(request)
            while True:
                await endless.write(b"x" * 65536)
        return web.Response(status=status, headers={"Location": f"http://127.0.0.1:{self.port}/elsewhere"})


@pytest.fixture
async def monitor() -> AsyncIterator[Monitor]:
    """A monitor on loopback."""
    monitor = Monitor()
    runner = web.ServerRunner(web.Server(monitor.answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monitor.port = runner.addresses[0][1]
    yield monitor
    await runner.cleanup()


@dataclass
class Rounds:
    """How often the heartbeat has slept, and for how long. wells: of each round, + where all is well."""

    wells: str
    slept: list[float] = field(default_factory=list)

    def reasons(self) -> tuple[str, ...]:
        """Return why not all is well."""
        return () if self.wells[len(self.slept)] == "+" else ("The database takes no writes.",)

    async def sleep(self, seconds: float) -> None:
        """End a round at once, and everything after the last one."""
        self.slept.append(seconds)
        if len(self.slept) == len(self.wells):
            raise asyncio.CancelledError


@asynccontextmanager
async def opened() -> AsyncIterator[httpx.AsyncClient]:
    """Open the bot's client."""
    async with open_http(httpx.create_ssl_context()) as http:
        yield http.client


async def beat(url: str, wells: str = "+") -> list[float]:
    """Run a heartbeat for as many rounds, and return how long it slept in each. wells: see ``Rounds``."""
    rounds = Rounds(wells)
    async with opened() as http:
        with pytest.raises(asyncio.CancelledError):
            await Heartbeat(url, http, rounds.reasons).run(rounds.sleep)
    return rounds.slept


async def test_it_is_called_only_while_all_is_well(monitor: Monitor) -> None:
    """Each minute that all is well there is one call, with the URL's query; else there is none, and the next
    look follows soon.
    """
    slept = await beat(monitor.url, "+--++")
    assert monitor.called == [PATH] * 3
    assert [each == SECONDS for each in slept] == [True, False, False, True, True]
    assert max(each for each in slept if each != SECONDS) <= 5


async def test_calls_that_fail_are_logged_once(monitor: Monitor) -> None:
    """One line says that calls fail and one that they work again; neither says which check it is."""
    monitor.answers = [404, 500, 429, 200, 503]
    with logging_to_memory("json") as log:
        await beat(monitor.url, "++++++")
    assert [each["status"] for each in log_lines(log, "heartbeat_failing")] == [404, 503]
    assert len(log_lines(log, "heartbeat_back")) == 2
    assert "FAKE-TOKEN" not in log.getvalue()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_not_followed(monitor: Monitor, status: int) -> None:
    """A redirect is a failed call; nobody else is called."""
    monitor.answers = [status]
    with logging_to_memory("json") as log:
        await beat(monitor.url)
    assert monitor.called == [PATH]
    assert [each["status"] for each in log_lines(log, "heartbeat_failing")] == [status]


async def test_nobody_there_is_a_failed_call() -> None:
    """If the address cannot be reached, the rounds go on."""
    with logging_to_memory("json") as log:
        assert len(await beat("http://127.0.0.1:1/FAKE-TOKEN", "+++")) == 3
    assert [each["error"] for each in log_lines(log, "heartbeat_failing")] == ["refused"]
    assert "FAKE-TOKEN" not in log.getvalue()


async def test_an_answer_without_end_is_not_read(monitor: Monitor) -> None:
    """The status is enough: a body that never ends holds nothing up."""
    monitor.endless = True
    async with asyncio.timeout(5):
        assert len(await beat(monitor.url, "++")) == 2
    assert len(monitor.called) == 2


async def test_an_answer_that_does_not_come_ends_in_time(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A monitor that accepts and says nothing is a failed call after the deadline."""
    monkeypatch.setattr("bot.operating.health.heartbeat._DEADLINE", 0.1)
    monitor.says_nothing = True
    with logging_to_memory("json") as log:
        await beat(monitor.url)
    assert [each["error"] for each in log_lines(log, "heartbeat_failing")] == ["timed_out"]


async def test_a_login_in_the_url_is_sent(monitor: Monitor) -> None:
    """A monitor behind a login gets user and password."""
    await beat(monitor.url.replace("://", "://user:pass%40word@"))
    assert monitor.logins == ["Basic dXNlcjpwYXNzQHdvcmQ="]
