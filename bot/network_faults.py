"""Tells why a connection failed, where httpx, aiohttp and discord.py each have errors of their own."""

import errno
import socket
import ssl
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import aiohttp


class NetworkFault(StrEnum):
    """Why there was no answer. The value stands in log lines, and in the keys of texts for members."""

    DNS = "dns"
    TLS = "tls"
    PROXY = "proxy"
    REFUSED = "refused"
    NO_ROUTE = "no_route"
    TIMED_OUT = "timed_out"
    BROKEN = "broken"
    """Closed before the whole answer was there."""
    OTHER = "other"


_MAX_CHAIN: Final = 20
_BY_TYPE: Final[tuple[tuple[NetworkFault, tuple[type[BaseException], ...]], ...]] = (
    (NetworkFault.PROXY, (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError)),
    (NetworkFault.DNS, (aiohttp.ClientConnectorDNSError, socket.gaierror)),
    (NetworkFault.TLS, (aiohttp.ClientSSLError, ssl.SSLError, aiohttp.ServerFingerprintMismatch)),
    (NetworkFault.REFUSED, (ConnectionRefusedError,)),
    (NetworkFault.TIMED_OUT, (TimeoutError,)),
    (
        NetworkFault.BROKEN,
        (ConnectionError, aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError, EOFError),
    ),
)
_BY_NUMBER: Final = {
    errno.ECONNREFUSED: NetworkFault.REFUSED,
    errno.ENETUNREACH: NetworkFault.NO_ROUTE,
    errno.EHOSTUNREACH: NetworkFault.NO_ROUTE,
    errno.ENETDOWN: NetworkFault.NO_ROUTE,
    errno.EADDRNOTAVAIL: NetworkFault.NO_ROUTE,
    errno.ETIMEDOUT: NetworkFault.TIMED_OUT,
}
_SENTENCES: Final = {
    NetworkFault.DNS: "the name of the host can't be looked up (DNS)",
    NetworkFault.TLS: "no secure connection can be made (TLS): the certificate or the protocol was refused",
    NetworkFault.PROXY: "the proxy can't be reached or refuses the connection",
    NetworkFault.REFUSED: "the host refuses the connection",
    NetworkFault.NO_ROUTE: "there's no route to the host",
    NetworkFault.TIMED_OUT: "the host doesn't answer in time",
    NetworkFault.BROKEN: "the connection was closed before the answer",
    NetworkFault.OTHER: "the connection failed",
}


def fault_of(error: BaseException) -> NetworkFault:
    """Return why a connection failed, by the error or whatever led to it."""
    return next((fault for each in _chain(error) if (fault := _own_fault(each))), NetworkFault.OTHER)


def sentence_of(error: BaseException) -> str:
    """Return the same for the host of the bot, as a part of a sentence."""
    return _SENTENCES[fault_of(error)]


def _own_fault(error: BaseException) -> NetworkFault | None:
    for fault, types in _BY_TYPE:
        if isinstance(error, types):
            return fault
    return _BY_NUMBER.get(error.errno or 0) if isinstance(error, OSError) else None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what led to it, the nearest first. A chain may lead back to itself."""
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < _MAX_CHAIN:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        # Two addresses of one host make a group of errors in newer versions of Python.
        group = each.exceptions if isinstance(each, BaseExceptionGroup) else ()
        # httpcore hides the error that it stands for from tracebacks, with `from None`.
        inner = (getattr(each, "os_error", None), each.__cause__, each.__context__, *group)
        waiting += [one for one in inner if isinstance(one, BaseException)]
