"""Why a connection failed is told by real failures, whichever library met them."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import httpx
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from bot.network_faults import NetworkFault, fault_of, sentence_of, word_of
from bot.providers.base.transport.aiohttp_transport import AiohttpTransport
from tests.support.tls_front import Certificate, make_certificate

SECONDS = 30.0
"""More than any failure takes on a busy machine, but for silence, which lasts as long as it is waited for."""
SILENT_SECONDS = 0.5


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    """A certificate that nobody else has signed."""
    return make_certificate(tmp_path)


async def by_aiohttp(url: str, seconds: float = SECONDS, proxy: str | None = None) -> None:
    """Ask as discord.py does."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds)) as session:
        await session.get(url, proxy=proxy)


async def by_transport(url: str, seconds: float = SECONDS) -> None:
    """Ask as the clients of the providers do."""
    async with (
        aiohttp.ClientSession() as session,
        httpx.AsyncClient(transport=AiohttpTransport(session), timeout=seconds) as client,
    ):
        await client.get(url)


async def by_httpx(url: str, seconds: float = SECONDS) -> None:
    """Ask as the doctor does."""
    async with httpx.AsyncClient(timeout=seconds, trust_env=False) as client:
        await client.get(url)


@asynccontextmanager
async def host(kind: NetworkFault, certificate: Certificate) -> AsyncIterator[str]:
    """Serve, or do not serve, a host that fails in a way. Yield its URL."""
    if kind is NetworkFault.DNS:
        yield "https://nobody.invalid/"
        return
    if kind is NetworkFault.REFUSED:
        with socket.socket() as unheard:
            unheard.bind(("127.0.0.1", 0))
            yield f"http://127.0.0.1:{unheard.getsockname()[1]}/"
        return
    if kind is NetworkFault.TIMED_OUT:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            yield f"http://127.0.0.1:{silent.getsockname()[1]}/"
        return
    runner = web.AppRunner(web.Application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate.served())
    await site.start()
    try:
        yield f"https://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("ask", [by_aiohttp, by_transport, by_httpx])
@pytest.mark.parametrize(
    "kind", [NetworkFault.DNS, NetworkFault.REFUSED, NetworkFault.TIMED_OUT, NetworkFault.TLS]
)
@pytest.mark.usefixtures("blockbuster")
async def test_each_failure_is_told_apart(
    certificate: Certificate, kind: NetworkFault, ask: Callable[[str, float], Awaitable[None]]
) -> None:
    """A name, a refusal, silence and a certificate are four faults, for each library."""
    seconds = SILENT_SECONDS if kind is NetworkFault.TIMED_OUT else SECONDS
    async with host(kind, certificate) as url:
        with pytest.raises((httpx.HTTPError, aiohttp.ClientError, OSError)) as caught:
            await ask(url, seconds)
    assert fault_of(caught.value) is kind
    assert word_of(caught.value) == (type(caught.value).__name__ if ask is not by_aiohttp else kind.value)
    assert url not in sentence_of(caught.value)


async def test_a_proxy_is_named_as_what_fails(certificate: Certificate) -> None:
    """It is not the host behind it that cannot be reached."""
    async with host(NetworkFault.REFUSED, certificate) as proxy:
        with pytest.raises(aiohttp.ClientError) as caught:
            await by_aiohttp("http://discord.invalid/", proxy=proxy)
    assert fault_of(caught.value) is NetworkFault.PROXY


async def test_a_connection_that_ends_is_broken() -> None:
    """The host took the connection and closed it without an answer."""

    async def close(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(close, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        for ask in (by_aiohttp, by_transport):
            with pytest.raises((httpx.HTTPError, aiohttp.ClientError)) as caught:
                await ask(url)
            assert fault_of(caught.value) is NetworkFault.BROKEN


def test_what_is_no_matter_of_the_network_keeps_its_name() -> None:
    """Whatever went wrong before it."""
    error = KeyError()
    error.__context__ = ConnectionRefusedError()
    assert word_of(error) == "KeyError"
    assert word_of(OSError(28, "no space left on device")) == "OSError"


links = st.lists(st.tuples(st.sampled_from(["cause", "context"]), st.integers(0, 4), st.integers(0, 4)))


@given(links)
def test_any_chain_has_an_end(links: list[tuple[str, int, int]]) -> None:
    """Errors that lead to each other in whichever way are told in a word and in a sentence."""
    errors = [OSError(), ValueError(), ExceptionGroup("", [OSError()]), RuntimeError(), KeyError()]
    for kind, one, other in links:
        setattr(errors[one], f"__{kind}__", errors[other])
    assert {fault_of(error) for error in errors} == {NetworkFault.OTHER}
    assert sentence_of(errors[0]) == "the connection failed"
