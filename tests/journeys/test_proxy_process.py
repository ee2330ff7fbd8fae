"""The bot as a process whose only way out is a proxy: Discord and the providers are behind TLS, as the real
ones are, and the proxy opens the tunnels.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.demo.bot_process import BotFailedError, BotProcess
from bot.demo.stage import READY_WITHIN, Stage
from bot.i18n.catalog import load_catalog
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.demo_steps import connect, simulator, text
from tests.support.forward_proxy import ForwardProxy
from tests.support.tls_front import TlsFront, make_certificate, tls_front

pytestmark = pytest.mark.sqlite  # the database is not reached through a proxy
LOGIN = "bot:FAKE-TOKEN-PASSWORD-of-the-proxy"
WITHIN = 20
"""Seconds for a start that fails, on a busy machine."""


@dataclass(frozen=True)
class Behind:
    """What is reached through the proxy alone. fronts: by the setting that names it."""

    proxy: ForwardProxy
    fronts: dict[str, TlsFront]
    environment: dict[str, str]

    def took_past_the_proxy(self) -> list[str]:
        """Return whatever took a connection that was no tunnel of the proxy."""
        return [name for name, each in self.fronts.items() if each.taken != self.proxy.tunnels[each.port]]


@pytest.fixture
async def behind(stage: Stage, tmp_path: Path) -> AsyncIterator[Behind]:
    """Put TLS in front of every address, and a proxy before that."""
    certificate, environment = make_certificate(tmp_path), stage.environment()
    fronts: dict[str, TlsFront] = {}
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(ForwardProxy.serve(login=LOGIN))
        for name, url in environment.items():
            parts = urlsplit(url)
            if parts.scheme in {"http", "ws"} and parts.port:
                front = await stack.enter_async_context(tls_front(certificate, parts.port))
                fronts[name] = front
                environment[name] = f"{parts.scheme}s://localhost:{front.port}{parts.path}"
        environment |= {
            "SSL_CERT_FILE": str(certificate.path),
            "PATCHBAY_PROXY_URL": proxy.url,
            "PATCHBAY_LOG_LEVEL": "DEBUG",
        }
        yield Behind(proxy, fronts, environment)


async def ended(behind: Behind, folder: Path) -> str:
    """Run a bot that does not come up, and return what it wrote."""
    with pytest.raises(BotFailedError) as failed:
        async with BotProcess(behind.environment, folder) as process:
            await process.alongside(never())
    return str(failed.value)


async def never() -> None:
    """Take too long, unless the bot ends first."""
    async with asyncio.timeout(WITHIN):
        await asyncio.Future()


async def test_everything_goes_through_the_proxy(stage: Stage, behind: Behind) -> None:
    """REST, gateway and provider are reached, each connection as a tunnel; a destination that the proxy does
    not allow is a network error to the member; the password is in no line of the log.
    """
    toolzz, sensay = simulator(stage, ToolzzSimulator), simulator(stage, SensaySimulator)
    texts = load_catalog()["en-US"]
    for name, front in behind.fronts.items():
        if name.startswith("PATCHBAY_SENSAY"):
            behind.proxy.refusals[front.port] = 403
    async with BotProcess(behind.environment, stage.folder) as process:
        await process.alongside(stage.discord.bot_ready(READY_WITHIN))
        await process.alongside(stage.discord.commands_synced(READY_WITHIN))
        assert texts("connections.add.done", provider="Toolzz") in text(await connect(stage, toolzz))
        assert texts("problem.unreachable.title", provider="Sensay") in text(await connect(stage, sensay))
    used = {name for name, front in behind.fronts.items() if front.taken}
    assert {"PATCHBAY_DISCORD_API_URL", "PATCHBAY_DISCORD_GATEWAY_URL", "PATCHBAY_TOOLZZ_UNIT_URL"} <= used
    assert behind.took_past_the_proxy() == []
    assert behind.proxy.forwarded.total() == 0
    assert behind.proxy.refused > 0
    assert not [line for line in process.lines if "FAKE-TOKEN-PASSWORD" in line]


@pytest.mark.parametrize("why", ["wrong password", "refuses", "not there"])
async def test_a_proxy_that_lets_nothing_through_stops_the_start(
    stage: Stage, behind: Behind, why: str
) -> None:
    """`run` ends with one sentence that names the proxy, and nothing was reached past it."""
    if why == "wrong password":
        behind.environment["PATCHBAY_PROXY_URL"] = behind.proxy.url.replace(
            "FAKE-TOKEN-PASSWORD", "FAKE-TOKEN-PASSWORD-2"
        )
    elif why == "refuses":
        behind.proxy.refusals |= dict.fromkeys([each.port for each in behind.fronts.values()], 502)
    else:
        behind.environment["PATCHBAY_PROXY_URL"] = f"http://{LOGIN}@127.0.0.1:1"
    lines = await ended(behind, stage.folder)
    assert "Discord can't be reached" in lines
    assert "proxy" in lines.lower()
    assert "Traceback" not in lines
    assert "FAKE-TOKEN-PASSWORD" not in lines
    assert not any(each.taken for each in behind.fronts.values())


@pytest.mark.parametrize("command", ["sync", "doctor"])
async def test_commands_of_the_host_go_through_it_too(stage: Stage, behind: Behind, command: str) -> None:
    """`sync` and `doctor` reach everything through the proxy."""
    code, output = await finished(behind, stage.folder, command)
    assert code == 0, output
    assert behind.proxy.tunnels.total() > 0
    assert behind.took_past_the_proxy() == []


async def test_the_doctor_says_that_the_proxy_refuses(stage: Stage, behind: Behind) -> None:
    """Without the right password nothing is reached, and neither password is shown."""
    behind.environment["PATCHBAY_PROXY_URL"] = behind.proxy.url.replace(
        "FAKE-TOKEN-PASSWORD", "FAKE-TOKEN-PASSWORD-2"
    )
    code, output = await finished(behind, stage.folder, "doctor")
    assert code != 0
    assert "proxy" in output.lower()
    assert not any(each.taken for each in behind.fronts.values())
    assert "FAKE-TOKEN-PASSWORD" not in output


async def test_the_proxy_of_the_environment_is_not_asked(stage: Stage) -> None:
    """Proxy variables that other programs obey are ignored, by discord.py's client as well."""
    environment = stage.environment()
    async with ForwardProxy.serve() as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "WS_PROXY"):
            environment |= {name: proxy.url, name.lower(): proxy.url}
        async with BotProcess(environment, stage.folder) as process:
            await process.alongside(stage.discord.bot_ready(READY_WITHIN))
            await process.alongside(stage.discord.commands_synced(READY_WITHIN))
            await connect(stage, simulator(stage, ToolzzSimulator))
        assert (proxy.seen, proxy.refused) == (0, 0)


async def finished(behind: Behind, folder: Path, command: str) -> tuple[int | None, str]:
    """Run a command of the host and return its exit code and what it wrote."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", command, env=behind.environment, cwd=folder, stdout=PIPE, stderr=STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()
