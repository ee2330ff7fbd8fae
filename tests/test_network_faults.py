"""Why a connection failed is told by real failures, whichever library met them."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import httpx
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from httpx_aiohttp import AiohttpTransport
from hypothesis import given
from hypothesis import strategies as st

from bot.network_faults import NetworkFault, fault_of, sentence_of, word_of

SECONDS = 0.5


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate that nobody has signed, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    form = serialization.PrivateFormat.PKCS8
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


async def by_aiohttp(url: str, proxy: str | None = None) -> None:
    """Ask as discord.py does."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session:
        await session.get(url, proxy=proxy)


async def by_transport(url: str) -> None:
    """Ask as the clients of the providers do."""
    async with (
        aiohttp.ClientSession() as session,
        httpx.AsyncClient(transport=AiohttpTransport(client=session), timeout=SECONDS) as client,
    ):
        await client.get(url)


async def by_httpx(url: str) -> None:
    """Ask as the doctor does."""
    async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client:
        await client.get(url)


@asynccontextmanager
async def host(kind: NetworkFault, certificate: Path) -> AsyncIterator[str]:
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
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    runner = web.AppRunner(web.Application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
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
    certificate: Path, kind: NetworkFault, ask: Callable[[str], Awaitable[None]]
) -> None:
    """A name, a refusal, silence and a certificate are four faults, for each library."""
    async with host(kind, certificate) as url:
        with pytest.raises((httpx.HTTPError, aiohttp.ClientError, OSError)) as caught:
            await ask(url)
    assert fault_of(caught.value) is kind
    assert word_of(caught.value) == (type(caught.value).__name__ if ask is not by_aiohttp else kind.value)
    assert url not in sentence_of(caught.value)


async def test_a_proxy_is_named_as_what_fails(certificate: Path) -> None:
    """It is not the host behind it that cannot be reached."""
    async with host(NetworkFault.REFUSED, certificate) as proxy:
        with pytest.raises(aiohttp.ClientError) as caught:
            await by_aiohttp("http://discord.invalid/", proxy)
    assert fault_of(caught.value) is NetworkFault.PROXY


async def test_a_connection_that_ends_is_broken(certificate: Path) -> None:
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
