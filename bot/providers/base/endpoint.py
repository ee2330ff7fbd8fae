"""The addresses of providers and of Discord, and which ones are accepted."""

import ipaddress
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import httpx
import yarl

from bot.providers.base.redaction import MIN_SECRET_LENGTH

_PLAIN = re.compile(r"[!-\[\]-~]+")
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]+)?")
_USER = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*")


@dataclass(frozen=True, slots=True)
class ApiVersion:
    """A version of an API that each request asks for in a header; the answer names the version in the same
    header, also to anybody whom it refuses.
    """

    header: str
    pinned: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A base URL that the operator may change.

    setting: the name of the environment variable. default: the vendor's own address. description: for the
    hosts' table. path: of a read that the API has there and refuses to whoever names no credentials; by
    this the doctor tells the API from whatever else may answer. version: which version of the API to ask for,
    None where the provider has no versions.
    """

    setting: str
    default: str
    description: str
    path: str
    version: ApiVersion | None = None


@dataclass(frozen=True, slots=True)
class Switch:
    """Something that the operator may allow; it is off unless the setting is ``true``.

    setting: the name of the environment variable. description: for the hosts' table.
    """

    setting: str
    description: str


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address means this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_url(url: str, *, secure: str = "https", plain: str = "http") -> str:
    """Return the URL without a trailing slash.

    Only the secure scheme is accepted, and the plain one on loopback, because credentials are sent there.
    Raises ValueError with a reason that does not repeat the URL, which may hold a password.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port  # raises where it is no number
    except ValueError:
        raise ValueError("is not a URL") from None
    if not host:
        raise ValueError("is not a URL with a host")
    # Searched in the text: even an empty query or fragment would swallow the path that is appended to it.
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise ValueError("must not hold a user, a password, a query or a fragment")
    # The parser drops line ends and keeps backslashes, but what it has read must be what is sent.
    if not _PLAIN.fullmatch(url):
        raise ValueError("must not hold blanks, backslashes or anything but ASCII")
    if not _HOST.fullmatch(parts.netloc) or not _can_be_sent_to(url):
        raise ValueError("is not a URL with a host")
    if parts.scheme == plain and not is_loopback(host):
        raise ValueError(f"must be {secure}://; plain {plain}:// is accepted on loopback only")
    if parts.scheme not in {secure, plain}:
        raise ValueError(f"must start with {secure}://")
    return url.rstrip("/")


def check_own_url(url: str, *, is_proxy: bool = False) -> str:
    """Return a URL that the host gives and that no member's credentials are sent to.

    So it may be any machine's, without TLS as well, and may hold a user, a password and a query. is_proxy: it
    has no path and no query. Raises ValueError with a reason that does not repeat the URL.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no number
    except ValueError:
        raise ValueError("is not a URL") from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError("must start with http:// or https://")
    if not _PLAIN.fullmatch(url) or "#" in url:
        raise ValueError("must not hold blanks, backslashes, # or anything but ASCII")
    user, _, host = parts.netloc.rpartition("@")
    if not _USER.fullmatch(user):
        raise ValueError("must spell special characters of its user and password like %40")
    if not _HOST.fullmatch(host) or not _can_be_sent_to(url):
        raise ValueError("is not a URL with a host")
    if is_proxy and (parts.path.strip("/") or "?" in url):
        raise ValueError("must end with the host and the port")
    return url


def secrets_in(url: str) -> Iterator[str]:
    """Yield what must be masked of a URL that ``check_own_url`` has returned.

    This is the URL, its path with the query, which may name whose it is, and its password in each spelling.
    """
    parts = urlsplit(url)
    yield url
    password = unquote(parts.password or "")
    login = b64encode(f"{unquote(parts.username or '')}:{password}".encode()).decode()
    words = (url.partition(parts.netloc)[2], parts.password or "", password, login if password else "")
    yield from (word for word in words if len(word) >= MIN_SECRET_LENGTH)


def _can_be_sent_to(url: str) -> bool:
    """Ask the libraries that will send there, which are stricter about hosts than the parser."""
    try:
        httpx.Request("GET", url)
        yarl.URL(url)
    except (httpx.InvalidURL, ValueError):
        return False
    return True
